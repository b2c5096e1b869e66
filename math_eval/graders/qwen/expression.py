"""What SymPy's parse_expr makes of a text, without evaluating it as Python.

SymPy's own tokenizer and transformations rewrite the text (they only rewrite); the result is parsed by `ast` and
computed here over a list of allowed nodes, names and functions. Anything else is refused before the first step:
attributes, subscripts, strings, lambdas, comprehensions, assignments, starred and keyword arguments, other names.
"""

from __future__ import annotations

import ast
import builtins
import operator
from functools import cache
from typing import Any

_BINARY: dict[type[ast.operator], Any] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.BitXor: operator.xor,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.MatMult: operator.matmul,
}
_UNARY: dict[type[ast.unaryop], Any] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Invert: operator.invert,
    ast.Not: operator.not_,
}
_COMPARE: dict[type[ast.cmpop], Any] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_FUNCTIONS = ("sqrt", "cbrt", "root", "Rational", "Integer", "Float", "Symbol", "Function", "Pow", "Add", "Mul", "Eq")
_TAKE_STRINGS = frozenset({"Symbol", "Function", "Integer", "Float", "Rational"})
_BUILTINS = ("abs", "round", "pow", "sum")


_SEQUENCES = (list, tuple, set, dict, str)


class RefusedError(ValueError):
    """The text is no expression, or holds something that is not allowed."""


def parse_expression(text: str, *, power_sign: bool = False) -> Any:
    """The SymPy object of a text by parse_expr's rules. RefusedError, or whatever SymPy raises on bad operands.

    power_sign: "^" is a power, as where SymPy turns a text into an object by itself.
    """
    from sympy.parsing.sympy_parser import convert_xor, standard_transformations, stringify_expr

    if "'" in text or '"' in text:
        raise RefusedError("a string")
    transformations = (*standard_transformations, convert_xor) if power_sign else standard_transformations
    code = stringify_expr(text.strip(), {}, _tokens_of_sympy(), transformations)
    return computed(code)


def computed(code: str) -> Any:
    """The value of an expression in Python's syntax, by the list of what is allowed. RefusedError."""
    try:
        tree = ast.parse(code.strip(), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise RefusedError(str(error)) from error
    return _value(tree.body)


@cache
def _tokens_of_sympy() -> dict[str, Any]:
    """The names that parse_expr leaves as they are, all others being symbols: SymPy's and Python's functions."""
    import sympy

    known: dict[str, Any] = {name: getattr(sympy, name) for name in sympy.__all__}
    kind = type(builtins.len)
    known.update({name: thing for name, thing in vars(builtins).items() if isinstance(thing, kind)})
    return {**known, "max": sympy.Max, "min": sympy.Min}


@cache
def _allowed() -> dict[str, Any]:
    """The names a text may use: SymPy's constants, its mathematical functions, and a few of Python's."""
    import sympy
    from sympy.core.function import Application

    found: dict[str, Any] = {name: getattr(builtins, name) for name in _BUILTINS}
    for name, thing in _tokens_of_sympy().items():
        is_function = isinstance(thing, type) and issubclass(thing, Application)
        if is_function or isinstance(thing, sympy.Expr) or name in _FUNCTIONS:
            found.setdefault(name, thing)
    return found


def _value(node: ast.expr) -> Any:
    match node:
        case ast.Constant(value=bool() | None | int() | float() as value):
            return value
        case ast.Name(id=name) if name in _allowed():
            return _allowed()[name]
        case ast.BinOp(left=left, op=op, right=right):
            one, other = _value(left), _value(right)
            if isinstance(one, _SEQUENCES) or isinstance(other, _SEQUENCES):
                raise RefusedError("not allowed: arithmetic of sequences")  # [0] * 10**9 would fill the memory
            return _BINARY[type(op)](one, other)
        case ast.UnaryOp(op=op, operand=operand):
            return _UNARY[type(op)](_value(operand))
        case ast.BoolOp(op=op, values=values):
            return _logical(values, stop_at=isinstance(op, ast.Or))
        case ast.Compare():
            return _compared(node)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return _value(body if _value(test) else orelse)
        case ast.Tuple(elts=items):
            return tuple(map(_value, items))
        case ast.List(elts=items):
            return [_value(item) for item in items]
        case ast.Set(elts=items):
            return {_value(item) for item in items}
        case ast.Dict(keys=[], values=[]):
            return {}
        case ast.Call(func=func, args=arguments, keywords=[]):
            return _called(func, arguments)
    raise RefusedError(f"not allowed: {type(node).__name__}")


def _called(func: ast.expr, arguments: list[ast.expr]) -> Any:
    match func:
        case ast.Name(id=name) if name in _allowed():
            if name in _TAKE_STRINGS:  # the transformations themselves write these, with the text's token as a string
                given = [_text_or_value(one) for one in arguments]
            else:
                given = [_value(one) for one in arguments]
            return _allowed()[name](*given)
        case ast.Call(func=ast.Name(id="Function")):
            return _value(func)(*map(_value, arguments))
    raise RefusedError("not allowed: a call of that kind")


def _text_or_value(node: ast.expr) -> Any:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else _value(node)


def _logical(values: list[ast.expr], *, stop_at: bool) -> Any:
    found: Any = None
    for value in values:
        found = _value(value)
        if bool(found) is stop_at:
            break
    return found


def _compared(node: ast.Compare) -> Any:
    left, found = _value(node.left), None
    for op, comparator in zip(node.ops, node.comparators, strict=True):
        if type(op) not in _COMPARE:
            raise RefusedError("not allowed: that comparison")
        right = _value(comparator)
        found = _COMPARE[type(op)](left, right)
        if len(node.ops) > 1 and not found:
            break
        left = right
    return found
