"""From a run folder to its metrics: verdicts completed or remade, samples and verdicts joined."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from math_eval.benchmarks import define, is_at_hand, load_split
from math_eval.errors import DataError, MathEvalError
from math_eval.graders.equivalence import answer_key
from math_eval.records import Problem, SampleKey
from math_eval.rewards import Aggregation
from math_eval.runfolder.grader import GRADER, NO_PREDICTION, RunGrader, fingerprint, judge
from math_eval.runfolder.layout import (
    FORMAT,
    BenchmarkInfo,
    PromptLine,
    RunInfo,
    VerdictLine,
    read_run,
    write_json,
)
from math_eval.runfolder.lock import locked
from math_eval.runfolder.reward_layout import SampleRewards, sample_rewards
from math_eval.runfolder.store import RunStore, SampleIndex, key_of
from math_eval.scoring import Metrics, SampleScore, ScoreOptions, SetResult, averages, check_ks, score_set
from math_eval.scoring.figures import DEFAULT_OPTIONS

_Place = tuple[str, str]


def problems_of(info: RunInfo, store: RunStore, data_dir: Path | None = None) -> dict[_Place, list[Problem]]:
    """The problems of each benchmark of a run, from the benchmark files where their hash is the run's.

    Where that data is not at hand (or another version), the problems come from the run's own prompts.jsonl.
    """
    stored: dict[_Place, list[Problem]] = {}
    for line in store.prompts():
        stored.setdefault((line.benchmark, line.split), []).append(_problem(line))
    found: dict[_Place, list[Problem]] = {}
    for one in info.benchmarks:
        place = (one.benchmark, one.split)
        wanted = max((extent.problems for extent in one.sets.values()), default=0)
        found[place] = (_loaded(one, data_dir) or stored.get(place, []))[:wanted]
        if not found[place]:
            raise DataError(
                f"{store.folder}: prompts.jsonl holds no problem of {one.benchmark}/{one.split}, whose data is gone"
            )
    return found


def _problem(line: PromptLine) -> Problem:
    return Problem(
        benchmark=line.benchmark,
        split=line.split,
        id=line.problem,
        question=line.question,
        gold=line.gold,
        kind=line.kind,
        language=line.language,
        accepted=tuple(line.accepted),
        options=line.options,
        groups=line.groups,
        policy=line.policy,
        known_bad=line.known_bad,
        qwen_gold=line.qwen_gold,
        qwen_name=line.qwen_name,
    )


def _loaded(one: BenchmarkInfo, data_dir: Path | None) -> list[Problem]:
    try:
        definition = define(one.definition)
        if not is_at_hand(definition.name, one.split, definition.spec.splits[one.split], data_dir):
            return []
        benchmark = load_split(definition, one.split, data_dir=data_dir)
    except (MathEvalError, KeyError):
        return []  # the run's own prompts.jsonl stands in
    return list(benchmark) if benchmark.sha256 == one.data_sha256 else []


def complete_verdicts(
    store: RunStore, problems: Mapping[_Place, Sequence[Problem]], grader: RunGrader = "equivalence"
) -> None:
    """Opens the grader's verdicts file and grades every stored sample that has no verdict there yet."""
    store.open_verdicts(fingerprint((problem for rows in problems.values() for problem in rows), grader))
    by_key = {(row.benchmark, row.split, row.id): row for rows in problems.values() for row in rows}
    seen = SampleIndex()
    for line in store.samples():
        key = key_of(line)
        seen.add(key)
        problem = by_key.get((line.benchmark, line.split, line.problem))
        if problem is not None and seen.times(key) > store.graded.times(key):
            store.write_verdict(key, *judge(problem, line.text, grader))


def metrics_of(
    info: RunInfo,
    store: RunStore,
    problems: Mapping[_Place, Sequence[Problem]],
    options: ScoreOptions = DEFAULT_OPTIONS,
    grader: RunGrader = "equivalence",
    rewards: SampleRewards | None = None,
) -> Metrics:
    """The metrics of a run whose verdicts are complete."""
    outcomes = outcomes_of(store, grader, rewards)
    if rewards is not None and rewards.kind == "process":
        options = msgspec.structs.replace(options, weigh="as-is")
    found: list[SetResult] = []
    for one in info.benchmarks:
        for name, extent in one.sets.items():
            rows = problems[one.benchmark, one.split][: extent.problems]
            made = outcomes.get((one.benchmark, one.split, name), {})
            if rows:
                found.append(score_set(rows, made, set_name=name, samples=extent.samples, options=options))
    return Metrics(FORMAT, grader, options, rewards.said if rewards else "", found, averages(found))


def outcomes_of(
    store: RunStore, grader: RunGrader, rewards: SampleRewards | None = None
) -> dict[tuple[str, str, str], dict[str, list[SampleScore]]]:
    """Benchmark, split and set → problem → its samples, each with the verdict of that grader and its reward."""
    given = rewards.rewards if rewards else {}
    # one entry a sample, its verdict first and then the whole: millions of them must fit
    found: dict[tuple[str, str, str], dict[str, dict[int, SampleScore]]] = {}
    for line in store.verdicts(grader):
        key, vote = _votes(line, grader)
        place = found.setdefault((line.benchmark, line.split, line.set), {})
        place.setdefault(line.problem, {})[line.n] = SampleScore(line.n, line.status, key, "error", 0, 0, vote)
    unjudged = SampleScore(0, "undecided", "", "error", 0, 0)
    seen = SampleIndex()
    for sample in store.samples():
        samples = found.setdefault((sample.benchmark, sample.split, sample.set), {}).setdefault(sample.problem, {})
        identity = key_of(sample)
        samples[sample.n] = samples.get(sample.n, unjudged)._replace(
            n=sample.n,
            finish=sample.finish,
            tokens_in=sample.tokens_in,
            tokens_out=sample.tokens_out,
            reward=given.get(identity) if given else None,
            unexecuted=any(turn.get("tool") == "none" for turn in sample.turns),
        )
        seen.add(identity)
    made: dict[tuple[str, str, str], dict[str, list[SampleScore]]] = {}
    for at, rows in found.items():
        kept = made[at] = {}
        for name in list(rows):  # a verdict may outlive its sample where a line was torn
            outcomes = [one for one in rows.pop(name).values() if SampleKey(*at[:2], name, at[2], one.n) in seen]
            if outcomes:
                kept[name] = outcomes
    return made


def _votes(line: VerdictLine, grader: RunGrader) -> tuple[str, str | None]:
    """The class that an answer votes for, and its string in the reference's reading."""
    if grader == "qwen":
        return sys.intern(line.answer), None if line.found_by == NO_PREDICTION else sys.intern(line.answer)
    return sys.intern(answer_key(line.answer)), sys.intern(line.answer)


def score_run(
    folder: Path,
    options: ScoreOptions = DEFAULT_OPTIONS,
    data_dir: Path | None = None,
    grader: RunGrader = "equivalence",
    reward_model: str | None = None,
    aggregation: Aggregation = "last",
) -> tuple[RunInfo, Metrics]:
    """Grades what is not graded, computes the metrics, writes metrics.json, and returns them with run.json.

    RequestError names the samples needed where a k is larger than every sampled set. Another grader than the default
    writes metrics.GRADER.json. reward_model: whose rewards rm@k takes, needed where a run has those of several.
    """
    folder = Path(folder)
    info = read_run(folder)
    largest = max((extent.samples for one in info.benchmarks for extent in one.sets.values()), default=0)
    check_ks(options.ks, largest, str(folder))
    with locked(folder):
        store = RunStore(folder)
        rewards = sample_rewards(folder, reward_model, aggregation)
        return info, score_store(info, store, problems_of(info, store, data_dir), options, grader, rewards)


def score_store(
    info: RunInfo,
    store: RunStore,
    problems: Mapping[_Place, Sequence[Problem]],
    options: ScoreOptions = DEFAULT_OPTIONS,
    grader: RunGrader = "equivalence",
    rewards: SampleRewards | None = None,
) -> Metrics:
    """Completes the verdicts of a run whose folder is locked, and writes and returns its metrics."""
    try:
        complete_verdicts(store, problems, grader)
        metrics = metrics_of(info, store, problems, options, grader, rewards)
    finally:
        store.close()
    write_json(store.folder / ("metrics.json" if grader == GRADER else f"metrics.{grader}.json"), metrics)
    return metrics
