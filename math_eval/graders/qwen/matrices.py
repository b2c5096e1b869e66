"""The little of the reference's third parser that recorded verdicts show: matrices, multiples of them, "007/2".

All else counts as failing there: on everything else recorded, the reference's verdict is the one without it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from math import prod
from typing import Any

_MATRIX = re.compile(r"((?:\d+\*)*)\\begin\{([pb])matrix\}((?:(?!\\begin).)*)\\end\{\2matrix\}", re.DOTALL)
_LEADING_ZEROS = re.compile(r"([0-9]{1,40})/([0-9]{1,40})")
_MAX_CHARS = 4000


def parse_matrix(text: str, cell: Callable[[str], Any]) -> Any:
    """A SymPy Matrix or Rational; ValueError for any other text. cell: the parser of a matrix's cells."""
    from sympy import Integer, Matrix, Rational

    if len(text) > _MAX_CHARS:
        raise ValueError("too long")
    if found := _LEADING_ZEROS.fullmatch(text):
        return Rational(int(found[1]), int(found[2]))
    found = _MATRIX.fullmatch(text)
    if found is None:
        raise ValueError("no matrix")
    rows = [[cell(part.strip()) for part in row.split("&")] for row in found[3].split("\\\\") if row.strip()]
    factors = [Integer(factor) for factor in found[1].split("*") if factor]
    return prod(factors, start=Integer(1)) * Matrix(rows)
