"""maj@k of one problem: the majority of k of its N samples over the k-subsets, plain or weighted by reward."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np

Ties = Literal["expected", "first", "reward"]
"""What a tie of classes counts: their mean accuracy, the class seen first, or the class of the highest reward."""

MAX_SUBSETS = 5_000
"""Where there are at most this many k-subsets, all of them are evaluated."""
MAX_COUNTS = 2_000
"""Where k votes can fall on the classes in at most this many ways, each is weighted; otherwise subsets are drawn."""
_CHUNK = 4_000_000
_SAME_WEIGHT = 1e-9


@dataclass(frozen=True, slots=True)
class Ballot:
    """One problem's samples as votes for classes of equal answers.

    Attributes:
        classes: Each sample's class as an index into `accuracies`, -1 for no vote; shape (samples,).
        accuracies: The share of each class's members that are correct; shape (classes,).
        rewards: Each sample's reward, which breaks ties; shape (samples,), or None.
        weights: What each sample's vote weighs, 0 or more; shape (samples,), or None where all votes weigh the same.
    """

    classes: np.ndarray
    accuracies: np.ndarray
    rewards: np.ndarray | None = None
    weights: np.ndarray | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure (0 to 1), the variance that drawing subsets adds to it, and the method that gave it."""

    value: float
    variance: float
    method: str


def ballot(
    keys: Sequence[str],
    correct: Sequence[bool],
    *,
    rewards: Sequence[float] | None = None,
    weights: Sequence[float] | None = None,
) -> Ballot:
    """The votes of one problem's samples.

    Args:
        keys: The class that each sample votes for, "" for no vote; in the samples' order, which `ties="first"` uses.
        correct: Whether each sample is correct.
        rewards: A reward for each sample, where `ties="reward"` is to break ties.
        weights: What each vote weighs, 0 or more; None where all weigh the same.

    Returns:
        The ballot that `maj_at_k` counts.
    """
    import numpy as np

    names: dict[str, int] = {}
    classes = np.array([names.setdefault(key, len(names)) if key else -1 for key in keys], dtype=np.int64)
    right = np.asarray(correct, dtype=float)
    voting = classes >= 0
    sizes = np.bincount(classes[voting], minlength=len(names))
    accuracies = np.bincount(classes[voting], weights=right[voting], minlength=len(names)) / np.maximum(sizes, 1)
    arrays = [None if values is None else np.asarray(values, dtype=float) for values in (rewards, weights)]
    return Ballot(classes, accuracies, *arrays)


def maj_at_k(
    votes: Ballot, k: int, *, ties: Ties = "expected", draws: int = 2_000, seed: int = 0, first: bool = False
) -> Estimate:
    """maj@k of one problem: how often the class with most votes is right, over all k-subsets of its samples.

    A class counts with the share of its members that are correct, and no vote at all counts as 0. The value is exact
    where k is the number of samples, where there are few subsets, or where there are few classes; otherwise it is the
    mean over drawn subsets.

    Args:
        votes: The ballot of the problem's samples.
        k: Size of the subsets; 1 to the number of samples.
        ties: What a tie between classes counts: the mean over the tied classes, the class that comes first in the
            subset, or the class with the highest reward in it.
        draws: Number of subsets that are drawn where not all can be evaluated.
        seed: Seed of the generator that draws them.
        first: Only the first k samples vote; no subsets.

    Returns:
        The estimate, with the variance that drawing adds (0 where it is exact).

    Example:
        >>> maj_at_k(ballot(["7", "7", "8"], [True, True, False]), 3).value
        1.0
    """
    import numpy as np

    samples = len(votes.classes)
    if first or k == samples:
        subset = np.arange(k)[None, :]
        return Estimate(float(_scores(votes, subset, ties)[0]), 0.0, "first k" if first else "all samples")
    if math.comb(samples, k) <= MAX_SUBSETS:
        return Estimate(float(_scores(votes, _all_subsets(samples, k), ties).mean()), 0.0, "all subsets")
    if ties == "expected" and votes.weights is None:
        sizes = np.bincount(votes.classes + 1, minlength=len(votes.accuracies) + 1).tolist()
        if math.prod(min(size, k) + 1 for size in sorted(sizes)[:-1]) <= MAX_COUNTS:
            return Estimate(_mean_over_counts(votes.accuracies, sizes, k), 0.0, "all counts")
    generator = np.random.default_rng(seed)
    scores = []
    for start in range(0, draws, step := max(1, _CHUNK // samples)):
        rows = np.tile(np.arange(samples), (min(step, draws - start), 1))
        subsets = generator.permuted(rows, axis=1)[:, :k]
        scores.append(_scores(votes, np.sort(subsets, axis=1), ties))
    values = np.concatenate(scores)
    return Estimate(float(values.mean()), float(values.var(ddof=1)) / draws, f"{draws} draws")


@lru_cache(maxsize=32)
def _all_subsets(samples: int, k: int) -> np.ndarray:
    import numpy as np

    return np.array(list(combinations(range(samples), k)))


def _scores(votes: Ballot, subsets: np.ndarray, ties: Ties) -> np.ndarray:
    """The accuracy of the majority class in each subset (one a row, sample numbers ascending); 0 without any vote."""
    import numpy as np

    rows, width = len(subsets), len(votes.accuracies)
    if width == 0:
        return np.zeros(rows)
    classes = votes.classes[subsets]
    voting = classes >= 0
    cells = (np.arange(rows)[:, None] * width + classes)[voting]
    counts = np.bincount(cells, minlength=rows * width)
    present = counts > 0
    totals = counts.astype(float)
    if votes.weights is not None:
        totals = np.bincount(cells, weights=votes.weights[subsets][voting], minlength=rows * width).astype(float)
        totals[~present] = -np.inf
    totals, present = totals.reshape(rows, width), present.reshape(rows, width)
    top = totals.max(axis=1, keepdims=True)
    tied = present & (totals >= top - _SAME_WEIGHT * np.abs(np.where(np.isfinite(top), top, 0.0)))
    if ties == "expected":
        return np.asarray((tied * votes.accuracies).sum(axis=1) / np.maximum(tied.sum(axis=1), 1))
    merit = np.full(rows * width, -np.inf)
    if ties == "reward" and votes.rewards is not None:
        np.maximum.at(merit, cells, votes.rewards[subsets][voting])
    else:
        np.maximum.at(merit, cells, -np.broadcast_to(np.arange(subsets.shape[1]), subsets.shape)[voting].astype(float))
    best = np.where(tied, merit.reshape(rows, width), -np.inf).argmax(axis=1)
    return np.asarray(np.where(present.any(axis=1), votes.accuracies[best], 0.0))


def _mean_over_counts(accuracies: np.ndarray, sizes: Sequence[int], k: int) -> float:
    """maj@k over the ways in which k samples can be spread over the classes: a multivariate hypergeometric mean.

    sizes: the number of samples without a vote, then that of each class. The counts of all groups but the largest are
    enumerated, and the largest gets the remainder of k.
    """
    import numpy as np

    if len(sizes) == 1:
        return 0.0
    largest = int(np.argmax(sizes))
    smaller = [group for group in range(len(sizes)) if group != largest]
    counts = np.zeros((len(sizes), math.prod(min(sizes[group], k) + 1 for group in smaller)), dtype=np.int64)
    counts[smaller] = np.indices([min(sizes[group], k) + 1 for group in smaller]).reshape(len(smaller), -1)
    counts[largest] = k - counts.sum(axis=0)
    counts = counts[:, (counts[largest] >= 0) & (counts[largest] <= sizes[largest])]
    subset_counts = np.ones(counts.shape[1], dtype=object)
    for size, column in zip(sizes, counts, strict=True):
        table = np.array([math.comb(size, count) for count in range(min(size, k) + 1)], dtype=object)
        subset_counts *= table[column]
    subsets = math.comb(sum(sizes), k)
    probabilities = np.array([number / subsets for number in subset_counts])
    voting = counts[1:]
    tied = (voting == voting.max(axis=0)) & (voting > 0)
    scores = (tied * accuracies[:, None]).sum(axis=0) / np.maximum(tied.sum(axis=0), 1)
    return float((probabilities * scores).sum())
