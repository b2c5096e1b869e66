"""Compares two runs on the problems they share, and a run with published scores."""

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
    """The comparison of two runs, A and B, on one benchmark split and set; see math_eval.scoring.paired.

    Attributes:
        problems: Problems that both runs have.
        a: Accuracy of A on them, a fraction.
        b: Accuracy of B.
        difference: b - a.
        low: Lower end of the 95 % interval of the difference.
        high: Upper end.
        p: p-value of the difference.
        p_corrected: The p-value after Holm's correction over all rows of the comparison.
        test: The test that gave it.
        wins: Problems on which B is better.
        losses: Problems on which B is worse.
        detectable: The true difference that a comparison of this size finds 4 times in 5.
        only_a: Problems that only A has. They do not count.
        only_b: Problems that only B has. They do not count.
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


_PAIRED_FIELDS = "problems a b difference low high p test wins losses detectable".split()
"""The fields of a Comparison that a PairedComparison has under the same name."""


class BesideReported(msgspec.Struct, frozen=True):
    """A measured figure beside a published one, in percent. `allowed` is the difference that chance explains."""

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
    """Compares run B with run A, problem by problem, on each benchmark and set that both have.

    Args:
        a: A run folder, or a file of stored responses. The problems of files are matched by their questions.
        b: Another one of the same kind.
        grader: The name of the grader.
        set_name: Compare only this set; by default every set that both runs have.
        benchmark: For files: what is known about the benchmark of the rows.
        data_dir: For run folders: a folder with benchmark files that you already have.

    Returns:
        One comparison for each benchmark split and set.

    Raises:
        RequestError: One is a folder and the other a file, or they have no two problems of a set in common.
        DataError: A run or file cannot be read.
    """
    if a.is_dir() != b.is_dir():
        raise RequestError(f"{a} and {b}: expected two run folders or two files, not one of each")
    scores_a, scores_b = (_scores(path, grader, benchmark, data_dir) for path in (a, b))
    rows = []
    for place in scores_a:
        if place not in scores_b or (set_name and place[2] != set_name):
            continue
        common = [problem for problem in scores_a[place] if problem in scores_b[place]]
        if len(common) > 1:
            sides = (scores_a[place], scores_b[place])
            means = [[_mean(side[problem]) for problem in common] for side in sides]
            rows.append((place, compare_paired(*means), tuple(len(side) - len(common) for side in sides)))
    if not rows:
        raise RequestError(f"{a} and {b} have no benchmark and set with two or more common problems")
    corrected = holm([pairs.p for _, pairs, _ in rows])
    return [
        Comparison(
            *place,
            **{name: getattr(pairs, name) for name in _PAIRED_FIELDS},
            p_corrected=p_corrected,
            only_a=only_a,
            only_b=only_b,
        )
        for (place, pairs, (only_a, only_b)), p_corrected in zip(rows, corrected, strict=True)
    ]


def _mean(samples: Sequence[SampleScore]) -> float:
    return sum(sample.status == "correct" for sample in samples) / len(samples)


def _scores(
    path: Path, grader: str, benchmark: FileBenchmark | None, data_dir: Path | None
) -> Mapping[Place, _Samples]:
    """Benchmark, split and set → problem → samples. In a file, problems are named by their folded questions."""
    if path.is_dir():
        return scores_by_place(run_samples(path, load_grader(grader), data_dir))
    scores: dict[str, list[SampleScore]] = {}
    for sample in file_samples(path, load_grader(grader), benchmark).samples:
        scores.setdefault(folded(sample.problem.question) or sample.key.problem, []).append(sample.score())
    return {("stored", "test", "stored"): scores}


def compare_reported(
    folder: Path, *, grader: str = "qwen", model: str | None = None
) -> tuple[RunInfo, list[BesideReported], list[str]]:
    """Compares the figures of a run, computed as the reference computes them, with the published ones of its model.

    Chance here is the generation noise of both sides and the rounding of the published figure. It does not include the
    sampling error of the benchmark, because both sides answered the same problems.

    Args:
        folder: The run folder.
        grader: The name of the grader.
        model: The model whose published scores are used; by default the run's model name.

    Returns:
        The contents of run.json, one row for each pair of figures, and the settings of the run that are known to move
        scores and differ from the published ones, as texts.

    Raises:
        RequestError: There are no published scores of the model, or none for the benchmarks of the run.
        DataError: The folder is not a run folder, or a file in it is damaged.
    """
    samples_of_run = run_samples(folder, load_grader(grader))
    info, scores = samples_of_run.info, scores_by_place(samples_of_run)
    name = model or info.model
    published = reported_scores(name)
    if not published:
        raise RequestError(f"no published scores of {name!r}; choose --model from: {', '.join(reported_models())}")
    rows: list[BesideReported] = []
    causes: list[str] = []
    for benchmark in info.benchmarks:
        key = (_reference_name(benchmark), "tir" if _executes(benchmark.prompt) else "cot")
        candidates = _most_certain(score for score in published if (score.benchmark, score.mode) == key)
        for set_name, extent in benchmark.sets.items():
            samples = scores.get((benchmark.benchmark, benchmark.split, set_name), {})
            if candidates and samples:
                rows += _beside(benchmark, set_name, samples, candidates, info)
                if extent.problems < benchmark.rows:
                    causes.append(f"{benchmark.benchmark}: only {extent.problems} of {benchmark.rows} problems")
    if not rows:
        raise RequestError(f"no published score of {name} matches the benchmarks, prompts and sets of this run")
    return info, rows, [*causes, *_causes(info)]


def _most_certain(scores: Iterable[ReportedScore]) -> list[ReportedScore]:
    """Of several sources that print the same figure, the one that is most certain."""
    return list({(score.metric, score.value): score for score in reversed(list(scores))}.values())[::-1]


def _beside(
    benchmark: BenchmarkInfo, set_name: str, samples: _Samples, published: Sequence[ReportedScore], info: RunInfo
) -> Iterator[BesideReported]:
    rows = [sorted(row, key=lambda sample: sample.n) for row in samples.values()]
    correct_counts = [sum(sample.status == "correct" for sample in row) for row in rows]
    sizes = [len(row) for row in rows]
    figure_by_metric = figures(rows, ScoreOptions(reading="qwen", ks=tuple(range(2, min(sizes) + 1))))
    greedy = info.sets[set_name].temperature == 0
    single, noise = single_sample_variance(correct_counts, sizes)
    for score in published:
        metric = score.metric.lower()
        if metric == "greedy" and greedy:
            value, method = sum(map(_mean, rows)) / len(rows), noise
            variance, published_variance = mean_variance(correct_counts, sizes), single
        elif metric in figure_by_metric and not greedy:
            value, method = figure_by_metric[metric].value, "bound"
            variance = published_variance = value * (1 - value) / len(rows)
        else:
            continue
        comparison = compare_with_reported(score.value / 100, value, variance, published_variance, method)
        yield BesideReported(
            benchmark=benchmark.benchmark,
            set=set_name,
            metric=metric,
            measured=round(100 * value, 2),
            reported=score.value,
            difference=round(100 * (value - comparison.reported), 2),
            allowed=round(100 * comparison.allowed, 2),
            verdict="consistent" if comparison.consistent else "differs by more than chance",
            noise=comparison.method,
            confidence="rerun" if score.rerun else score.confidence,
            source=score.source,
        )


def _reference_name(benchmark: BenchmarkInfo) -> str:
    try:
        spec = define(benchmark.definition).spec
    except MathEvalError:
        return benchmark.benchmark
    return spec.qwen.name if spec.qwen else benchmark.benchmark


def _executes(prompt: str) -> bool:
    try:
        return load_template(prompt).spec.programs == "python"
    except MathEvalError:
        return False


def _causes(info: RunInfo) -> Iterator[str]:
    """The settings of a run that are known to move scores and differ from those of the published scores."""
    try:
        family = load_family(info.family)
        mode = family.mode(info.mode)
    except MathEvalError:
        return
    prompts = {benchmark.prompt for benchmark in info.benchmarks}
    for prompt in sorted(prompts - set(family.fits)):
        yield f"prompt type: {prompt}; the family {info.family} is evaluated with {', '.join(family.fits)}"
    for name, settings in info.sets.items():
        if missing := sorted(set(family.stop_token_ids) - set(settings.stop_token_ids)):
            yield f"stop ids of the set {name}: without {', '.join(map(str, missing))}"
        preset = mode.greedy_settings if settings.temperature == 0 else mode.sampled
        if settings.max_tokens != preset.max_tokens:
            yield f"token budget of the set {name}: {settings.max_tokens}; the preset's is {preset.max_tokens}"
        if not math.isclose(settings.temperature, preset.temperature) or not math.isclose(settings.top_p, preset.top_p):
            sampling = f"temperature {settings.temperature:g}, top-p {settings.top_p:g}"
            yield f"sampling of the set {name}: {sampling}; the preset's are {preset.temperature:g}, {preset.top_p:g}"
    dtype = str(info.engine_settings.get("dtype_used") or info.engine_settings.get("dtype", "auto"))
    if dtype not in {"auto", "bfloat16"}:
        yield f"dtype: {dtype}; published scores were made in bfloat16"
    version = info.versions.get(info.engine) or info.versions.get(f"{info.engine}-cpu") or "no version recorded"
    yield f"engine: {info.engine} {version}; published scores were made with vLLM 0.5.1"
