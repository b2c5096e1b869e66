"""From the scores of steps to one score of a response."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Literal, TypeAlias, get_args

Aggregation: TypeAlias = Literal["last", "min", "product", "mean"]
"""last: the final step's score. min: the worst step's. product: that all are good, were they independent. mean."""

AGGREGATIONS: tuple[Aggregation, ...] = get_args(Aggregation)


def _mean(steps: Sequence[float]) -> float:
    return min(max(math.fsum(steps) / len(steps), min(steps)), max(steps))  # rounding does not leave the range


_RULES: Mapping[Aggregation, Callable[[Sequence[float]], float]] = MappingProxyType(
    {"last": lambda steps: steps[-1], "min": min, "product": math.prod, "mean": _mean}
)


def aggregate(steps: Sequence[float], how: Aggregation = "last") -> float | None:
    """The score of a response from its steps' scores (probabilities, in order); None where there is no step."""
    return _RULES[how](steps) if steps else None
