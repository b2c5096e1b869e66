"""Long sums and products without their terms one by one: polynomials, geometric and binomial sums, what telescopes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise

from flint import fmpq, fmpq_poly

from latex2sympy.errors import LimitError
from latex2sympy.nodes import Apply, Binder, Node, Number, Symbol, symbols

MAX_DEGREE = 16
MAX_SHIFT = 500
"""Factors that are left of a product or sum that telescopes, on each side."""
MAX_FACTORIAL = 5_000
_MAX_BITS = 100_000
_MAX_COEFFICIENT = 512

Constant = Callable[[Node], Fraction | None]
"""The value of a part without the bound variable."""
Quotient = tuple[fmpq_poly, fmpq_poly]


def closed_form(node: Binder, low: int, high: int, at: Callable[[Node, int], Fraction | None]) -> Fraction | None:
    """The value of a sum or product from low to high; None where no rule here knows it.

    Args:
        node: The sum or product.
        low: Its first index.
        high: Its last one, not below the first.
        at: The value of a part where the variable has a value.
    """

    def constant(part: Node) -> Fraction | None:
        return None if node.variable in symbols(part) else at(part, low)

    name = node.variable
    try:
        if node.kind == "prod":
            made = _quotient(node.body, name, constant)
            return None if made is None else _product(made, low, high)
        if (value := _binomial_sum(node.body, name, constant, at, (low, high))) is not None:
            return value
        ratio = _ratio(node.body, name, constant)
        if ratio is not None and (first := at(node.body, low)) is not None:
            return _geometric(first, ratio, high - low + 1)
        made = _quotient(node.body, name, constant)
        return None if made is None else _sum(made, low, high)
    except ZeroDivisionError:
        return None


def _quotient(node: Node, name: str, constant: Constant) -> Quotient | None:
    """A rational function of the variable as numerator and denominator."""
    if (value := constant(node)) is not None:
        return _checked(fmpq_poly([fmpq(value.numerator, value.denominator)]), fmpq_poly([1]))
    if isinstance(node, Symbol):
        return (fmpq_poly([0, 1]), fmpq_poly([1])) if node.name == name else None
    if not isinstance(node, Apply) or node.op not in {"neg", "add", "mul", "div", "pow"}:
        return None
    if node.op == "pow":
        power = constant(node.args[1])
        base = _quotient(node.args[0], name, constant) if power is not None else None
        if base is None or power is None or power.denominator != 1 or not 0 < abs(power) <= MAX_DEGREE:
            return None
        top, bottom = base if power > 0 else base[::-1]
        return _checked(top ** abs(int(power)), bottom ** abs(int(power)))
    made = [_quotient(one, name, constant) for one in node.args]
    parts = [one for one in made if one is not None]
    if len(parts) < len(made):
        return None
    total: Quotient | None = parts[0]
    if node.op == "neg":
        return -parts[0][0], parts[0][1]
    for top, bottom in parts[1:]:
        if total is None:
            return None
        if node.op == "add":
            total = _checked(total[0] * bottom + top * total[1], total[1] * bottom)
        elif node.op == "mul":
            total = _checked(total[0] * top, total[1] * bottom)
        else:
            total = _checked(total[0] * bottom, total[1] * top)
    return total


def _checked(top: fmpq_poly, bottom: fmpq_poly) -> Quotient | None:
    if not bottom:
        return None
    shared = top.gcd(bottom)
    top, bottom = divmod(top, shared)[0], divmod(bottom, shared)[0]
    if max(len(top), len(bottom)) > MAX_DEGREE + 1:
        return None
    sizes = (max(int(one.p).bit_length(), int(one.q).bit_length()) for side in (top, bottom) for one in side.coeffs())
    return (top, bottom) if max(sizes, default=0) <= _MAX_COEFFICIENT else None


def _at(poly: fmpq_poly, place: Fraction | int) -> Fraction:
    value = poly(fmpq(Fraction(place).numerator, Fraction(place).denominator))
    return Fraction(int(value.p), int(value.q))


def _sum(made: Quotient, low: int, high: int) -> Fraction | None:
    """The polynomial part by its differences, the rest by partial fractions that cancel but for their ends."""
    whole, rest = divmod(made[0], made[1])
    total = _polynomial_sum(whole, low, high)
    if not rest:
        return total
    roots = _linear_roots(made[1])
    if roots is None or any(count > 1 for _, count in roots):
        return None
    slope = made[1].derivative()
    shares = [(root, _at(rest, root) / _at(slope, root)) for root, _ in roots]
    for members in _classes(shares):
        if sum(share for _, share in members):
            return None
        base = min(root for root, _ in members)
        for root, share in members:
            shift = int(root - base)
            total += share * sum((1 / (Fraction(at) - base) for at in range(low - shift, low)), Fraction(0))
            total -= share * sum((1 / (Fraction(at) - base) for at in range(high - shift + 1, high + 1)), Fraction(0))
    inside = any(root.denominator == 1 and low <= root <= high for root, _ in roots)
    return None if inside else total


def _polynomial_sum(poly: fmpq_poly, low: int, high: int) -> Fraction:
    row = [_at(poly, low + step) for step in range(len(poly))]
    total, count = Fraction(0), high - low + 1
    for place in range(len(row)):
        total += row[0] * math.comb(count, place + 1)
        row = [later - earlier for earlier, later in pairwise(row)]
    return total


def _product(made: Quotient, low: int, high: int) -> Fraction | None:
    """A product of linear factors that cancel but for those at its ends."""
    tops, bottoms = _linear_roots(made[0]), _linear_roots(made[1])
    if tops is None or bottoms is None:
        return None
    if any(root.denominator == 1 and low <= root <= high for root, _ in bottoms):
        return None
    if any(root.denominator == 1 and low <= root <= high for root, _ in tops):
        return Fraction(0)
    lead = Fraction(_last(made[0])) / Fraction(_last(made[1]))
    total = _power(lead, high - low + 1)
    powers = [(root, Fraction(count)) for root, count in tops] + [(root, Fraction(-count)) for root, count in bottoms]
    for members in _classes(powers):
        if sum(count for _, count in members):
            return None
        base = min(root for root, _ in members)
        for root, count in members:
            shift = int(root - base)
            before = math.prod((at - base for at in range(low - shift, low)), start=Fraction(1))
            behind = math.prod((at - base for at in range(high - shift + 1, high + 1)), start=Fraction(1))
            total *= (before / behind) ** int(count)
    return total


def _last(poly: fmpq_poly) -> Fraction:
    lead = poly.coeffs()[-1]
    return Fraction(int(lead.p), int(lead.q))


def _linear_roots(poly: fmpq_poly) -> list[tuple[Fraction, int]] | None:
    """The roots with their multiplicities, where all of them are rational."""
    found: list[tuple[Fraction, int]] = []
    for factor, count in (poly * poly.denom()).numer().factor()[1]:
        coefficients = [int(one) for one in factor.coeffs()]
        if len(coefficients) != 2:
            return None
        found.append((Fraction(-coefficients[0], coefficients[1]), int(count)))
    return found


def _classes(members: Sequence[tuple[Fraction, Fraction]]) -> list[list[tuple[Fraction, Fraction]]]:
    """Roots that differ by whole numbers together. ZeroDivisionError where they lie too far apart."""
    found: dict[Fraction, list[tuple[Fraction, Fraction]]] = {}
    for root, share in members:
        found.setdefault(root - math.floor(root), []).append((root, share))
    for one in found.values():
        if max(root for root, _ in one) - min(root for root, _ in one) > MAX_SHIFT:
            raise ZeroDivisionError
    return [*found.values()]


def _ratio(node: Node, name: str, constant: Constant) -> Fraction | None:
    """The factor from each term to the next, where the terms are a constant times a power of the variable."""
    if constant(node) is not None:
        return Fraction(1)
    match node:
        case Apply(op="pow", args=(base, exponent)):
            size, line = constant(base), _quotient(exponent, name, constant)
            if not size or line is None or len(line[1]) != 1 or len(line[0]) != 2:
                return None
            slope = _last(line[0]) / _last(line[1])
            return _power(size, int(slope)) if slope.denominator == 1 else None
        case Apply(op="neg", args=(inner,)):
            return _ratio(inner, name, constant)
        case Apply(op="mul" | "div" as op, args=args):
            ratios = [_ratio(one, name, constant) for one in args]
            known = [one for one in ratios if one is not None]
            if len(known) < len(ratios):
                return None
            return math.prod(known, start=Fraction(1)) if op == "mul" else known[0] / known[1]
    return None


def _geometric(first: Fraction, ratio: Fraction, count: int) -> Fraction:
    return first * count if ratio == 1 else first * (_power(ratio, count) - 1) / (ratio - 1)


def _power(base: Fraction, exponent: int) -> Fraction:
    size = max(abs(base.numerator), base.denominator)
    if size > 1 and size.bit_length() * abs(exponent) > _MAX_BITS:
        raise LimitError("number size")
    return base**exponent


def _binomial_sum(
    node: Node, name: str, constant: Constant, at: Callable[[Node, int], Fraction | None], ends: tuple[int, int]
) -> Fraction | None:
    """The whole row of binomial coefficients, each times a power."""
    factors = node.args if isinstance(node, Apply) and node.op == "mul" else (node,)
    binomials = [one for one in factors if isinstance(one, Apply) and one.op == "binom"]
    if len(binomials) != 1 or len(binomials[0].args) != 2 or binomials[0].args[1] != Symbol(name):
        return None
    rest = Apply("mul", tuple(one for one in factors if one is not binomials[0]))
    ratio, first = _ratio(rest, name, constant), at(rest, 0)
    if ends[0] != 0 or constant(binomials[0].args[0]) != ends[1] or ratio is None or first is None:
        return None
    return first * _power(1 + ratio, ends[1])


def without_factorials(node: Apply) -> Apply | None:
    """A quotient of large factorials with what both have in common taken out: 100000! / 99999!; None for any other."""
    tops, bottoms = _factors(node.args[0]), _factors(node.args[1])
    large = [[_factorial(one) for one in side] for side in (tops, bottoms)]
    if not all(any(size > MAX_FACTORIAL for size in side) for side in large):
        return None
    for size in sorted(large[0], reverse=True):
        other = max(large[1], default=0)
        if size <= MAX_FACTORIAL or other <= MAX_FACTORIAL:
            break
        if abs(size - other) * max(size, other).bit_length() > _MAX_BITS:
            return None
        low, high = sorted((size, other))
        left = Number(Fraction(math.prod(range(low + 1, high + 1))))
        at, to = large[0].index(size), large[1].index(other)
        tops[at], bottoms[to] = (left, Number(Fraction(1))) if size > other else (Number(Fraction(1)), left)
        large[0][at] = large[1][to] = 0
    return Apply("div", (Apply("mul", tuple(tops)), Apply("mul", tuple(bottoms))))


def _factors(node: Node) -> list[Node]:
    if isinstance(node, Apply) and node.op == "mul":
        return [inner for one in node.args for inner in _factors(one)]
    return [node]


def _factorial(node: Node) -> int:
    match node:
        case Apply(op="factorial", args=(Number(value=value),)) if value.denominator == 1 and 0 <= value < 10**12:
            return int(value)
    return 0
