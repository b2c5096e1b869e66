"""Families of values: 2kπ with k ∈ ℤ, n ≡ 3 (mod 4), the multiples of 3, the list 1, 3, 5, … ."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from latex2sympy import LimitError
from latex2sympy.ball import Undefined, ball
from latex2sympy.exact import rational
from latex2sympy.nodes import (
    Apply,
    Bracket,
    Constant,
    Dots,
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
from math_eval.graders.equivalence.match import Match, decided
from math_eval.graders.equivalence.policy import DEFAULT
from math_eval.graders.equivalence.sequences import endless, endless_powers
from math_eval.graders.equivalence.trees import renamed
from math_eval.graders.equivalence.values import BITS, same_value

_PARAMETER = Symbol("parameter")
_LETTERS = frozenset("knmlj")
_MAX_OFFSETS = 60
_MAX_VALUES = 24
_APART = 1e-6
_ONE, _ZERO = Number(Fraction(1)), Number(Fraction(0))
_STARTS: dict[str, Fraction | None] = {
    "Z": None,
    **dict.fromkeys(("Z^+", "Z_+", "Z_>0", "Z^>0", "N^+", "N_+", "N^*", "Z_\\ge1", "Z_>=1"), Fraction(1)),
    **dict.fromkeys(("Z_\\ge0", "Z_\\geq0", "Z_\\geqslant0", "Z_>=0", "Z^\\ge0", "Z^\\geq0", "N_0"), Fraction(0)),
}


@dataclass(frozen=True, slots=True)
class Family:
    """Trees in the parameter, which runs over all whole numbers, or from a start upwards. label: x of "x = …"."""

    values: tuple[Node, ...]
    start: Fraction | None
    label: str = ""


@dataclass(frozen=True, slots=True)
class _Progression:
    first: Node
    step: Node


def may_be_family(node: Node) -> bool:
    """Whether a node could declare a family: the cheap look before `family`."""
    match node:
        case NumberSet() | SetBuilder() | Relation(ops=("in",) | ("equiv",)):
            return True
        case Listing(items=items) | Bracket(items=items):
            return any(
                isinstance(one, Dots | NumberSet) or (isinstance(one, Relation) and one.ops != ("<",)) for one in items
            )
        case Relation(ops=("=",), items=(Symbol(), value)):
            return isinstance(value, Apply) and value.op == "add" and len(symbols(value)) == 1
    return False


def same_family(answer: Node, gold: Node) -> Match | None:
    """Whether both are the same family; None where one is none, or what they hold cannot be told."""
    left, right = family(answer), family(gold)
    if left is None and right is None:
        left, right = _trigonometric(answer), _trigonometric(gold)
    elif left is None:
        left = _undeclared(answer)
    elif right is None:
        right = _undeclared(gold)
    if left is None or right is None:
        return None
    if left.label and right.label and left.label != right.label:
        return None
    if left.start is not None and right.start is not None:
        left, right = _from_zero(left), _from_zero(right)
    if (left.start is None) != (right.start is None):
        return None
    one, other = _progressions(left), _progressions(right)
    if one is not None and other is not None:
        same = _same_starts(one, other) if left.start is not None else _same_lattice(one, other)
        return None if same is None else decided(same=same, rule="family")
    return decided(same=True, rule="family") if _same_items(left.values, right.values) else None


def family(node: Node) -> Family | None:
    """The family that a node declares, None for anything else."""
    match node:
        case NumberSet(name=name) if name in _STARTS:
            return Family((_PARAMETER,), _STARTS[name])
        case SetBuilder(element=element, condition=condition):
            parts = condition.items if isinstance(condition, Listing) else (condition,)
            return _declared((element, *parts))
        case Relation(ops=("in",), items=(Symbol(name=label), NumberSet() as numbers)):
            found = family(numbers)
            return None if found is None else Family(found.values, found.start, label)
        case Relation(ops=("in",), items=(Symbol(name=label), (SetBuilder() | Bracket()) as inside)):
            found = family(inside)
            return None if found is None else Family(found.values, found.start, label)
        case Relation(ops=("equiv",)) | Listing(items=(Relation(ops=("equiv",)), *_)):
            return _congruence(node)
        case Listing(items=items) | Bracket(open="{", items=items):
            return _declared(items) or _endless(items)
    return None


def _endless(items: Sequence[Node]) -> Family | None:
    found = endless(items)
    if found is None and (powers := endless_powers(items)) is not None:
        power = Apply("pow", (Number(powers[1]), _PARAMETER))
        return Family((Apply("mul", (Number(powers[0]), power)),), Fraction(0))
    if found is None or found[1] < 0:
        return None
    return Family((Apply("add", (Number(found[0]), Apply("mul", (Number(found[1]), _PARAMETER)))),), Fraction(0))


def _declared(items: Sequence[Node]) -> Family | None:
    """X = a + kd, k ∈ ℤ: values with a declaration of the letter they hold."""
    name, start, bounded = "", None, False
    values: list[Node] = []
    for one in items:
        match one:
            case Relation(ops=("in",), items=(Symbol(name=letter), NumberSet(name=numbers))) if numbers in _STARTS:
                if name and name != letter:
                    return None
                start = start if bounded else _STARTS[numbers]
                name = letter
            case Relation(ops=((">=" | ">") as op,), items=(Symbol(name=letter), bound)) if letter == name or not name:
                low = rational(bound)
                if low is None or low.denominator != 1:
                    return None
                name, start, bounded = letter, low + (op == ">"), True
            case _:
                values.append(one)
    if not name:
        return None
    labels, plain = _unlabelled(values[: _MAX_VALUES + 1] or [Symbol(name)])
    if (
        len(plain) > _MAX_VALUES
        or len(labels) > 1
        or any(symbols(one) - {name} for one in plain)
        or not any(map(symbols, plain))
    ):
        return None
    if any(isinstance(one, Relation | Listing | Bracket | NumberSet) for one in plain):
        return None
    label = next(iter(labels), "")
    trees = tuple(renamed(one, {name: _PARAMETER}) for one in plain)
    return Family(trees, start, "" if label == name else label)


def _unlabelled(values: Sequence[Node]) -> tuple[set[str], list[Node]]:
    labels: set[str] = set()
    plain: list[Node] = []
    for one in values:
        match one:
            case Relation(ops=("=",), items=(Symbol(name=label), value)):
                labels.add(label)
                plain.append(value)
            case _:
                plain.append(one)
    return labels, plain


def _undeclared(node: Node) -> Family | None:
    """X = 4k + 3 without a word on k, against a family that is declared."""
    items = node.items if isinstance(node, Listing) else (node,)
    labels, plain = _unlabelled(items)
    names = frozenset[str]().union(*map(symbols, plain))
    if len(names) != 1 or len(labels) > 1 or names <= labels or not names <= _LETTERS:
        return None
    return _declared((*items, Relation(("in",), (Symbol(next(iter(names))), NumberSet("Z")))))


def _trigonometric(node: Node) -> Family | None:
    """X = π/2 + kπ where neither side declares k."""
    return _undeclared(node) if contains(node, Constant) or _has_degree(node) else None


def same_undeclared(answer: Node, gold: Node) -> Match | None:
    """Whether both are one family of angles, though neither declares its letter; None where that does not show."""
    if not (symbols(answer) <= _LETTERS and symbols(gold) <= _LETTERS):
        return None
    outcome = same_family(answer, gold)
    return outcome if outcome is not None and outcome.correct else None


def _has_degree(node: Node) -> bool:
    if isinstance(node, Relation | Listing):
        return any(map(_has_degree, node.items))
    return isinstance(node, Apply) and (node.op == "degree" or any(map(_has_degree, node.args)))


def _congruence(node: Node) -> Family | None:
    """X ≡ a (mod m), also of several a, or with a factor before the x."""
    items = node.items if isinstance(node, Listing) else (node,)
    unknown: Node | None = None
    rests: list[Node] = []
    modulus: Node | None = None
    for one in items:
        value = one
        if isinstance(one, Relation):
            if one.ops != ("equiv",) or (unknown is not None and one.items[0] != unknown):
                return None
            unknown, value = one.items
        if isinstance(value, Apply) and value.op == "pmod":
            value, found = value.args
            if modulus is not None and modulus != found:
                return None
            modulus = found
        rests.append(value)
    whole = rational(modulus) if modulus is not None else None
    if len(rests) > _MAX_VALUES or unknown is None or whole is None or whole.denominator != 1 or not 1 < whole < 10**6:
        return None
    return _solved(unknown, rests, int(whole))


def _solved(unknown: Node, rests: Sequence[Node], modulus: int) -> Family | None:
    names = sorted(symbols(unknown))
    if len(names) != 1:
        return None
    ends = [rational(unknown, {names[0]: Fraction(at)}) for at in range(3)]
    if any(one is None or one.denominator != 1 for one in ends) or ends[2] - ends[1] != ends[1] - ends[0]:  # type: ignore[operator]
        return None
    factor = int(ends[1] - ends[0])  # type: ignore[operator]
    shared = math.gcd(factor, modulus)
    values: list[Node] = []
    for one in rests:
        rest = rational(one)
        if rest is None or rest.denominator != 1 or not factor:
            return None
        distance = int(rest - ends[0])  # type: ignore[operator]
        if distance % shared:
            continue
        step = modulus // shared
        first = distance // shared * pow(factor // shared, -1, step) % step if step > 1 else 0
        values.append(Apply("add", (Number(Fraction(first)), Apply("mul", (Number(Fraction(step)), _PARAMETER)))))
    return Family(tuple(values), None, names[0]) if values else None


def _from_zero(one: Family) -> Family:
    """The family with its parameter starting at 0."""
    if one.start is None or one.start == 0:
        return one
    moved = {_PARAMETER.name: Apply("add", (_PARAMETER, Number(one.start)))}
    return Family(tuple(renamed(value, moved) for value in one.values), Fraction(0), one.label)


def _progressions(one: Family) -> list[_Progression] | None:
    """The first members and steps of a family whose values are linear in the parameter."""
    found: list[_Progression] = []
    for value in one.values:
        first, second = (renamed(value, {_PARAMETER.name: end}) for end in (_ZERO, _ONE))
        step = _minus(second, first)
        line = Apply("add", (first, Apply("mul", (step, _PARAMETER))))
        if not same_value(value, line, DEFAULT).correct or same_value(step, _ZERO, DEFAULT).status != "wrong":
            return None
        found.append(_Progression(first, step))
    return found


def _minus(left: Node, right: Node) -> Node:
    return Apply("add", (left, Apply("neg", (right,))))


def _same_items(left: Sequence[Node], right: Sequence[Node]) -> bool:
    """Whether each value of the one is one of the other."""
    rest = list(right)
    for one in left:
        at = next((at for at, other in enumerate(rest) if same_value(one, other, DEFAULT).correct), None)
        if at is None:
            return False
        del rest[at]
    return not rest


def _same_starts(left: list[_Progression], right: list[_Progression]) -> bool:
    return _same_items([one.first for one in left], [one.first for one in right]) and _same_items(
        [one.step for one in left], [one.step for one in right]
    )


def _same_lattice(left: list[_Progression], right: list[_Progression]) -> bool | None:
    """Whether both unions of two-sided progressions hold the same numbers; None where their steps do not compare."""
    unit = right[0].step
    ratios = [[_ratio(one.step, unit) for one in side] for side in (left, right)]
    if any(one is None for side in ratios for one in side):
        return None
    period = Fraction(1)
    for size in (abs(ratio) for side in ratios for ratio in side if ratio is not None):
        period = Fraction(math.lcm(period.numerator, size.numerator), math.gcd(period.denominator, size.denominator))
    offsets: list[list[Node]] = []
    for side, steps in zip((left, right), ratios, strict=True):
        places: list[Node] = []
        for one, ratio in zip(side, steps, strict=True):
            count = int(period / abs(ratio)) if ratio else _MAX_OFFSETS
            places += [Apply("add", (one.first, Apply("mul", (Number(Fraction(at)), one.step)))) for at in range(count)]
            if len(places) > _MAX_OFFSETS:
                return None
        offsets.append(places)
    whole = Apply("mul", (Number(period), unit))
    turns = [[(one, _float(Apply("div", (one, whole)))) for one in side] for side in offsets]
    return all(
        any(_is_near(turn, to) and _is_whole(Apply("div", (_minus(one, other), whole))) for other, to in others)
        for side, others in (turns, turns[::-1])
        for one, turn in side
    )


def _is_near(one: float | None, other: float | None) -> bool:
    """Whether two places may differ by a whole number: the cheap look before the exact one."""
    return one is None or other is None or abs(one - other - round(one - other)) < _APART


def _ratio(step: Node, unit: Node) -> Fraction | None:
    """The ratio of two steps, where it is a fraction of small numbers."""
    exact = rational(Apply("div", (step, unit)))
    if exact is not None:
        return exact if max(abs(exact.numerator), exact.denominator) <= _MAX_OFFSETS else None
    value = _float(Apply("div", (step, unit)))
    if value is None or not 1 / _MAX_OFFSETS <= abs(value) <= _MAX_OFFSETS:
        return None
    guess = Fraction(value).limit_denominator(_MAX_OFFSETS)
    return guess if same_value(Apply("mul", (Number(guess), unit)), step, DEFAULT).correct else None


def _is_whole(node: Node) -> bool:
    exact = rational(node)
    if exact is not None:
        return exact.denominator == 1
    value = _float(node)
    if value is None or abs(value) > 10**6 or abs(value - round(value)) > _APART:
        return False
    return same_value(node, Number(Fraction(round(value))), DEFAULT).correct


def _float(node: Node) -> float | None:
    try:
        return float(ball(node, {}, BITS))
    except (Undefined, LimitError, ValueError, TypeError, OverflowError):
        return None
