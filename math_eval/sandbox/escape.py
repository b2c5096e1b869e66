"""One attempt to get out of the sandbox: a program, and how its success is recognised.

A program prints ESCAPED when its attempt succeeds. Where the program itself cannot tell, `evidence` names what is
checked outside. Placeholders such as `@OUTSIDE@` are replaced by Python literals: see `attempts.Targets.fill`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ESCAPED = "ESCAPED"

Evidence = Literal["", "files", "datagram", "victim", "survivor", "output", "time"]
"""What is checked after the program: that the files outside are unchanged, that no datagram arrived, that the victim
process lives, that no process survives the call, the length of the output, or the time that the program took. Empty:
only whether the program printed ESCAPED."""


@dataclass(frozen=True, slots=True)
class Escape:
    """One attempt to escape, as data."""

    name: str
    """What the attempt tries to do, as the command line shows it."""
    program: str
    evidence: Evidence = ""
