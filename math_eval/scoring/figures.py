"""The @k figures of one benchmark and set: values over problems, each with its interval and its method."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec

from math_eval.errors import RequestError
from math_eval.records import Finish, Status
from math_eval.scoring.estimators import pass_at_k, rm_at_k
from math_eval.scoring.first_k import FirstSample, maj_first_k, rm_first_k
from math_eval.scoring.intervals import Interval, accuracy_interval, mean_interval
from math_eval.scoring.majority import Ballot, Ties, ballot, maj_at_k

Reading = Literal["ours", "qwen"]
"""Whose way of counting. ours: means over all k-subsets, votes by class of equal answers. qwen: the reference's, with
the first sample as accuracy, the first k samples at k, and votes by answer string."""

DRAWS = 100_000
"""Subsets to draw over all problems of a benchmark, where any are drawn; a problem gets at least 400, at most 4,000."""


class SampleScore(NamedTuple):
    """What scoring needs of one sample.

    Attributes:
        n: The sample's number within its problem and set.
        status: The verdict; `undecided` counts as wrong.
        key: The class of equal answers that it votes for, "" for no answer.
        finish: Why the completion ended.
        tokens_in: Tokens of the prompt; None if unknown.
        tokens_out: Tokens of the completion; None if unknown.
        vote: The answer as a string, which the reference votes with; None where there is none.
        reward: A reward model's score, higher is better; None without one.
        unexecuted: The completion asked for a program to be executed, and none was.
        tokens_thought: Tokens of the thought, which `tokens_out` includes; None if unknown.
        looped: Whether the budget cut a completion that repeated itself to its end.
    """

    n: int
    status: Status
    key: str
    finish: Finish
    tokens_in: int | None
    tokens_out: int | None
    vote: str | None = None
    reward: float | None = None
    unexecuted: bool = False
    tokens_thought: int | None = None
    looped: bool = False


class Figure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An estimate with its 95 % interval; all numbers are shares, 0 to 1.

    Attributes:
        value: The estimate.
        low: Lower end of the interval.
        high: Upper end of the interval.
        se: The standard error, clustered by problem.
        estimate: The method that gave the value.
        interval: The method that gave the interval.
        drawn: The standard error that drawing subsets adds; 0 where all were evaluated.
    """

    value: float
    low: float
    high: float
    se: float
    estimate: str
    interval: str
    drawn: float = 0.0


class ScoreOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How samples become figures.

    Attributes:
        ks: The k of the @k figures, in addition to the size of each set.
        curve: Whether figures at k = 1, 2, 4, 8 … are made too.
        reading: `ours`, or `qwen` for the reference's way of counting, which ignores the options below.
        first_k: Whether the first k samples alone are counted instead of all k-subsets.
        ties: What a tie between classes counts.
        undecided_vote: Whether answers with the verdict `undecided` vote.
        weigh: What a vote weighs in weighted maj@k: the logistic function of the reward, or the reward itself
            (negative ones as 0).
    """

    ks: tuple[int, ...] = ()
    curve: bool = False
    reading: Reading = "ours"
    first_k: bool = False
    ties: Ties = "expected"
    undecided_vote: bool = False
    weigh: Literal["logistic", "as-is"] = "logistic"


DEFAULT_OPTIONS = ScoreOptions()
Rows = Sequence[Sequence[SampleScore]]


def figures(rows: Rows, options: ScoreOptions) -> dict[str, Figure]:
    """The figures of one benchmark and set: mean, pass@k, maj@k and, with rewards, rm@k and weighted maj@k.

    A sample without a reward ranks below every sample with one, and its vote weighs nothing.

    Args:
        rows: Each problem's samples in order of n, at least one a problem.
        options: Which k, and how to count. A k above the smallest number of samples of a problem is left out.

    Returns:
        Name, such as "mean" or "pass@8", → figure; empty without any problem. docs/statistics.md has the formulas.
    """
    if not rows:
        return {}
    fewest = min(map(len, rows))
    powers = {2**power for power in range(fewest.bit_length())} if options.curve else set()
    ks = sorted({k for k in {*options.ks, *powers} if k <= fewest} | ({fewest} if fewest > 1 else set()))
    verdicts = [[sample.status == "correct" for sample in row] for row in rows]
    if options.reading == "qwen":
        return _reference_figures(rows, ks)
    results = {}
    results["mean"] = _figure(
        accuracy_interval([sum(row) for row in verdicts], [len(row) for row in verdicts]),
        [sum(row) / len(row) for row in verdicts],
        "all samples",
    )
    rewarded = any(sample.reward is not None for row in rows for sample in row)
    votes = [_ballot(row, options, rewarded=rewarded, weighted=False) for row in rows]
    weighted = [_ballot(row, options, rewarded=True, weighted=True) for row in rows] if rewarded else []
    for k in ks:
        if options.first_k:
            values = [float(any(row[:k])) for row in verdicts]
        else:
            values = [pass_at_k(len(row), sum(row), k) for row in verdicts]
        results[f"pass@{k}"] = _mean_figure(values, "first k" if options.first_k else "closed form")
        results[f"maj@{k}"] = _majority_figure(votes, k, options)
        if rewarded:
            results[f"rm@{k}"] = _reward_figure(rows, verdicts, k, options)
            results[f"weighted maj@{k}"] = _majority_figure(weighted, k, options)
    return results


def check_ks(ks: Sequence[int], largest: int, place: str) -> None:
    """Checks the k that a user asked for before anything is computed.

    Args:
        ks: The k of the @k figures.
        largest: The largest number of samples a problem of any set.
        place: The run folder or file, for the message.

    Raises:
        RequestError: A k is below 1 or above `largest`.
    """
    for k in ks:
        if k < 1:
            raise RequestError(f"k = {k}: expected 1 or more")
        if k > largest:
            raise RequestError(f"k = {k} needs {k} samples of each problem; {place} holds {largest} at most")


def _ballot(row: Sequence[SampleScore], options: ScoreOptions, *, rewarded: bool, weighted: bool) -> Ballot:
    votes = [sample.key if options.undecided_vote or sample.status != "undecided" else "" for sample in row]
    rewards = _rewards(row) if rewarded else None
    weights = [_weight(reward, options) for reward in rewards] if weighted and rewards else None
    return ballot(votes, [sample.status == "correct" for sample in row], rewards=rewards, weights=weights)


def _rewards(row: Sequence[SampleScore]) -> list[float]:
    return [-math.inf if sample.reward is None else sample.reward for sample in row]


def _weight(reward: float, options: ScoreOptions) -> float:
    if options.weigh == "as-is":
        return max(reward, 0.0)
    return 1 / (1 + math.exp(-reward)) if reward > -700 else 0.0


def _majority_figure(ballots: Sequence[Ballot], k: int, options: ScoreOptions) -> Figure:
    draws = min(4_000, max(400, DRAWS // len(ballots)))
    estimates = [
        maj_at_k(
            votes,
            k,
            ties=options.ties,
            draws=draws,
            seed=zlib.crc32(votes.classes.tobytes()),  # from the votes alone, so that equal runs have equal figures
            first=options.first_k,
        )
        for votes in ballots
    ]
    drawing_error = math.sqrt(sum(estimate.variance for estimate in estimates)) / len(estimates)
    methods = ", ".join(sorted({estimate.method for estimate in estimates}))
    return _mean_figure([estimate.value for estimate in estimates], methods, drawing_error)


def _reward_figure(rows: Rows, verdicts: Sequence[Sequence[bool]], k: int, options: ScoreOptions) -> Figure:
    rewards = [_rewards(row) for row in rows]
    if options.first_k:
        values = [rm_at_k(scores[:k], correct[:k], k) for scores, correct in zip(rewards, verdicts, strict=True)]
        return _mean_figure(values, "first k")
    values = [rm_at_k(scores, correct, k) for scores, correct in zip(rewards, verdicts, strict=True)]
    return _mean_figure(values, "closed form")


def _reference_figures(rows: Rows, ks: Sequence[int]) -> dict[str, Figure]:
    """The reference's figures: accuracy from the first sample, the others from the first k samples."""
    problems = [[FirstSample(sample.vote, sample.status == "correct", sample.reward) for sample in row] for row in rows]
    results = {"mean": _mean_figure([float(row[0].correct) for row in problems], "first sample")}
    rewarded = any(sample.reward is not None for row in rows for sample in row)
    for k in ks:
        passes = [float(any(sample.correct for sample in row[:k])) for row in problems]
        results[f"pass@{k}"] = _mean_figure(passes, "first k")
        majorities = [float(maj_first_k(row, k)) for row in problems]
        results[f"maj@{k}"] = _mean_figure(majorities, "first k, votes by string")
        if rewarded:
            results[f"rm@{k}"] = _mean_figure([float(rm_first_k(row, k)) for row in problems], "first k")
    return results


def _mean_figure(values: Sequence[float], estimate: str, drawing_error: float = 0.0) -> Figure:
    return _figure(mean_interval(values), values, estimate, drawing_error)


def _figure(interval: Interval, values: Sequence[float], estimate: str, drawing_error: float = 0.0) -> Figure:
    value = sum(values) / len(values)
    return Figure(value, interval.low, interval.high, interval.se, estimate, interval.method, drawing_error)
