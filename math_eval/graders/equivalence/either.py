"""Equations of which one holds, "x = 0 or y = 0" and y = ±√(4 - x²), against the one equation that they make."""

from __future__ import annotations

from fractions import Fraction

from latex2sympy.nodes import Apply, Listing, Node, Number, Relation, Symbol, symbols
from math_eval.graders.equivalence.equations import same_equation
from math_eval.graders.equivalence.match import Match

MAX_BRANCHES = 4
_ZERO = Number(Fraction(0))
_TWO = Number(Fraction(2))


def same_branches(answer: Node, gold: Node) -> Match | None:
    """Whether one side's equations, of which either holds, make the other side's one; None where no side is so.

    The solutions of an equation in one unknown are another answer than the equation.
    """
    one, other = (answer, gold) if isinstance(answer, Listing) else (gold, answer)
    if not isinstance(one, Listing) or not one.either or not isinstance(other, Relation) or other.ops != ("=",):
        return None
    items = [item for item in one.items if isinstance(item, Relation) and item.ops == ("=",)]
    if len(items) != len(one.items) or len(items) > MAX_BRANCHES or len(symbols(one) | symbols(other)) < 2:
        return None
    if one is gold and any(isinstance(item.items[0], Symbol) and not symbols(item.items[1]) for item in items):
        return None
    made = Relation(("=",), (_product(items), _ZERO))
    outcome = same_equation(made, other) if one is answer else same_equation(other, made)
    return outcome if outcome.correct else None


def _product(items: list[Relation]) -> Node:
    """What vanishes where one of the equations holds; y = √a and y = -√a together as y² - a."""
    if len(items) == 2 and items[0].items[0] == items[1].items[0]:
        right, mirrored = items[0].items[1], items[1].items[1]
        if Apply("neg", (right,)) == mirrored:
            left = Apply("pow", (items[0].items[0], _TWO))
            return Apply("add", (left, Apply("neg", (_squared(right),))))
    return Apply("mul", tuple(Apply("add", (one.items[0], Apply("neg", (one.items[1],)))) for one in items))


def _squared(node: Node) -> Node:
    match node:
        case Apply(op="sqrt", args=(inner,)):
            return inner
        case Apply(op="mul" | "div" as op, args=args):
            return Apply(op, tuple(map(_squared, args)))
    return Apply("pow", (node, _TWO))
