"""Equations: the same up to a factor."""

from __future__ import annotations

from latex2sympy import LimitError
from latex2sympy.ball import Undefined, ball
from latex2sympy.exact import rational
from latex2sympy.nodes import Apply, Node, Relation, Symbol, symbols
from math_eval.graders.equivalence.match import Match, decided, undecided
from math_eval.graders.equivalence.points import evaluation_points
from math_eval.graders.equivalence.values import BITS


def same_equation(answer: Relation, gold: Relation) -> Match:
    """Two equations are the same when one is a non-zero multiple of the other.

    A gold that is solved ("x = 5") is only answered by a solved one: an equation that still has to be solved may be
    the question itself.
    """
    left, right = (Apply("add", (one.items[0], Apply("neg", (one.items[1],)))) for one in (answer, gold))
    if isinstance(gold.items[0], Symbol) and not symbols(gold.items[1]):
        return decided(same=False, rule="equation")
    names = symbols(left) | symbols(right)
    if symbols(left) != symbols(right):
        return decided(same=False, rule="equation")
    return _proportional(left, right, sorted(names))


def _proportional(left: Node, right: Node, names: list[str]) -> Match:
    """Whether left = c · right with one c ≠ 0 at every point."""
    reals, wholes = evaluation_points(names)
    first = constant = None
    agreed = 0
    for point in (*reals, *wholes):
        try:
            exact = rational(left, point), rational(right, point)
            if exact[0] is not None and exact[1] is not None:
                constant = constant or (exact[0] / exact[1] if exact[1] else None)
                if constant is not None and exact[0] != constant * exact[1]:
                    return decided(same=False, rule="equation")
            one, other = ball(left, point, BITS), ball(right, point, BITS)
        except (Undefined, LimitError):
            continue
        if one.contains(0) != other.contains(0):
            return decided(same=False, rule="equation")
        if one.contains(0):
            continue
        ratio = one / other
        if one.rel_accuracy_bits() < 64 or other.rel_accuracy_bits() < 64:
            continue
        if first is None:
            first = ratio
        elif not ratio.overlaps(first):
            return decided(same=False, rule="equation")
        else:
            agreed += 1
    return decided(same=True, rule="equation") if agreed >= 3 else undecided("needs_cas")
