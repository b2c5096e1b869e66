"""Tree → SymPy expression: the only file that imports SymPy, and only when called."""

from __future__ import annotations

from typing import Any

from latex2sympy.errors import ParseError
from latex2sympy.nodes import (
    Apply,
    Binder,
    Bracket,
    Constant,
    Listing,
    Matrix,
    Node,
    Number,
    NumberSet,
    Quantity,
    Relation,
    Symbol,
)
from latex2sympy.parser import parse

_RELATIONS = {"=": "Eq", "<": "Lt", "<=": "Le", ">": "Gt", ">=": "Ge", "!=": "Ne"}
_NAMES = {
    "asin": "asin",
    "ln": "log",
    "sgn": "sign",
    "ceil": "ceiling",
    "factorial": "factorial",
    "factorial2": "factorial2",
    "binom": "binomial",
    "min": "Min",
    "max": "Max",
    "abs": "Abs",
    "norm": "Abs",
    "mod": "Mod",
}
_SAME = frozenset(
    "sin cos tan cot sec csc acos atan acot sinh cosh tanh coth asinh acosh atanh exp floor gcd lcm re im sqrt "
    "cbrt".split()
)


def to_sympy(node: Node) -> Any:
    """The SymPy object of a tree, built without evaluating it further than SymPy's constructors do.

    ParseError for a tree that has no counterpart (words, units of time, bases).
    """
    import sympy

    match node:
        case Number(value=value):
            return sympy.Rational(value.numerator, value.denominator)
        case Symbol(name=name):
            return sympy.Symbol(name, real=True)
        case Constant(name=name):
            return {"pi": sympy.pi, "e": sympy.E, "i": sympy.I, "oo": sympy.oo}[name]
        case Quantity(value=inner):
            return to_sympy(inner)
        case Apply(op=op, args=args):
            return _apply(op, [to_sympy(one) for one in args])
        case Binder():
            return _binder(node)
        case Bracket(open="{", items=items):
            return sympy.FiniteSet(*map(to_sympy, items))
        case Bracket(items=items) | Listing(items=items):
            return sympy.Tuple(*map(to_sympy, items))
        case Relation(ops=(op,), items=(left, right)) if op in _RELATIONS:
            return getattr(sympy, _RELATIONS[op])(to_sympy(left), to_sympy(right))
        case Matrix(rows=rows, kind=kind) if kind in {"matrix", "det"}:
            made = sympy.Matrix([[to_sympy(cell) for cell in row] for row in rows])
            return made.det() if kind == "det" else made
        case NumberSet(name="R"):
            return sympy.S.Reals
    raise ParseError(f"{type(node).__name__} has no counterpart in SymPy", 0)


def _apply(op: str, values: list[Any]) -> Any:
    import sympy

    match op, values:
        case "add", _:
            return sympy.Add(*values)
        case "mul", _:
            return sympy.Mul(*values)
        case "neg", [value]:
            return -value
        case "div", [top, bottom]:
            return top / bottom
        case "pow", [base, exponent]:
            return base**exponent
        case "root", [value, degree]:
            return sympy.real_root(value, degree) if degree.is_odd else sympy.root(value, degree)
        case "cbrt", [value]:
            return sympy.real_root(value, 3)
        case "percent", [value]:
            return value / 100
        case "degree", [value]:
            return value * sympy.pi / 180
        case (("log" | "lg"), [value]):
            return sympy.log(value, 10)
        case "log", [value, base]:
            return sympy.log(value, base)
    if op in _SAME or op in _NAMES:
        return getattr(sympy, _NAMES.get(op, op))(*values)
    raise ParseError(f"{op} has no counterpart in SymPy", 0)


def _binder(node: Binder) -> Any:
    import sympy

    variable = sympy.Symbol(node.variable, real=True)
    body = to_sympy(node.body)
    if node.kind == "lim" and node.low is not None:
        return sympy.Limit(body, variable, to_sympy(node.low))
    if node.low is None or node.high is None:
        if node.kind == "int":
            return sympy.Integral(body, variable)
        raise ParseError(f"a {node.kind} without bounds has no counterpart in SymPy", 0)
    bounds = (variable, to_sympy(node.low), to_sympy(node.high))
    made = {"sum": sympy.Sum, "prod": sympy.Product, "int": sympy.Integral}[node.kind]
    return made(body, bounds)


def latex2sympy(text: str) -> Any:
    """The SymPy object of a text. ParseError, LimitError."""
    return to_sympy(parse(text))
