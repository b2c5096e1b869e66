"""Inequalities in one variable solved exactly: rational functions with roots of degree two at most, absolute values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import pairwise

from latex2sympy.budget import spend
from latex2sympy.exact import rational
from latex2sympy.nodes import Apply, Node, Number, Symbol, symbols
from math_eval.graders.equivalence.intervals import INFINITY, MINUS_INFINITY, Piece, common, interval, point, position

MAX_DEGREE = 8
MAX_BARS = 4
"""Absolute values inside one another."""
MAX_BITS = 256
"""Coefficients larger than this are not computed with."""

_FACTORS = 80
"""Units of factoring, for each coefficient."""

Poly = list[Fraction]
"""Coefficients, the constant one first; no zero at the end."""


@dataclass(frozen=True, slots=True)
class _Root:
    node: Node
    place: float
    pole: bool


def solved(left: Node, right: Node, *, closed: bool, depth: int = 0) -> list[Piece] | None:
    """The pieces of the numbers for which left < right (left ≤ right where closed); None where that cannot be said."""
    names = symbols(left) | symbols(right)
    if len(names) != 1 or depth > MAX_BARS:
        return None
    within = partial(solved, closed=closed, depth=depth + 1)
    match left, right:
        case Apply(op="abs", args=(inner,)), bound:
            return _both(within(inner, bound), within(_neg(bound), inner))
        case bound, Apply(op="abs", args=(inner,)):
            return _either(within(bound, inner), within(inner, _neg(bound)))
        case Apply(op="sqrt", args=(inner,)), bound if (value := rational(bound)) is not None and value > 0:
            squared = Number(value * value)
            return _both(solved(inner, squared, closed=closed), solved(Number(Fraction(0)), inner, closed=True))
    return _signs(Apply("add", (left, _neg(right))), next(iter(names)), closed=closed)


def _neg(node: Node) -> Node:
    return Apply("neg", (node,))


def _both(left: list[Piece] | None, right: list[Piece] | None) -> list[Piece] | None:
    return None if left is None or right is None else common(left, right)


def _either(left: list[Piece] | None, right: list[Piece] | None) -> list[Piece] | None:
    return None if left is None or right is None else left + right


def _signs(node: Node, name: str, *, closed: bool) -> list[Piece] | None:
    """Where a rational function is negative (or zero, where closed)."""
    made = _fraction(node, name)
    if made is None or not made[1]:
        return None
    top, bottom = made
    zeros, poles = _roots(top, pole=False), _roots(bottom, pole=True)
    if zeros is None or poles is None:
        return None
    roots = _distinct([*poles, *zeros])  # a zero that is a pole too stays out
    if roots is None:
        return None
    found: list[Piece] = []
    ends: list[tuple[Node, float]] = [(MINUS_INFINITY, float("-inf"))]
    ends += [(root.node, root.place) for root in roots]
    ends.append((INFINITY, float("inf")))
    for (low, before), (high, behind) in pairwise(ends):
        test = _between(before, behind)
        value = _at(top, test) * _at(bottom, test)
        if value < 0 or (closed and not top):
            found.append(interval(low, high, low_closed=False, high_closed=False))
    if closed:
        found += [point(root.node) for root in roots if not root.pole]
    return found


def _between(low: float, high: float) -> Fraction:
    if low == float("-inf"):
        return Fraction(0) if high == float("inf") else Fraction(high) - 1
    return Fraction(low) + 1 if high == float("inf") else (Fraction(low) + Fraction(high)) / 2


def _distinct(roots: list[_Root]) -> list[_Root] | None:
    """The roots in order, each once, poles before zeros at the same place; None where two are too close to tell."""
    kept: list[_Root] = []
    for root in sorted(roots, key=lambda one: (one.place, not one.pole)):
        if kept and abs(root.place - kept[-1].place) <= 1e-9 * max(1.0, abs(root.place)):
            if root.node != kept[-1].node:
                return None
            continue
        kept.append(root)
    return kept


def _fraction(node: Node, name: str) -> tuple[Poly, Poly] | None:
    """Numerator and denominator of a rational function over the rationals."""
    exact = rational(node)
    if exact is not None:
        return _trimmed([exact]), [Fraction(1)]
    if isinstance(node, Symbol):
        return ([Fraction(0), Fraction(1)], [Fraction(1)]) if node.name == name else None
    if not isinstance(node, Apply):
        return None
    match node.op, node.args:
        case "neg", (inner,):
            return _mapped(_fraction(inner, name), lambda top, bottom: ([-one for one in top], bottom))
        case "add", args:
            return _folded([_fraction(one, name) for one in args], _sum)
        case "mul", args:
            return _folded([_fraction(one, name) for one in args], _product)
        case "div", (top, bottom):
            return _folded([_fraction(top, name), _mapped(_fraction(bottom, name), lambda a, b: (b, a))], _product)
        case "pow", (base, Number(value=value)) if value in range(1, MAX_DEGREE + 1):
            return _folded([_fraction(base, name)] * int(value), _product)
    return None


def quadratic(node: Node, name: str) -> Node | None:
    """A polynomial of degree two with its square completed, so that the variable stands in it once; else None."""
    made = _fraction(node, name)
    if made is None or len(made[0]) != 3 or len(made[1]) != 1:
        return None
    c, b, a = (one / made[1][0] for one in made[0])
    half = b / (2 * a)
    square = Apply("pow", (Apply("add", (Symbol(name), Number(half))), Number(Fraction(2))))
    return Apply("add", (Apply("mul", (Number(a), square)), Number(c - a * half * half)))


def _mapped(
    made: tuple[Poly, Poly] | None, rule: Callable[[Poly, Poly], tuple[Poly, Poly]]
) -> tuple[Poly, Poly] | None:
    return None if made is None else rule(*made)


def _folded(
    parts: Sequence[tuple[Poly, Poly] | None],
    rule: Callable[[tuple[Poly, Poly], tuple[Poly, Poly]], tuple[Poly, Poly]],
) -> tuple[Poly, Poly] | None:
    total: tuple[Poly, Poly] | None = None
    for one in parts:
        if one is None:
            return None
        total = one if total is None else rule(total, one)
        if max(map(len, total)) > MAX_DEGREE + 1 or any(_large(value) for side in total for value in side):
            return None
    return total


def _large(value: Fraction) -> bool:
    return max(value.numerator.bit_length(), value.denominator.bit_length()) > MAX_BITS


def _sum(one: tuple[Poly, Poly], other: tuple[Poly, Poly]) -> tuple[Poly, Poly]:
    left, right = _times(one[0], other[1]), _times(other[0], one[1])
    size = max(len(left), len(right))
    padded = ([*side, *[Fraction(0)] * (size - len(side))] for side in (left, right))
    return _trimmed([a + b for a, b in zip(*padded, strict=True)]), _times(one[1], other[1])


def _product(one: tuple[Poly, Poly], other: tuple[Poly, Poly]) -> tuple[Poly, Poly]:
    return _times(one[0], other[0]), _times(one[1], other[1])


def _times(left: Poly, right: Poly) -> Poly:
    if not left or not right:
        return []
    made = [Fraction(0)] * (len(left) + len(right) - 1)
    for at, one in enumerate(left):
        for to, other in enumerate(right):
            made[at + to] += one * other
    return _trimmed(made)


def _trimmed(poly: Poly) -> Poly:
    while poly and not poly[-1]:
        poly.pop()
    return poly


def _at(poly: Poly, place: Fraction) -> Fraction:
    total = Fraction(0)
    for one in reversed(poly):
        total = total * place + one
    return total


def _roots(poly: Poly, *, pole: bool) -> list[_Root] | None:
    """All real roots, exactly; None where a factor of degree three or more is left."""
    from flint import fmpq, fmpq_poly

    if len(poly) < 2:
        return []
    spend(_FACTORS * len(poly))
    made = fmpq_poly([fmpq(one.numerator, one.denominator) for one in poly])
    found: list[Node] = []
    for factor, _ in (made * made.denom()).numer().factor()[1]:
        part = [Fraction(int(one)) for one in factor.coeffs()]
        if len(part) > 3:
            return None
        found += _of_quadratic(part) if len(part) == 3 else [Number(-part[0] / part[1])]
    places = [(one, position(one)) for one in found]
    return [_Root(one, place, pole) for one, place in places if place is not None]


def _of_quadratic(part: Poly) -> list[Node]:
    c, b, a = part
    under = b * b - 4 * a * c
    if under < 0:
        return []
    root = Apply("sqrt", (Number(under),))
    tops = (Apply("add", (Number(-b), sign)) for sign in (root, _neg(root)))
    return [Apply("div", (top, Number(2 * a))) for top in tops]
