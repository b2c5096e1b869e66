"""Scores as the reference reads them: the first sample, the first k samples, votes by string."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class FirstSample(NamedTuple):
    """What the reference keeps of one sample: the string it votes with, its score, its reward, its problem's group."""

    vote: str | None
    correct: bool
    reward: float | None = None
    group: str = ""


def maj_first_k(samples: Sequence[FirstSample], k: int) -> bool:
    """The score of the most frequent string among the first k samples; of several, the one seen first."""
    chosen = samples[:k]
    counts: dict[str | None, int] = {}
    for sample in chosen:
        counts[sample.vote] = counts.get(sample.vote, 0) + 1
    top = max(counts, key=counts.__getitem__)
    return next(sample.correct for sample in chosen if sample.vote == top)


def rm_first_k(samples: Sequence[FirstSample], k: int) -> bool:
    """The score of the first sample that has the highest reward among the first k."""
    return max(samples[:k], key=lambda sample: float("-inf") if sample.reward is None else sample.reward).correct


def first_k_scores(problems: Sequence[Sequence[FirstSample]], ks: Sequence[int]) -> dict[str, float]:
    """Percentages over problems: "acc" (first samples), "mean" (all samples), "maj@k" and, with rewards, "rm@k".

    Only the k that every problem has samples for are given.
    """
    rows = [row for row in problems if row]
    if not rows:
        return {}
    fewest = min(map(len, rows))
    found = {
        "acc": _percent([row[0].correct for row in rows]),
        "mean": _percent([sample.correct for row in rows for sample in row]),
    }
    rewarded = any(sample.reward is not None for row in rows for sample in row)
    for k in sorted({k for k in ks if 1 < k <= fewest}):
        found[f"maj@{k}"] = _percent([maj_first_k(row, k) for row in rows])
        if rewarded:
            found[f"rm@{k}"] = _percent([rm_first_k(row, k) for row in rows])
    return found


def group_scores(problems: Sequence[Sequence[FirstSample]]) -> Mapping[str, float]:
    """Percentages by group, of the LAST samples as the reference takes them, to 0.1."""
    found: dict[str, list[bool]] = {}
    for row in problems:
        if row and row[0].group:
            found.setdefault(row[0].group, []).append(row[-1].correct)
    return {group: round(_percent(scores), 1) for group, scores in sorted(found.items())}


def _percent(scores: Sequence[bool]) -> float:
    return 100 * sum(scores) / len(scores)
