"""Trees rewritten: every node by a rule, symbols by others, bound variables under one name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from latex2sympy.nodes import (
    Apply,
    Binder,
    Bracket,
    Constant,
    Listing,
    Matrix,
    Node,
    Number,
    Quantity,
    Ratio,
    Relation,
    SetBuilder,
    Symbol,
)

_SPECIAL = frozenset(
    "pm mp call accent compose union intersection difference det norm abs transpose dot cross pmod mixed".split()
)


def is_plain(node: Node) -> bool:
    """Whether a node is a value that only arithmetic and known functions make: no rule but that for values applies."""
    if isinstance(node, Number | Symbol | Constant):
        return True
    if isinstance(node, Apply):
        return node.op not in _SPECIAL and all(map(is_plain, node.args))
    return isinstance(node, Quantity) and is_plain(node.value)


def mapped(node: Node, rule: Callable[[Node], Node | None]) -> Node:
    """The tree with each node replaced by what the rule gives for it, from the top; None leaves a node to its parts."""
    found = rule(node)
    if found is not None:
        return found
    match node:
        case Apply(op=op, args=args):
            return Apply(op, tuple(mapped(one, rule) for one in args))
        case Bracket() | Listing() | Relation() | Ratio():
            return replace(node, items=tuple(mapped(one, rule) for one in node.items))
        case Binder():
            return _binder(node, node.variable, mapped(node.body, rule), lambda one: mapped(one, rule))
        case Matrix(rows=rows, kind=kind):
            return Matrix(tuple(tuple(mapped(cell, rule) for cell in row) for row in rows), kind)
        case SetBuilder(element=element, condition=condition):
            return SetBuilder(mapped(element, rule), mapped(condition, rule))
        case Quantity(value=value, unit=unit):
            return Quantity(mapped(value, rule), unit)
    return node


def _binder(node: Binder, variable: str, body: Node, rule: Callable[[Node], Node]) -> Binder:
    """The binder with another variable and body, its ends rewritten by the rule."""
    low, high = (None if end is None else rule(end) for end in (node.low, node.high))
    return Binder(node.kind, variable, low, high, body)


def renamed(node: Node, names: Mapping[str, Node]) -> Node:
    """The tree with symbols replaced, bound variables left alone."""

    def rule(one: Node) -> Node | None:
        if isinstance(one, Symbol):
            return names.get(one.name)
        if isinstance(one, Binder) and one.variable in names:
            free = {name: value for name, value in names.items() if name != one.variable}
            return _binder(one, one.variable, renamed(one.body, free), lambda end: renamed(end, names))
        return None

    return mapped(node, rule)


def bound_alike(node: Node) -> Node:
    """The tree with every bound variable named after its depth, so that ∫ f(t) dt and ∫ f(u) du are one."""

    def rule(one: Node, depth: int) -> Node | None:
        if not isinstance(one, Binder):
            return None
        name = f"bound {depth}"
        body = renamed(one.body, {one.variable: Symbol(name)})

        def deeper(inner: Node) -> Node:
            return mapped(inner, lambda part: rule(part, depth + 1))

        return _binder(one, name, deeper(body), deeper)

    return mapped(node, lambda inner: rule(inner, 0))
