"""The values that a formula takes while its variable runs over real numbers: {x² : x ∈ ℝ} is [0, ∞)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from latex2sympy.exact import rational
from latex2sympy.nodes import Apply, Node, Number, Symbol, symbols
from math_eval.graders.equivalence.inequalities import quadratic
from math_eval.graders.equivalence.intervals import (
    INFINITY,
    WHOLE,
    Piece,
    common,
    infinite_sign,
    interval,
    merged,
    point,
    position,
)

_ZERO, _ONE = Number(Fraction(0)), Number(Fraction(1))
_POSITIVE = interval(_ZERO, INFINITY, low_closed=False, high_closed=False)
_UPWARDS = replace(_POSITIVE, low_closed=True)
_WAVE = Piece(Apply("neg", (_ONE,)), _ONE, low_closed=True, high_closed=True)


def range_of(node: Node, name: str, domain: list[Piece]) -> list[Piece] | None:
    """The pieces of a formula's values over the pieces of its variable; None where they cannot be said exactly."""
    if symbols(node) != {name}:
        return None
    if _count(node, name) > 1:
        square = quadratic(node, name)
        return None if square is None else _values(square, name, domain)
    return _values(node, name, domain)


def _count(node: Node, name: str) -> int:
    if isinstance(node, Symbol):
        return int(node.name == name)
    return sum(_count(one, name) for one in node.args) if isinstance(node, Apply) else 0


def _values(node: Node, name: str, domain: list[Piece]) -> list[Piece] | None:
    """The values of a formula that holds its variable once."""
    if isinstance(node, Symbol):
        return domain
    if not isinstance(node, Apply):
        return None
    places = [at for at, one in enumerate(node.args) if symbols(one)]
    if len(places) != 1:
        return None
    inner = _values(node.args[places[0]], name, domain)
    if inner is None or any(position(one) is None for at, one in enumerate(node.args) if at != places[0]):
        return None
    return _applied(node, places[0], merged(inner))


def _applied(node: Apply, at: int, inner: list[Piece]) -> list[Piece] | None:
    others = tuple(one for place, one in enumerate(node.args) if place != at)
    match node.op, others:
        case "neg", ():
            return _turned(inner)
        case "add", _:
            return _mapped(inner, lambda end: Apply("add", (end, *others)))
        case "mul", _:
            return _scaled(inner, others[0] if len(others) == 1 else Apply("mul", others))
        case "div", (bottom,) if at == 0:
            return _scaled(inner, Apply("div", (_ONE, bottom)))
        case "div", (top,):
            return _scaled(_reciprocals(inner), top)
        case "pow", (exponent,) if at == 0:
            return _powers(inner, rational(exponent))
        case "pow", (base,) if (low := position(base)) is not None and low > 1:
            return _exponentials(inner, lambda end: Apply("pow", (base, end)))
        case "exp", ():
            return _exponentials(inner, lambda end: Apply("exp", (end,)))
        case "sqrt", ():
            return _mapped(common(inner, [_UPWARDS]), lambda end: Apply("sqrt", (end,)))
        case "abs", ():
            return _sizes(inner)
        case (("sin" | "cos"), ()) if inner == [WHOLE]:
            return [_WAVE]
    return None


def _mapped(inner: list[Piece], rule: Callable[[Node], Node]) -> list[Piece]:
    """The pieces with their finite ends taken through a function that rises and grows without bound."""

    def end(node: Node) -> Node:
        return node if infinite_sign(node) else rule(node)

    return [replace(one, low=end(one.low), high=end(one.high)) for one in inner]


def _turned(inner: list[Piece]) -> list[Piece]:
    return [
        interval(_neg(one.high), _neg(one.low), low_closed=one.high_closed, high_closed=one.low_closed) for one in inner
    ]


def _neg(node: Node) -> Node:
    return Apply("neg", (node,))


def _scaled(inner: list[Piece], factor: Node) -> list[Piece] | None:
    size = position(factor)
    if not size:
        return [point(_ZERO)] if size == 0 and inner else None
    if size < 0:
        inner, factor = _turned(inner), _neg(factor)
    return _mapped(inner, lambda end: Apply("mul", (factor, end)))


def _sizes(inner: list[Piece]) -> list[Piece]:
    """The absolute values of the numbers in pieces."""
    return merged(common(inner, [_UPWARDS]) + common(_turned(inner), [_UPWARDS]))


def _powers(inner: list[Piece], exponent: Fraction | None) -> list[Piece] | None:
    if exponent is None or exponent.denominator != 1 or not 0 < abs(exponent) < 100:
        return None
    if exponent < 0:
        inner = _reciprocals(inner)
    size = Number(abs(exponent))
    if exponent.numerator % 2 == 0:
        inner = _sizes(inner)
    return _mapped(inner, lambda end: Apply("pow", (end, size)))


def _exponentials(inner: list[Piece], rule: Callable[[Node], Node]) -> list[Piece]:
    def end(node: Node) -> Node:
        sign = infinite_sign(node)
        return INFINITY if sign > 0 else _ZERO if sign < 0 else rule(node)

    return [replace(one, low=end(one.low), high=end(one.high)) for one in inner]


def _reciprocals(inner: list[Piece]) -> list[Piece]:
    """The values of 1/x for the numbers in pieces; 0 has none."""
    positive = common(inner, [_POSITIVE])
    negative = common(_turned(inner), [_POSITIVE])
    return merged(_turned(_inverted(negative)) + _inverted(positive))


def _inverted(inner: list[Piece]) -> list[Piece]:
    def end(node: Node) -> Node:
        if infinite_sign(node):
            return _ZERO
        return INFINITY if position(node) == 0 else Apply("div", (_ONE, node))

    return [
        interval(end(one.high), end(one.low), low_closed=one.high_closed, high_closed=one.low_closed) for one in inner
    ]
