"""One call of the command line: what was typed, and whether tracebacks are wanted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Invocation:
    """The arguments behind the command's name, and --debug."""

    arguments: tuple[str, ...] = ()
    debug: bool = False
