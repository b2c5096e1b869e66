"""Numbers too large to write out, as powers of primes: (10^9999)^999 and 10^9989001."""

from __future__ import annotations

from fractions import Fraction

from flint import fmpz

from latex2sympy.errors import LimitError
from latex2sympy.exact import rational
from latex2sympy.nodes import Apply, Node, Number

MAX_PRIMES = 64
_MAX_BASE = 2**48
_MAX_BITS = 4_096


def prime_powers(node: Node) -> dict[int, Fraction] | None:
    """The exponent of each prime of a positive number that is a product of powers; None for any other."""
    match node:
        case Number(value=value) if value > 0 and max(value.numerator, value.denominator) < _MAX_BASE:
            return _merged(_factored(value.numerator), _factored(value.denominator), -1)
        case Apply(op="mul", args=args):
            total: dict[int, Fraction] | None = {}
            for one in args:
                part = prime_powers(one)
                total = None if total is None or part is None else _merged(total, part, 1)
            return total
        case Apply(op="div", args=(top, bottom)):
            above, below = prime_powers(top), prime_powers(bottom)
            return None if above is None or below is None else _merged(above, below, -1)
        case Apply(op="pow", args=(base, exponent)):
            return _raised(base, exponent)
        case Apply(op="sqrt", args=(inner,)):
            return _raised(inner, Number(Fraction(1, 2)))
    return None


def _raised(base: Node, exponent: Node) -> dict[int, Fraction] | None:
    inner = prime_powers(base)
    try:
        power = rational(exponent) if inner is not None else None
    except LimitError:
        return None
    if inner is None or power is None or max(power.numerator.bit_length(), power.denominator.bit_length()) > _MAX_BITS:
        return None
    return {prime: own * power for prime, own in inner.items() if power}


def _factored(value: int) -> dict[int, Fraction]:
    return {int(prime): Fraction(int(count)) for prime, count in fmpz(value).factor()}


def _merged(one: dict[int, Fraction], other: dict[int, Fraction], sign: int) -> dict[int, Fraction] | None:
    total = dict(one)
    for prime, count in other.items():
        total[prime] = total.get(prime, Fraction(0)) + sign * count
    return {prime: count for prime, count in total.items() if count} if len(total) <= MAX_PRIMES else None
