"""Sets of real numbers: intervals, solved inequalities, unions, R without points, as one canonical list of pieces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from latex2sympy import LimitError
from latex2sympy.ball import Undefined, ball
from latex2sympy.exact import rational
from latex2sympy.nodes import (
    Apply,
    Bracket,
    Constant,
    Listing,
    Node,
    NumberSet,
    Relation,
    SetBuilder,
    Symbol,
    contains,
    symbols,
)
from math_eval.grading.outcome import Outcome, decided, every

_INFINITY = Constant("oo")
_MINUS_INFINITY = Apply("neg", (_INFINITY,))
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_ORDER = frozenset(_FLIPPED)
_MAX_PIECES = 200
MAX_POINTS = 40

SameValue = Callable[[Node, Node], Outcome]


@dataclass(frozen=True, slots=True)
class Piece:
    """An interval; infinite ends are open."""

    low: Node
    high: Node
    low_closed: bool
    high_closed: bool


def is_region(node: Node) -> bool:
    """Whether a node can only be a set of real numbers: a half-open interval, an inequality, a union ..."""
    match node:
        case NumberSet(name="R"):
            return True
        case Bracket(open=opened, close=closed, items=(low, high)) if opened in "([]" and closed in ")][":
            return (opened, closed) in {("(", "]"), ("[", ")"), ("]", "["), ("]", "]"), ("[", "[")} or (
                (contains(low, Constant) or contains(high, Constant)) and (_is_infinite(low) or _is_infinite(high))
            )
        case Relation(ops=ops, items=items):
            if len(ops) == 1 and ops[0] == "in":
                return is_region(items[1]) or _pair(items[1])
            return all(op in _ORDER for op in ops) or ops == ("!=",)
        case SetBuilder(element=Symbol() as element, condition=condition):
            return is_region(condition) and _unknown(condition) in {element.name, None}
        case Apply(op="union" | "difference" | "intersection", args=args):
            return any(is_region(one) for one in args) or all(_pair(one) or _finite(one) for one in args)
        case Listing(items=items):
            return all(isinstance(one, Relation) and is_region(one) for one in items)
    return False


def _finite(node: Node) -> bool:
    return isinstance(node, Bracket) and node.open == "{" and not any(map(symbols, node.items))


def _pair(node: Node) -> bool:
    return isinstance(node, Bracket) and node.open in "([" and len(node.items) == 2


def _unknown(node: Node) -> str | None:
    """The one variable that an inequality is solved for."""
    for part in node.items if isinstance(node, Relation | Listing) else ():
        name = part.name if isinstance(part, Symbol) else _unknown(part)
        if name is not None:
            return name
    return None


def unknowns_agree(left: Node, right: Node) -> bool:
    """Whether two sets speak of the same variable, where both name one."""
    names = {_unknown(one.condition if isinstance(one, SetBuilder) else one) for one in (left, right)}
    return len(names - {None}) < 2


def _is_infinite(node: Node) -> bool:
    while isinstance(node, Apply) and node.op in {"neg", "add"}:
        node = node.args[0]
    return node == _INFINITY


def pieces(node: Node) -> list[Piece] | None:
    """The pieces of a set of real numbers in order, None where the node is no such set or not one we can compute."""
    found = _pieces(node)
    if found is None or len(found) > _MAX_PIECES:
        return None
    return _merged(found)


def _pieces(node: Node) -> list[Piece] | None:
    match node:
        case NumberSet(name="R"):
            return [Piece(_MINUS_INFINITY, _INFINITY, low_closed=False, high_closed=False)]
        case Bracket(open="{", items=items):
            return [Piece(one, one, low_closed=True, high_closed=True) for one in items]
        case Bracket(open=opened, close=closed, items=(low, high)):
            return [_piece(low, high, low_closed=opened == "[", high_closed=closed == "]")]
        case Relation():
            return _from_relation(node)
        case SetBuilder(condition=condition):
            return _pieces(condition) if is_region(node) else None
        case Apply(op="union", args=(left, right)):
            first, second = _pieces(left), _pieces(right)
            return None if first is None or second is None else first + second
        case Apply(op="difference", args=(left, Bracket(open="{", items=points))):
            return _without(_pieces(left), points)
        case Listing(items=items):
            return _from_list(items)
    return None


def _piece(low: Node, high: Node, *, low_closed: bool, high_closed: bool) -> Piece:
    if _is_infinite(low):
        low, low_closed = _MINUS_INFINITY, False
    if _is_infinite(high):
        high, high_closed = _INFINITY, False
    return Piece(low, high, low_closed, high_closed)


def _from_relation(node: Relation) -> list[Piece] | None:
    ops, items = node.ops, node.items
    if ops == ("in",):
        return _pieces(items[1])
    if ops == ("!=",):
        whole = [Piece(_MINUS_INFINITY, _INFINITY, low_closed=False, high_closed=False)]
        return _without(whole, (items[1],)) if isinstance(items[0], Symbol) else None
    if not all(op in _ORDER for op in ops):
        return None
    if ops[0] in {">", ">="}:
        ops, items = tuple(_FLIPPED[op] for op in reversed(ops)), tuple(reversed(items))
    if any(op not in {"<", "<="} for op in ops):
        return None
    if len(items) == 3 and isinstance(items[1], Symbol):
        return [_piece(items[0], items[2], low_closed=ops[0] == "<=", high_closed=ops[1] == "<=")]
    if len(items) == 2:
        left, right = items
        closed = ops[0] == "<="
        if isinstance(left, Symbol) and left.name not in symbols(right):
            return [_piece(_MINUS_INFINITY, right, low_closed=False, high_closed=closed)]
        if isinstance(right, Symbol) and right.name not in symbols(left):
            return [_piece(left, _INFINITY, low_closed=closed, high_closed=False)]
    return None


def _from_list(items: tuple[Node, ...]) -> list[Piece] | None:
    found: list[Piece] = []
    lists = [_pieces(one) for one in items]
    for one in lists:
        if one is None:
            return None
        found += one
    if len(lists) == 2 and all(one is not None and len(one) == 1 for one in lists):
        low, high = sorted(found, key=lambda piece: not _is_infinite(piece.high))
        if _is_infinite(low.high) and _is_infinite(high.low):  # x > 1, x < 3 speaks of both; x < 1, x > 3 of either
            start, end = _number(low.low), _number(high.high)
            if start is not None and end is not None and start < end:
                return [Piece(low.low, high.high, low.low_closed, high.high_closed)]
    if all(isinstance(one, Relation) and one.ops == ("!=",) for one in items):
        whole = [Piece(_MINUS_INFINITY, _INFINITY, low_closed=False, high_closed=False)]
        return _without(whole, tuple(one.items[1] for one in items if isinstance(one, Relation)))
    return found


def _without(found: list[Piece] | None, points: tuple[Node, ...]) -> list[Piece] | None:
    if found is None:
        return None
    if len(points) > MAX_POINTS:
        return None
    for point in points:
        at = _number(point)
        if at is None:
            return None
        cut: list[Piece] = []
        for piece in found:
            low, high = _number(piece.low), _number(piece.high)
            if low is None or high is None:
                return None
            if low < at < high:
                cut += [replace(piece, high=point, high_closed=False), replace(piece, low=point, low_closed=False)]
            elif at == low:
                cut.append(replace(piece, low_closed=False))
            elif at == high:
                cut.append(replace(piece, high_closed=False))
            else:
                cut.append(piece)
        found = cut
    return found


def _number(node: Node) -> float | None:
    """An approximate position, for ordering only."""
    if _is_infinite(node):
        return float("-inf") if isinstance(node, Apply) and node.op == "neg" else float("inf")
    if symbols(node):
        return None
    try:
        return float(ball(node, {}, 64))
    except (Undefined, LimitError, ValueError, TypeError, OverflowError):
        return None


def _merged(found: list[Piece]) -> list[Piece] | None:
    """The pieces in order, touching and overlapping ones joined, where their ends are numbers; None for a reversed one.

    Ends that are too close to tell apart are left as they are: joining them would be a guess.
    """
    placed = [(_number(piece.low), _number(piece.high), piece) for piece in found]
    if any(low is None or high is None for low, high, _ in placed):
        return found
    if any((low or 0) > (high or 0) for low, high, _ in placed):
        return None
    placed.sort(key=lambda one: (one[0], one[1]))
    joined: list[tuple[float, Piece]] = []
    for low, high, piece in placed:
        if low is None or high is None:
            continue
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


def same_region(left: list[Piece], right: list[Piece], same: SameValue) -> Outcome:
    """Whether two lists of pieces are the same set; ends are compared as values, open and closed ones differ."""
    if len(left) != len(right):
        return decided(same=False, rule="interval")

    def parts(one: Piece, other: Piece) -> Outcome:
        if (one.low_closed, one.high_closed) != (other.low_closed, other.high_closed):
            return decided(same=False, rule="interval")
        return every((same(one.low, other.low), same(one.high, other.high)), "interval")

    return every((parts(one, other) for one, other in zip(left, right, strict=True)), "interval")


def _equal_ends(left: Node, right: Node) -> bool:
    try:
        one, other = rational(left), rational(right)
    except LimitError:
        return False
    return one is not None and one == other


EMPTY_WORDS = frozenset(
    {"no solution", "no solutions", "none", "no real solution", "no real solutions", "empty set", "无解"}
)
REAL_WORDS = frozenset({"all real numbers", "all reals", "all real number", "real numbers", "any real number"})
