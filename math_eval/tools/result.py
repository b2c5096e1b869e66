"""What an execution gave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ToolState = Literal["done", "error", "timeout", "memory", "output", "killed", "unavailable"]
"""How an execution ended: by itself, by an exception, or at a limit (time, memory, output), or its sandbox died."""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """stdout: what was printed. value: of a last statement that is an expression. error: the traceback's last line."""

    stdout: str
    value: str = ""
    error: str = ""
    traceback: str = ""
    state: ToolState = "done"
    seconds: float = 0.0
    truncated: bool = False
