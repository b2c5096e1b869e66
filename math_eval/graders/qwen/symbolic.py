"""The reference's symbolic equality, asked of SymPy. Runs only inside the worker, which can be stopped and killed."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from math_eval.graders.qwen.equality import REL_TOL
from math_eval.graders.qwen.expression import parse_expression
from math_eval.graders.qwen.matrices import parse_matrix

_parsed: dict[str, Any] = {}
_MAX_PARSED = 20_000
_MAX_KEPT_CHARS = 1_000


_USUAL = (
    *("\\frac{x}{2}+1", "2*x+", "1\\frac{8}{91}", "9999.85", "10{,}000", "4:30", "C", "\\sqrt{34}+3\\sqrt{10}"),
    *(
        "\\frac{\\sqrt{3}}{2}\\pi",
        "-\\frac{1}{3}",
        "2^{10}-x^2",
        "(x+1)(x-2)+3",
        "y=2x-(3)",
        "\\sin(2t)e^{-t}",
        "x_{1},3",
    ),
)


def warm() -> None:
    """Parses usual texts once: the grammar's tables are built by use, and no pair's clock should pay for that."""
    for text in _USUAL:
        answer(text, "\\frac{x}{3}", cached=False)


def answer(left: str, right: str, *, cached: bool = True) -> bool:
    """Whether SymPy finds the two texts equal in any of the reference's six ways; errors count as "no" there."""
    one, other = (_remembered(text) if cached else _parse(text) for text in (left, right))
    return any(_holds(way, one, other) for way in _WAYS)


def _remembered(text: str) -> Any:
    if text in _parsed:
        return _parsed[text]
    from sympy import Basic

    made = _parse(text)
    if len(text) <= _MAX_KEPT_CHARS and isinstance(made, Basic):
        if len(_parsed) >= _MAX_PARSED:
            _parsed.clear()
        _parsed[text] = made
    return made


def _parse(text: str) -> Any:
    """The first parser that takes the text, each tried with double backslashes made single and then without."""
    from sympy.parsing.latex import parse_latex

    single = text.replace("\\\\", "\\")
    for parser in (parse_latex, parse_expression, _third):
        for spelling in dict.fromkeys((single, text)):
            try:
                return parser(spelling)
            except MemoryError:
                raise
            except Exception:  # noqa: BLE001, S112  parsers of others raise what they like; the next one is tried
                continue
    return text


def _third(text: str) -> Any:
    from sympy.parsing.latex import parse_latex

    return parse_matrix(text, parse_latex)


def _holds(way: Callable[[Any, Any], Any], one: Any, other: Any) -> bool:
    try:
        return bool(way(one, other))
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  a way that cannot be taken is no way, in the reference too
        return False


def _identical(one: Any, other: Any) -> Any:
    if isinstance(one, str) or isinstance(other, str):
        return str(one) == str(other)
    return str(one) == str(other) or one == other


def _read(value: Any) -> Any:
    """A text that no parser took, read as SymPy reads texts where it wants an object, but never evaluated.

    Every way below begins with this: SymPy must never be handed a text.
    """
    return parse_expression(value, power_sign=True) if isinstance(value, str) else value


def _simplified(one: Any, other: Any) -> Any:
    from sympy import Expr, simplify

    if isinstance(one, str):
        return False
    other = _read(other)
    if isinstance(one, Expr) and isinstance(other, Expr):
        return one.equals(other)  # begins with simplify(one - other), which the reference asks once more in vain
    return one.equals(other) or simplify(one - other) == 0


def _equations(one: Any, other: Any) -> Any:
    if isinstance(one, str) or isinstance(other, str):
        return False
    return abs(one.lhs - one.rhs).equals(abs(other.lhs - other.rhs))


def _numbers(one: Any, other: Any) -> Any:
    from sympy import N

    return math.isclose(float(N(_read(one))), float(N(_read(other))), rel_tol=REL_TOL)


def _matrices(one: Any, other: Any) -> Any:
    if isinstance(one, str) or isinstance(other, str) or one.shape != other.shape:
        return False
    rounded = (matrix.applyfunc(lambda cell: round(cell, 3)) for matrix in (one, other))
    return next(rounded).equals(next(rounded))


_WAYS = (_identical, _simplified, _equations, _numbers, _matrices)
