"""What a comparison of two parts found."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from math_eval.records import Status


class Match(NamedTuple):
    """A status and the rule (or the limit) behind it."""

    status: Status
    rule: str

    @property
    def correct(self) -> bool:
        """Whether the parts are the same."""
        return self.status == "correct"


def decided(same: bool, rule: str) -> Match:
    """Correct or wrong by a rule."""
    return Match("correct" if same else "wrong", rule)


def undecided(rule: str) -> Match:
    """Not settled, and why."""
    return Match("undecided", rule)


def every(outcomes: Iterable[Match], rule: str) -> Match:
    """All parts correct → correct; one wrong → wrong; else the first undecided one."""
    open_one: Match | None = None
    for outcome in outcomes:
        if outcome.status == "wrong":
            return Match("wrong", rule)
        if outcome.status == "undecided":
            open_one = open_one or outcome
    return open_one or Match("correct", rule)
