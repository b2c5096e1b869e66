"""Two runs on the problems they share, and a run beside published scores."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from math_eval.benchmarks import define
from math_eval.errors import MathEvalError, RequestError
from math_eval.families import load_family
from math_eval.graders import DEFAULT_GRADER, load_grader
from math_eval.prompts import load_template
from math_eval.reported import ReportedScore, reported_models, reported_scores
from math_eval.results.file_samples import FileBenchmark, file_samples, folded
from math_eval.results.graded import Place, scores_by_place
from math_eval.results.run_samples import run_samples
from math_eval.runfolder.layout import BenchmarkInfo, RunInfo
from math_eval.scoring import (
    SampleScore,
    ScoreOptions,
    compare_paired,
    compare_with_reported,
    figures,
    holm,
    mean_variance,
    single_sample_variance,
)

_Samples = Mapping[str, Sequence[SampleScore]]


class Comparison(msgspec.Struct, frozen=True):
    """B against A on one benchmark split and set; see math_eval.scoring.paired. p_corrected: Holm's, over all rows.

    only_a, only_b: problems that the other side lacks, and that therefore do not count.
    """

    benchmark: str
    split: str
    set: str
    problems: int
    a: float
    b: float
    difference: float
    low: float
    high: float
    p: float
    p_corrected: float
    test: str
    wins: int
    losses: int
    detectable: float
    only_a: int
    only_b: int


class BesideReported(msgspec.Struct, frozen=True):
    """One measured figure beside one published one: percentages; allowed is the difference that chance explains."""

    benchmark: str
    set: str
    metric: str
    measured: float
    reported: float
    difference: float
    allowed: float
    verdict: str
    noise: str
    confidence: str
    source: str


def compare_runs(
    a: Path,
    b: Path,
    *,
    grader: str = DEFAULT_GRADER,
    set_name: str | None = None,
    benchmark: FileBenchmark | None = None,
    data_dir: Path | None = None,
) -> list[Comparison]:
    """One row for every benchmark and set that both have, on their shared problems. RequestError where none is shared.

    a, b: run folders, or files of stored responses, whose problems are matched by question. set_name: that set of each
    run; by default sets of equal names. benchmark: for files, what is known of theirs. data_dir: for
    run folders, where their benchmark files lie.
    """
    if a.is_dir() != b.is_dir():
        raise RequestError(f"{a} and {b}: two run folders are compared, or two files, not one with the other")
    left, right = (_scores(path, grader, benchmark, data_dir) for path in (a, b))
    rows = []
    for place in left:
        if place not in right or (set_name and place[2] != set_name):
            continue
        shared = [problem for problem in left[place] if problem in right[place]]
        if len(shared) > 1:
            scores = [[_mean(side[place][problem]) for problem in shared] for side in (left, right)]
            rows.append((place, compare_paired(*scores), [len(side[place]) - len(shared) for side in (left, right)]))
    if not rows:
        raise RequestError(f"{a} and {b} share no benchmark and set with two problems or more")
    values = [one.p_permutation if one.p_mcnemar is None else one.p_mcnemar for _, one, _ in rows]
    return [
        Comparison(
            benchmark=place[0],
            split=place[1],
            set=place[2],
            problems=one.problems,
            a=one.a,
            b=one.b,
            difference=one.difference,
            low=one.low,
            high=one.high,
            p=value,
            p_corrected=corrected,
            test="permutation" if one.p_mcnemar is None else "McNemar, exact",
            wins=one.wins,
            losses=one.losses,
            detectable=one.detectable,
            only_a=alone[0],
            only_b=alone[1],
        )
        for (place, one, alone), value, corrected in zip(rows, values, holm(values), strict=True)
    ]


def _mean(samples: Sequence[SampleScore]) -> float:
    return sum(one.status == "correct" for one in samples) / len(samples)


def _scores(
    path: Path, grader: str, benchmark: FileBenchmark | None, data_dir: Path | None
) -> Mapping[Place, _Samples]:
    """Benchmark, split and set → problem → samples, of a run folder or of a file, whose questions name its problems."""
    if path.is_dir():
        return scores_by_place(run_samples(path, load_grader(grader), data_dir))
    scores: dict[str, list[SampleScore]] = {}
    for sample in file_samples(path, load_grader(grader), benchmark).samples:
        scores.setdefault(folded(sample.problem.question) or sample.key.problem, []).append(sample.score())
    return {("stored", "test", "stored"): scores}


def compare_reported(
    folder: Path, *, grader: str = "qwen", model: str | None = None
) -> tuple[RunInfo, list[BesideReported], list[str]]:
    """A run's figures in the reference's reading beside the published ones of its model, and causes worth checking.

    Chance is generation noise on both sides and the rounding of the published figure: never the error of having asked
    these problems. RequestError where nothing published fits the model and the benchmarks.
    """
    samples_of_run = run_samples(folder, load_grader(grader))
    info, outcomes = samples_of_run.info, scores_by_place(samples_of_run)
    wanted = model or info.model
    known = reported_scores(wanted)
    if not known:
        raise RequestError(f"no published scores of {wanted!r}; --model one of: {', '.join(reported_models())}")
    rows: list[BesideReported] = []
    causes: list[str] = []
    for one in info.benchmarks:
        mode = "tir" if _executes(one.prompt) else "cot"
        fitting = _distinct(score for score in known if (score.benchmark, score.mode) == (_reference_name(one), mode))
        for set_name, extent in one.sets.items():
            samples = outcomes.get((one.benchmark, one.split, set_name), {})
            if fitting and samples:
                rows += _beside(one, set_name, samples, fitting, info)
                if extent.problems < one.rows:
                    causes.append(f"{one.benchmark}: {extent.problems} of its {one.rows} problems were asked")
    if not rows:
        raise RequestError(f"nothing published of {wanted} fits this run's benchmarks, prompts and sets")
    return info, rows, [*causes, *_causes(info)]


def _distinct(scores: Iterable[ReportedScore]) -> list[ReportedScore]:
    """The surest of several places that print the same figure."""
    return list({(one.metric, one.value): one for one in reversed(list(scores))}.values())[::-1]


def _beside(
    one: BenchmarkInfo, set_name: str, samples: _Samples, fitting: Sequence[ReportedScore], info: RunInfo
) -> Iterator[BesideReported]:
    rows = [sorted(given, key=lambda sample: sample.n) for given in samples.values()]
    right = [sum(sample.status == "correct" for sample in row) for row in rows]
    sizes = [len(row) for row in rows]
    made = figures(rows, ScoreOptions(reading="qwen", ks=tuple(range(2, min(sizes) + 1))))
    greedy = info.sets[set_name].temperature == 0
    single, noise = single_sample_variance(right, sizes)
    for score in fitting:
        metric = score.metric.lower()
        if metric == "greedy" and greedy:
            value, own, method = sum(map(_mean, rows)) / len(rows), mean_variance(right, sizes), noise
            published = single
        elif metric in made and not greedy:
            value, method = made[metric].value, "bound"
            own = published = value * (1 - value) / len(rows)
        else:
            continue
        found = compare_with_reported(score.value / 100, value, own, published, method)
        yield BesideReported(
            benchmark=one.benchmark,
            set=set_name,
            metric=metric,
            measured=round(100 * value, 2),
            reported=score.value,
            difference=round(100 * (value - found.reported), 2),
            allowed=round(100 * found.allowed, 2),
            verdict="consistent" if found.consistent else "differs by more than chance",
            noise=found.method,
            confidence="rerun" if score.rerun else score.confidence,
            source=score.source,
        )


def _reference_name(one: BenchmarkInfo) -> str:
    try:
        spec = define(one.definition).spec
    except MathEvalError:
        return one.benchmark
    return spec.qwen.name if spec.qwen else one.benchmark


def _executes(prompt: str) -> bool:
    try:
        return load_template(prompt).spec.programs == "python"
    except MathEvalError:
        return False


def _causes(info: RunInfo) -> Iterator[str]:
    """What a run recorded that is known to move scores, where it is not what the published scores were made with."""
    try:
        family = load_family(info.family)
    except MathEvalError:
        return
    prompts = {one.prompt for one in info.benchmarks}
    for prompt in sorted(prompts - set(family.fits)):
        yield f"prompt type: {prompt}; the family {info.family} is evaluated with {', '.join(family.fits)}"
    for name, made in info.sets.items():
        if missing := sorted(set(family.stop_token_ids) - set(made.stop_token_ids)):
            yield f"stop ids of the set {name}: without {', '.join(map(str, missing))}"
        preset = family.greedy if made.temperature == 0 else family.sampled
        if made.max_tokens != preset.max_tokens:
            yield f"token budget of the set {name}: {made.max_tokens}; the preset's is {preset.max_tokens}"
        if not math.isclose(made.temperature, preset.temperature) or not math.isclose(made.top_p, preset.top_p):
            settings = f"temperature {made.temperature:g}, top-p {made.top_p:g}"
            yield f"sampling of the set {name}: {settings}; the preset's are {preset.temperature:g}, {preset.top_p:g}"
    dtype = str(info.engine_settings.get("dtype_used") or info.engine_settings.get("dtype", "auto"))
    if dtype not in {"auto", "bfloat16"}:
        yield f"dtype: {dtype}; published scores were made in bfloat16"
    version = info.versions.get(info.engine) or info.versions.get(f"{info.engine}-cpu") or "no version recorded"
    yield f"engine: {info.engine} {version}; published scores were made with vLLM 0.5.1"
