"""Which answers are the same answer: the symmetric relation by which samples vote.

Two answers are the same when their keys are equal, so the relation is symmetric and transitive by construction. A key
is a canonical form of the parsed answer: exact values, many digits of a constant, an expression at fixed points.
"""

from __future__ import annotations

import hashlib

from latex2sympy import LimitError, MathTextError, Node, parse
from latex2sympy.ball import Undefined, ball
from latex2sympy.budget import READ, budget, spend
from latex2sympy.exact import rational
from latex2sympy.nodes import (
    Apply,
    Based,
    Bracket,
    Listing,
    Matrix,
    NumberSet,
    Ratio,
    Relation,
    SetBuilder,
    Words,
    symbols,
)
from math_eval.graders.equivalence.clean import MAX_CHARS, squeezed
from math_eval.graders.equivalence.intervals import infinite_sign
from math_eval.graders.equivalence.plusminus import expanded
from math_eval.graders.equivalence.points import Point, evaluation_points, far_points
from math_eval.graders.equivalence.regions import is_region, pieces
from math_eval.graders.equivalence.unknowns import prefixed
from math_eval.graders.equivalence.values import BITS, scalar

KEY_VERSION = "5"
"""Raised whenever a key can change; keys of different versions do not vote together."""

_DIGITS = 40


def answer_key(answer: str) -> str:
    """A canonical, hashable key: equal for answers that are the same, "" for no answer."""
    text = squeezed(answer[: 2 * MAX_CHARS])
    if not text:
        return ""
    if len(answer) > MAX_CHARS:
        return "t:" + hashlib.sha256(answer.strip().encode("utf-8", "surrogatepass")).hexdigest()
    try:
        with budget():
            spend(READ * len(answer))
            return _key(parse(answer))
    except (MathTextError, Undefined, RecursionError):
        return f"t:{text.lower()}"


def same_answer(left: str, right: str) -> bool:
    """Whether two answers are the same: symmetric and transitive, unlike grading, and independent of any gold."""
    return answer_key(left) == answer_key(right)


def _key(node: Node) -> str:
    node = expanded(node)
    if (named := prefixed(node)) is not None:
        node = named[1]
    if isinstance(node, Words):
        return f"w:{node.text}"
    if is_region(node) and (found := pieces(node)) is not None:
        ends = (
            f"{'[' if one.low_closed else '('}{_key(one.low)},{_key(one.high)}{']' if one.high_closed else ')'}"
            for one in found
        )
        return "i:" + "u".join(ends)
    match node:
        case Listing(items=items):
            return "l:" + ";".join(sorted(map(_key, items)))
        case Bracket(open="{", items=items):
            return "l:" + ";".join(sorted(set(map(_key, items)))) if len(items) != 1 else _key(items[0])
        case Bracket(open=opened, close=closed, items=items):
            return f"b:{opened}{';'.join(map(_key, items))}{closed}"
        case Matrix(rows=rows):
            return "m:" + "|".join(";".join(map(_key, row)) for row in rows)
        case Relation(ops=ops, items=items):
            return "r:" + "".join(f"{_key(item)}{op}" for item, op in zip(items, (*ops, ""), strict=True))
        case Ratio(items=items, clock=clock, half=half):
            return f"c:{half}{[_key(one) for one in items]}" if clock else "q:" + _ratio(items)
        case Based(digits=digits, base=base):
            return f"n:{digits}_{base}"
        case NumberSet(name=name):
            return f"s:{name}"
        case SetBuilder(element=element, condition=condition):
            return f"s:{_key(element)}|{_key(condition)}"
    return _value(node)


def _ratio(items: tuple[Node, ...]) -> str:
    return ":".join(_value(Apply("div", (one, items[0]))) for one in items)


def _value(node: Node) -> str:
    one = scalar(node)
    mark = "%" if one.percent else ""
    try:
        exact = rational(one.node)
    except LimitError:
        exact = None
    if exact is not None:
        return f"v:{exact.numerator:x}/{exact.denominator:x}{mark}"
    if sign := infinite_sign(one.node):
        return f"v:{'-' if sign < 0 else ''}oo"
    names = sorted(symbols(one.node))
    digits: list[str] = []
    for points in evaluation_points(names):
        digits += _digits_at(one.node, points)
        if len(digits) >= 3 or (digits and not names):
            far = _digits_at(one.node, far_points(tuple(names))) if names else []
            shown = ";".join((*digits[:6], *far))
            return f"v:{hashlib.sha256(shown.encode()).hexdigest()[:24]}{','.join(names)}{mark}"
    raise Undefined("no point decides")


def _digits_at(node: Node, points: list[Point]) -> list[str]:
    """The digits of a value at each point where it has one that can be computed."""
    found: list[str] = []
    for point in points:
        try:
            found.append(ball(node, point, BITS, complex_values=not point).str(_DIGITS, radius=False))
        except (Undefined, LimitError):
            continue
    return found
