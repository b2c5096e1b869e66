"""Limits of a program, its result, and the isolation tiers of a machine."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Literal

from math_eval.errors import RequestError

Tier = Literal["namespaces", "bubblewrap", "landlock", "docker", "podman", "none"]
"""How a program is isolated. The first three are chosen automatically, strongest first. Containers are used only when
asked for by name, and so is `none`: a plain child process with limits."""

State = Literal["done", "error", "timeout", "memory", "output", "killed", "unavailable"]
"""How a program ended. done: by itself. error: with an exception. timeout, memory, output: at that limit. killed: by a
signal, by os._exit, for filling its folder, or with its zygote. unavailable: it was not run, because the sandbox could
not isolate it."""

_MAX_WALL_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one program.

    Raises:
        RequestError: A limit is not a positive number, or `wall_seconds` is more than a day.
    """

    wall_seconds: float = 5.0
    """Seconds that a program may run, from its arrival in the sandbox; waiting for a free core does not count."""
    cpu_seconds: int = 10
    """Whole seconds of processor time, for each process of the program."""
    memory_bytes: int = 1 << 30
    """Bytes of address space that each process of the program may add to the warm interpreter's."""
    processes: int = 8
    """Processes and threads that may exist at the same time, the first included."""
    file_bytes: int = 32 << 20
    """Bytes that all files in the program's folder may take together."""
    output_bytes: int = 1 << 16
    """Bytes that a program may print; one that prints more is killed and its output cut. Value and traceback are cut at
    this length too."""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.wall_seconds) and 0 < self.wall_seconds <= _MAX_WALL_SECONDS):
            raise RequestError(f"wall_seconds {self.wall_seconds}: expected more than 0, at most {_MAX_WALL_SECONDS}")
        for field in fields(self)[1:]:
            value = getattr(self, field.name)
            if not isinstance(value, int) or value < 1:
                raise RequestError(f"{field.name} {value}: expected a whole number of 1 or more")


@dataclass(frozen=True, slots=True)
class ToolResult:
    """The result of one program."""

    stdout: str
    """What the program printed, decoded as UTF-8; each invalid byte becomes U+FFFD."""
    value: str = ""
    """str() of the last statement's value where that is an expression and its value is not None; else empty."""
    error: str = ""
    """The last line of the traceback, or the limit that ended the program; empty for state `done`."""
    traceback: str = ""
    """The whole traceback, with the program's own frames only."""
    state: State = "done"
    seconds: float = 0.0
    """Wall time in the sandbox, in seconds."""
    truncated: bool = False
    """Whether stdout, value or traceback was cut at `Limits.output_bytes`."""


@dataclass(frozen=True, slots=True)
class TierReport:
    """Whether a tier works on this machine; where it does not, the reason in one line."""

    tier: Tier
    available: bool
    reason: str
