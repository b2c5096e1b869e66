"""Generation noise: how far two evaluations of one model on the same problems differ by chance.

The error from having sampled these problems and not others is not part of it: both evaluations asked the same problems,
and an interval with that error would call almost any two numbers consistent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

REPORTED_STEP = 0.001
"""The step to which published scores are rounded, as a share: percentages have one decimal."""
_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class ReportedComparison:
    """A measured figure next to a published one; numbers are shares, 0 to 1.

    Attributes:
        measured: This run's figure.
        reported: The published figure.
        allowed: The largest difference that generation noise explains at 95 %.
        consistent: Whether the difference is at most that.
        method: How the noise was estimated.
    """

    measured: float
    reported: float
    allowed: float
    consistent: bool
    method: str


def single_sample_variance(correct: Sequence[int], samples: Sequence[int]) -> tuple[float, str]:
    """The generation variance of an accuracy that has one sample a problem, such as a published greedy score.

    With several samples a problem it is estimated without bias, Σ p̂(1-p̂)·n/(n-1) / N². With one it is bounded by
    p(1-p)/N, which is reached where all problems are equally hard.

    Args:
        correct: Each problem's number of correct samples; at least one problem.
        samples: Each problem's number of samples n, in the same order.

    Returns:
        The variance of the accuracy as a share, and the method: "from the samples" or "bound".
    """
    problems = len(samples)
    if min(samples) > 1:
        parts = (count * (size - count) / (size * (size - 1)) for count, size in zip(correct, samples, strict=True))
        return sum(parts) / problems**2, "from the samples"
    accuracy = sum(count / size for count, size in zip(correct, samples, strict=True)) / problems
    return accuracy * (1 - accuracy) / problems, "bound"


def mean_variance(correct: Sequence[int], samples: Sequence[int]) -> float:
    """The generation variance of this run's accuracy: the mean over problems of the share of correct samples.

    Args:
        correct: Each problem's number of correct samples; at least one problem.
        samples: Each problem's number of samples n, in the same order.

    Returns:
        Σ p̂(1-p̂)/(n-1) / N², as a share squared; the bound of `single_sample_variance` where a problem has one sample.
    """
    if min(samples) == 1:
        return single_sample_variance(correct, samples)[0]
    parts = (count * (size - count) / (size**2 * (size - 1)) for count, size in zip(correct, samples, strict=True))
    return sum(parts) / len(samples) ** 2


def compare_with_reported(
    reported: float, measured: float, measured_variance: float, single_variance: float, method: str, samples: int = 1
) -> ReportedComparison:
    """Whether generation noise on both sides, and rounding, explain the difference between two figures.

    Args:
        reported: The published figure, 0 to 1.
        measured: This run's figure, 0 to 1.
        measured_variance: Generation variance of the measured figure.
        single_variance: Generation variance that the published figure would have with one sample a problem.
        method: How the variances were estimated; kept in the result.
        samples: The number of samples a problem behind the published figure.

    Returns:
        Both figures with the difference allowed: 1.96 standard errors, rounding to 0.1 % included.
    """
    variance = measured_variance + single_variance / samples + REPORTED_STEP**2 / 12
    allowed = _Z * math.sqrt(variance)
    return ReportedComparison(measured, reported, allowed, abs(measured - reported) <= allowed + 1e-12, method)
