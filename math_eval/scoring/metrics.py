"""Sample scores → metrics: for each benchmark split and set, for each group, and averages over named benchmarks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import msgspec

from math_eval.records import CUT_BY_BUDGET, CUT_IN_THOUGHT, FAILED, Problem
from math_eval.scoring.estimators import mean
from math_eval.scoring.figures import DEFAULT_OPTIONS, Figure, SampleScore, ScoreOptions, figures
from math_eval.scoring.intervals import average_interval

QUANTILES = (0.5, 0.9, 0.99)

_NO_SAMPLE = 0.0
"""A rate that is not written. It is this very object, since msgspec omits a number only if it is the default itself."""

_WITHOUT_COMPLETION = FAILED | {"filtered", "refused"}
"""Ends of samples that are states of their own, and not counted as completions without an answer."""


class SetResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """All figures of one benchmark split and set, as metrics.json stores them.

    Accuracies and rates are shares, 0 to 1; a rate is a share of the samples that exist.

    Attributes:
        benchmark: The benchmark's name.
        split: The split's name.
        set: The set's name: `greedy`, or that of a sampled set.
        problems: Problems that have at least one sample.
        samples: Samples that exist.
        fewest: The number of samples of the problem that has fewest.
        expected: Samples that were asked for.
        accuracy: Mean over problems of the share of correct samples (mean@N; in the reference's reading, of the first
            sample).
        at: "mean" (that accuracy with its interval), "pass@k", "maj@k" and, with rewards, "rm@k" and "weighted maj@k".
        undecided: Rate of samples whose verdict is undecided.
        empty: Rate of completed samples without an answer.
        truncated: Rate of samples that the token budget ended, inside the thought or behind it.
        failed: Rate of samples that the engine failed at.
        unexecuted: Rate of samples that asked for a program to be executed when none was.
        unrewarded: Rate of samples without a reward; None where no sample has one.
        tokens_in: Mean tokens of a prompt, over the samples for which they are known; None if none are.
        tokens_out: Mean tokens of a completion, likewise.
        tokens_out_quantiles: Quantiles of the completions' tokens, by "0.5", "0.9" and "0.99".
        agreement: The chance that two samples of a problem vote for one class; None without a second sample.
        split_classes: The share of classes of equal answers that hold correct and wrong samples.
        groups: Column → value → {"problems", "accuracy"}.
        known_bad: Problems that the benchmark file lists as defective; they count like all others.
        accuracy_without_known_bad: The accuracy over the other problems.
        cut_in_thought: Rate of samples that ended inside the thought, for whatever reason; written unless it is 0.
        filtered: Rate of samples that a content filter stopped; written unless it is 0.
        refused: Rate of samples that the model or its server refused; written unless it is 0.
        tokens_thought: Mean tokens of the thought, over the samples for which they are known; written if any are.
        looped: Rate of samples that the budget cut while they repeated themselves; written unless it is 0.
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
    tokens_in: float | None
    tokens_out: float | None
    tokens_out_quantiles: dict[str, int]
    agreement: float | None
    split_classes: float
    groups: dict[str, dict[str, dict[str, float]]]
    known_bad: int
    accuracy_without_known_bad: float
    cut_in_thought: float = _NO_SAMPLE
    filtered: float = _NO_SAMPLE
    refused: float = _NO_SAMPLE
    tokens_thought: float | None = None
    looped: float = _NO_SAMPLE


class Average(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Averages of one set over several benchmarks, as shares, 0 to 1.

    Attributes:
        set: The set's name.
        over: The benchmark splits, as "benchmark/split".
        macro: The average in which every benchmark weighs the same.
        micro: The average in which every problem weighs the same.
        low: Lower end of the macro average's 95 % interval.
        high: Upper end of it.
        se: The macro average's standard error, propagated from those of the benchmarks.
    """

    set: str
    over: list[str]
    macro: float
    micro: float
    low: float
    high: float
    se: float


class Metrics(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """metrics.json. It depends on no time, order or machine, so equal runs have equal bytes.

    Attributes:
        format: The version of the file format.
        grader: The grader whose verdicts are counted.
        options: How samples became figures.
        rewards: The reward file that was read, with its aggregation; "" for none.
        benchmarks: The figures of each benchmark split and set.
        averages: The averages of each set that several benchmarks have.
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
    """The figures of one benchmark split and set.

    Args:
        problems: The problems asked for, at least one, all of one benchmark split.
        outcomes: Problem id → its sample scores in any order. A problem without any counts only in `expected`.
        set_name: The set's name.
        samples: How many samples each problem should have.
        options: How samples become figures. A k above some problem's number of samples is left out.

    Returns:
        The figures, with rates and groups.
    """
    sampled = [problem for problem in problems if outcomes.get(problem.id)]
    rows = [sorted(outcomes[problem.id], key=lambda outcome: outcome.n) for problem in sampled]
    flat = [outcome for row in rows for outcome in row]
    total = len(flat) or 1
    if options.reading == "qwen":
        scores = [float(row[0].status == "correct") for row in rows]
    else:
        scores = [mean([outcome.status == "correct" for outcome in row]) for row in rows]
    scores_of_good = [score for problem, score in zip(sampled, scores, strict=True) if not problem.known_bad]
    lengths = sorted(outcome.tokens_out for outcome in flat if outcome.tokens_out is not None)
    first = problems[0]
    return SetResult(
        benchmark=first.benchmark,
        split=first.split,
        set=set_name,
        problems=len(sampled),
        samples=len(flat),
        fewest=min(map(len, rows), default=0),
        expected=len(problems) * samples,
        accuracy=_mean(scores),
        at=figures(rows, options),
        undecided=sum(outcome.status == "undecided" for outcome in flat) / total,
        empty=sum(not outcome.key and outcome.finish not in _WITHOUT_COMPLETION for outcome in flat) / total,
        truncated=sum(outcome.finish in CUT_BY_BUDGET for outcome in flat) / total,
        failed=sum(outcome.finish in FAILED for outcome in flat) / total,
        unexecuted=sum(outcome.unexecuted for outcome in flat) / total,
        unrewarded=_unrewarded(flat),
        tokens_in=_known_mean([outcome.tokens_in for outcome in flat]),
        tokens_out=_known_mean([outcome.tokens_out for outcome in flat]),
        tokens_out_quantiles={str(q): lengths[min(len(lengths) - 1, int(q * len(lengths)))] for q in QUANTILES}
        if lengths
        else {},
        agreement=_agreement(rows),
        split_classes=_split_classes(rows),
        groups=_groups(sampled, scores),
        known_bad=sum(bool(problem.known_bad) for problem in sampled),
        accuracy_without_known_bad=_mean(scores_of_good),
        cut_in_thought=_rate(flat, CUT_IN_THOUGHT),
        filtered=_rate(flat, {"filtered"}),
        refused=_rate(flat, {"refused"}),
        tokens_thought=_known_mean([outcome.tokens_thought for outcome in flat]) if flat else None,
        looped=sum(outcome.looped for outcome in flat) / total
        if any(outcome.looped for outcome in flat)
        else _NO_SAMPLE,
    )


def _unrewarded(flat: Sequence[SampleScore]) -> float | None:
    """The share of samples without a reward; None where no sample has one."""
    missing = sum(outcome.reward is None for outcome in flat)
    return missing / len(flat) if missing < len(flat) else None


def _agreement(rows: Sequence[Sequence[SampleScore]]) -> float | None:
    """The chance that two samples of one problem vote for one class, averaged over problems with two or more."""
    chances = []
    for row in rows:
        if (size := len(row)) > 1:
            counts = Counter(outcome.key for outcome in row if outcome.key).values()
            chances.append(sum(count * (count - 1) for count in counts) / (size * (size - 1)))
    return _mean(chances) if chances else None


def _split_classes(rows: Sequence[Sequence[SampleScore]]) -> float:
    classes = mixed = 0
    for row in rows:
        verdicts: dict[str, set[bool]] = {}
        for outcome in row:
            if outcome.key:
                verdicts.setdefault(outcome.key, set()).add(outcome.status == "correct")
        classes += len(verdicts)
        mixed += sum(len(members) > 1 for members in verdicts.values())
    return mixed / (classes or 1)


def _groups(problems: Sequence[Problem], scores: Sequence[float]) -> dict[str, dict[str, dict[str, float]]]:
    members: dict[str, dict[str, list[float]]] = {}
    for problem, score in zip(problems, scores, strict=True):
        for column, value in problem.groups.items():
            members.setdefault(column, {}).setdefault(value, []).append(score)
    return {
        column: {value: {"problems": len(group), "accuracy": _mean(group)} for value, group in sorted(values.items())}
        for column, values in members.items()
    }


def averages(metrics: Sequence[SetResult]) -> list[Average]:
    """Macro and micro averages of each set that more than one benchmark split has.

    Args:
        metrics: The results of all benchmark splits and sets; those without a sampled problem are left out.

    Returns:
        One average a set, in the order in which the sets first occur.
    """
    rows = []
    for name in dict.fromkeys(result.set for result in metrics):
        results = [result for result in metrics if result.set == name and result.problems]
        if len(results) > 1:
            problems = sum(result.problems for result in results)
            micro = sum(result.accuracy * result.problems for result in results) / problems
            over = [f"{result.benchmark}/{result.split}" for result in results]
            interval = average_interval([(result.accuracy, result.at["mean"].se) for result in results])
            macro = _mean([result.accuracy for result in results])
            rows.append(Average(name, over, macro, micro, interval.low, interval.high, interval.se))
    return rows


def _rate(flat: Sequence[SampleScore], finishes: Collection[str]) -> float:
    """The share of the samples that ended in one of these ways."""
    count = sum(outcome.finish in finishes for outcome in flat)
    return count / len(flat) if count else _NO_SAMPLE


def _known_mean(counts: Sequence[int | None]) -> float | None:
    """The mean over the counts that are known; None if there are counts, and none is known."""
    known = [count for count in counts if count is not None]
    return sum(known) / len(known) if known else None if counts else 0.0


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
