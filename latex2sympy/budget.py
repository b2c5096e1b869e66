"""What a whole call may cost: many evaluations, each within its limits, are too many together.

Costs are counted, not measured, so that no result depends on the machine. A unit is about the time of one step of
an evaluation, a microsecond or two.
"""

from __future__ import annotations

import threading

from latex2sympy.errors import BudgetError

MAX_UNITS = 80_000
"""Of one verdict or vote key: some tenths of a second."""
READ = 3
"""Units for each character that is read, whether or not a memory saves the reading."""


class _Purse(threading.local):
    """What this thread's call has left; None outside any."""

    left: float | None = None


_purse = _Purse()


class budget:  # noqa: N801  used like a function
    """Everything evaluated within costs at most so many units together, else BudgetError. An inner one adds none."""

    __slots__ = ("_outer", "_units")

    def __init__(self, units: float = MAX_UNITS) -> None:
        self._units = units

    def __enter__(self) -> None:
        self._outer = _purse.left
        if self._outer is None:
            _purse.left = self._units

    def __exit__(self, *error: object) -> None:
        if self._outer is None:
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
