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
"""Up to so many k-subsets are all taken."""
MAX_COUNTS = 2_000
"""Up to so many ways to share k votes among the classes are all weighed; else subsets are drawn."""
_CHUNK = 4_000_000
_SAME_WEIGHT = 1e-9


@dataclass(frozen=True, slots=True)
class Ballot:
    """One problem's samples as votes. keys: the class each votes for, "" for none. rewards break ties, weights weigh.

    worth: what a class counts for: the share of its members that are correct.
    """

    classes: np.ndarray
    worth: np.ndarray
    rewards: np.ndarray | None = None
    weights: np.ndarray | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure, the variance that drawing subsets adds to it, and how it was found."""

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
    """The samples of one problem, in their order, as a ballot."""
    import numpy as np

    names: dict[str, int] = {}
    classes = np.array([names.setdefault(key, len(names)) if key else -1 for key in keys], dtype=np.int64)
    right = np.asarray(correct, dtype=float)
    voting = classes >= 0
    sizes = np.bincount(classes[voting], minlength=len(names))
    worth = np.bincount(classes[voting], weights=right[voting], minlength=len(names)) / np.maximum(sizes, 1)
    as_array = [None if given is None else np.asarray(given, dtype=float) for given in (rewards, weights)]
    return Ballot(classes, worth, *as_array)


def maj_at_k(
    votes: Ballot, k: int, *, ties: Ties = "expected", draws: int = 2_000, seed: int = 0, first: bool = False
) -> Estimate:
    """The accuracy of the majority of k samples over the k-subsets of the votes; of the first k alone with `first`.

    Exact where all samples, few subsets or few classes allow it; else over `draws` subsets from a generator of that
    seed, whose variance is given.
    """
    import numpy as np

    samples = len(votes.classes)
    if first or k == samples:
        subset = np.arange(k)[None, :]
        return Estimate(float(_scores(votes, subset, ties)[0]), 0.0, "first k" if first else "all samples")
    if math.comb(samples, k) <= MAX_SUBSETS:
        return Estimate(float(_scores(votes, _all_subsets(samples, k), ties).mean()), 0.0, "all subsets")
    if ties == "expected" and votes.weights is None:
        sizes = np.bincount(votes.classes + 1, minlength=len(votes.worth) + 1).tolist()
        if math.prod(min(size, k) + 1 for size in sorted(sizes)[:-1]) <= MAX_COUNTS:
            return Estimate(_by_counts(votes.worth, sizes, k), 0.0, "all counts")
    generator = np.random.default_rng(seed)
    scores = []
    for start in range(0, draws, step := max(1, _CHUNK // samples)):
        rows = np.tile(np.arange(samples), (min(step, draws - start), 1))
        chosen = generator.permuted(rows, axis=1)[:, :k]
        scores.append(_scores(votes, np.sort(chosen, axis=1), ties))
    every = np.concatenate(scores)
    return Estimate(float(every.mean()), float(every.var(ddof=1)) / draws, f"{draws} draws")


@lru_cache(maxsize=32)
def _all_subsets(samples: int, k: int) -> np.ndarray:
    import numpy as np

    return np.array(list(combinations(range(samples), k)))


def _scores(votes: Ballot, subsets: np.ndarray, ties: Ties) -> np.ndarray:
    """The majority's worth in each subset (one a row, sample numbers ascending); 0 where nobody votes."""
    import numpy as np

    rows, width = len(subsets), len(votes.worth)
    if width == 0:
        return np.zeros(rows)
    chosen = votes.classes[subsets]
    voting = chosen >= 0
    places = (np.arange(rows)[:, None] * width + chosen)[voting]
    counts = np.bincount(places, minlength=rows * width)
    there = counts > 0
    totals = counts.astype(float)
    if votes.weights is not None:
        totals = np.bincount(places, weights=votes.weights[subsets][voting], minlength=rows * width).astype(float)
        totals[~there] = -np.inf
    totals, there = totals.reshape(rows, width), there.reshape(rows, width)
    top = totals.max(axis=1, keepdims=True)
    tied = there & (totals >= top - _SAME_WEIGHT * np.abs(np.where(np.isfinite(top), top, 0.0)))
    if ties == "expected":
        return np.asarray((tied * votes.worth).sum(axis=1) / np.maximum(tied.sum(axis=1), 1))
    merit = np.full(rows * width, -np.inf)
    if ties == "reward" and votes.rewards is not None:
        np.maximum.at(merit, places, votes.rewards[subsets][voting])
    else:
        np.maximum.at(merit, places, -np.broadcast_to(np.arange(subsets.shape[1]), subsets.shape)[voting].astype(float))
    best = np.where(tied, merit.reshape(rows, width), -np.inf).argmax(axis=1)
    return np.asarray(np.where(there.any(axis=1), votes.worth[best], 0.0))


def _by_counts(worth: np.ndarray, sizes: Sequence[int], k: int) -> float:
    """The same by how many of the k fall to nobody (the first of the sizes) and to each class.

    A multivariate hypergeometric mean; the largest group's count is what the others leave.
    """
    import numpy as np

    if len(sizes) == 1:
        return 0.0
    largest = int(np.argmax(sizes))
    others = [at for at in range(len(sizes)) if at != largest]
    counts = np.zeros((len(sizes), math.prod(min(sizes[at], k) + 1 for at in others)), dtype=np.int64)
    counts[others] = np.indices([min(sizes[at], k) + 1 for at in others]).reshape(len(others), -1)
    counts[largest] = k - counts.sum(axis=0)
    counts = counts[:, (counts[largest] >= 0) & (counts[largest] <= sizes[largest])]
    ways = np.ones(counts.shape[1], dtype=object)
    for size, column in zip(sizes, counts, strict=True):
        table = np.array([math.comb(size, count) for count in range(min(size, k) + 1)], dtype=object)
        ways *= table[column]
    whole = math.comb(sum(sizes), k)
    chances = np.array([way / whole for way in ways])
    voting = counts[1:]
    tied = (voting == voting.max(axis=0)) & (voting > 0)
    scores = (tied * worth[:, None]).sum(axis=0) / np.maximum(tied.sum(axis=0), 1)
    return float((chances * scores).sum())
