"""The scores of a response's steps aggregated into one score of the response."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Literal, TypeAlias, get_args

Aggregation: TypeAlias = Literal["last", "min", "product", "mean"]
"""last: the score of the last step. min: that of the worst step. product: the chance that all steps are good, if they
were independent. mean: the mean over the steps."""

AGGREGATIONS: tuple[Aggregation, ...] = get_args(Aggregation)


def _mean(steps: Sequence[float]) -> float:
    return min(
        max(math.fsum(steps) / len(steps), min(steps)), max(steps)
    )  # rounding must not leave the range of the steps


_RULES: Mapping[Aggregation, Callable[[Sequence[float]], float]] = MappingProxyType(
    {"last": lambda steps: steps[-1], "min": min, "product": math.prod, "mean": _mean}
)


def aggregate(steps: Sequence[float], rule: Aggregation = "last") -> float | None:
    """The score of a response from those of its steps, so that process models rank responses as outcome models do.

    Args:
        steps: P(good) of each step in order, 0 to 1.
        rule: How they become one score.

    Returns:
        The score, 0 to 1; None for a response without steps.

    Example:
        >>> aggregate([0.5, 0.25], "product")
        0.125
    """
    return _RULES[rule](steps) if steps else None
