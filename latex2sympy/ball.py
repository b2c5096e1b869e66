"""Tree → rigorous ball: an interval (or a complex rectangle) that certainly holds the value, at any precision.

Arithmetic is python-flint's arb and acb. A real evaluation refuses whatever is not a real number (Undefined), so that a
point at which some part is not real decides nothing. Work is counted and bounded before it is done.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from flint import acb, arb, fmpq

from latex2sympy.budget import affordable, spend
from latex2sympy.errors import BudgetError, LimitError
from latex2sympy.exact import MAX_TERMS
from latex2sympy.nodes import Apply, Binder, Constant, Node, Number, Symbol
from latex2sympy.precision import precision

MAX_WORK = 60_000
"""Operations of one evaluation."""
MAX_MAGNITUDE_BITS = 40_000
"""Exponents beyond which a value counts as too large to compare."""

_CALL = 12
"""Units of an evaluation before its first step."""
_WHOLE_LIMIT = 2**62
_CHEAP = frozenset(
    "add mul neg div pow sqrt binom percent degree arcminute arcsecond abs norm floor ceil min max sgn re im".split()
)
_COSTLY = frozenset("factorial factorial2 gamma zeta erf erfc".split())
"""Functions whose cost grows most with precision."""


class Undefined(Exception):  # noqa: N818  a state of an evaluation, not an error of the text
    """The value does not exist, is not real, or is not known to: this point decides nothing."""


class Evaluator:
    """Evaluates trees at one precision (bits) and one assignment of rational values to variables.

    complex_values: allow complex parts; else everything must be real. Not thread-safe; make one for each evaluation.
    """

    def __init__(self, values: Mapping[str, Fraction], *, complex_values: bool, bits: int = 64) -> None:
        self._values: dict[str, Any] = {name: self._from_fraction(value) for name, value in values.items()}
        self._complex = complex_values
        self._bits = bits
        self._most = self._left = min(MAX_WORK, affordable())

    @property
    def cost(self) -> float:
        """Units of work done."""
        return self._most - self._left

    def charge(self, units: float) -> None:
        """Counts work. LimitError, or BudgetError where there was less to spend."""
        self._left -= units
        if self._left < 0:
            raise LimitError("work") if self._most == MAX_WORK else BudgetError

    def _from_fraction(self, value: Fraction) -> Any:
        return arb(fmpq(value.numerator, value.denominator))

    def evaluate(self, node: Node) -> Any:
        """The ball of a tree: arb, or acb where complex values are allowed. Undefined, LimitError."""
        self._left -= 1
        if self._left < 0:
            self.charge(0)
        match node:
            case Number(value=value):
                return self._from_fraction(value)
            case Symbol(name=name):
                if name not in self._values:
                    raise Undefined(f"{name} has no value")
                return self._values[name]
            case Constant(name=name):
                return self._constant(name)
            case Apply(op=op, args=args):
                return self._checked(self._apply(op, args))
            case Binder():
                return self._checked(self._binder(node))
        raise Undefined(f"{type(node).__name__} has no value")

    def _checked(self, value: Any) -> Any:
        if isinstance(value, acb) and not self._complex:
            raise Undefined("not real")
        if not value.is_finite():
            raise Undefined("not finite")
        return value

    def charge_gammas(self, count: int) -> None:
        """Counts values of the gamma function."""
        self.charge(count * self._bits / 10)

    def _constant(self, name: str) -> Any:
        if name == "pi":
            return arb.pi()
        if name == "e":
            return arb.const_e()
        if name == "i" and self._complex:
            return acb(0, 1)
        raise Undefined(name)

    def _apply(self, op: str, args: tuple[Node, ...]) -> Any:
        if op not in _CHEAP:
            self.charge(3 + self._bits / (10 if op in _COSTLY else 60))  # a sine, a logarithm
        values = [self.evaluate(one) for one in args]
        match op, values:
            case "add", _:
                total = values[0]
                for value in values[1:]:
                    total = total + value
                return total
            case "mul", _:
                total = values[0]
                for value in values[1:]:
                    total = total * value
                return total
            case "neg", [value]:
                return -value
            case "div", [top, bottom]:
                if bottom.contains(0):
                    raise Undefined("division by zero")
                return top / bottom
            case "pow", [base, exponent]:
                return self._power(base, exponent)
            case "sqrt", [value]:
                return self._sqrt(value)
            case "root", [value, degree]:
                return self._root(value, degree)
            case "percent", [value]:
                return value / 100
            case (("degree" | "arcminute" | "arcsecond"), [value]):
                return value * arb.pi() / {"degree": 180, "arcminute": 10_800, "arcsecond": 648_000}[op]
            case (("abs" | "norm"), [value]):
                return abs(value)
            case ("log", [value]) | ("lg", [value]):
                return self._log(value) / arb(10).log()
            case "log", [value, base]:
                return self._log(value) / self._nonzero(self._log(base))
        rule = _FUNCTIONS.get(op)
        if rule is None:
            raise Undefined(op)
        try:
            return rule(self, *values)
        except TypeError as error:  # sin(1, 2): a function of another number of arguments
            raise Undefined(op) from error

    def _power(self, base: Any, exponent: Any) -> Any:
        if isinstance(exponent, arb) and exponent.is_integer():
            number = self._whole(exponent)
            if abs(number) > MAX_MAGNITUDE_BITS:
                raise LimitError("exponent")
            if number <= 0 and base.contains(0):
                raise Undefined("zero to a power that is not positive")
            self.charge(self._bits / 600)
            size = abs(base).abs_upper()
            if size > 2 and number > 0:
                self._magnitude(size.log() * number)
            return base**number
        self.charge(self._bits / 30)
        if isinstance(base, arb) and base > 0:
            if isinstance(exponent, arb):
                self._magnitude(exponent * base.log())
            return base**exponent
        if self._complex:
            return acb(base) ** exponent
        if isinstance(base, arb) and base.is_zero() and exponent > 0:
            return base
        raise Undefined("a power that is not real")

    def _magnitude(self, logarithm: Any) -> None:
        if not abs(logarithm) < MAX_MAGNITUDE_BITS:
            raise LimitError("exponent")

    def _sqrt(self, value: Any) -> Any:
        if isinstance(value, arb) and value >= 0:
            return value.sqrt()
        if self._complex:
            return acb(value).sqrt()
        if value.contains(0) and not value < 0:
            return value.nonnegative_part().sqrt() if hasattr(value, "nonnegative_part") else value.sqrt()
        raise Undefined("a root that is not real")

    def _root(self, value: Any, degree: Any) -> Any:
        number = self._whole(degree) if isinstance(degree, arb) and degree.is_integer() else 0
        if not 1 <= number <= 1000:
            return self._power(value, 1 / self._nonzero(degree))
        if isinstance(value, arb):
            if value >= 0:
                return value.root(number)
            if value < 0 and number % 2:
                return -((-value).root(number))
        if self._complex:
            return acb(value) ** (1 / degree)
        raise Undefined("a root that is not real")

    def _log(self, value: Any) -> Any:
        if isinstance(value, arb):
            if value > 0:
                return value.log()
            if not self._complex:
                raise Undefined("a logarithm that is not real")
        if value.contains(0):
            raise Undefined("the logarithm of zero")
        return acb(value).log()

    def _nonzero(self, value: Any) -> Any:
        if value.contains(0):
            raise Undefined("division by zero")
        return value

    def _binder(self, node: Binder) -> Any:
        if node.kind not in {"sum", "prod"} or node.low is None or node.high is None:
            raise Undefined(f"{node.kind} needs algebra")
        low, high = self._whole(self.evaluate(node.low)), self._whole(self.evaluate(node.high))
        if high - low >= MAX_TERMS:
            raise LimitError("terms")
        total = arb(0 if node.kind == "sum" else 1)
        before = self._values.get(node.variable)
        for number in range(low, high + 1):
            self._values[node.variable] = arb(number)
            value = self.evaluate(node.body)
            total = total + value if node.kind == "sum" else total * value
        if before is None:
            self._values.pop(node.variable, None)
        else:
            self._values[node.variable] = before
        return total

    def _whole(self, value: Any) -> int:
        if not isinstance(value, arb):
            raise Undefined("a bound that is not real")
        if not abs(value) < _WHOLE_LIMIT:
            raise LimitError("number size")  # before the number itself is written out
        number = value.unique_fmpz()
        if number is None:
            raise Undefined("a bound that is not whole")
        return int(number)

    def real(self, value: Any) -> Any:
        """A value that must be real."""
        if isinstance(value, arb):
            return value
        raise Undefined("not real")

    def small(self, value: Any) -> Any:
        """A value whose exponential can be computed."""
        size = abs(value)
        if not size < MAX_MAGNITUDE_BITS:
            raise LimitError("exponent")
        return value


def _between(ev: Evaluator, value: Any) -> Any:
    if isinstance(value, arb) and not ev._complex and not abs(value) <= 1:  # noqa: SLF001  this module's own
        raise Undefined("outside -1 to 1")
    return value if isinstance(value, arb) and abs(value) <= 1 else acb(value)


def _reciprocal(rule: Callable[[Any], Any]) -> Callable[[Evaluator, Any], Any]:
    return lambda ev, value: 1 / ev._nonzero(rule(value))  # noqa: SLF001


def _tan(ev: Evaluator, value: Any) -> Any:
    return value.sin() / ev._nonzero(value.cos())  # noqa: SLF001


def _cot(ev: Evaluator, value: Any) -> Any:
    return value.cos() / ev._nonzero(value.sin())  # noqa: SLF001


def _gamma(ev: Evaluator, value: Any) -> Any:
    value = ev.real(value)
    if not (value > -1 and value < 5_000):
        raise Undefined("a factorial out of range")
    return (value + 1).gamma()


def _double_factorial(ev: Evaluator, value: Any) -> Any:
    number = ev._whole(ev.real(value))  # noqa: SLF001
    if not -1 <= number < 5_000:
        raise Undefined("a double factorial out of range")
    return arb(math.prod(range(number, 0, -2)))


def _zeta(ev: Evaluator, value: Any) -> Any:
    value = ev.real(value)
    if not abs(value) < 5_000:
        raise LimitError("exponent")
    return value.zeta()


def _binom(ev: Evaluator, top: Any, bottom: Any) -> Any:
    bottom = ev.real(bottom)
    whole = ev._whole(bottom) if bottom.is_integer() else -1  # noqa: SLF001
    if not 0 <= whole <= 500:
        ev.charge_gammas(3)
        return _gamma(ev, top) / (_gamma(ev, bottom) * _gamma(ev, top - bottom))
    total = arb(1)
    ev.charge(whole)
    for number in range(whole):
        total = total * (top - number) / (number + 1)
    return total


def _floor(ev: Evaluator, value: Any) -> Any:
    return ev.real(value).floor()


def _extreme(name: str) -> Callable[..., Any]:
    def rule(ev: Evaluator, *values: Any) -> Any:
        best = ev.real(values[0])
        for value in values[1:]:
            best = getattr(best, name)(ev.real(value))
        return best

    return rule


def _mod(ev: Evaluator, value: Any, modulus: Any) -> Any:
    ratio = ev.real(value) / ev._nonzero(ev.real(modulus))  # noqa: SLF001
    return value - modulus * ratio.floor()


def _sgn(ev: Evaluator, value: Any) -> Any:
    return ev.real(value).sgn()


def _part(name: str) -> Callable[[Evaluator, Any], Any]:
    return lambda _, value: getattr(acb(value), name)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sin": lambda _, value: value.sin(),
    "cos": lambda _, value: value.cos(),
    "tan": _tan,
    "cot": _cot,
    "sec": _reciprocal(lambda value: value.cos()),
    "csc": _reciprocal(lambda value: value.sin()),
    "asin": lambda ev, value: _between(ev, value).asin(),
    "acos": lambda ev, value: _between(ev, value).acos(),
    "atan": lambda _, value: value.atan(),
    "acot": lambda ev, value: (1 / ev._nonzero(value)).atan(),  # noqa: SLF001
    "sinh": lambda ev, value: ev.small(value).sinh(),
    "cosh": lambda ev, value: ev.small(value).cosh(),
    "tanh": lambda ev, value: ev.small(value).tanh(),
    "coth": lambda ev, value: ev.small(ev._nonzero(value)).coth(),  # noqa: SLF001
    "asinh": lambda _, value: value.asinh(),
    "acosh": lambda _, value: value.acosh(),
    "atanh": lambda ev, value: _between(ev, value).atanh(),
    "ln": lambda ev, value: ev._log(value),  # noqa: SLF001
    "exp": lambda ev, value: ev.small(value).exp(),
    "factorial": _gamma,
    "factorial2": _double_factorial,
    "gamma": lambda ev, value: _gamma(ev, value - 1),
    "zeta": _zeta,
    "erf": lambda ev, value: ev.real(value).erf(),
    "erfc": lambda ev, value: ev.real(value).erfc(),
    "binom": _binom,
    "floor": _floor,
    "ceil": lambda ev, value: ev.real(value).ceil(),
    "min": _extreme("min"),
    "max": _extreme("max"),
    "mod": _mod,
    "sgn": _sgn,
    "re": _part("real"),
    "im": _part("imag"),
    "conj": lambda _, value: acb(value).conjugate(),
    "arg": lambda ev, value: acb(ev._nonzero(value)).arg(),  # noqa: SLF001
    "cbrt": lambda ev, value: ev._root(value, arb(3)),  # noqa: SLF001
}


def ball(node: Node, values: Mapping[str, Fraction], bits: int, *, complex_values: bool = False) -> Any:
    """The ball (arb, or acb) of a tree with `bits` of precision at an assignment of its variables.

    Raises Undefined (no value there, or not real), LimitError (too much work, too large). Thread-safe.
    """
    with precision(bits):
        evaluator = Evaluator(values, complex_values=complex_values, bits=bits)
        try:
            return evaluator.evaluate(node)
        finally:
            spend(_CALL + evaluator.cost)
