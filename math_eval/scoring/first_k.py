"""Scores as the reference computes them: from the first sample or the first k samples, with votes by string."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class FirstSample(NamedTuple):
    """What the reference keeps of one sample.

    Attributes:
        vote: The extracted answer as a string; None where there is none, which is a vote too.
        correct: Its verdict.
        reward: A reward model's score, None without one.
        group: The value of the column by which accuracy is broken down; "" for none.
    """

    vote: str | None
    correct: bool
    reward: float | None = None
    group: str = ""


def maj_first_k(samples: Sequence[FirstSample], k: int) -> bool:
    """Whether the most frequent answer string among the first k samples is correct, as the reference votes.

    Args:
        samples: One problem's samples in order, at least one.
        k: How many of them vote.

    Returns:
        The verdict of the first sample with that string. Of equally frequent strings, the one that comes first wins.
    """
    chosen = samples[:k]
    counts: dict[str | None, int] = {}
    for sample in chosen:
        counts[sample.vote] = counts.get(sample.vote, 0) + 1
    top = max(counts, key=counts.__getitem__)
    return next(sample.correct for sample in chosen if sample.vote == top)


def rm_first_k(samples: Sequence[FirstSample], k: int) -> bool:
    """Whether the sample with the highest reward among the first k is correct; of equal rewards the first counts."""
    return max(samples[:k], key=lambda sample: float("-inf") if sample.reward is None else sample.reward).correct


def first_k_scores(problems: Sequence[Sequence[FirstSample]], ks: Sequence[int]) -> dict[str, float]:
    """The reference's scores of stored responses.

    Args:
        problems: Each problem's samples in order; problems without samples are left out.
        ks: The k of "maj@k" and "rm@k"; 1 is left out, and so is a k that some problem has too few samples for.

    Returns:
        Percentages over problems: "acc" (the first samples), "mean" (all samples), "maj@k" and, where samples have
        rewards, "rm@k". Empty without any sample.
    """
    rows = [row for row in problems if row]
    if not rows:
        return {}
    fewest = min(map(len, rows))
    scores = {
        "acc": _percent([row[0].correct for row in rows]),
        "mean": _percent([sample.correct for row in rows for sample in row]),
    }
    rewarded = any(sample.reward is not None for row in rows for sample in row)
    for k in sorted({k for k in ks if 1 < k <= fewest}):
        scores[f"maj@{k}"] = _percent([maj_first_k(row, k) for row in rows])
        if rewarded:
            scores[f"rm@{k}"] = _percent([rm_first_k(row, k) for row in rows])
    return scores


def group_scores(problems: Sequence[Sequence[FirstSample]]) -> Mapping[str, float]:
    """The reference's accuracy by group, which it takes from the last sample of each problem.

    Args:
        problems: Each problem's samples in order; a problem without samples or without a group is left out.

    Returns:
        Group → percentage, rounded to 0.1, sorted by group.
    """
    verdicts: dict[str, list[bool]] = {}
    for row in problems:
        if row and row[0].group:
            verdicts.setdefault(row[0].group, []).append(row[-1].correct)
    return {group: round(_percent(scores), 1) for group, scores in sorted(verdicts.items())}


def _percent(scores: Sequence[bool]) -> float:
    return 100 * sum(scores) / len(scores)
