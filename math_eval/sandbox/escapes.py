"""Every attempt to escape, as data."""

from __future__ import annotations

from math_eval.sandbox.escape import ESCAPED, Escape
from math_eval.sandbox.escapes_hold import HOLD
from math_eval.sandbox.escapes_reach import REACH

ESCAPES: tuple[Escape, ...] = (*REACH, *HOLD)
"""Every attempt, in the order in which results are shown."""

__all__ = ["ESCAPED", "ESCAPES", "Escape"]
