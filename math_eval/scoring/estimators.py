"""Unbiased figures of one problem from its N samples: the mean over all k-subsets of them, in closed form."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@lru_cache(maxsize=256)
def subset_shares(samples: int, k: int) -> np.ndarray:
    """For m = 0 … N: the share of the k-subsets of N samples that only hold the first m of them, C(m,k) / C(N,k)."""
    import numpy as np

    subsets = math.comb(samples, k)
    return np.array([math.comb(m, k) / subsets for m in range(samples + 1)])


def mean(correct: Sequence[bool]) -> float:
    """The share of correct samples, 0 to 1; at least one sample."""
    return sum(correct) / len(correct)


def pass_at_k(samples: int, correct: int, k: int) -> float:
    """The chance that k of a problem's samples, drawn without replacement, hold at least one correct one.

    The estimator is unbiased: 1 - C(N-c, k) / C(N, k), equation 1 of Chen et al. 2021, "Evaluating Large Language
    Models Trained on Code".

    Args:
        samples: N, the number of samples of the problem.
        correct: c, how many of them are correct; 0 to N.
        k: The number of samples drawn; 1 to N.

    Returns:
        A probability, 0 to 1.

    Raises:
        ZeroDivisionError: Where k is larger than N.

    Example:
        >>> pass_at_k(4, 1, 2)
        0.5
    """
    return 1.0 - math.comb(samples - correct, k) / math.comb(samples, k)


def rm_at_k(rewards: Sequence[float], correct: Sequence[bool], k: int) -> float:
    """The chance that, of k samples drawn without replacement, the one with the highest reward is correct.

    Samples of equal reward are equally likely to be chosen. With m samples of one reward and l samples of lower
    reward, that reward is the highest in C(m+l,k) - C(l,k) of the C(N,k) subsets. In those subsets the chosen sample is
    correct as often as the m samples are, by symmetry.

    Args:
        rewards: One reward a sample, N of them; -inf for a sample without a reward.
        correct: Whether each sample is correct, in the same order.
        k: The number of samples drawn; 1 to N.

    Returns:
        A probability, 0 to 1.

    Raises:
        ZeroDivisionError: Where k is larger than N.
    """
    import numpy as np

    scores = np.asarray(rewards, dtype=float)
    order = np.argsort(scores, kind="stable")
    _, starts, sizes = np.unique(scores[order], return_index=True, return_counts=True)
    shares = subset_shares(len(scores), k)
    accuracies = np.add.reduceat(np.asarray(correct, dtype=float)[order], starts) / sizes
    return float(((shares[starts + sizes] - shares[starts]) * accuracies).sum())
