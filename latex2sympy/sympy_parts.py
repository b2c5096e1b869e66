"""Operations and functions as SymPy makes them: evaluated where that is bounded, else as they are written."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import sympy

from latex2sympy.errors import LimitError, ParseError
from latex2sympy.exact import MAX_BITS
from latex2sympy.nodes import Apply, Node, children
from latex2sympy.sizes import Sizes, longest_number

MAX_COUNT = 150
"""Functions of larger arguments are left as they are written."""
MAX_COMPLEX = 30
"""The modulus of a larger complex constant is left as it is written."""
MAX_CHOSEN = 500
"""Binomial coefficients of what is no whole number are computed over so many."""
MAX_CELLS = 64
"""Matrices of more cells are not multiplied."""

_NAMES = {
    "ln": "log",
    "sgn": "sign",
    "ceil": "ceiling",
    "binom": "binomial",
    "min": "Min",
    "max": "Max",
    "abs": "Abs",
    "norm": "Abs",
    "mod": "Mod",
}
_SAME = frozenset(
    "sin cos tan cot sec csc asin acos atan acot sinh cosh tanh coth asinh acosh atanh exp floor re im factorial "
    "factorial2".split()
)
_ARITHMETIC = frozenset("add mul neg div pow sqrt root cbrt percent degree".split())
_WAITING = (sympy.Sum, sympy.Product, sympy.Integral, sympy.Limit, sympy.Determinant)
_ENDLESS = (sympy.oo, -sympy.oo, sympy.zoo, sympy.nan)
_MATRIX = (sympy.MatrixBase, sympy.MatrixExpr)


def expression(value: Any) -> Any:
    """A value that can be computed with: no list, set, relation or matrix."""
    if isinstance(value, sympy.Expr) and not isinstance(value, _MATRIX):
        return value
    raise ParseError(f"no arithmetic with a {type(value).__name__}", 0)


def applied(node: Apply, values: list[Any], sizes: Sizes) -> Any:
    """An operation or function of values that are made already; not all of them are rational numbers."""
    op = node.op
    if any(isinstance(value, _MATRIX) for value in values):
        return _of_matrices(op, values)
    values = [expression(value) for value in values]
    match op, values:
        case "add", _:
            return sympy.Add(*values, evaluate=not _undetermined(values))
        case "mul", _:
            return sympy.Mul(*values, evaluate=not _undetermined(values))
        case "neg", [value]:
            return sympy.Mul(-1, value, evaluate=not _undetermined(values))
        case "div", [top, bottom]:
            inverse = _power(bottom, sympy.Integer(-1), node.args[1], sizes)
            return sympy.Mul(top, inverse, evaluate=not _undetermined([top, inverse]))
        case "pow", [base, exponent]:
            if not exponent.is_Integer and any(_is_unruly(one, sizes) for one in node.args):
                return sympy.Pow(base, exponent, evaluate=False)
            return _power(base, exponent, node.args[0], sizes)
        case "sqrt", [value]:
            return _power(value, sympy.Rational(1, 2), node.args[0], sizes)
        case "cbrt", [value]:
            return _root(value, sympy.Integer(3), node.args[0], sizes)
        case "root", [value, degree]:
            return _root(value, degree, node.args[0], sizes)
        case "percent", [value]:
            return sympy.Mul(value, sympy.Rational(1, 100), evaluate=not _undetermined(values))
        case "degree", [value]:
            return sympy.Mul(value, sympy.pi, sympy.Rational(1, 180), evaluate=not _undetermined(values))
        case (("log" | "lg"), [value]):
            return _logarithm(value, sympy.Integer(10), node, sizes)
        case "log", [value, base]:
            return _logarithm(value, base, node, sizes)
        case (("gcd" | "lcm"), [_, _, *_]):
            return sympy.Function(op)(*values)  # of polynomials: left to who asks for it
    return _function(node, values, sizes)


def _function(node: Apply, values: list[Any], sizes: Sizes) -> Any:
    op = node.op
    if op not in _SAME and op not in _NAMES:
        raise ParseError(f"{op} has no counterpart in SymPy", 0)
    if op == "mod" and values[-1].is_zero:
        raise ParseError("a remainder by zero", 0)
    kind = getattr(sympy, _NAMES.get(op, op))
    if op in _DECIDED and all(map(sizes.closed, node.args)):
        found = _DECIDED[op](node, values, sizes)
        return kind(*values, evaluate=False) if found is None else found
    asking = op in {"mod", "binom", "factorial", "factorial2"} or (op in {"min", "max"} and len(values) > 1)
    asking = asking or _waits(values) or any(_is_unruly(one, sizes) for one in node.args)
    return kind(*values, evaluate=not (asking or sizes.count(node) > MAX_COUNT))


def _is_unruly(node: Node, sizes: Sizes) -> bool:
    """Whether SymPy may compute a constant with more and more digits: one of functions, not known to be real."""
    return sizes.closed(node) and _has_function(node) and sizes.real_constant(node) is None


def _has_function(node: Node) -> bool:
    own = isinstance(node, Apply) and node.op not in _ARITHMETIC
    return own or any(map(_has_function, children(node)))


def _power(base: Any, exponent: Any, written: Node, sizes: Sizes) -> Any:
    if base.is_Rational and exponent.is_Rational and not exponent.is_Integer:
        sizes.charge_root(int(base.p).bit_length() + int(base.q).bit_length())
    if exponent.is_Rational and abs(exponent) > 1:
        size = longest_number(written)
        if size and (size > MAX_BITS or abs(exponent) * size > MAX_BITS):
            raise LimitError("number size")
        sizes.charge_power(int(abs(exponent) * size))
    plain = exponent.is_Integer or sizes.count(written) <= MAX_COUNT
    return sympy.Pow(base, exponent, evaluate=plain and not _waits([base, exponent]))


def _root(value: Any, degree: Any, written: Node, sizes: Sizes) -> Any:
    if degree.is_Integer and degree.is_odd and degree > 0 and value.is_Rational and value < 0:
        return sympy.Mul(-1, _power(-value, 1 / degree, written, sizes))
    if degree.is_Integer and degree.is_odd and not value.is_Rational and not _waits([value]):
        if sizes.count(written) > MAX_COUNT or value.has(sympy.Piecewise):
            raise LimitError("work")  # each root holds what it is taken of several times
        return sympy.real_root(value, degree)
    return _power(value, _power(degree, sympy.Integer(-1), written, sizes), written, sizes)


def _logarithm(value: Any, base: Any, node: Apply, sizes: Sizes) -> Any:
    for one in (value, base):
        if one.is_Rational:
            sizes.charge_root(min(int(one.p).bit_length() + int(one.q).bit_length(), 1_000))
    if _waits([value, base]) or sizes.count(node) > MAX_COUNT:
        top, bottom = sympy.log(value, evaluate=False), sympy.log(base, evaluate=False)
        return sympy.Mul(top, sympy.Pow(bottom, -1, evaluate=False), evaluate=False)
    return sympy.log(value, base)


def _of_matrices(op: str, values: list[Any]) -> Any:
    if any(value.rows * value.cols > MAX_CELLS for value in values if isinstance(value, _MATRIX)):
        raise LimitError("matrix size")
    if any(not isinstance(value, sympy.Expr | sympy.MatrixBase) for value in values):
        raise ParseError("a matrix and what is no number", 0)
    match op, values:
        case "add", _ if all(isinstance(value, _MATRIX) for value in values):
            return reduce(lambda left, right: left + right, values)
        case "mul", _:
            return reduce(lambda left, right: left * right, values)
        case "neg", [value]:
            return -value
        case "div", [value, divisor] if not isinstance(divisor, _MATRIX):
            return value * sympy.Pow(divisor, -1)
        case "pow", [value, exponent] if exponent.is_Integer and 0 <= exponent <= 10 and value.rows == value.cols:
            return value**exponent
        case "pow", [value, exponent] if not isinstance(exponent, _MATRIX):
            return sympy.MatPow(sympy.ImmutableMatrix(value), exponent)
    raise ParseError(f"no {op} of a matrix", 0)


def in_set(values: list[Any]) -> list[Any]:
    """The members of a set, which SymPy puts in order: by their values where they are sums and the like."""
    if len(values) > 1 and _waits(values):
        raise LimitError("work")
    return values


def _waits(values: list[Any]) -> bool:
    """Whether a part is a sum, integral or the like: SymPy would work out its value to learn its sign."""
    return any(value.has(*_WAITING) for value in values)


def _undetermined(values: list[Any]) -> bool:
    """Whether such a part meets an infinity or a zero, with which SymPy asks for its sign or size."""
    special = any(value.is_zero is True or value in _ENDLESS for value in values if value.is_Atom)
    return special and _waits(values)


def _whole_part(name: str) -> Callable[[Apply, list[Any], Sizes], Any | None]:
    def rule(node: Apply, values: list[Any], sizes: Sizes) -> Any | None:
        del values
        value = sizes.real_constant(node.args[0]) if len(node.args) == 1 else None
        found = getattr(value, name)().unique_fmpz() if value is not None else None
        return None if found is None else sympy.Integer(int(found))

    return rule


def _signed(node: Apply, values: list[Any], sizes: Sizes) -> tuple[int, Any] | None:
    value = sizes.real_constant(node.args[0]) if len(node.args) == 1 else None
    if value is None or value.contains(0):
        return None
    return (1 if value > 0 else -1), values[0]


def _size(node: Apply, values: list[Any], sizes: Sizes) -> Any | None:
    signed = _signed(node, values, sizes)
    if signed is not None:
        return sympy.Mul(signed[0], signed[1])
    value = sizes.value(node.args[0])
    if value is None or not hasattr(value, "imag") or value.imag.contains(0) or sizes.count(node) > MAX_COMPLEX:
        return None
    return sympy.Abs(*values)  # |3 + 4i|


def _sign(node: Apply, values: list[Any], sizes: Sizes) -> Any | None:
    signed = _signed(node, values, sizes)
    return None if signed is None else sympy.Integer(signed[0])


def _extreme(greatest: bool) -> Callable[[Apply, list[Any], Sizes], Any | None]:
    def rule(node: Apply, values: list[Any], sizes: Sizes) -> Any | None:
        found = [sizes.real_constant(one) for one in node.args]
        balls = [one for one in found if one is not None]
        if len(balls) != len(found):
            return None
        best = 0
        for at, one in enumerate(balls):
            if (one > balls[best]) if greatest else (one < balls[best]):
                best = at
        others = (one for at, one in enumerate(balls) if at != best)
        sure = all(one < balls[best] if greatest else one > balls[best] for one in others)
        return values[best] if sure else None

    return rule


def _choose(node: Apply, values: list[Any], sizes: Sizes) -> Any | None:
    """A binomial coefficient of any rational number over a small whole one."""
    del node
    top, bottom = values
    if not top.is_Rational or not bottom.is_Integer or bottom > MAX_CHOSEN:
        return None
    sizes.charge_power(int(bottom) * (int(top.p).bit_length() + int(top.q).bit_length()) if bottom > 0 else 0)
    return sympy.binomial(top, bottom)


def _factorial(node: Apply, values: list[Any], sizes: Sizes) -> Any | None:
    """Of negative whole numbers, where SymPy has a pole: all others are computed or refused before."""
    del sizes
    return getattr(sympy, node.op)(*values) if values[0].is_Integer and values[0] > -MAX_CHOSEN else None


def _remainder(_node: Apply, _values: list[Any], _sizes: Sizes) -> None:
    return None


_DECIDED: dict[str, Callable[[Apply, list[Any], Sizes], Any | None]] = {
    "floor": _whole_part("floor"),
    "ceil": _whole_part("ceil"),
    "abs": _size,
    "norm": _size,
    "sgn": _sign,
    "min": _extreme(greatest=False),
    "max": _extreme(greatest=True),
    "mod": _remainder,
    "binom": _choose,
    "factorial": _factorial,
    "factorial2": _factorial,
}
"""Functions that need the value of a constant: by balls where these decide."""
