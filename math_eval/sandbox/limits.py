"""What a program may use, what came of it, and what a machine offers to hold it."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Literal

from math_eval.errors import RequestError

Tier = Literal["namespaces", "bubblewrap", "landlock", "docker", "podman", "none"]
"""How a program is held. The first three are chosen by themselves, strongest first; the containers never unasked, nor
none, a plain child process with limits."""

State = Literal["done", "error", "timeout", "memory", "output", "killed", "unavailable"]
"""How a program ended: by itself, with an exception, or at the limit named; killed: by a signal, os._exit, or with its
zygote; unavailable: it was not run, the sandbox could not hold it."""


_LONGEST = 86_400


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one program. RequestError for a limit that is none."""

    wall_seconds: float = 5.0
    """From the program's arrival in the sandbox to its kill; waiting for a free core does not count."""
    cpu_seconds: int = 10
    """Processor time of any one of its processes; whole seconds."""
    memory_bytes: int = 1 << 30
    """Address space that any one of its processes may add to the warm interpreter's."""
    processes: int = 8
    """Processes and threads at once, its first included."""
    file_bytes: int = 32 << 20
    """Everything in its folder together."""
    output_bytes: int = 1 << 16
    """Bytes that it may print; at more it is killed and its output cut. Value and traceback are cut there too."""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.wall_seconds) and 0 < self.wall_seconds <= _LONGEST):
            raise RequestError(f"wall_seconds {self.wall_seconds}: expected more than 0, at most {_LONGEST}")
        for field in fields(self)[1:]:
            value = getattr(self, field.name)
            if not isinstance(value, int) or value < 1:
                raise RequestError(f"{field.name} {value}: expected a whole number of 1 or more")


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What one program did."""

    stdout: str
    """What it printed, as UTF-8; bytes that are not are shown as U+FFFD."""
    value: str = ""
    """str() of the last statement where that is an expression with a value other than None; else empty."""
    error: str = ""
    """The last line of the traceback, or why the program was ended; empty for state done."""
    traceback: str = ""
    """The whole traceback, with the program's own frames only."""
    state: State = "done"
    seconds: float = 0.0
    """Wall time in the sandbox."""
    truncated: bool = False
    """Something was cut at output_bytes."""


@dataclass(frozen=True, slots=True)
class TierReport:
    """Whether this machine offers a tier; the reason where it does not."""

    tier: Tier
    available: bool
    reason: str
