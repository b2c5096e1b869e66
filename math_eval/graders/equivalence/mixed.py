"""Values in several units, 2 hours 30 minutes, in each of their units; and residues, 7 (mod 11)."""

from __future__ import annotations

from latex2sympy.exact import rational
from latex2sympy.measures import measure
from latex2sympy.nodes import Apply, Listing, Node, Number, Quantity


def readings_of(node: Node) -> list[Node]:
    """A value in several units as a value in each, the smallest first, and as the list of its parts."""
    if not isinstance(node, Apply) or node.op != "mixed":
        return [node]
    parts = [one for one in node.args if isinstance(one, Quantity)]
    sizes = [size for one in parts if (size := measure(one.unit)) is not None]
    found: list[Node] = []
    for (factor, _), part in zip(reversed(sizes), reversed(parts), strict=True):
        terms = (Apply("mul", (one.value, Number(size[0] / factor))) for one, size in zip(parts, sizes, strict=True))
        found.append(Quantity(Apply("add", tuple(terms)), part.unit))
    return [*found, Listing(tuple(parts))]


def same_residue(answer: Node, gold: Node) -> tuple[Node, Node] | None:
    """The values of which one or both are given with a modulus, where they need no more than be compared; else None."""
    left, right = _residue(answer), _residue(gold)
    if left is None and right is None:
        return None
    if left is not None and right is not None:
        modulus = rational(left[1])
        if left[1] != right[1] or modulus is None:
            return None
        return Apply("mod", left), Apply("mod", right)
    return (left[0] if left else answer), (right[0] if right else gold)


def _residue(node: Node) -> tuple[Node, Node] | None:
    match node:
        case Apply(op="pmod", args=(value, modulus)):
            return value, modulus
    return None
