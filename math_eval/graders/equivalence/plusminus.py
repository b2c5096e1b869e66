"""± and ∓ spelled out as a list of two values, all signs chosen together; a number times a matrix multiplied out."""

from __future__ import annotations

from itertools import product

from latex2sympy.nodes import Apply, Bracket, Listing, Matrix, Node, Quantity, Relation

MAX_SIGNS = 6


def expanded(node: Node) -> Node:
    """± as the list of its two values, inside a list too."""
    if isinstance(node, Listing):
        items = [inner for one in node.items for inner in _spread(one)]
        return Listing(tuple(items), node.either) if len(items) != len(node.items) else node
    if isinstance(node, Bracket) and node.open == "{":
        items = [inner for one in node.items for inner in _spread(one)]
        return Bracket(node.open, node.close, tuple(items)) if len(items) != len(node.items) else node
    found = _spread(node)
    return Listing(tuple(found), either=isinstance(node, Relation)) if len(found) > 1 else node


def independent(node: Node) -> Node:
    """A point whose coordinates have signs of their own, (±3, ±2), as the list of all its points."""
    if not isinstance(node, Bracket) or node.open != "(" or sum(map(_has_plus_minus, node.items)) < 2:
        return node
    if len(node.items) > MAX_SIGNS or any(map(_has_minus_plus, node.items)):
        return node
    choices = product(*([_chosen(one, 1), _chosen(one, -1)] if _has_plus_minus(one) else [one] for one in node.items))
    return Listing(tuple(Bracket("(", ")", items) for items in choices))


def _has_minus_plus(node: Node) -> bool:
    return isinstance(node, Apply) and (node.op == "mp" or any(map(_has_minus_plus, node.args)))


def _spread(node: Node) -> list[Node]:
    if isinstance(node, Relation) and node.ops in {("=",), ("!=",), ("equiv",)} and _has_plus_minus(node.items[1]):
        return [Relation(node.ops, (node.items[0], one)) for one in _spread(node.items[1])]
    if isinstance(node, Quantity) and _has_plus_minus(node.value):
        return [Quantity(one, node.unit) for one in _spread(node.value)]
    if isinstance(node, Bracket) and any(map(_has_plus_minus, node.items)):
        signs = (1, -1)
        return [Bracket(node.open, node.close, tuple(_chosen(one, sign) for one in node.items)) for sign in signs]
    if isinstance(node, Apply) and _has_plus_minus(node):
        return [_chosen(node, sign) for sign in (1, -1)]
    return [node]


def _has_plus_minus(node: Node) -> bool:
    return isinstance(node, Apply) and (node.op in {"pm", "mp"} or any(_has_plus_minus(one) for one in node.args))


def _chosen(node: Node, sign: int) -> Node:
    if not isinstance(node, Apply):
        return node
    args = tuple(_chosen(one, sign) for one in node.args)
    if node.op not in {"pm", "mp"}:
        return Apply(node.op, args)
    plus = (sign > 0) == (node.op == "pm")
    last = args[-1] if plus else Apply("neg", (args[-1],))
    return last if len(args) == 1 else Apply("add", (args[0], last))


def scaled(node: Node) -> Node:
    """A matrix with a factor before it as the matrix of products; every other node as it is."""
    if not isinstance(node, Apply) or node.op not in {"mul", "neg"} or not isinstance(node.args[-1], Matrix):
        return node
    *factors, last = node.args
    if not isinstance(last, Matrix) or last.kind != "matrix" or any(isinstance(one, Matrix) for one in factors):
        return node
    wrapped = (
        tuple(Apply("neg", (cell,)) if node.op == "neg" else Apply("mul", (*factors, cell)) for cell in row)
        for row in last.rows
    )
    return Matrix(tuple(wrapped))
