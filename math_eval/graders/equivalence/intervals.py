"""Pieces of the real line and what is done with lists of them: in order and joined, cut, turned inside out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from latex2sympy import LimitError
from latex2sympy.ball import Undefined, ball
from latex2sympy.exact import rational
from latex2sympy.nodes import Apply, Constant, Node, symbols
from math_eval.graders.equivalence.match import Match, decided, every

INFINITY = Constant("oo")
MINUS_INFINITY = Apply("neg", (INFINITY,))
MAX_PIECES = 200
_MAX_PAIRS = 1_000
_APART = 1e-9
"""Ends whose floats are closer than this, relative to their size, are only told apart or found equal exactly."""

SameValue = Callable[[Node, Node], Match]


class UnplacedError(Exception):
    """Ends of pieces whose order cannot be told, or more pieces than are computed with."""


@dataclass(frozen=True, slots=True)
class Piece:
    """An interval; infinite ends are open."""

    low: Node
    high: Node
    low_closed: bool
    high_closed: bool


WHOLE = Piece(MINUS_INFINITY, INFINITY, low_closed=False, high_closed=False)


def interval(low: Node, high: Node, *, low_closed: bool, high_closed: bool) -> Piece:
    """The piece between two ends, infinite ones open and in one spelling."""
    if sign := infinite_sign(low):
        low, low_closed = _infinite(sign), False
    if sign := infinite_sign(high):
        high, high_closed = _infinite(sign), False
    return Piece(low, high, low_closed, high_closed)


def point(node: Node) -> Piece:
    """The piece of one number."""
    return Piece(node, node, low_closed=True, high_closed=True)


def infinite_sign(node: Node) -> int:
    """1 for an infinity, -1 for a negative one, 0 for everything else."""
    sign = 1
    while isinstance(node, Apply) and node.op == "neg":
        node, sign = node.args[0], -sign
    return sign if node == INFINITY else 0


def position(node: Node) -> float | None:
    """An approximate position, for ordering only."""
    if sign := infinite_sign(node):
        return sign * float("inf")
    if symbols(node):
        return None
    try:
        return float(ball(node, {}, 64))
    except (Undefined, LimitError, ValueError, TypeError, OverflowError):
        return None


def merged(found: list[Piece]) -> list[Piece]:
    """The pieces in order, touching and overlapping ones joined, where their ends are numbers.

    Ends that are too close to tell apart are left as they are: joining them would be a guess. A reversed piece is
    unplaced.
    """
    placed: list[tuple[float, float, Piece]] = []
    for piece in found:
        low, high = position(piece.low), position(piece.high)
        if low is None or high is None:
            return found
        placed.append((low, high, piece))
    if any(low > high for low, high, _ in placed):
        raise UnplacedError
    placed.sort(key=lambda one: (one[0], not one[2].low_closed, one[1]))
    joined: list[tuple[float, Piece]] = []
    for low, high, piece in placed:
        if joined:
            end, last = joined[-1]
            touching = last.high == piece.low or _equal_ends(last.high, piece.low)
            if (low < end and not touching) or (touching and (last.high_closed or piece.low_closed)):
                if high > end or (high == end and piece.high_closed):
                    wider = replace(last, high=piece.high, high_closed=piece.high_closed)
                    joined[-1] = (high, wider)
                continue
        joined.append((high, piece))
    return [piece for _, piece in joined]


def common(left: Sequence[Piece], right: Sequence[Piece]) -> list[Piece]:
    """What both lists hold."""
    if len(left) * len(right) > _MAX_PAIRS:
        raise UnplacedError
    pairs = (_overlap(one, other) for one in left for other in right)
    return [piece for piece in pairs if piece is not None]


def difference(left: Sequence[Piece], right: list[Piece]) -> list[Piece]:
    """What the first list holds and the second does not."""
    return common(left, _gaps(right))


def _gaps(found: list[Piece]) -> list[Piece]:
    if len(found) > MAX_PIECES:
        raise UnplacedError
    gaps: list[Piece] = []
    low: Node = MINUS_INFINITY
    closed = False
    for piece in merged(found):
        gaps.append(Piece(low, piece.low, closed, not piece.low_closed))
        low, closed = piece.high, not piece.high_closed
    gaps.append(Piece(low, INFINITY, closed, high_closed=False))
    return [piece for piece in gaps if _holds_any(piece)]


def _overlap(one: Piece, other: Piece) -> Piece | None:
    low, high = _order(one.low, other.low), _order(one.high, other.high)
    low_closed = one.low_closed and other.low_closed if low == 0 else (one if low > 0 else other).low_closed
    high_closed = one.high_closed and other.high_closed if high == 0 else (one if high < 0 else other).high_closed
    found = Piece((one if low >= 0 else other).low, (one if high <= 0 else other).high, low_closed, high_closed)
    return found if _holds_any(found) else None


def _holds_any(piece: Piece) -> bool:
    order = _order(piece.low, piece.high)
    return order < 0 or (order == 0 and piece.low_closed and piece.high_closed)


def _order(left: Node, right: Node) -> int:
    """-1, 0 or 1 as the first end lies before, at or behind the second."""
    if left == right:
        return 0
    one, other = position(left), position(right)
    if one is None or other is None:
        raise UnplacedError
    if infinite_sign(left) or infinite_sign(right) or abs(one - other) > _APART * max(abs(one), abs(other)):
        return (one > other) - (one < other)
    if _equal_ends(left, right):
        return 0
    raise UnplacedError


def _equal_ends(left: Node, right: Node) -> bool:
    try:
        one, other = rational(left), rational(right)
    except LimitError:
        return False
    return one is not None and one == other


def _infinite(sign: int) -> Node:
    return INFINITY if sign > 0 else MINUS_INFINITY


def same_region(left: list[Piece], right: list[Piece], same: SameValue) -> Match:
    """Whether two lists of pieces are the same set; ends are compared as values, open and closed ones differ."""
    if len(left) != len(right):
        return decided(same=False, rule="interval")

    def parts(one: Piece, other: Piece) -> Match:
        if (one.low_closed, one.high_closed) != (other.low_closed, other.high_closed):
            return decided(same=False, rule="interval")
        return every((same(one.low, other.low), same(one.high, other.high)), "interval")

    return every((parts(one, other) for one, other in zip(left, right, strict=True)), "interval")


def lone_point(found: list[Piece]) -> Node | None:
    """The number that is all there is in a list of pieces."""
    try:
        lone = len(found) == 1 and _holds_any(found[0]) and _order(found[0].low, found[0].high) == 0
    except UnplacedError:
        return None
    return found[0].low if lone else None
