"""Lists with dots: "1, 2, 3, …, 10" written out, "1, 3, 5, …" as a progression without end."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from latex2sympy.exact import rational
from latex2sympy.nodes import Apply, Bracket, Dots, Listing, Node, Number, NumberSet, Relation, SetBuilder, Symbol
from math_eval.graders.equivalence.match import Match, undecided

MAX_ITEMS = 1_000


def written_out(node: Node) -> Node:
    """A list or set with dots between numbers with all its items; with a letter at the end, with two items before."""
    if not isinstance(node, Listing | Bracket) or not any(isinstance(one, Dots) for one in node.items):
        return node
    if isinstance(node, Bracket) and node.open not in {"{", "("}:
        return node
    step = endless_both_ways(node.items)
    if step is not None:
        member = Apply("mul", (Number(step), Symbol("k")))
        return SetBuilder(member, Relation(("in",), (Symbol("k"), NumberSet("Z"))))
    found = _finite(node.items)
    if found is None:
        return node
    return Listing(found) if isinstance(node, Listing) else Bracket(node.open, node.close, found)


def endless(items: Sequence[Node]) -> tuple[Fraction, Fraction] | None:
    """The first number and the step of "1, 3, 5, …"; None for anything else."""
    if len(items) < 4 or not isinstance(items[-1], Dots):
        return None
    values = _numbers(items[:-1])
    if values is None:
        return None
    step = values[1] - values[0]
    steady = step and all(later - earlier == step for earlier, later in pairwise(values))
    return (values[0], step) if steady else None


def endless_powers(items: Sequence[Node]) -> tuple[Fraction, Fraction] | None:
    """The first number and the factor of "1, 2, 4, …"; None for anything else."""
    values = _numbers(items[:-1]) if len(items) > 3 and isinstance(items[-1], Dots) else None
    if values is None or 0 in values:
        return None
    factor = values[1] / values[0]
    steady = abs(factor) != 1 and all(later == earlier * factor for earlier, later in pairwise(values))
    return (values[0], factor) if steady else None


def endless_both_ways(items: Sequence[Node]) -> Fraction | None:
    """The step of "0, ±1, ±2, …"; None for anything else."""
    if len(items) < 4 or not isinstance(items[-1], Dots) or rational(items[0]) != 0:
        return None
    inner = [one.args[0] for one in items[1:-1] if isinstance(one, Apply) and one.op == "pm" and len(one.args) == 1]
    values = _numbers(inner) if len(inner) == len(items) - 2 else None
    if values is None or any(value != values[0] * at for at, value in enumerate(values, 1)):
        return None
    return values[0]


def _numbers(items: Sequence[Node]) -> list[Fraction] | None:
    found = [rational(one) for one in items]
    values = [value for value in found if value is not None]
    return values if len(values) == len(found) else None


def _finite(items: tuple[Node, ...]) -> tuple[Node, ...] | None:
    at = next(at for at, one in enumerate(items) if isinstance(one, Dots))
    before, behind = items[:at], items[at + 1 :]
    head, tail = _numbers(before), _numbers(behind)
    if head is None or len(head) < 2 or not behind:
        return None
    if tail is None:
        steady = all(head[at + 1] - head[at] == head[1] - head[0] for at in range(len(head) - 1))
        return (*before[:2], *items[at:]) if steady and len(behind) == 1 else None
    found = _by_law(head, tail)
    return tuple(Number(value) for value in found) if found else None


def _by_law(head: list[Fraction], tail: list[Fraction]) -> list[Fraction] | None:
    """The list from its head to its tail by the one law that fits; None where none does, or two do.

    Of two laws the one counts by which the dots stand for something: 1, 3, …, 9 goes on by steps of two.
    """
    given = len(head) + len(tail)
    sums = _fitting(_steps(head, tail[-1]), head, tail)
    products = _fitting(_powers(head, tail[-1]), head, tail)
    if sums and products and sums != products and len(head) == 2:
        longer = [found for found in (sums, products) if len(found) > given]
        return longer[0] if len(longer) == 1 else None  # 2, 4, …, 64: by steps of two, or by doubling
    return sums or products or _fitting(_squares(head, tail[-1]), head, tail)


def _fitting(found: list[Fraction], head: list[Fraction], tail: list[Fraction]) -> list[Fraction] | None:
    """A list that begins with the head and ends with the tail; None for any other."""
    fits = found[: len(head)] == head and found[-len(tail) :] == tail and len(found) >= len(head) + len(tail)
    return found if fits else None


def same_dotted(given: Sequence[Node], wanted: Sequence[Node], in_order: Match) -> Match:
    """A verdict on two lists of which one has dots that no certain law fills, from that on their items in order.

    It stays open where nothing that is written contradicts the other list; a list without end is none with one.
    """
    if in_order.correct:
        return in_order
    dotted, other = (given, wanted) if any(isinstance(one, Dots) for one in given) else (wanted, given)
    if any(isinstance(one, Dots) for one in other):
        return _both_dotted(dotted, other, in_order)
    values, others = _numbers([one for one in dotted if not isinstance(one, Dots)]), _numbers(other)
    if values is None or others is None or isinstance(dotted[-1], Dots):
        return in_order
    return undecided("dots") if len(others) > len(values) and set(values) <= set(others) else in_order


def _both_dotted(left: Sequence[Node], right: Sequence[Node], in_order: Match) -> Match:
    """Two lists with dots: open where the shorter is the beginning (and the end) of the longer."""
    short, long = sorted((left, right), key=len)
    at = next(at for at, one in enumerate(short) if isinstance(one, Dots))
    behind = len(short) - at - 1
    same = list(short[:at]) == list(long[:at]) and list(short[at + 1 :]) == list(long[len(long) - behind :])
    return undecided("dots") if same and len(short) < len(long) else in_order


def _steps(head: list[Fraction], last: Fraction) -> list[Fraction]:
    step = head[1] - head[0]
    count = (last - head[0]) / step if step else Fraction(-1)
    if count.denominator != 1 or not 0 < count < MAX_ITEMS:
        return []
    return [head[0] + step * at for at in range(int(count) + 1)]


def _squares(head: list[Fraction], last: Fraction) -> list[Fraction]:
    """The squares of whole numbers one after the other, from the head's first to the last; of three at least."""
    roots = [math.isqrt(int(value)) for value in (head[0], last) if value >= 0]
    if len(head) < 3 or len(roots) < 2 or not 0 < roots[1] - roots[0] < MAX_ITEMS:
        return []
    return [Fraction(root * root) for root in range(roots[0], roots[1] + 1)]


def _powers(head: list[Fraction], last: Fraction) -> list[Fraction]:
    factor = head[1] / head[0] if head[0] else Fraction(0)
    if abs(factor) in {0, 1}:
        return []
    found = [head[0]]
    while len(found) < 200 and (abs(found[-1]) < abs(last) if abs(factor) > 1 else abs(found[-1]) > abs(last)):
        found.append(found[-1] * factor)
    return found
