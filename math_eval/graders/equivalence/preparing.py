"""A tree made ready for comparison: signs and dots written out, what can be computed computed."""

from __future__ import annotations

from latex2sympy.ball import Undefined, ball
from latex2sympy.errors import LimitError
from latex2sympy.nodes import Apply, Bracket, Listing, Node, Number, NumberSet, Relation, Symbol, symbols
from math_eval.graders.equivalence.intervals import infinite_sign
from math_eval.graders.equivalence.linear import computed
from math_eval.graders.equivalence.plusminus import expanded, scaled
from math_eval.graders.equivalence.regions import listed
from math_eval.graders.equivalence.sequences import written_out
from math_eval.graders.equivalence.unknowns import grouped
from math_eval.graders.equivalence.values import BITS


def prepared(node: Node) -> Node:
    """The tree with ± and dots written out, vectors and matrices computed, P(2, 3) as the point."""
    return computed(scaled(expanded(written_out(listed(grouped(_declared(_point(node))))))))


def _declared(node: Node) -> Node:
    """F(x) = cx, c ∈ ℝ without the remark that its constant is any number; every other tree as it is."""
    match node:
        case Listing(
            items=(
                Relation(ops=("=",), items=(Apply(op="call"), value)) as function,
                Relation(ops=("in",), items=(Symbol(name=name), NumberSet(name="R" | "C"))),
            )
        ) if name in symbols(value):
            return function
    return node


def _point(node: Node) -> Node:
    """P(2, 3) names a point: the pair is what counts; a line over AB makes a segment of its ends."""
    match node:
        case Apply(op="call", args=(_, first, second, *rest)):
            return Bracket("(", ")", (first, second, *rest))
        case Apply(op="accent", args=(Symbol(name="overline"), Apply(op="mul", args=(Symbol(), Symbol())) as ends)):
            return ends if all(name.isupper() for name in symbols(ends)) else node
    return node


def is_tuple(node: Node) -> bool:
    """Whether a node is a point or tuple of plain values, where no other rule can apply."""
    return (
        isinstance(node, Bracket)
        and node.open == "("
        and node.close == ")"
        and all(isinstance(one, Number | Apply) and not infinite_sign(one) for one in node.items)
    )


def is_number(node: Node) -> bool:
    """Whether a node has a finite value that can be computed here."""
    try:
        ball(node, {}, BITS)
    except (Undefined, LimitError):
        return False
    return True
