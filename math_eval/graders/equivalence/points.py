"""Evaluation points: pseudo-random rationals of every sign pattern, derived from the variables' names alone.

They depend on nothing but the names and the grader's version, so a verdict never depends on a run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import lru_cache

SALT = "1"
"""Tests change it to see that no verdict depends on the points."""

_REAL = 16
_NEAR = 12
"""Points from this number on lie further out."""
_FAR = 37
_WHOLE = 5
_SIZES = (3_331, 10**7 + 19)

Point = dict[str, Fraction]


def evaluation_points(names: Sequence[str]) -> tuple[list[Point], list[Point]]:
    """Real points (all positive ones first, then other sign patterns) and points of positive whole numbers."""
    if not names:
        return [{}], []
    return _points(tuple(sorted(names)), SALT)


@lru_cache(maxsize=4096)
def _points(names: tuple[str, ...], salt: str) -> tuple[list[Point], list[Point]]:
    reals = []
    for number in range(_REAL):
        point = {}
        for at, name in enumerate(names):
            value = _fraction(name, number, salt)
            if number % 2:
                value = 1 / value  # sizes on both sides of one
            negative = number >= 4 and ((number - 3) >> (at % 3)) & 1
            point[name] = -value if negative else value
        if number >= _NEAR:
            point = {name: value * _FAR for name, value in point.items()}
        reals.append(point)
    wholes = [{name: Fraction(2 + _bits(name, number, salt) % 9) for name in names} for number in range(_WHOLE)]
    return reals, wholes


@lru_cache(maxsize=4096)
def far_points(names: tuple[str, ...]) -> list[Point]:
    """Points far out on every side, where |x + 10³| and x + 10³ part: they depend on the names alone, as keys must."""
    first = evaluation_points(names)[0][0]
    signs = ((1, 1), (-1, -1), (1, -1), (-1, 1))[: 4 if len(names) > 1 else 2]
    return [
        {name: value * size * side[at % 2] for at, (name, value) in enumerate(first.items())}
        for size in _SIZES
        for side in signs
    ]


def _fraction(name: str, number: int, salt: str) -> Fraction:
    bits = _bits(name, number, salt)
    return Fraction(1) + Fraction(1 + bits % 9973, 9973) * 2


def _bits(name: str, number: int, salt: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{salt}\0{name}\0{number}".encode()).digest()[:6], "big")


def points_around(names: Sequence[str], corners: Iterable[Fraction]) -> list[Point]:
    """Points on both sides of every constant and far out, one variable at a time, the others as in the first point."""
    reals, _ = evaluation_points(names)
    step = Fraction(1, 7)
    places = [sign * corner + side for corner in corners for sign in (1, -1) for side in (step, -step)]
    places += [Fraction(1001, 7), Fraction(-1001, 7), Fraction(10_007, 3), Fraction(-10_007, 3)]
    return [{**reals[0], name: place} for name in names[:3] for place in places]
