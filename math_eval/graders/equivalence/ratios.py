"""Ratios and clocks."""

from __future__ import annotations

from collections.abc import Sequence

from latex2sympy.exact import rational
from latex2sympy.nodes import Apply, Node, Ratio
from math_eval.graders.equivalence.match import Match, decided, every
from math_eval.graders.equivalence.policy import Policy
from math_eval.graders.equivalence.values import same_value, scalar


def same_ratio(answer: Node, gold: Node, policy: Policy) -> Match | None:
    """Ratios and clocks; None where neither side is one."""
    if not isinstance(answer, Ratio) and not isinstance(gold, Ratio):
        return None
    if isinstance(answer, Ratio) and isinstance(gold, Ratio):
        if answer.clock and gold.clock:
            return decided(same=_same_time(answer, gold), rule="clock")
        return _proportions(answer.items, gold.items, policy)
    ratio, other = (answer, gold) if isinstance(answer, Ratio) else (gold, answer)
    if not isinstance(ratio, Ratio) or len(ratio.items) != 2 or ratio.half:
        return decided(same=False, rule="ratio")
    return _renamed(same_value(Apply("div", ratio.items), scalar(other).node, policy), "ratio")


def _proportions(left: Sequence[Node], right: Sequence[Node], policy: Policy) -> Match:
    zeros = [[rational(one) == 0 for one in side] for side in (left, right)]
    if zeros[0] != zeros[1] or zeros[0][:1] == [True]:
        return decided(same=list(left) == list(right), rule="ratio")
    crossed = (
        same_value(Apply("mul", (one, right[0])), Apply("mul", (other, left[0])), policy)
        for one, other in zip(left[1:], right[1:], strict=True)
    )
    return every(crossed, "ratio")


def _renamed(outcome: Match, rule: str) -> Match:
    return outcome._replace(rule=rule) if outcome.status != "undecided" else outcome


def _same_time(left: Ratio, right: Ratio) -> bool:
    """The same time of day; a clock without am or pm agrees with either, and with the 24-hour one."""
    if not left.half and not right.half:
        return _shown(left) == _shown(right)
    return bool(_minutes(left) & _minutes(right))


def _shown(clock: Ratio) -> tuple[Node, ...]:
    """The parts of a clock without seconds that are zero."""
    return clock.items[:2] if len(clock.items) == 3 and rational(clock.items[2]) == 0 else clock.items


def _minutes(clock: Ratio) -> set[tuple[int, ...]]:
    parts = [int(value) if (value := rational(scalar(one).node)) is not None else -1 for one in _shown(clock)]
    hours, rest = parts[0], tuple(parts[1:])
    if clock.half == "pm" and hours < 12:
        return {(hours + 12, *rest)}
    if clock.half == "am" and hours == 12:
        return {(0, *rest)}
    if clock.half or hours > 12 or hours == 0:
        return {(hours, *rest)}
    return {(hours, *rest), ((hours + 12) % 24, *rest)}
