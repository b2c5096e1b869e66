"""Single values: exact rationals first, then balls; decimals, percentages and units under the policy."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import acb

from latex2sympy import LimitError
from latex2sympy.ball import Undefined, ball
from latex2sympy.budget import spend
from latex2sympy.exact import rational
from latex2sympy.measures import measure
from latex2sympy.nodes import Apply, Binder, Constant, Node, Number, Quantity, Symbol, children, contains, size, symbols
from latex2sympy.powers import prime_powers
from latex2sympy.units import LETTER_UNITS
from math_eval.graders.equivalence.match import Match, decided, undecided
from math_eval.graders.equivalence.points import evaluation_points, far_points, points_around
from math_eval.graders.equivalence.policy import Policy

BITS = 256
MORE_BITS = (1024, 4096)
MIN_POINTS = 3
STEP, _WALKS = 8, 3
"""Units of one comparison of short values, and of the rules that look at each node of two trees."""
_POINTS = 40
"""Units of a comparison of functions before any point is evaluated."""
_ACCURACY = 150
_DOUBLE_FIGURES = 15
"""Digits of a number that was printed from double precision in full."""
_DOUBLE_STEPS = Fraction(4, 2**53)


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value apart from its percent sign and its unit."""

    node: Node
    percent: bool = False
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Decimal:
    """A number written with decimals: half a unit of its last place, and its significant digits."""

    value: Fraction
    half: Fraction
    figures: int


def scalar(node: Node) -> Scalar:
    """A node taken apart into value, percent and unit."""
    unit = ""
    sign = False
    while isinstance(node, Quantity) or (isinstance(node, Apply) and node.op == "neg"):
        if isinstance(node, Quantity):
            unit = node.unit
            node = node.value
        else:
            sign = not sign
            node = node.args[0]
    node = _one_degree(node)
    percent = unit == "%"
    if isinstance(node, Apply) and node.op in {"percent", "degree"}:
        percent = percent or node.op == "percent"
        unit = unit if node.op == "percent" else (unit or "degree")
        node = node.args[0]
    return Scalar(Apply("neg", (node,)) if sign else node, percent, "" if unit == "%" else unit)


def _one_degree(node: Node) -> Node:
    """180° - 35° as (180 - 35)°."""
    if not isinstance(node, Apply) or node.op != "add":
        return node
    parts = [_stripped(one) for one in node.args]
    whole = [one for one in parts if one is not None]
    return Apply("degree", (Apply("add", tuple(whole)),)) if len(whole) == len(parts) else node


def _stripped(node: Node) -> Node | None:
    if isinstance(node, Apply) and node.op == "neg":
        inner = _stripped(node.args[0])
        return None if inner is None else Apply("neg", (inner,))
    return node.args[0] if isinstance(node, Apply) and node.op == "degree" else None


def decimal(node: Node) -> Decimal | None:
    """The decimal that a node was written as ("0.33", "-2.50", "3.54 × 10^{-7}"), None for anything else."""
    match node:
        case Apply("neg", (inner,)):
            found = decimal(inner)
            return None if found is None else Decimal(-found.value, found.half, found.figures)
        case Number() if node.places is not None:
            return Decimal(node.value, Fraction(1, 2 * 10**node.places), node.figures)
        case Apply("mul", (Number(places=int()) as head, Apply("pow", (Number(value=base), exponent)))) if base == 10:
            power = rational(exponent)
            if power is None or power.denominator != 1 or abs(power) > 400:
                return None
            return _moved(decimal(head), Fraction(10) ** int(power))
        case Apply("div", (Number(places=int()) as head, Number(value=scale, places=None))) if scale == 100:
            return _moved(decimal(head), 1 / scale)  # a percentage
    return None


def _moved(found: Decimal | None, scale: Fraction) -> Decimal | None:
    return found and Decimal(found.value * scale, found.half * scale, found.figures)


def printed(number: Decimal) -> Fraction:
    """How far from the value meant a number is that a program printed in full: a few steps of double precision."""
    if not _DOUBLE_FIGURES <= number.figures <= _DOUBLE_FIGURES + 2:
        return Fraction(0)
    return abs(number.value) * _DOUBLE_STEPS + (number.half if number.figures == _DOUBLE_FIGURES else 0)


def approximates(rounded: Scalar, exact: Scalar) -> bool:
    """Whether a number written in decimals is what a value is rounded to, or cut off at: what ≈ promises."""
    share = rounded.percent and not exact.percent
    node = Apply("div", (rounded.node, Number(Fraction(100)))) if share else rounded.node
    found = decimal(node)
    if found is None and (whole := rational(node)) is not None and whole.denominator == 1:
        found = Decimal(whole, Fraction(1, 2), 1)
    if found is None:
        return False
    beyond = found.value + (found.half if found.value > 0 else -found.half)
    outcomes = [_near(exact.node, center, found.half) for center in (found.value, beyond)]
    return any(outcome is not None and outcome.correct for outcome in outcomes)


def same_scalar(answer: Scalar, gold: Scalar, policy: Policy) -> Match:
    """Whether two values are the same, their percent signs and units included."""
    if answer.unit != gold.unit:
        if answer.unit and gold.unit:
            pair = _in_one_unit(answer, gold)
            return same_value(*pair, policy) if pair else decided(same=False, rule="unit")
        bare = gold if answer.unit else answer
        if (lettered := _with_letter(bare)) is not None:
            outcome = same_scalar(answer if answer.unit else lettered, lettered if answer.unit else gold, policy)
            if outcome.correct:
                return outcome
        if policy.units == "required" and gold.unit:
            return decided(same=False, rule="unit")
        turned = _in_radians(answer, gold) if "degree" in {answer.unit, gold.unit} else None
        if turned is not None and (outcome := same_value(turned[0], turned[1], policy)).correct:
            return outcome
    if answer.percent == gold.percent:
        return same_value(answer.node, gold.node, policy)
    hundredth = Apply("div", ((answer if answer.percent else gold).node, Number(Fraction(100))))
    left, right = (hundredth, gold.node) if answer.percent else (answer.node, hundredth)
    outcome = same_value(left, right, policy)
    if outcome.correct or policy.percent == "exact":
        return outcome
    return same_value(answer.node, gold.node, policy)


def _in_one_unit(answer: Scalar, gold: Scalar) -> tuple[Node, Node] | None:
    """Both values in base units, where their units measure the same."""
    if {answer.unit, gold.unit} == {"degree", "rad"}:
        turned = [Apply("degree", (one.node,)) if one.unit == "degree" else one.node for one in (answer, gold)]
        return turned[0], turned[1]
    given, wanted = measure(answer.unit), measure(gold.unit)
    if given is None or wanted is None or given[1] != wanted[1]:
        return None
    factor = given[0] / wanted[0]
    return (answer.node if factor == 1 else Apply("mul", (answer.node, Number(factor)))), gold.node


def _with_letter(side: Scalar) -> Scalar | None:
    """5 m without a unit as a value in metres, against a side that has a unit."""
    match side.node:
        case Apply(op="mul", args=(Number() as value, Symbol(name=letter))) if (
            letter in LETTER_UNITS or letter == "Omega"
        ):
            return Scalar(value, side.percent, "ohm" if letter == "Omega" else letter.lower())
    return None


def _in_radians(answer: Scalar, gold: Scalar) -> tuple[Node, Node] | None:
    """Both sides in radians where one is in degrees and the other speaks of π."""
    bare = gold if answer.unit else answer
    if bare.unit or not contains(bare.node, Constant):
        return None
    turned = [Apply("degree", (one.node,)) if one.unit == "degree" else one.node for one in (answer, gold)]
    return turned[0], turned[1]


def same_value(answer: Node, gold: Node, policy: Policy) -> Match:
    """Whether two nodes have the same value, as numbers or as functions of their variables."""
    if answer == gold:
        return decided(same=True, rule="same")
    try:
        left, right = rational(answer), rational(gold)
    except LimitError as error:
        return _limited(answer, gold, error)
    if left is not None and right is not None:
        return decided(same=_same_rational(left, right, answer, gold, policy), rule="exact")
    names = symbols(answer) | symbols(gold)
    if not names and (outcome := _rounded(answer, gold, policy)):
        return outcome
    return _same_function(answer, gold, sorted(names))


def charge(answer: Node, gold: Node) -> None:
    """Counts the rules that look at each node of both trees. BudgetError."""
    spend(STEP + _WALKS * (size(answer) + size(gold)))


def _limited(answer: Node, gold: Node, error: LimitError) -> Match:
    """Numbers too large to compute exactly: balls, or those of their logarithms, may still tell them apart."""
    if symbols(answer) | symbols(gold):
        return undecided(f"limit:{error.limit}")
    powers = prime_powers(answer), prime_powers(gold)
    if powers[0] is not None and powers[1] is not None:
        return decided(same=powers[0] == powers[1], rule="powers")
    for left, right in ((answer, gold), (_logarithm(answer), _logarithm(gold))):
        try:
            if not ball(left, {}, BITS).overlaps(ball(right, {}, BITS)):
                return decided(same=False, rule="ball")
        except (LimitError, Undefined):
            continue
    return undecided(f"limit:{error.limit}")


def _logarithm(node: Node) -> Node:
    """The logarithm of a number's absolute value, found without the number where it is a product or a power."""
    match node:
        case Apply(op="neg", args=(inner,)):
            return _logarithm(inner)
        case Apply(op="mul", args=factors):
            return Apply("add", tuple(map(_logarithm, factors)))
        case Apply(op="div", args=(top, bottom)):
            return Apply("add", (_logarithm(top), Apply("neg", (_logarithm(bottom),))))
        case Apply(op="pow", args=(base, exponent)):
            return Apply("mul", (exponent, _logarithm(base)))
    return Apply("ln", (Apply("abs", (node,)),))


def _same_rational(left: Fraction, right: Fraction, answer: Node, gold: Node, policy: Policy) -> bool:
    if left == right:
        return True
    if policy.tolerance and abs(left - right) <= _share(policy) * max(abs(left), abs(right)):
        return True
    if policy.decimals == "exact":
        return False
    given, wanted = decimal(answer), decimal(gold)
    if given and wanted and min(given.figures, wanted.figures) >= _DOUBLE_FIGURES:
        return abs(left - right) <= 4 * max(given.half, wanted.half)  # both printed from binary floating point
    if any(one and abs(left - right) <= printed(one) for one in (given, wanted)):
        return True
    if given and given.figures >= policy.answer_figures and right.denominator != 1 and abs(left - right) <= given.half:
        return wanted is None or wanted.half <= given.half
    if wanted and wanted.figures >= policy.gold_figures and abs(left - right) <= wanted.half:
        return given is None or given.half <= wanted.half
    return False


def _rounded(answer: Node, gold: Node, policy: Policy) -> Match | None:
    """A decimal against an irrational number."""
    if policy.tolerance and _tolerated(answer, gold, policy):
        return decided(same=True, rule="tolerance")
    if policy.decimals == "exact":
        return None
    given, wanted = decimal(answer), decimal(gold)
    if given and given.figures >= policy.answer_figures:
        return _near(gold, given.value, max(given.half, printed(given)))
    if wanted and wanted.figures >= policy.gold_figures:
        return _near(answer, wanted.value, max(wanted.half, printed(wanted)))
    return None


def _share(policy: Policy) -> Fraction:
    """The relative error that is accepted, as it is written: 0.1 is a tenth."""
    return Fraction(str(policy.tolerance))


def _tolerated(answer: Node, gold: Node, policy: Policy) -> bool:
    """Whether two constants differ by no more than the tolerance, relative to the larger one."""
    try:
        left, right = (ball(side, {}, BITS, complex_values=True) for side in (answer, gold))
        share = ball(Number(_share(policy)), {}, BITS)
    except (Undefined, LimitError):
        return False
    distance = abs(left - right)
    return bool(distance <= share * abs(left) or distance <= share * abs(right))


def _near(node: Node, center: Fraction, half: Fraction) -> Match | None:
    try:
        value = ball(node, {}, BITS)
        distance = abs(value - ball(Number(center), {}, BITS))
        limit = ball(Number(half), {}, BITS)
    except (Undefined, LimitError):
        return None
    if distance <= limit:
        return decided(same=True, rule="rounded")
    return decided(same=False, rule="rounded") if distance > limit else None


def _same_function(answer: Node, gold: Node, names: list[str]) -> Match:
    spend(_POINTS)
    charge(answer, gold)
    complex_values = _has_i(gold) or (not names and _has_i(answer))
    if any(one.kind in {"int", "lim"} for one in (*_binders(answer), *_binders(gold))):
        return undecided("needs_cas")
    reals, wholes = evaluation_points(names)
    if names and (places := corners(answer) | corners(gold)):
        reals = [*reals, *points_around(names, places), *far_points(tuple(names))]
    agreed, limit = 0, ""
    for points in (reals, wholes):
        for point in points:
            try:
                verdict = _at(answer, gold, point, complex_values=complex_values)
            except Undefined:
                continue
            except LimitError as error:
                limit = error.limit
                continue
            if verdict is False:
                return decided(same=False, rule="ball")
            if verdict and not agreed and _confirmed(answer, gold, point, complex_values=complex_values) is False:
                return decided(same=False, rule="ball")
            agreed += bool(verdict)
        if agreed >= (MIN_POINTS if names else 1):
            return decided(same=True, rule="ball")
    return undecided(f"limit:{limit}" if limit else "needs_cas")


_CORNERED = frozenset({"abs", "norm", "floor", "ceil", "min", "max", "mod", "sgn", "sqrt", "root", "log", "ln"})
_MAX_CORNERS = 12
_FARTHEST = 10**12


def corners(node: Node) -> frozenset[Fraction]:
    """The constants of a tree that has functions with corners or borders, where sides may differ beyond them."""
    return frozenset(sorted(_constants(node))[:_MAX_CORNERS]) if _has_corner(node) else frozenset()


def _has_corner(node: Node) -> bool:
    return (isinstance(node, Apply) and node.op in _CORNERED) or any(map(_has_corner, children(node)))


def _constants(node: Node) -> set[Fraction]:
    own: set[Fraction] = set()
    if isinstance(node, Number | Apply):
        try:
            value = rational(node)
        except LimitError:
            value = None
        if value is not None and abs(value) < _FARTHEST:
            own.add(value)
    return own.union(*map(_constants, children(node)))


def _confirmed(answer: Node, gold: Node, point: dict[str, Fraction], *, complex_values: bool) -> bool | None:
    """A second look where both sides agree to many bits: exactly where that is possible, else with more bits."""
    try:
        left, right = rational(answer, point), rational(gold, point)
        if left is not None and right is not None:
            return left == right
        one, other = (ball(side, point, MORE_BITS[-1], complex_values=complex_values) for side in (answer, gold))
    except (Undefined, LimitError):
        return None
    return bool(_complex(one).overlaps(_complex(other)) if complex_values else one.overlaps(other))


def _has_i(node: Node) -> bool:
    if isinstance(node, Constant):
        return node.name == "i"
    return isinstance(node, Apply) and any(_has_i(one) for one in node.args)


def _binders(node: Node) -> list[Binder]:
    own = [node] if isinstance(node, Binder) else []
    return own + [found for child in children(node) for found in _binders(child)]


def _at(answer: Node, gold: Node, point: dict[str, Fraction], *, complex_values: bool) -> bool | None:
    """False: certainly different here. True: the same to many bits. None: too blurred to say."""
    for bits in (BITS, *MORE_BITS):
        left = ball(answer, point, bits, complex_values=complex_values)
        right = ball(gold, point, bits, complex_values=complex_values)
        if complex_values:
            left, right = _complex(left), _complex(right)
        if not left.overlaps(right):
            return False
        if _sharp(left) and _sharp(right):
            return True
    return None


def _complex(value: Any) -> Any:
    return acb(value)


def _sharp(value: Any) -> bool:
    return bool(value.rel_accuracy_bits() >= _ACCURACY or value.abs_upper() < 2.0**-_ACCURACY)
