"""Sets with names (A ∪ B, A ∩ Bᶜ) compared by their truth tables."""

from __future__ import annotations

from itertools import product

from latex2sympy.budget import spend
from latex2sympy.nodes import Apply, Node, Symbol, size

MAX_NAMES = 6
_NODES_OF_A_UNIT = 3
_OPERATIONS = frozenset({"union", "intersection", "difference"})


def is_set_formula(node: Node) -> bool:
    """Whether a node joins, cuts or completes sets that are named by letters, and nothing else."""
    return isinstance(node, Apply) and (node.op in _OPERATIONS or _complement(node) is not None) and _is_formula(node)


def same_sets(left: Node, right: Node) -> bool | None:
    """Whether both formulas hold the same elements, whatever the sets are; None for too many names."""
    names = sorted(_names(left) | _names(right))
    if len(names) > MAX_NAMES:
        return None
    spend(2 ** len(names) * (size(left) + size(right)) / _NODES_OF_A_UNIT)
    rows = (dict(zip(names, row, strict=True)) for row in product((False, True), repeat=len(names)))
    return all(_holds(left, row) == _holds(right, row) for row in rows)


def _complement(node: Node) -> Node | None:
    """The set whose complement a node is: Aᶜ, Ā."""
    match node:
        case Apply(op="pow", args=(inner, Symbol(name="c" | "C"))):
            return inner
        case Apply(op="accent", args=(Symbol(name="overline" | "bar"), inner)):
            return inner
    return None


def _is_formula(node: Node) -> bool:
    if isinstance(node, Symbol):
        return node.name[:1].isupper()
    inner = _complement(node)
    if inner is not None:
        return _is_formula(inner)
    return isinstance(node, Apply) and node.op in _OPERATIONS and all(map(_is_formula, node.args))


def _names(node: Node) -> set[str]:
    if isinstance(node, Symbol):
        return {node.name.rstrip("'")}
    inner = _complement(node)
    parts = (inner,) if inner is not None else node.args if isinstance(node, Apply) else ()
    return set().union(*map(_names, parts))


def _holds(node: Node, row: dict[str, bool]) -> bool:
    if isinstance(node, Symbol):
        name = node.name.rstrip("'")
        return row[name] ^ ((len(node.name) - len(name)) % 2 == 1)
    inner = _complement(node)
    if inner is not None:
        return not _holds(inner, row)
    if not isinstance(node, Apply):
        return False
    first, *rest = (_holds(one, row) for one in node.args)
    if node.op == "union":
        return first or any(rest)
    if node.op == "intersection":
        return first and all(rest)
    return first and not any(rest)
