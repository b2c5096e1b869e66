"""A tree as one line that a person can read: what `math-eval explain` shows of each side."""

from __future__ import annotations

from latex2sympy.nodes import (
    Apply,
    Based,
    Binder,
    Bracket,
    Constant,
    Listing,
    Matrix,
    Node,
    Number,
    NumberSet,
    Quantity,
    Ratio,
    Relation,
    SetBuilder,
    Symbol,
    Words,
)


def shown(node: Node) -> str:
    """The tree written as nested calls: add(1, sqrt(2)), interval brackets, relations."""
    match node:
        case Number(value=value, places=places):
            return f"{value}" if places is None else f"{value} (written with {places} decimal{'s' * (places != 1)})"
        case Symbol(name=name) | NumberSet(name=name):
            return name
        case Constant(name=name):
            return {"oo": "∞", "pi": "π"}.get(name, name)
        case Apply(op=op, args=args):
            return f"{op}({', '.join(map(shown, args))})"
        case Binder():
            bounds = ", ".join(shown(one) for one in (node.low, node.high) if one is not None)
            return f"{node.kind}({node.variable}: {bounds}; {shown(node.body)})"
        case Bracket(open=opened, close=closed, items=items):
            return f"{opened}{', '.join(map(shown, items))}{closed}"
        case Listing(items=items):
            return f"list: {', '.join(map(shown, items))}"
        case Relation(ops=ops, items=items):
            return "".join(f"{shown(item)} {op} " for item, op in zip(items, (*ops, ""), strict=True)).strip()
        case Matrix(rows=rows, kind=kind):
            return f"{kind}[{'; '.join(', '.join(map(shown, row)) for row in rows)}]"
        case SetBuilder(element=element, condition=condition):
            return f"{{{shown(element)} | {shown(condition)}}}"
        case Based(digits=digits, base=base):
            return f"{digits} in base {base}"
        case Ratio(items=items, clock=clock, half=half):
            return f"{'clock ' if clock else ''}{' : '.join(map(shown, items))}{half and ' ' + half}"
        case Quantity(value=value, unit=unit):
            return f"{shown(value)} [{unit}]"
        case Words(text=text):
            return f"words {text!r}"
    return "…"
