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
"""Which estimates: over all subsets with votes by class, or the reference's: the first k with votes by string."""

DRAWS = 100_000
"""Subsets drawn over all problems of a benchmark, where they are drawn; at least 400 and at most 4,000 a problem."""


class SampleScore(NamedTuple):
    """What scoring needs of one sample. key: the class it votes for; vote: its answer as a string, None for none.

    unexecuted: it asked for a program to be executed, and none was.
    """

    n: int
    status: Status
    key: str
    finish: Finish
    tokens_in: int
    tokens_out: int
    vote: str | None = None
    reward: float | None = None
    unexecuted: bool = False


class Figure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A share between 0 and 1 with its 95 % interval (low, high), its standard error clustered by problem, and methods.

    estimate: how the value was found; drawn: the standard error that drawing subsets adds; interval: how low and high
    were found.
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

    ks: the k beside each set's own size. curve: 1, 2, 4 … too. reading "qwen": the first sample as accuracy, the first
    k, votes by string. first_k: only the first k samples, our votes. ties: what a tie of classes counts.
    undecided_vote: whether answers that could not be decided vote. weigh: what a reward weighs in weighted maj@k.
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
    """Every figure of some problems' samples (each problem's in order of n, at least one): mean, pass@k, maj@k, rm@k.

    rm@k and weighted maj@k are there where samples have rewards; one without is never the best and weighs nothing.
    A k above the fewest samples is left out.
    """
    if not rows:
        return {}
    fewest = min(map(len, rows))
    powers = {2**power for power in range(fewest.bit_length())} if options.curve else set()
    ks = sorted({k for k in {*options.ks, *powers} if k <= fewest} | ({fewest} if fewest > 1 else set()))
    right = [[one.status == "correct" for one in row] for row in rows]
    found = {}
    if options.reading == "qwen":
        return _first_readings(rows, ks)
    found["mean"] = _figure(
        accuracy_interval([sum(row) for row in right], [len(row) for row in right]),
        [sum(row) / len(row) for row in right],
        "all samples",
    )
    rewarded = any(one.reward is not None for row in rows for one in row)
    votes = [_ballot(row, options, rewarded=rewarded, weighted=False) for row in rows]
    weighted = [_ballot(row, options, rewarded=True, weighted=True) for row in rows] if rewarded else []
    for k in ks:
        if options.first_k:
            passed = [float(any(row[:k])) for row in right]
        else:
            passed = [pass_at_k(len(row), sum(row), k) for row in right]
        found[f"pass@{k}"] = _mean_figure(passed, "first k" if options.first_k else "closed form")
        found[f"maj@{k}"] = _voted(votes, k, options)
        if rewarded:
            found[f"rm@{k}"] = _best(rows, right, k, options)
            found[f"weighted maj@{k}"] = _voted(weighted, k, options)
    return found


def check_ks(ks: Sequence[int], largest: int, where: str) -> None:
    """RequestError for a k that is no number of samples, or more than any set holds."""
    for k in ks:
        if k < 1:
            raise RequestError(f"k = {k}: expected 1 or more")
        if k > largest:
            raise RequestError(f"k = {k} needs {k} samples of each problem; {where} holds {largest} at most")


def _ballot(row: Sequence[SampleScore], options: ScoreOptions, *, rewarded: bool, weighted: bool) -> Ballot:
    votes = [one.key if options.undecided_vote or one.status != "undecided" else "" for one in row]
    rewards = _rewards(row) if rewarded else None
    weights = [_weight(reward, options) for reward in rewards] if weighted and rewards else None
    return ballot(votes, [one.status == "correct" for one in row], rewards=rewards, weights=weights)


def _rewards(row: Sequence[SampleScore]) -> list[float]:
    return [-math.inf if one.reward is None else one.reward for one in row]


def _weight(reward: float, options: ScoreOptions) -> float:
    if options.weigh == "as-is":
        return max(reward, 0.0)
    return 1 / (1 + math.exp(-reward)) if reward > -700 else 0.0


def _voted(votes: Sequence[Ballot], k: int, options: ScoreOptions) -> Figure:
    draws = min(4_000, max(400, DRAWS // len(votes)))
    made = [
        maj_at_k(
            one,
            k,
            ties=options.ties,
            draws=draws,
            seed=zlib.crc32(one.classes.tobytes()),  # of the votes alone: equal runs have equal figures
            first=options.first_k,
        )
        for one in votes
    ]
    drawn = math.sqrt(sum(one.variance for one in made)) / len(made)
    return _mean_figure([one.value for one in made], ", ".join(sorted({one.method for one in made})), drawn)


def _best(rows: Rows, right: Sequence[Sequence[bool]], k: int, options: ScoreOptions) -> Figure:
    rewards = [_rewards(row) for row in rows]
    if options.first_k:
        firsts = [rm_at_k(given[:k], marks[:k], k) for given, marks in zip(rewards, right, strict=True)]
        return _mean_figure(firsts, "first k")
    values = [rm_at_k(given, marks, k) for given, marks in zip(rewards, right, strict=True)]
    return _mean_figure(values, "closed form")


def _first_readings(rows: Rows, ks: Sequence[int]) -> dict[str, Figure]:
    """The reference's figures: the first sample, and what the first k vote for or are best at."""
    first = [[FirstSample(one.vote, one.status == "correct", one.reward) for one in row] for row in rows]
    found = {"mean": _mean_figure([float(row[0].correct) for row in first], "first sample")}
    rewarded = any(one.reward is not None for row in rows for one in row)
    for k in ks:
        found[f"pass@{k}"] = _mean_figure([float(any(one.correct for one in row[:k])) for row in first], "first k")
        found[f"maj@{k}"] = _mean_figure([float(maj_first_k(row, k)) for row in first], "first k, votes by string")
        if rewarded:
            found[f"rm@{k}"] = _mean_figure([float(rm_first_k(row, k)) for row in first], "first k")
    return found


def _mean_figure(values: Sequence[float], estimate: str, drawn: float = 0.0) -> Figure:
    return _figure(mean_interval(values), values, estimate, drawn)


def _figure(interval: Interval, values: Sequence[float], estimate: str, drawn: float = 0.0) -> Figure:
    middle = sum(values) / len(values)
    return Figure(middle, interval.low, interval.high, interval.se, estimate, interval.method, drawn)
