"""Samples and verdicts of a run → metrics: per benchmark and set, per group, and averages that say of what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from math_eval.records import Problem
from math_eval.scoring.estimators import mean
from math_eval.scoring.figures import DEFAULT_OPTIONS, Figure, SampleScore, ScoreOptions, figures
from math_eval.scoring.intervals import average_interval

QUANTILES = (0.5, 0.9, 0.99)


class SetResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The figures of one benchmark split and set; rates are shares of the samples, accuracies in 0 to 1.

    accuracy: mean over problems of the mean over samples (greedy: the plain accuracy; N samples: mean@N).
    at: that mean with its interval as "mean", then "pass@k", "maj@k" and with rewards "rm@k", "weighted maj@k".
    agreement: the chance that two samples of a problem vote alike. split_classes: the share of classes of equal
    answers whose members got different verdicts. unexecuted: samples whose program was not run. unrewarded: None where
    no sample has a reward. tokens_out_quantiles: by "0.5", "0.9", "0.99".
    """

    benchmark: str
    split: str
    set: str
    problems: int
    samples: int
    fewest: int
    expected: int
    accuracy: float
    at: dict[str, Figure]
    undecided: float
    empty: float
    truncated: float
    failed: float
    unexecuted: float
    unrewarded: float | None
    tokens_in: float
    tokens_out: float
    tokens_out_quantiles: dict[str, int]
    agreement: float | None
    split_classes: float
    groups: dict[str, dict[str, dict[str, float]]]
    known_bad: int
    accuracy_without_known_bad: float


class Average(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Averages of one set over the benchmarks named: macro weighs benchmarks alike, micro weighs problems alike.

    low, high, se: of the macro average, from the benchmarks' own errors.
    """

    set: str
    over: list[str]
    macro: float
    micro: float
    low: float
    high: float
    se: float


class Metrics(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """metrics.json: free of time, order and machine, so equal runs have equal bytes.

    rewards: the reward file that was read, with its aggregation; "" for none.
    """

    format: int
    grader: str
    options: ScoreOptions
    rewards: str
    benchmarks: list[SetResult]
    averages: list[Average]


def score_set(
    problems: Sequence[Problem],
    outcomes: Mapping[str, Sequence[SampleScore]],
    *,
    set_name: str,
    samples: int,
    options: ScoreOptions = DEFAULT_OPTIONS,
) -> SetResult:
    """The metric of one benchmark split and set.

    problems: those asked for. outcomes: problem id → its samples in any order. samples: how many each should have.
    A problem without samples counts in `expected` alone; ks beyond a problem's samples are left out.
    """
    asked = [problem for problem in problems if outcomes.get(problem.id)]
    rows = [sorted(outcomes[problem.id], key=lambda one: one.n) for problem in asked]
    flat = [outcome for row in rows for outcome in row]
    total = len(flat) or 1
    if options.reading == "qwen":
        scores = [float(row[0].status == "correct") for row in rows]
    else:
        scores = [mean([outcome.status == "correct" for outcome in row]) for row in rows]
    sound = [score for problem, score in zip(asked, scores, strict=True) if not problem.known_bad]
    lengths = sorted(outcome.tokens_out for outcome in flat)
    first = problems[0]
    return SetResult(
        benchmark=first.benchmark,
        split=first.split,
        set=set_name,
        problems=len(asked),
        samples=len(flat),
        fewest=min(map(len, rows), default=0),
        expected=len(problems) * samples,
        accuracy=_mean(scores),
        at=figures(rows, options),
        undecided=sum(outcome.status == "undecided" for outcome in flat) / total,
        empty=sum(not outcome.key and outcome.finish != "error" for outcome in flat) / total,
        truncated=sum(outcome.finish == "length" for outcome in flat) / total,
        failed=sum(outcome.finish == "error" for outcome in flat) / total,
        unexecuted=sum(outcome.unexecuted for outcome in flat) / total,
        unrewarded=sum(outcome.reward is None for outcome in flat) / total
        if any(outcome.reward is not None for outcome in flat)
        else None,
        tokens_in=sum(outcome.tokens_in for outcome in flat) / total,
        tokens_out=sum(outcome.tokens_out for outcome in flat) / total,
        tokens_out_quantiles={str(q): lengths[min(len(lengths) - 1, int(q * len(lengths)))] for q in QUANTILES}
        if lengths
        else {},
        agreement=_agreement(rows),
        split_classes=_split_classes(rows),
        groups=_groups(asked, scores),
        known_bad=sum(bool(problem.known_bad) for problem in asked),
        accuracy_without_known_bad=_mean(sound),
    )


def _agreement(rows: Sequence[Sequence[SampleScore]]) -> float | None:
    """The chance that two samples drawn from one problem vote for one class, over problems with two or more."""
    chances = []
    for row in rows:
        if (size := len(row)) > 1:
            counts = Counter(one.key for one in row if one.key).values()
            chances.append(sum(count * (count - 1) for count in counts) / (size * (size - 1)))
    return _mean(chances) if chances else None


def _split_classes(rows: Sequence[Sequence[SampleScore]]) -> float:
    classes = torn = 0
    for row in rows:
        verdicts: dict[str, set[bool]] = {}
        for one in row:
            if one.key:
                verdicts.setdefault(one.key, set()).add(one.status == "correct")
        classes += len(verdicts)
        torn += sum(len(said) > 1 for said in verdicts.values())
    return torn / (classes or 1)


def _groups(problems: Sequence[Problem], scores: Sequence[float]) -> dict[str, dict[str, dict[str, float]]]:
    found: dict[str, dict[str, list[float]]] = {}
    for problem, score in zip(problems, scores, strict=True):
        for column, value in problem.groups.items():
            found.setdefault(column, {}).setdefault(value, []).append(score)
    return {
        column: {value: {"problems": len(got), "accuracy": _mean(got)} for value, got in sorted(values.items())}
        for column, values in found.items()
    }


def averages(metrics: Sequence[SetResult]) -> list[Average]:
    """Macro and micro averages of each set that more than one benchmark has."""
    found = []
    for name in dict.fromkeys(one.set for one in metrics):
        own = [one for one in metrics if one.set == name and one.problems]
        if len(own) > 1:
            micro = sum(one.accuracy * one.problems for one in own) / sum(one.problems for one in own)
            over = [f"{one.benchmark}/{one.split}" for one in own]
            interval = average_interval([(one.accuracy, one.at["mean"].se) for one in own])
            macro = _mean([one.accuracy for one in own])
            found.append(Average(name, over, macro, micro, interval.low, interval.high, interval.se))
    return found


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
