"""Tree → exact rational number, where the tree is one; sizes are checked before anything is computed."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

from latex2sympy.budget import affordable, spend
from latex2sympy.closed_forms import closed_form, without_factorials
from latex2sympy.errors import BudgetError, LimitError
from latex2sympy.nodes import Apply, Binder, Node, Number, Symbol

MAX_BITS = 100_000
"""No numerator or denominator grows beyond this."""
MAX_TERMS = 5_000
"""Sums and products are expanded up to so many terms."""


_LONG = 1_000
"""Terms from which a rule for the whole sum is looked for first."""
MAX_WORK = 4_000_000
"""Bits of all intermediate results of one evaluation."""
_BITS_OF_A_UNIT = 64
_STEP = 2
"""Units of one operation on short numbers."""
_CALL = 2
"""Units of an evaluation before its first step."""


_ROOTS = frozenset({"sqrt", "root", "pow"})


class _Meter:
    """Counts the bits that an evaluation has produced."""

    def __init__(self) -> None:
        self.bits = self.steps = 0
        self._most = affordable() * _BITS_OF_A_UNIT

    @property
    def cost(self) -> float:
        """Units of work done."""
        return self.steps * _STEP + self.bits / _BITS_OF_A_UNIT

    def _check(self) -> None:
        if self.bits > MAX_WORK:
            raise LimitError("work")
        if self.bits + self.steps * _STEP * _BITS_OF_A_UNIT > self._most:
            raise BudgetError

    def charge(self, value: Fraction) -> Fraction:
        size = max(value.numerator.bit_length(), value.denominator.bit_length())
        if size > MAX_BITS:
            raise LimitError("number size")
        self.bits += size + 32
        self.steps += 1
        self._check()
        return value

    def charge_root(self, value: Fraction) -> None:
        """Counts a root, which costs like several results of the size of the number that it is taken of."""
        self.bits += 8 * max(value.numerator.bit_length(), value.denominator.bit_length())
        self._check()


def rational(node: Node, values: dict[str, Fraction] | None = None) -> Fraction | None:
    """The value of a tree without irrational parts; None where it is not a rational number, or is undefined.

    values: of bound variables. LimitError where a number would become too large or a sum too long.
    """
    if isinstance(node, Number):
        return node.value
    meter = _Meter()
    try:
        return _value(node, values or {}, meter)
    finally:
        spend(_CALL + meter.cost)


def _value(node: Node, values: dict[str, Fraction], meter: _Meter) -> Fraction | None:
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Apply):
        return _apply(node, values, meter)
    if isinstance(node, Binder) and node.kind in {"sum", "prod"}:
        return _expanded(node, values, meter)
    if isinstance(node, Symbol):
        return values.get(node.name)
    return None


def _apply(node: Apply, values: dict[str, Fraction], meter: _Meter) -> Fraction | None:
    rule = _RULES.get(node.op)
    if rule is None:
        return None
    if node.op == "div" and all(isinstance(one, Apply) for one in node.args):
        node = without_factorials(node) or node
    arguments = []
    for one in node.args:
        value = _value(one, values, meter)
        if value is None:
            return None
        arguments.append(value)
    if node.op in _ROOTS and arguments:
        meter.charge_root(arguments[0])
    try:
        result = rule(*arguments)
    except TypeError:  # sqrt(1, 2): a function of another number of arguments
        return None
    return None if result is None else meter.charge(result)


def _expanded(node: Binder, values: dict[str, Fraction], meter: _Meter) -> Fraction | None:
    low = _value(node.low, values, meter) if node.low is not None else None
    high = _value(node.high, values, meter) if node.high is not None else None
    if low is None or high is None or low.denominator != 1 or high.denominator != 1:
        return None
    if high - low >= _LONG and (found := _closed(node, int(low), int(high), values, meter)) is not None:
        return found
    if high - low >= MAX_TERMS:
        raise LimitError("terms")
    total = Fraction(0 if node.kind == "sum" else 1)
    for number in range(int(low), int(high) + 1):
        value = _value(node.body, {**values, node.variable: Fraction(number)}, meter)
        if value is None:
            return None
        total = meter.charge(total + value if node.kind == "sum" else total * value)
    return total


def _closed(node: Binder, low: int, high: int, values: dict[str, Fraction], meter: _Meter) -> Fraction | None:
    def at(part: Node, place: int) -> Fraction | None:
        return _value(part, {**values, node.variable: Fraction(place)}, meter)

    found = closed_form(node, low, high, at)
    return None if found is None else meter.charge(found)


def _add(*values: Fraction) -> Fraction:
    return sum(values, Fraction(0))


def _mul(*values: Fraction) -> Fraction:
    if sum(value.numerator.bit_length() + value.denominator.bit_length() for value in values) > 2 * MAX_BITS:
        raise LimitError("number size")
    return math.prod(values, start=Fraction(1))


def _div(top: Fraction, bottom: Fraction) -> Fraction | None:
    return top / bottom if bottom else None


def _pow(base: Fraction, exponent: Fraction) -> Fraction | None:
    if exponent.denominator != 1:
        return _root_power(base, exponent)
    power = exponent.numerator
    if base == 0 and power <= 0:
        return None
    if base in {0, 1}:
        return base
    if base == -1:
        return base if power % 2 else Fraction(1)
    if max(base.numerator.bit_length(), base.denominator.bit_length()) * abs(power) > MAX_BITS:
        raise LimitError("number size")
    return base**power


def _root_power(base: Fraction, exponent: Fraction) -> Fraction | None:
    if base < 0:
        return None
    root = _root(base, Fraction(exponent.denominator))
    return None if root is None else _pow(root, Fraction(exponent.numerator))


def _root(base: Fraction, degree: Fraction) -> Fraction | None:
    if degree.denominator != 1 or not 1 <= degree <= 1000:
        return None
    number = int(degree)
    if base < 0:
        root = _root(-base, degree) if number % 2 else None
        return None if root is None else -root
    top, bottom = _whole_root(base.numerator, number), _whole_root(base.denominator, number)
    return Fraction(top, bottom) if top is not None and bottom is not None else None


def _whole_root(value: int, degree: int) -> int | None:
    if degree == 2:
        root = math.isqrt(value)
        return root if root * root == value else None
    if value < 2:
        return value
    root = _root_above(value, degree)
    while True:  # Newton's steps fall towards the root and end on its whole part
        lower = ((degree - 1) * root + value // root ** (degree - 1)) // degree
        if lower >= root:
            return root if root**degree == value else None
        root = lower


def _root_above(value: int, degree: int) -> int:
    """A number a little above the root, so that few steps are left."""
    whole, fraction = divmod(math.log2(value) / degree, 1)
    digits = 2.0 ** (fraction + 50) * (1 + 2.0**-25)
    return ((int(digits) << int(whole)) >> 50) + 1


def _factorial(value: Fraction) -> Fraction | None:
    if value.denominator != 1 or value < 0:
        return None
    if value > 5_000:
        raise LimitError("number size")
    return Fraction(math.factorial(int(value)))


def _double_factorial(value: Fraction) -> Fraction | None:
    if value.denominator != 1 or value < 0:
        return None
    if value > 5_000:
        raise LimitError("number size")
    return Fraction(math.prod(range(int(value), 0, -2)))


def _binom(top: Fraction, bottom: Fraction) -> Fraction | None:
    if top.denominator != 1 or bottom.denominator != 1 or top < 0 or bottom < 0:
        return None
    small = min(bottom, top - bottom)
    if small > 0 and int(small) * int(top).bit_length() > MAX_BITS:
        raise LimitError("number size")
    return Fraction(math.comb(int(top), int(bottom)))


def _whole(rule: Callable[..., int]) -> Callable[..., Fraction | None]:
    def wrapped(*values: Fraction) -> Fraction | None:
        if any(value.denominator != 1 for value in values):
            return None
        return Fraction(rule(*map(int, values)))

    return wrapped


_RULES: dict[str, Callable[..., Fraction | None]] = {
    "add": _add,
    "mul": _mul,
    "div": _div,
    "neg": lambda value: -value,
    "pow": _pow,
    "sqrt": lambda value: _root(value, Fraction(2)),
    "root": _root,
    "percent": lambda value: value / 100,
    "factorial": _factorial,
    "factorial2": _double_factorial,
    "binom": _binom,
    "abs": abs,
    "floor": lambda value: Fraction(math.floor(value)),
    "ceil": lambda value: Fraction(math.ceil(value)),
    "mod": lambda value, modulus: value % modulus if modulus else None,
    "gcd": _whole(math.gcd),
    "lcm": _whole(math.lcm),
    "min": lambda *values: min(values),
    "max": lambda *values: max(values),
    "sgn": lambda value: Fraction((value > 0) - (value < 0)),
}
