"""Every attempt to escape, as data."""

from __future__ import annotations

from math_eval.sandbox.escape import ESCAPED, Escape
from math_eval.sandbox.escapes_hold import HOLD
from math_eval.sandbox.escapes_reach import REACH

ESCAPES: tuple[Escape, ...] = (*REACH, *HOLD)
"""In the order in which they are shown."""

__all__ = ["ESCAPED", "ESCAPES", "Escape"]
