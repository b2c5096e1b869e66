"""The unknown before a value: "x = 5", "f(x) = …", "(p, q) = (1, 2)", "k ∈ {1, 2}", "AB = 5"."""

from __future__ import annotations

from latex2sympy.nodes import Apply, Bracket, Constant, Listing, Node, Relation, SetBuilder, Symbol, Words

_FUNCTION_LETTERS = frozenset("fghFGHPQT")


def items_of(node: Node) -> tuple[Node, ...]:
    """The items of a list or bracket, or the one node."""
    return node.items if isinstance(node, Listing | Bracket) else (node,)


def prefixed(node: Node) -> tuple[Node, Node] | None:
    """The unknown and the value of "x = 5", "f(x) = ...", "(p, q) = (1, 2)", "k ∈ {1, 2}", "AB = 5"; None otherwise."""
    if isinstance(node, SetBuilder):
        return None
    if not isinstance(node, Relation) or any(op not in {"=", "in", "approx"} for op in node.ops):
        return None
    first, last = node.items[0], node.items[-1]
    if _is_name(first):
        return first, last
    if len(node.items) == 2 and node.ops == ("=",) and _is_name(last) and not _is_name(first):
        return last, first
    return None


def _is_name(node: Node) -> bool:
    match node:
        case Symbol() | Constant(name="e" | "i") | Words():
            return True
        case Bracket(items=items) | Listing(items=items):
            return bool(items) and all(isinstance(one, Symbol) for one in items)
        case Apply(op="mul", args=args) if all(isinstance(one, Symbol) for one in args):
            names = [one.name for one in args if isinstance(one, Symbol)]
            capitals = all(name.isupper() or name in {"angle", "triangle"} for name in names)
            return function_name(node) == "f" or (capitals and len(names) <= 4)
        case Apply(op="accent" | "abs" | "norm", args=args):
            return all(_is_name(one) for one in args)
    return False


def function_name(node: Node) -> str:
    """The letter f for f(x) and its kin, the name of a symbol, "" for anything else."""
    if isinstance(node, Symbol):
        return node.name
    if isinstance(node, Apply) and node.op == "mul" and len(node.args) == 2 and isinstance(node.args[0], Symbol):
        return "f" if node.args[0].name[:1] in _FUNCTION_LETTERS and isinstance(node.args[1], Symbol) else ""
    return ""


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
