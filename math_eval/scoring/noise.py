"""Generation noise: how far two evaluations of one model on the same problems differ by chance.

It is not the error of having asked these problems and not others, which would call almost any two numbers consistent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

REPORTED_STEP = 0.001
"""Published percentages have one decimal."""
_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Against:
    """A measured figure beside a published one (0 to 1); allowed: the difference that chance explains at 95 %."""

    measured: float
    reported: float
    allowed: float
    consistent: bool
    method: str


def single_sample_variance(correct: Sequence[int], samples: Sequence[int]) -> tuple[float, str]:
    """The variance of an accuracy from one sample a problem, and how it was found.

    With several samples a problem, Σ p̂(1-p̂)·n/(n-1) / N², which is unbiased. With one, its bound p(1-p)/N, reached
    when all problems are equally hard.
    """
    number = len(samples)
    if min(samples) > 1:
        parts = (right * (size - right) / (size * (size - 1)) for right, size in zip(correct, samples, strict=True))
        return sum(parts) / number**2, "from the samples"
    accuracy = sum(right / size for right, size in zip(correct, samples, strict=True)) / number
    return accuracy * (1 - accuracy) / number, "bound"


def mean_variance(correct: Sequence[int], samples: Sequence[int]) -> float:
    """The generation variance of the mean over problems of the means over their samples."""
    if min(samples) == 1:
        return single_sample_variance(correct, samples)[0]
    parts = (right * (size - right) / (size**2 * (size - 1)) for right, size in zip(correct, samples, strict=True))
    return sum(parts) / len(samples) ** 2


def against_reported(
    reported: float, measured: float, own_variance: float, single_variance: float, method: str, samples: int = 1
) -> Against:
    """Whether chance explains the difference from a published mean of `samples` samples a problem."""
    variance = own_variance + single_variance / samples + REPORTED_STEP**2 / 12
    allowed = _Z * math.sqrt(variance)
    return Against(measured, reported, allowed, abs(measured - reported) <= allowed + 1e-12, method)
