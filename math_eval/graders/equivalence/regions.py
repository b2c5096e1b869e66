"""Sets of real numbers: intervals, solved inequalities, unions, R without points, as one canonical list of pieces."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from functools import reduce

from latex2sympy.nodes import (
    Apply,
    Bracket,
    Listing,
    Node,
    Number,
    NumberSet,
    Relation,
    SetBuilder,
    Symbol,
    contains,
    symbols,
)
from latex2sympy.words import ANONYMOUS
from math_eval.graders.equivalence.inequalities import solved
from math_eval.graders.equivalence.intervals import (
    INFINITY,
    MAX_PIECES,
    MINUS_INFINITY,
    WHOLE,
    Piece,
    UnplacedError,
    common,
    difference,
    infinite_sign,
    interval,
    merged,
    point,
    position,
)
from math_eval.graders.equivalence.ranges import range_of

_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_ORDER = frozenset(_FLIPPED)
_COUNTING = frozenset("ijklmn")
"""Letters that run over whole numbers where nothing is said."""
_ZERO = Number(Fraction(0))
_POSITIVE = Piece(_ZERO, INFINITY, low_closed=False, high_closed=False)
_NEGATIVE = Piece(MINUS_INFINITY, _ZERO, low_closed=False, high_closed=False)
_NUMBER_SETS = {
    "R": WHOLE,
    **dict.fromkeys(("R^+", "R_+", "R_>0"), _POSITIVE),
    **dict.fromkeys(("R^-", "R_-", "R_<0"), _NEGATIVE),
    **dict.fromkeys(("R_\\ge0", "R_\\geq0", "R_\\geqslant0", "R_>=0"), replace(_POSITIVE, low_closed=True)),
    **dict.fromkeys(("R_\\le0", "R_\\leq0", "R_\\leqslant0", "R_<=0"), replace(_NEGATIVE, high_closed=True)),
}


def is_region(node: Node) -> bool:
    """Whether a node can only be a set of real numbers: a half-open interval, an inequality, a union ..."""
    match node:
        case NumberSet(name=name):
            return name in _NUMBER_SETS
        case Bracket(open=opened, close=closed, items=(low, high)) if opened in "([]" and closed in ")][":
            return (opened, closed) in {("(", "]"), ("[", ")"), ("]", "["), ("]", "]"), ("[", "[")} or (
                infinite_sign(low) != 0 or infinite_sign(high) != 0
            )
        case Relation(ops=ops, items=items):
            if len(ops) == 1 and ops[0] == "in":
                return is_region(items[1]) or _pair(items[1])
            return all(op in _ORDER for op in ops) or ops == ("!=",)
        case SetBuilder(
            element=Relation(ops=("in",), items=(Symbol() as element, NumberSet(name="R"))), condition=inner
        ):
            return is_region(SetBuilder(element, inner))
        case SetBuilder(element=Symbol() as element, condition=condition):
            return is_region(condition) and unknown_of(condition) in {element.name, None}
        case Apply(op="union" | "difference" | "intersection", args=args):
            return any(is_region(one) for one in args) or all(_pair(one) or _finite(one) for one in args)
        case Listing(items=items):
            regions = [isinstance(one, Relation) and is_region(one) for one in items]
            return any(regions) and all(region or _solved(one) for region, one in zip(regions, items, strict=True))
    return False


def _solved(node: Node) -> Node | None:
    """The number in "x = 5"."""
    match node:
        case Relation(ops=("=",), items=(Symbol(), value)) if position(value) is not None:
            return value
    return None


def _finite(node: Node) -> bool:
    return isinstance(node, Bracket) and node.open == "{" and not any(map(symbols, node.items))


def _pair(node: Node) -> bool:
    return isinstance(node, Bracket) and node.open in "([" and len(node.items) == 2


def unknown_of(node: Node) -> str | None:
    """The one variable that an inequality is solved for."""
    names = symbols(node)
    if len(names) == 1:
        return next(iter(names))
    for part in node.items if isinstance(node, Relation | Listing) else ():
        match part:
            case Symbol(name=name) | Apply(op="abs", args=(Symbol(name=name),)):
                return name
        inner = unknown_of(part)
        if inner is not None:
            return inner
    return None


def listed(node: Node) -> Node:
    """A set of single members written with a condition: {x | x = 1 or x = 4}, [2, 5] ∩ ℤ; others as they are."""
    match node:
        case SetBuilder(element=Symbol(name=name), condition=Listing(items=items, either=True)):
            values = [value for one in items if (value := _solved(one)) is not None and unknown_of(one) == name]
            return Bracket("{", "}", tuple(values)) if len(values) == len(items) else node
        case SetBuilder(
            element=Relation(ops=("in",), items=(Symbol() as element, NumberSet(name="Z"))), condition=inner
        ):
            return _whole(pieces(inner) if is_region(inner) and unknown_of(inner) == element.name else None) or node
        case SetBuilder(element=Bracket(open="(", items=names), condition=Listing(items=items)):
            found = {one.items[0]: one.items[1] for one in items if isinstance(one, Relation) and _solved(one)}
            if set(found) != set(names) or len(items) != len(names):
                return node
            return Bracket("{", "}", (Bracket("(", ")", tuple(found[name] for name in names)),))
        case SetBuilder(element=Apply() as element, condition=condition):
            return _range(element, condition) or node
        case SetBuilder(
            element=Symbol() as name,
            condition=Listing(items=(Relation(ops=("=",), items=(label, Apply() as element)), condition)),
        ) if name == label:
            return _range(element, condition) or node
        case (
            Apply(op="intersection", args=(inner, NumberSet(name="Z")))
            | Apply(op="intersection", args=(NumberSet(name="Z"), inner))
        ):
            return _whole(pieces(inner)) or node
    return node


def _range(element: Node, condition: Node) -> Node | None:
    """The values of a formula in one variable, {x² : x ∈ ℝ}, as the set of numbers that they are."""
    name = unknown_of(condition) if is_region(condition) else None
    domain = pieces(condition) if name is not None else None
    if name is None or name in _COUNTING or domain is None or contains(condition, SetBuilder):
        return None
    try:
        found = range_of(element, name, domain)
    except UnplacedError:
        return None
    parts: list[Node] = [
        Bracket("[" if one.low_closed else "(", "]" if one.high_closed else ")", (one.low, one.high))
        for one in found or ()
    ]
    return parts[0] if len(parts) == 1 else reduce(lambda a, b: Apply("union", (a, b)), parts) if parts else None


def _whole(found: list[Piece] | None) -> Node | None:
    """The whole numbers of bounded pieces as a set."""
    values: list[Node] = []
    for one in found or ():
        low, high = position(one.low), position(one.high)
        if low is None or high is None or not -1e6 < low <= high < 1e6 or high - low > MAX_PIECES:
            return None
        for number in range(math.floor(low) - 1, math.ceil(high) + 2):
            node = Number(Fraction(number))
            if common([point(node)], [one]):
                values.append(node)
    return Bracket("{", "}", tuple(values)) if found else None


def list_against_interval(items: Node, region: Node) -> bool:
    """Whether one side lists values and the other can only be an interval; the open (2, 5) may be a point too."""
    if not isinstance(items, Listing) or is_region(items) or any(isinstance(one, Bracket) for one in items.items):
        return False
    match region:
        case Relation(ops=("in",), items=(_, inside)):
            return _pair(inside)
        case Bracket(open="(") if _same_unknown(items.items):
            return True  # x = 1, x = 2 is no point
        case Bracket(open="(", items=(low, high)) if infinite_sign(low) or infinite_sign(high):
            return True
        case Bracket(open=opened, close=closed, items=(low, high)) if (opened, closed) != ("(", ")"):
            ends = position(low), position(high)
            return opened in "([]" and ends[0] is not None and ends[1] is not None and ends[0] < ends[1]
    return False


def _same_unknown(items: tuple[Node, ...]) -> bool:
    """Whether the items are values of one unknown."""
    names = {one.items[0] if isinstance(one, Relation) and one.ops == ("=",) else None for one in items}
    return len(items) > 1 and len(names) == 1 and None not in names


def unknowns_agree(left: Node, right: Node) -> bool:
    """Whether two sets speak of the same variable, where both name one."""
    names = {None if isinstance(one, SetBuilder) else unknown_of(one) for one in (left, right)}
    return len(names - {None, ANONYMOUS.name}) < 2


def pieces(node: Node) -> list[Piece] | None:
    """The pieces of a set of real numbers in order, None where the node is no such set or not one we can compute."""
    try:
        found = _pieces(_uncalled(node))
        return None if found is None or len(found) > MAX_PIECES else merged(found)
    except UnplacedError:
        return None


def _uncalled(node: Node) -> Node:
    """An inequality on f(x) as one on a number of its own: 0 < f(x) < 1 is the interval of its values."""
    if not isinstance(node, Relation) or sum(isinstance(one, Apply) and one.op == "call" for one in node.items) != 1:
        return node
    items = (Symbol("value") if isinstance(one, Apply) and one.op == "call" else one for one in node.items)
    return replace(node, items=tuple(items))


def _pieces(node: Node) -> list[Piece] | None:
    match node:
        case NumberSet(name=name) if name in _NUMBER_SETS:
            return [_NUMBER_SETS[name]]
        case Bracket(open="{", items=items):
            return [point(one) for one in items]
        case Bracket(open=opened, close=closed, items=(low, high)):
            return [interval(low, high, low_closed=opened == "[", high_closed=closed == "]")]
        case Relation():
            return _from_relation(node)
        case SetBuilder(condition=condition):
            return _pieces(condition) if is_region(node) else None
        case Apply(op="union" | "intersection" | "difference" as op, args=(left, right)):
            first, second = _operand(left), _operand(right)
            if first is None or second is None:
                return None
            if op == "union":
                return first + second
            return common(merged(first), merged(second)) if op == "intersection" else difference(first, second)
        case Listing(items=items, either=either):
            return _from_list(items, either=either)
    return None


def _operand(node: Node) -> list[Piece] | None:
    """The pieces of one side of a union; a number is a set whose braces LaTeX took for a group."""
    return _pieces(node) if position(node) is None else [point(node)]


def _from_relation(node: Relation) -> list[Piece] | None:
    ops, items = node.ops, node.items
    if ops == ("in",):
        return _pieces(items[1])
    if ops == ("!=",):
        return difference([WHOLE], [point(items[1])]) if isinstance(items[0], Symbol) else None
    if not all(op in _ORDER for op in ops):
        return None
    if ops[0] in {">", ">="}:
        ops, items = tuple(_FLIPPED[op] for op in reversed(ops)), tuple(reversed(items))
    if any(op not in {"<", "<="} for op in ops):
        return None
    if len(items) == 3 and isinstance(items[1], Symbol):
        return [interval(items[0], items[2], low_closed=ops[0] == "<=", high_closed=ops[1] == "<=")]
    if len(items) == 3:
        both = [solved(*items[at : at + 2], closed=ops[at] == "<=") for at in range(2)]
        return None if both[0] is None or both[1] is None else common(merged(both[0]), merged(both[1]))
    if len(items) == 2:
        return _from_pair(*items, closed=ops[0] == "<=")
    return None


def _from_pair(left: Node, right: Node, *, closed: bool) -> list[Piece] | None:
    """The pieces of left < right, or of left ≤ right where they are closed."""
    match left, right:
        case Symbol(name=name), bound if name not in symbols(bound):
            return [interval(MINUS_INFINITY, bound, low_closed=False, high_closed=closed)]
        case bound, Symbol(name=name) if name not in symbols(bound):
            return [interval(bound, INFINITY, low_closed=closed, high_closed=False)]
    return solved(left, right, closed=closed)


def _from_list(items: tuple[Node, ...], *, either: bool) -> list[Piece] | None:
    """The pieces of conditions on one variable, of which either holds; of two that face each other both hold.

    What a variable is not is said of all the rest.
    """
    if len({unknown_of(one) for one in items}) != 1:
        return None
    excluded = [one.items[1] for one in items if isinstance(one, Relation) and one.ops == ("!=",)]
    values = [value for one in items if (value := _solved(one)) is not None]
    rest = [_pieces(one) for one in items if not (isinstance(one, Relation) and one.ops in {("!=",), ("=",)})]
    found: list[Piece] = []
    for one in rest:
        if one is None:
            return None
        found += one
    if len(rest) == len(found) == 2 and not either:
        low, high = sorted(found, key=lambda piece: infinite_sign(piece.high) == 0)
        if infinite_sign(low.high) and infinite_sign(high.low):  # x > 1, x < 3 speaks of both; x < 1, x > 3 of either
            start, end = position(low.low), position(high.high)
            if start is not None and end is not None and start < end:
                found = [Piece(low.low, high.high, low.low_closed, high.high_closed)]
    points = [point(value) for value in values]
    if points and (excluded or common(points, found)):
        return None  # x = 5, x > 3: one condition on the other, or either
    if not excluded:
        return points + found
    return difference(merged(found) if rest else [WHOLE], [point(one) for one in excluded])
