r"""Maths text → tree → exact value, numeric ball, or SymPy. Stands alone.

>>> from latex2sympy import parse, latex2sympy
>>> parse(r"\frac{1}{2}")
>>> latex2sympy(r"\sqrt{2} x")

The grammar stands in parser.py. parse consumes its whole input or raises ParseError with the position; texts that are
too long, too deep or hold too large numbers raise LimitError.
"""

from typing import TYPE_CHECKING, Any

from latex2sympy.errors import LimitError, MathTextError, ParseError
from latex2sympy.nodes import Node
from latex2sympy.parser import parse

if TYPE_CHECKING:
    from latex2sympy.sympy_form import latex2sympy, to_sympy

__all__ = ["LimitError", "MathTextError", "Node", "ParseError", "latex2sympy", "parse", "to_sympy"]


def __getattr__(name: str) -> Any:
    """to_sympy and latex2sympy, whose module is read when they are first used."""
    if name in {"latex2sympy", "to_sympy"}:
        import importlib

        return getattr(importlib.import_module("latex2sympy.sympy_form"), name)
    raise AttributeError(f"module 'latex2sympy' has no attribute {name!r}")
