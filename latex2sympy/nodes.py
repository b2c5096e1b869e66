"""The tree: few kinds of node, all frozen, with no behaviour but equality and hash."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Number:
    """A written number. places: decimals after the point (None: written without one); figures: significant digits."""

    value: Fraction
    places: int | None = None
    figures: int = 0


@dataclass(frozen=True, slots=True)
class Symbol:
    """A variable with everything that belongs to its name: x, alpha, x_1, f'."""

    name: str


@dataclass(frozen=True, slots=True)
class Constant:
    """pi, e, i, or oo (infinity)."""

    name: str


@dataclass(frozen=True, slots=True)
class Apply:
    """An operation or function. Arithmetic: add, mul (any number of arguments), div, pow, neg, pm, mp."""

    op: str
    args: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Binder:
    """sum, prod, int, lim: a body over a variable from low to high (for lim: towards low)."""

    kind: str
    variable: str
    low: Node | None
    high: Node | None
    body: Node


@dataclass(frozen=True, slots=True)
class Bracket:
    """Items between brackets that mean something: a tuple, an interval, a set (open is "{")."""

    open: str
    close: str
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """Items with commas, semicolons, "and" or "or" between, and no brackets around; either: an "or" stands there."""

    items: tuple[Node, ...]
    either: bool = False


@dataclass(frozen=True, slots=True)
class Relation:
    """A chain: items with the relations between them; "=", "<", "<=", ">", ">=", "!=", "in" and a few more."""

    ops: tuple[str, ...]
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows of a matrix, vector or determinant ("det")."""

    rows: tuple[tuple[Node, ...], ...]
    kind: str = "matrix"


@dataclass(frozen=True, slots=True)
class SetBuilder:
    """{ element | condition }."""

    element: Node
    condition: Node


@dataclass(frozen=True, slots=True)
class Based:
    """Digits with a base below: 1011_2."""

    digits: str
    base: int


@dataclass(frozen=True, slots=True)
class Ratio:
    """a : b : c. Two numbers written as a clock shows them carry clock=True ("4:30"), half is "am", "pm" or ""."""

    items: tuple[Node, ...]
    clock: bool = False
    half: str = ""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A value with a unit, the unit's words lower-cased and without spaces at the ends."""

    value: Node
    unit: str


@dataclass(frozen=True, slots=True)
class Words:
    """Plain words, lower-cased, one space between."""

    text: str


@dataclass(frozen=True, slots=True)
class NumberSet:
    """R, Q, Z, N, C."""

    name: str


@dataclass(frozen=True, slots=True)
class Dots:
    """Three dots in a list."""


Node: TypeAlias = (
    "Number | Symbol | Constant | Apply | Binder | Bracket | Listing | Relation | Matrix | SetBuilder | Based | Ratio"
    " | Quantity | Words | NumberSet | Dots"
)


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below a node."""
    match node:
        case (
            Apply(args=inner) | Bracket(items=inner) | Listing(items=inner) | Relation(items=inner) | Ratio(items=inner)
        ):
            return inner
        case Binder():
            return tuple(one for one in (node.low, node.high, node.body) if one is not None)
        case Matrix():
            return tuple(cell for row in node.rows for cell in row)
        case SetBuilder():
            return (node.element, node.condition)
        case Quantity():
            return (node.value,)
    return ()


def symbols(node: Node) -> frozenset[str]:
    """The names of the free variables of a tree."""
    if isinstance(node, Symbol):
        return frozenset({node.name})
    found: frozenset[str] = frozenset()
    for child in children(node):
        found |= symbols(child)
    return found - {node.variable} if isinstance(node, Binder) else found


def size(node: Node) -> int:
    """How many nodes a tree has."""
    if isinstance(node, Number | Symbol | Constant):
        return 1
    return 1 + sum(map(size, node.args if isinstance(node, Apply) else children(node)))


def contains(node: Node, *kinds: type) -> bool:
    """Whether a node of one of the kinds stands anywhere in the tree."""
    return isinstance(node, kinds) or any(contains(child, *kinds) for child in children(node))
