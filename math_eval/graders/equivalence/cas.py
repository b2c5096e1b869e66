"""The last resort: SymPy asked whether a difference vanishes. A task of the SymPy worker, which bounds it.

Trees are built by latex2sympy from its own nodes; no text of an answer ever reaches SymPy's parsers.
"""

from __future__ import annotations

from typing import Any

from latex2sympy import MathTextError, parse
from latex2sympy.nodes import Node
from latex2sympy.sympy_form import to_sympy
from math_eval.graders.equivalence.match import Match, decided, undecided

SECONDS = 5.0
"""Processor time of one question."""


def warm() -> None:
    """Loads what simplification needs."""
    answer("\\int_0^1 x\\,dx", "\\frac{1}{2}")


def answer(left: str, right: str, *, cached: bool = False) -> Match:
    """Whether SymPy can show that the two texts are equal, or that they are not; undecided where it cannot say."""
    del cached
    try:
        return _compare(_evaluated(parse(left)), _evaluated(parse(right)))
    except MathTextError:
        return undecided("needs_cas")
    except MemoryError:
        raise  # the worker's own limit
    except Exception as error:  # noqa: BLE001  SymPy raises whatever its many authors chose
        return undecided(f"cas:{type(error).__name__}")


def _evaluated(node: Node) -> Any:
    made = to_sympy(node)
    return made.doit() if hasattr(made, "doit") else made


def _compare(left: Any, right: Any) -> Match:
    import sympy

    if not isinstance(left, sympy.Expr) or not isinstance(right, sympy.Expr):
        return decided(same=True, rule="sympy") if left == right else undecided("needs_cas")
    difference = sympy.simplify(left - right)
    if difference == 0:
        return decided(same=True, rule="sympy")
    zero = difference.equals(0)
    return undecided("needs_cas") if zero is None else decided(same=bool(zero), rule="sympy")
