"""Terms that nothing is known of (f(x), a vector's name, an integral with letters) as variables of their own."""

from __future__ import annotations

from latex2sympy.errors import LimitError
from latex2sympy.nodes import Apply, Binder, Node, Symbol, children, symbols
from math_eval.graders.equivalence.match import Match, undecided
from math_eval.graders.equivalence.policy import Policy
from math_eval.graders.equivalence.trees import bound_alike, mapped
from math_eval.graders.equivalence.values import same_value

_OPAQUE = frozenset({"call", "accent", "compose", "cross", "transpose", "prime"})
MAX_TERMS = 12


def has_opaque(node: Node) -> bool:
    """Whether a tree holds a term that has no value."""
    return _is_opaque(node) or any(map(has_opaque, children(node)))


def _is_opaque(node: Node) -> bool:
    if isinstance(node, Apply):
        return node.op in _OPAQUE or node.op == "dot"
    return isinstance(node, Binder) and node.kind in {"int", "lim"} and bool(symbols(node))


def same_with_opaque(answer: Node, gold: Node, policy: Policy) -> Match:
    """Whether two nodes are the same whatever their opaque terms stand for; never a decided wrong otherwise."""
    terms: list[tuple[Node, Symbol]] = []

    def rule(node: Node) -> Node | None:
        if not _is_opaque(node):
            return None
        if isinstance(node, Apply) and node.op == "dot":
            return mapped(Apply("mul", node.args), rule)
        for known, name in terms:
            if _same_term(known, node, policy):
                return name
        if len(terms) == MAX_TERMS:
            raise LimitError("opaque terms")
        terms.append((node, Symbol(f"term {len(terms)}")))
        return terms[-1][1]

    left, right = mapped(bound_alike(answer), rule), mapped(bound_alike(gold), rule)
    outcome = same_value(left, right, policy)
    names = {name.name for _, name in terms}
    if outcome.status == "wrong" and (symbols(left) & names) != (symbols(right) & names):
        return undecided("needs_cas")
    return outcome


def _same_term(left: Node, right: Node, policy: Policy) -> bool:
    if left == right:
        return True
    if not isinstance(left, Apply) or not isinstance(right, Apply) or left.op != right.op:
        return False
    if left.op != "call" or len(left.args) != len(right.args) or left.args[0] != right.args[0]:
        return False
    return all(
        not has_opaque(one) and not has_opaque(other) and same_value(one, other, policy).correct
        for one, other in zip(left.args[1:], right.args[1:], strict=True)
    )
