"""95 % intervals of accuracies on few problems, and of averages over benchmarks; docs/statistics.md shows coverage."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

_TAIL = 0.025
_ACCURACY_NODES = 241
_CORRELATION_NODES = 25
_UNCORRELATED = 4
_NO_CORRELATION = 1e-5


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % interval, the standard error clustered by problem, and how the interval was found."""

    low: float
    high: float
    se: float
    method: str


def accuracy_interval(correct: Sequence[int], samples: Sequence[int]) -> Interval:
    """The interval of the mean over problems, from each problem's number of correct samples and of samples.

    One sample a problem: Jeffreys' interval of a proportion. Several: the equal-tailed posterior interval of the mean
    under a beta-binomial model, whose correlation within a problem is averaged over (Jeffreys' priors on both; a
    sixth of the correlation's prior sits at none). Both are right where a normal interval is not: on few problems and
    near 0 and 1.
    """
    import numpy as np

    values = np.asarray(correct, dtype=float) / np.asarray(samples, dtype=float)
    se = _clustered(values)
    if max(samples) == 1:
        low, high = _jeffreys(float(sum(correct)), len(values))
        return Interval(low, high, se, "Jeffreys")
    log_likelihood: np.ndarray | float = 0.0
    for size in sorted(set(samples)):
        own = [right for right, number in zip(correct, samples, strict=True) if number == size]
        log_likelihood = log_likelihood + _log_likelihoods(size) @ np.bincount(own, minlength=size + 1)
    weights = np.exp(log_likelihood - np.max(log_likelihood)).reshape(_ACCURACY_NODES, _CORRELATION_NODES).sum(axis=1)
    below = np.concatenate([[0.0], np.cumsum(weights) / weights.sum()])
    spots = np.interp([_TAIL, 1 - _TAIL], below, np.linspace(0, 1, _ACCURACY_NODES + 1))
    low, high = (float(end) for end in np.sin(math.pi * spots / 2) ** 2)
    if not any(correct):
        low = 0.0
    if all(right == number for right, number in zip(correct, samples, strict=True)):
        high = 1.0
    return Interval(low, high, se, "beta-binomial")


def mean_interval(values: Sequence[float]) -> Interval:
    """The interval of the mean of per-problem estimates between 0 and 1, as pass@k or maj@k.

    Jeffreys' interval at the effective number of problems, m(1-m)/se², cut by Student's t for the estimated error
    (after Korn & Graubard 1998). Equal values: as many as there are problems.
    """
    import numpy as np
    from scipy import stats

    number = len(values)
    middle, se = float(np.mean(values)), _clustered(np.asarray(values, dtype=float))
    effective = float(number)
    if se > 0 and 0 < middle < 1 and number > 1:
        student = float(stats.norm.ppf(1 - _TAIL) / stats.t.ppf(1 - _TAIL, number - 1))
        effective = middle * (1 - middle) / se**2 * student**2
    low, high = _jeffreys(middle * effective, effective)
    return Interval(low, high, se, "effective-sample Jeffreys")


def average_interval(parts: Sequence[tuple[float, float]]) -> Interval:
    """The interval of a plain average over benchmarks, from each one's value and standard error, independent."""
    middle = sum(value for value, _ in parts) / len(parts)
    se = math.sqrt(sum(error**2 for _, error in parts)) / len(parts)
    reach = 1.959963984540054 * se
    return Interval(max(0.0, middle - reach), min(1.0, middle + reach), se, "propagated, normal")


def _clustered(values: np.ndarray) -> float:
    return float(values.std(ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else 0.0


def _jeffreys(right: float, number: float) -> tuple[float, float]:
    """Jeffreys' interval; 0 and 1 are its ends where nothing or everything is right (Brown, Cai & DasGupta 2001)."""
    from scipy import stats

    wrong = max(number - right, 0.0)
    low = float(stats.beta.ppf(_TAIL, right + 0.5, wrong + 0.5)) if right > 0 else 0.0
    high = float(stats.beta.ppf(1 - _TAIL, right + 0.5, wrong + 0.5)) if wrong > 0 else 1.0
    return low, high


@lru_cache(maxsize=64)
def _log_likelihoods(size: int) -> np.ndarray:
    """Log likelihood of 0 … size right ones (columns) at every node of accuracy × correlation (rows).

    Nodes are spaced evenly in the priors' probability: Jeffreys' for the accuracy, Beta(1/2, 1/2) for the correlation.
    """
    import numpy as np
    from scipy.special import betaln

    middles = (np.arange(_ACCURACY_NODES) + 0.5) / _ACCURACY_NODES
    accuracy = np.sin(math.pi * middles / 2) ** 2
    correlation = np.sin(math.pi * (np.arange(_CORRELATION_NODES) + 0.5) / _CORRELATION_NODES / 2) ** 2
    correlation[:_UNCORRELATED] = _NO_CORRELATION
    mean, within = (grid.ravel()[:, None] for grid in np.meshgrid(accuracy, correlation, indexing="ij"))
    strength = 1 / within - 1
    right = np.arange(size + 1)
    alpha, beta = mean * strength, (1 - mean) * strength
    return np.asarray(betaln(alpha + right, beta + size - right) - betaln(alpha, beta))
