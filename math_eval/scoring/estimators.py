"""Unbiased figures of one problem from its N samples: the mean over all k-subsets of them, in closed form."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@lru_cache(maxsize=256)
def within_share(samples: int, k: int) -> np.ndarray:
    """For m = 0 … N: the share of the k-subsets of N samples that lie wholly within m given ones, C(m,k) / C(N,k)."""
    import numpy as np

    whole = math.comb(samples, k)
    return np.array([math.comb(m, k) / whole for m in range(samples + 1)])


def mean(correct: Sequence[bool]) -> float:
    """The share of correct samples."""
    return sum(correct) / len(correct)


def pass_at_k(samples: int, correct: int, k: int) -> float:
    """The chance that k samples drawn without putting back hold a correct one (Chen et al. 2021, section 2.1)."""
    return 1.0 - math.comb(samples - correct, k) / math.comb(samples, k)


def rm_at_k(rewards: Sequence[float], correct: Sequence[bool], k: int) -> float:
    """The chance that the highest reward among k samples drawn without putting back is a correct one's.

    Samples of equal reward are equally likely to be taken. A group of m samples of one reward with l below it holds
    the highest in C(m+l,k) - C(l,k) of the C(N,k) subsets, and by symmetry counts with its own share of correct ones.
    """
    import numpy as np

    given = np.asarray(rewards, dtype=float)
    order = np.argsort(given, kind="stable")
    values, first, sizes = np.unique(given[order], return_index=True, return_counts=True)
    within = within_share(len(given), k)
    shares = np.add.reduceat(np.asarray(correct, dtype=float)[order], first) / sizes
    return float(((within[first + sizes] - within[first]) * shares).sum()) if len(values) else 0.0
