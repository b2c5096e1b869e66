"""Free constants of general solutions: y = Ce^{2x} and y = Ae^{2x} are one answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import permutations

from latex2sympy.nodes import Apply, Node, Symbol, symbols
from math_eval.graders.equivalence.trees import renamed

_CONSTANT = re.compile(r"[ABCDK]|[cC]|[CcKAB]_\d")
_NUMBERED = re.compile(r"[Cc]_\d")
_LETTER = re.compile(r"[abck]")
_CURVES = frozenset("yuw")
MAX_CONSTANTS = 3


def free_constants(label: Node | None, left: Node, right: Node) -> tuple[list[str], list[str]] | None:
    """The letters of each side that stand for any number in a general solution; None where there are no such letters.

    A letter that both sides hold is given, unless it is numbered. Only what is labelled as a function or a curve, or
    ends on "+ C", is a general solution; both sides must hold a variable in common.
    """
    pattern = _CONSTANT
    match label:
        case Apply(op="call"):
            pattern = re.compile(f"{_CONSTANT.pattern}|{_LETTER.pattern}")
        case Symbol(name=name) if name in _CURVES:
            pass
        case _ if not (_ends_on_constant(left) and _ends_on_constant(right)) and not _has_numbered(left, right):
            return None
    names = symbols(left), symbols(right)
    shared = names[0] & names[1]
    given, wanted = (
        sorted(name for name in side if pattern.fullmatch(name) and (name not in shared or _NUMBERED.fullmatch(name)))
        for side in names
    )
    others = (names[0] | names[1]) - {*given, *wanted}
    if not given or len(given) != len(wanted) or len(given) > MAX_CONSTANTS or not others or others - shared:
        return None
    return given, wanted


def constants_renamed(answer: Node, given: list[str], wanted: list[str]) -> Iterator[Node]:
    """The answer with its constants named like the gold's, in every order."""
    for order in permutations(wanted):
        yield renamed(answer, {old: Symbol(new) for old, new in zip(given, order, strict=True)})


def _has_numbered(left: Node, right: Node) -> bool:
    """Whether one side holds constants C₁ and C₂, as general solutions do."""
    return any(sum(_NUMBERED.fullmatch(name) is not None for name in symbols(side)) > 1 for side in (left, right))


def _ends_on_constant(node: Node) -> bool:
    """Whether a sum holds a lone constant: "x³ + C"."""
    return (
        isinstance(node, Apply)
        and node.op == "add"
        and any(isinstance(one, Symbol) and one.name in {"C", "K", "c"} for one in node.args)
    )
