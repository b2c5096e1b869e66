"""From a run folder to its metrics: verdicts completed or remade, samples and verdicts joined."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from math_eval.benchmarks import define, is_at_hand, load_split
from math_eval.errors import DataError, MathEvalError, RequestError
from math_eval.grading import answer_key
from math_eval.records import Problem
from math_eval.runs.grader import GRADER, fingerprint, judge
from math_eval.runs.layout import FORMAT, BenchmarkInfo, PromptLine, RunInfo, read_run_info, write_json
from math_eval.runs.lock import locked
from math_eval.runs.store import Done, RunStore, key_of
from math_eval.scoring import Metric, Metrics, Outcome, averages, metric

_Place = tuple[str, str]


def read_run(folder: Path) -> RunInfo:
    """The run.json of a run folder; DataError where the folder holds none."""
    info = read_run_info(folder)
    if info is None:
        raise DataError(f"{folder}: no run.json; a run folder is what math-eval run --output made")
    return info


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


def complete_verdicts(store: RunStore, problems: Mapping[_Place, Sequence[Problem]]) -> None:
    """Opens the verdicts file and grades every stored sample that has no verdict there yet."""
    store.open_verdicts(fingerprint(problem for rows in problems.values() for problem in rows))
    by_key = {(row.benchmark, row.split, row.id): row for rows in problems.values() for row in rows}
    seen = Done()
    for line in store.samples():
        key = key_of(line)
        seen.add(key)
        problem = by_key.get((line.benchmark, line.split, line.problem))
        if problem is not None and seen.times(key) > store.graded.times(key):
            store.write_verdict(key, *judge(problem, line.text))


def metrics_of(
    info: RunInfo, store: RunStore, problems: Mapping[_Place, Sequence[Problem]], ks: Iterable[int] = ()
) -> Metrics:
    """The metrics of a run whose verdicts are complete; ks are the k of maj@k and pass@k beside each set's size."""
    judged = {key_of(line): (line.status, answer_key(line.answer)) for line in store.verdicts(GRADER)}
    outcomes: dict[tuple[str, str, str], dict[str, dict[int, Outcome]]] = {}
    for line in store.samples():
        status, key = judged.get(key_of(line), ("undecided", ""))
        place = outcomes.setdefault((line.benchmark, line.split, line.set), {})
        outcome = Outcome(line.n, status, key, line.finish, line.tokens_in, line.tokens_out)
        place.setdefault(line.problem, {})[line.n] = outcome
    found: list[Metric] = []
    for one in info.benchmarks:
        for name, extent in one.sets.items():
            rows = problems[one.benchmark, one.split][: extent.problems]
            made = outcomes.get((one.benchmark, one.split, name), {})
            by_problem = {problem: list(samples.values()) for problem, samples in made.items()}
            if rows:
                found.append(metric(rows, by_problem, set_name=name, samples=extent.samples, ks=ks))
    return Metrics(FORMAT, GRADER, found, averages(found))


def score_run(folder: Path, ks: Sequence[int] = (), data_dir: Path | None = None) -> tuple[RunInfo, Metrics]:
    """Grades what is not graded, computes the metrics, writes metrics.json, and returns them with run.json.

    RequestError names the samples needed where a k is larger than every sampled set.
    """
    folder = Path(folder)
    info = read_run(folder)
    largest = max((extent.samples for one in info.benchmarks for extent in one.sets.values()), default=0)
    if too_large := [k for k in ks if k > largest]:
        raise RequestError(f"k = {too_large[0]} needs {too_large[0]} samples; {folder} holds {largest} at most")
    with locked(folder):
        store = RunStore(folder)
        return info, score_store(info, store, problems_of(info, store, data_dir), ks)


def score_store(
    info: RunInfo, store: RunStore, problems: Mapping[_Place, Sequence[Problem]], ks: Sequence[int] = ()
) -> Metrics:
    """Completes the verdicts of a run whose folder is locked, and writes and returns its metrics."""
    try:
        complete_verdicts(store, problems)
        metrics = metrics_of(info, store, problems, ks)
    finally:
        store.close()
    write_json(store.folder / "metrics.json", metrics)
    return metrics
