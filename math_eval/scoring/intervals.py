"""95 % intervals of accuracies, also on few problems, and of averages; docs/statistics.md shows their coverage."""

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
    """A 95 % interval of a share: its ends and its standard error in 0 to 1, and the method that gave it.

    The standard error is clustered by problem: samples of one problem are not counted as independent.
    """

    low: float
    high: float
    se: float
    method: str


def accuracy_interval(correct: Sequence[int], samples: Sequence[int]) -> Interval:
    """The interval of an accuracy: the mean over problems of the share of correct samples.

    One sample a problem: Jeffreys' interval of a proportion (Brown, Cai & DasGupta 2001). Several: the equal-tailed
    posterior interval of the mean under a beta-binomial model, averaged over the correlation within a problem
    (Jeffreys' priors on both; a sixth of the correlation's prior lies at zero). Both hold where a normal interval does
    not: on few problems and near 0 and 1.

    Args:
        correct: Each problem's number of correct samples; at least one problem.
        samples: Each problem's number of samples, 1 or more, in the same order.

    Returns:
        Ends and standard error as shares, 0 to 1; the standard error of a single problem is 0.
    """
    import numpy as np

    values = np.asarray(correct, dtype=float) / np.asarray(samples, dtype=float)
    se = _standard_error(values)
    if max(samples) == 1:
        low, high = _jeffreys(float(sum(correct)), len(values))
        return Interval(low, high, se, "Jeffreys")
    log_likelihood: np.ndarray | float = 0.0
    for size in sorted(set(samples)):
        counts = [right for right, number in zip(correct, samples, strict=True) if number == size]
        log_likelihood = log_likelihood + _log_likelihoods(size) @ np.bincount(counts, minlength=size + 1)
    weights = np.exp(log_likelihood - np.max(log_likelihood)).reshape(_ACCURACY_NODES, _CORRELATION_NODES).sum(axis=1)
    cumulative = np.concatenate([[0.0], np.cumsum(weights) / weights.sum()])
    quantiles = np.interp([_TAIL, 1 - _TAIL], cumulative, np.linspace(0, 1, _ACCURACY_NODES + 1))
    low, high = (float(end) for end in np.sin(math.pi * quantiles / 2) ** 2)
    if not any(correct):
        low = 0.0
    if all(right == number for right, number in zip(correct, samples, strict=True)):
        high = 1.0
    return Interval(low, high, se, "beta-binomial")


def mean_interval(values: Sequence[float]) -> Interval:
    """The interval of a mean of per-problem estimates, such as pass@k or maj@k.

    Jeffreys' interval at the effective number of problems, m(1-m)/se², reduced by Student's t because the error is
    itself estimated (after Korn & Graubard 1998). Where all values are equal, that number is the number of problems.

    Args:
        values: One estimate a problem, each in 0 to 1; at least one.

    Returns:
        Ends and standard error as shares, 0 to 1.
    """
    import numpy as np
    from scipy import stats

    number = len(values)
    center, se = float(np.mean(values)), _standard_error(np.asarray(values, dtype=float))
    effective = float(number)
    if se > 0 and 0 < center < 1 and number > 1:
        student = float(stats.norm.ppf(1 - _TAIL) / stats.t.ppf(1 - _TAIL, number - 1))
        effective = center * (1 - center) / se**2 * student**2
    low, high = _jeffreys(center * effective, effective)
    return Interval(low, high, se, "effective-sample Jeffreys")


def average_interval(parts: Sequence[tuple[float, float]]) -> Interval:
    """The interval of a plain average over benchmarks, whose errors are taken as independent.

    Args:
        parts: (value, standard error) of each benchmark, as shares; at least one.

    Returns:
        A normal interval, cut to 0 to 1.
    """
    center = sum(value for value, _ in parts) / len(parts)
    se = math.sqrt(sum(error**2 for _, error in parts)) / len(parts)
    half_width = 1.959963984540054 * se
    return Interval(max(0.0, center - half_width), min(1.0, center + half_width), se, "propagated, normal")


def _standard_error(values: np.ndarray) -> float:
    return float(values.std(ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else 0.0


def _jeffreys(right: float, number: float) -> tuple[float, float]:
    """Jeffreys' interval; its ends are 0 and 1 where no problem or every problem is right (Brown et al. 2001)."""
    from scipy import stats

    wrong = max(number - right, 0.0)
    low = float(stats.beta.ppf(_TAIL, right + 0.5, wrong + 0.5)) if right > 0 else 0.0
    high = float(stats.beta.ppf(1 - _TAIL, right + 0.5, wrong + 0.5)) if wrong > 0 else 1.0
    return low, high


@lru_cache(maxsize=64)
def _log_likelihoods(size: int) -> np.ndarray:
    """Log likelihood of 0 … size correct samples (columns) at every node of accuracy × correlation (rows).

    Nodes are evenly spaced in the probability of the priors: Jeffreys' for the accuracy, Beta(1/2, 1/2) for the
    correlation.
    """
    import numpy as np
    from scipy.special import betaln

    nodes = (np.arange(_ACCURACY_NODES) + 0.5) / _ACCURACY_NODES
    accuracy = np.sin(math.pi * nodes / 2) ** 2
    correlation = np.sin(math.pi * (np.arange(_CORRELATION_NODES) + 0.5) / _CORRELATION_NODES / 2) ** 2
    correlation[:_UNCORRELATED] = _NO_CORRELATION
    mean, within = (grid.ravel()[:, None] for grid in np.meshgrid(accuracy, correlation, indexing="ij"))
    strength = 1 / within - 1
    right = np.arange(size + 1)
    alpha, beta = mean * strength, (1 - mean) * strength
    return np.asarray(betaln(alpha + right, beta + size - right) - betaln(alpha, beta))
