"""One call of the command line: its arguments, and whether to show tracebacks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Invocation:
    """The arguments after `math-eval`, and whether --debug was given."""

    arguments: tuple[str, ...] = ()
    debug: bool = False
