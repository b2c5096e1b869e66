"""Samples and verdicts of a run → metrics: per benchmark and set, per group, and averages that say of what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from math_eval.records import Finish, Problem, Status
from math_eval.scoring.estimators import maj_at_k, mean, pass_at_k


class Outcome(NamedTuple):
    """What scoring needs of one sample."""

    n: int
    status: Status
    key: str
    finish: Finish
    tokens_in: int
    tokens_out: int


class Metric(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The figures of one benchmark split and set; rates are shares of the samples, accuracies in 0 to 1.

    accuracy: mean over problems of the mean over samples (greedy: the plain accuracy; N samples: mean@N).
    at: "pass@k" and "maj@k". methods: how each maj@k was found.
    """

    benchmark: str
    split: str
    set: str
    problems: int
    samples: int
    fewest: int
    expected: int
    accuracy: float
    at: dict[str, float]
    methods: dict[str, str]
    undecided: float
    empty: float
    truncated: float
    failed: float
    tokens_in: float
    tokens_out: float
    groups: dict[str, dict[str, dict[str, float]]]
    known_bad: int
    accuracy_without_known_bad: float


class Average(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Averages of one set over the benchmarks named: macro weighs benchmarks alike, micro weighs problems alike."""

    set: str
    over: list[str]
    macro: float
    micro: float


class Metrics(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """metrics.json: free of time, order and machine, so equal runs have equal bytes."""

    format: int
    grader: str
    benchmarks: list[Metric]
    averages: list[Average]


def metric(
    problems: Sequence[Problem],
    outcomes: Mapping[str, Sequence[Outcome]],
    *,
    set_name: str,
    samples: int,
    ks: Iterable[int] = (),
) -> Metric:
    """The metric of one benchmark split and set.

    problems: those asked for. outcomes: problem id → its samples in order of n. samples: how many each should have.
    A problem without samples counts in `expected` alone; ks beyond a problem's samples are left out.
    """
    asked = [problem for problem in problems if outcomes.get(problem.id)]
    rows = [sorted(outcomes[problem.id]) for problem in asked]
    flat = [outcome for row in rows for outcome in row]
    total = len(flat) or 1
    scores = [mean([outcome.status == "correct" for outcome in row]) for row in rows]
    sound = [score for problem, score in zip(asked, scores, strict=True) if not problem.known_bad]
    fewest = min(map(len, rows), default=0)
    at, methods = _at_k(rows, sorted({k for k in ks if k <= fewest} | ({fewest} if fewest > 1 else set())))
    first = problems[0]
    return Metric(
        benchmark=first.benchmark,
        split=first.split,
        set=set_name,
        problems=len(asked),
        samples=len(flat),
        fewest=fewest,
        expected=len(problems) * samples,
        accuracy=_mean(scores),
        at=at,
        methods=methods,
        undecided=sum(outcome.status == "undecided" for outcome in flat) / total,
        empty=sum(not outcome.key and outcome.finish != "error" for outcome in flat) / total,
        truncated=sum(outcome.finish == "length" for outcome in flat) / total,
        failed=sum(outcome.finish == "error" for outcome in flat) / total,
        tokens_in=sum(outcome.tokens_in for outcome in flat) / total,
        tokens_out=sum(outcome.tokens_out for outcome in flat) / total,
        groups=_groups(asked, scores),
        known_bad=sum(bool(problem.known_bad) for problem in asked),
        accuracy_without_known_bad=_mean(sound),
    )


def _at_k(rows: Sequence[Sequence[Outcome]], ks: Sequence[int]) -> tuple[dict[str, float], dict[str, str]]:
    at: dict[str, float] = {}
    methods: dict[str, str] = {}
    for k in ks:
        passed, voted, used = [], [], set()
        for row in rows:
            right = [outcome.status == "correct" for outcome in row]
            passed.append(pass_at_k(len(row), sum(right), k))
            value, method = maj_at_k(list(zip([one.key for one in row], right, strict=True)), k)
            used.add(method)
            voted.append(value)
        methods[f"maj@{k}"] = ", ".join(sorted(used))
        at[f"pass@{k}"], at[f"maj@{k}"] = _mean(passed), _mean(voted)
    return at, methods


def _groups(problems: Sequence[Problem], scores: Sequence[float]) -> dict[str, dict[str, dict[str, float]]]:
    found: dict[str, dict[str, list[float]]] = {}
    for problem, score in zip(problems, scores, strict=True):
        for column, value in problem.groups.items():
            found.setdefault(column, {}).setdefault(value, []).append(score)
    return {
        column: {value: {"problems": len(got), "accuracy": _mean(got)} for value, got in sorted(values.items())}
        for column, values in found.items()
    }


def averages(metrics: Sequence[Metric]) -> list[Average]:
    """Macro and micro averages of each set that more than one benchmark has."""
    found = []
    for name in dict.fromkeys(one.set for one in metrics):
        own = [one for one in metrics if one.set == name and one.problems]
        if len(own) > 1:
            micro = sum(one.accuracy * one.problems for one in own) / sum(one.problems for one in own)
            over = [f"{one.benchmark}/{one.split}" for one in own]
            found.append(Average(name, over, _mean([one.accuracy for one in own]), micro))
    return found


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
