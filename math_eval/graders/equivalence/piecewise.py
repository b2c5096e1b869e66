"""Functions given by cases, compared branch by branch where their conditions meet, with each other or one formula."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from latex2sympy.nodes import Apply, Matrix, Node, Number, Symbol, Words, symbols
from math_eval.graders.equivalence.intervals import (
    WHOLE,
    Piece,
    UnplacedError,
    common,
    difference,
    infinite_sign,
    merged,
    position,
)
from math_eval.graders.equivalence.match import Match, decided, undecided
from math_eval.graders.equivalence.policy import DEFAULT
from math_eval.graders.equivalence.regions import is_region, pieces, unknown_of
from math_eval.graders.equivalence.trees import renamed
from math_eval.graders.equivalence.values import corners, same_value

MAX_BRANCHES = 12
MIN_AGREED = 4
_OTHERWISE = Words("otherwise")
_STEPS = (Fraction(1, 97), Fraction(5, 7), Fraction(22, 7), Fraction(3331, 13), Fraction(10**6 + 3, 7))
"""How far inside a piece the two sides are looked at, from each of its ends."""

Branches = list[tuple[Node, list[Piece]]]


def same_piecewise(answer: Node, gold: Node) -> Match | None:
    """Whether two functions of one variable, one given by cases, are the same; None where that cannot be said."""
    names = {name for one in (answer, gold) if (name := _variable(one))}
    if len(names) != 1:
        return None
    name = names.pop()
    left, right = _branches(answer), _branches(gold)
    if left is None or right is None or max(len(left), len(right)) > MAX_BRANCHES:
        return None
    try:
        if _covered(left) != _covered(right):
            return None
        return _agree(left, right, name)
    except UnplacedError:
        return None


def _variable(node: Node) -> str | None:
    """The one variable of which the conditions of a function by cases speak."""
    if not isinstance(node, Matrix) or node.kind != "cases":
        return None
    names = {unknown_of(row[-1]) for row in node.rows if row[-1] != _OTHERWISE}
    return names.pop() if len(names) == 1 else None


def _branches(node: Node) -> Branches | None:
    """The formulas of a function, each with the numbers for which it holds."""
    if not isinstance(node, Matrix):
        return [(node, [WHOLE])] if isinstance(node, Number | Symbol | Apply) else None
    found: Branches = []
    for row in node.rows:
        if len(row) != 2:
            return None
        value, condition = row
        if condition == _OTHERWISE:
            rest = [piece for _, pieces_of_one in found for piece in pieces_of_one]
            found.append((value, difference([WHOLE], rest)))
            continue
        region = pieces(condition) if is_region(condition) else None
        if region is None or any(symbols(end) for one in region for end in (one.low, one.high)):
            return None
        found.append((value, region))
    return found


def _covered(branches: Branches) -> list[tuple[float | None, float | None, bool, bool]]:
    whole = merged([piece for _, region in branches for piece in region])
    return [(position(one.low), position(one.high), one.low_closed, one.high_closed) for one in whole]


def _agree(left: Branches, right: Branches, name: str) -> Match:
    open_one: Match | None = None
    for one, first in left:
        for other, second in right:
            for piece in common(first, second):
                outcome = _on_piece(one, other, piece, name)
                if outcome.status == "wrong":
                    return outcome
                if outcome.status == "undecided":
                    open_one = outcome
    return open_one or decided(same=True, rule="cases")


def _on_piece(one: Node, other: Node, piece: Piece, name: str) -> Match:
    """Whether two formulas agree at the points of a piece that are looked at, none of them left out."""
    if one == other:
        return decided(same=True, rule="cases")
    agreed = 0
    places = _places(piece, [*corners(one), *corners(other)])
    for place in places:
        outcome = same_value(renamed(one, {name: place}), renamed(other, {name: place}), DEFAULT)
        if outcome.status == "wrong":
            return decided(same=False, rule="cases")
        agreed += outcome.correct
    return decided(same=True, rule="cases") if agreed >= min(MIN_AGREED, len(places)) else undecided("needs_cas")


def _places(piece: Piece, corner: Sequence[Fraction]) -> list[Node]:
    """Points of a piece: its ends where they belong to it, and others inside, on both sides of every corner."""
    ends = [end for end, closed in ((piece.low, piece.low_closed), (piece.high, piece.high_closed)) if closed]
    low, high = position(piece.low), position(piece.high)
    if low is None or high is None or low == high:
        return ends[:1]
    starts = [Fraction(end) for end in (low, high) if abs(end) != float("inf")] or [Fraction(0)]
    inside = {start + sign * step for start in (*starts, *corner) for step in _STEPS for sign in (1, -1)}
    if not (infinite_sign(piece.low) or infinite_sign(piece.high)):
        inside |= {starts[0] + (starts[-1] - starts[0]) * Fraction(at, 11) for at in (1, 3, 6, 10)}
    return [*dict.fromkeys(ends), *(Number(place) for place in sorted(inside) if low < place < high)]
