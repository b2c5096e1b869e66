"""± and ∓ spelled out: a list of two values, all signs of a text chosen together."""

from __future__ import annotations

from latex2sympy.nodes import Apply, Listing, Node, Quantity, Relation


def expanded(node: Node) -> Node:
    """± as the list of its two values, inside a list too."""
    if isinstance(node, Listing):
        items = [inner for one in node.items for inner in _spread(one)]
        return Listing(tuple(items)) if len(items) != len(node.items) else node
    found = _spread(node)
    return Listing(tuple(found)) if len(found) > 1 else node


def _spread(node: Node) -> list[Node]:
    if isinstance(node, Relation) and node.ops == ("=",) and _has_plus_minus(node.items[1]):
        return [Relation(("=",), (node.items[0], one)) for one in _spread(node.items[1])]
    if isinstance(node, Quantity) and _has_plus_minus(node.value):
        return [Quantity(one, node.unit) for one in _spread(node.value)]
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
