"""What a whole call may cost: many evaluations, each within its limits, are too many together.

Costs are counted, not measured, so that no result depends on the machine. A unit is about the time of one step of
an evaluation, a microsecond or two.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from latex2sympy.errors import BudgetError


MAX_UNITS = 80_000
"""Of one verdict or vote key: some tenths of a second."""
READ = 3
"""Units for each character that is read, whether or not a memory saves the reading."""


class _Purse(threading.local):
    """What this thread's call has left; None outside any."""

    left: float | None = None


_purse = _Purse()


@contextmanager
def budget(units: float = MAX_UNITS) -> Iterator[None]:
    """Everything evaluated within costs at most so many units together, else BudgetError. An inner one adds none."""
    if _purse.left is not None:
        yield
        return
    _purse.left = units
    try:
        yield
    finally:
        _purse.left = None


def spend(units: float) -> None:
    """Takes units from this thread's call. BudgetError."""
    left = _purse.left
    if left is not None:
        _purse.left = left - units
        if units > left:
            raise BudgetError


def affordable() -> float:
    """The units that are left."""
    return float("inf") if _purse.left is None else _purse.left
