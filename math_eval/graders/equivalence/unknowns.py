"""The unknown before a value: "x = 5", "f(x) = …", "(p, q) = (1, 2)", "k ∈ {1, 2}", "AB = 5"."""

from __future__ import annotations

from latex2sympy.nodes import Apply, Bracket, Constant, Listing, Node, Ratio, Relation, SetBuilder, Symbol, Words
from math_eval.graders.equivalence.policy import DEFAULT
from math_eval.graders.equivalence.values import same_value


def items_of(node: Node) -> tuple[Node, ...]:
    """The items of a list or bracket, or the one node."""
    return node.items if isinstance(node, Listing | Bracket) else (node,)


def prefixed(node: Node) -> tuple[Node, Node] | None:
    """The unknown and the value of "x = 5", "f(x) = ...", "(p, q) = (1, 2)", "k ∈ {1, 2}", "AB = 5"; None otherwise."""
    if isinstance(node, SetBuilder):
        return None
    if not isinstance(node, Relation) or any(op not in {"=", "in", "approx"} for op in node.ops):
        return None
    if len(node.items) > 2 and any(one != node.items[-1] for one in node.items[1:-1]) and not _steps(node):
        return None
    first, last = node.items[0], node.items[-1]
    if _is_name(first):
        return first, last
    if len(node.items) == 2 and node.ops == ("=",) and _is_name(last) and not _is_name(first):
        return last, first
    return None


def _steps(node: Relation) -> bool:
    """Whether the values of a chain x = a = b are all the same: steps of one calculation."""
    last = node.items[-1]
    return all(same_value(one, last, DEFAULT).status != "wrong" for one in node.items[1:-1])


def _is_name(node: Node) -> bool:
    match node:
        case Symbol() | Constant(name="e" | "i") | Words():
            return True
        case Bracket(items=items) | Listing(items=items):
            return bool(items) and all(isinstance(one, Symbol) for one in items)
        case Apply(op="call", args=(Symbol(), *inner)):
            return all(isinstance(one, Symbol) for one in inner)
        case Apply(op="pow", args=(Symbol(), Apply(op="neg"))):
            return False
        case Ratio(items=items):
            return all(isinstance(one, Symbol) for one in items)
        case Apply(op="mul", args=args) if all(isinstance(one, Symbol) for one in args):
            names = [one.name for one in args if isinstance(one, Symbol)]
            return len(names) <= 4 and all(name.isupper() or name in {"angle", "triangle"} for name in names)
        case Apply(op="accent" | "abs" | "norm", args=args):
            return all(_is_name(one) for one in args)
    return False


def function_name(node: Node) -> str:
    """The letter f for f(x) and its kin, the name of a symbol, "" for anything else."""
    if isinstance(node, Symbol):
        return node.name
    return "f" if isinstance(node, Apply) and node.op == "call" else ""


def named_values(node: Node) -> dict[str, Node] | None:
    """Name → value of a list of "name = value" whose names all differ."""
    if not isinstance(node, Listing | Bracket) or len(node.items) < 2:
        return None
    found: dict[str, Node] = {}
    for one in node.items:
        pair = prefixed(one) if isinstance(one, Relation) and one.ops == ("=",) else None
        if pair is None:
            return None
        found[str(pair[0])] = pair[1]
    return found if len(found) == len(node.items) else None
