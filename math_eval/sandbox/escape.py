"""One attempt to get out of the sandbox: a program, and how its success is recognised.

A program prints ESCAPED when it did what it tried; what it cannot know itself is looked for outside, by the name in
`outside`. Words between @ are replaced by Python literals: see `attempts.Targets`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ESCAPED = "ESCAPED"

Outside = Literal["", "files", "datagram", "victim", "survivor", "output", "time"]
"""What to look at after the program: a folder that must be untouched, a socket that must have heard nothing, a process
that must live, a process that must not, the length of the output, the time it took."""


@dataclass(frozen=True, slots=True)
class Escape:
    """One attempt."""

    name: str
    """What it tries, as shown."""
    program: str
    outside: Outside = ""
