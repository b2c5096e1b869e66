"""Lists with dots: "1, 2, 3, …, 10" written out, "1, 3, 5, …" as a progression without end."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from latex2sympy.exact import rational
from latex2sympy.nodes import Apply, Bracket, Dots, Listing, Node, Number, NumberSet, Relation, SetBuilder, Symbol

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
    sums = _continued(head, tail, times=False)
    products = _continued(head, tail, times=True)
    if sums and products and sums != products and len(head) == 2:
        return None  # 2, 4, …, 64: by steps of two, or by doubling
    found = sums or products
    return tuple(Number(value) for value in found) if found else None


def _continued(head: list[Fraction], tail: list[Fraction], *, times: bool) -> list[Fraction] | None:
    """The head carried on by one step (or factor) until the tail's end; None where either does not fit."""
    found = _powers(head, tail[-1]) if times else _steps(head, tail[-1])
    fits = found[: len(head)] == head and found[-len(tail) :] == tail and len(found) >= len(head) + len(tail)
    return found if fits else None


def _steps(head: list[Fraction], last: Fraction) -> list[Fraction]:
    step = head[1] - head[0]
    count = (last - head[0]) / step if step else Fraction(-1)
    if count.denominator != 1 or not 0 < count < MAX_ITEMS:
        return []
    return [head[0] + step * at for at in range(int(count) + 1)]


def _powers(head: list[Fraction], last: Fraction) -> list[Fraction]:
    factor = head[1] / head[0] if head[0] else Fraction(0)
    if abs(factor) in {0, 1}:
        return []
    found = [head[0]]
    while len(found) < 200 and (abs(found[-1]) < abs(last) if abs(factor) > 1 else abs(found[-1]) > abs(last)):
        found.append(found[-1] * factor)
    return found
