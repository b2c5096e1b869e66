"""The label before a value ("x = 5", "f(x) = …", "(p, q) = (1, 2)", "P(X = 2) = …", "m + n = …"), and chains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

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
    Quantity,
    Ratio,
    Relation,
    Symbol,
    Words,
    symbols,
)
from math_eval.graders.equivalence.policy import Policy
from math_eval.graders.equivalence.trees import renamed
from math_eval.graders.equivalence.values import approximates, same_scalar, scalar

_ROUNDING = Policy(answer_figures=2, gold_figures=2)
"""Steps of one calculation round as they please."""
MAX_LINKS = 16
_TRIGONOMETRIC = frozenset({"sin", "cos", "tan", "cot", "sec", "csc"})
_COORDINATES = frozenset("xyz")
_ARITHMETIC = frozenset({"add", "mul", "div", "pow", "neg", "sqrt", "root", "abs"})
_ANY_LETTER = frozenset({"f", "g", "h", "F", "G", "H", "y"})
_ANY_FUNCTION = frozenset("fghFGHPQ")
_ALPHABETS = ("xyz", "abcd", "mnk", "pqr", "uvw", "rst", "ABCD", "XYZ", "PQR", "MN")
"""Letters that are said in this order where a tuple does not name them."""


@dataclass(frozen=True, slots=True)
class Chain:
    """A label (None: a calculation without one) and the values behind it, all of which must agree."""

    label: Node | None
    values: tuple[Node, ...]
    consistent: bool = True


def items_of(node: Node) -> tuple[Node, ...]:
    """The items of a list or bracket, or the one node."""
    return node.items if isinstance(node, Listing | Bracket) else (node,)


def chain(node: Node, *, of_gold: bool = False) -> Chain | None:
    """The label and the values of "x = 5", "A = πr² = 9π", "256 + 37 = 293"; None for an equation or anything else.

    An equation of coordinates ("x + y = 7") labels an answer, never a gold: it may be the line that is asked for.
    """
    if not isinstance(node, Relation) or len(node.items) > MAX_LINKS:
        return None
    if node.ops == ("equiv",) and _is_function(node.items[0]) and not _is_residue(node.items[1]):
        node = Relation(("=",), node.items)  # f ≡ 0
    if any(op not in {"=", "in", "approx"} for op in node.ops):
        return None
    first, last = node.items[0], node.items[-1]
    if is_name(first) or _is_quantity(first, of_gold=of_gold, value=last):
        values = node.items[1:]
        if isinstance(first, Symbol) and not of_gold and any(first.name in symbols(one) for one in values):
            return None  # x = 2x - 5 is no value of x
        return Chain(first, values, _agree(values, node.ops[1:]))
    if len(node.items) == 2 and node.ops == ("=",) and is_name(last):
        return None if isinstance(last, Symbol) and last.name in symbols(first) else Chain(last, (first,))
    if "in" not in node.ops and len(set(node.items)) > 1 and all(map(_is_closed, node.items)):
        return Chain(None, node.items, _agree(node.items, node.ops))
    return None


def _is_residue(node: Node) -> bool:
    return isinstance(node, Apply) and node.op == "pmod"


def _is_function(node: Node) -> bool:
    return (isinstance(node, Symbol) and node.name in _ANY_FUNCTION) or (isinstance(node, Apply) and node.op == "call")


def prefixed(node: Node) -> tuple[Node, Node] | None:
    """The label and the last value of a consistent chain that has a label; None otherwise."""
    found = chain(node)
    if found is None or found.label is None or not found.consistent:
        return None
    return found.label, found.values[-1]


def _agree(values: Sequence[Node], ops: Sequence[str]) -> bool:
    """Whether the values of a chain are the same; a formula ("πr²") agrees with any number."""
    pairs = zip(values[:-1], values[1:], ops, strict=True)
    return all(_step(left, right, op) for left, right, op in pairs if bool(symbols(left)) == bool(symbols(right)))


def _is_closed(node: Node) -> bool:
    """Whether a node is a value or a calculation without letters."""
    return isinstance(node, Number | Constant | Quantity | Apply | Binder | Based | Matrix) and not symbols(node)


def _value(node: Node) -> Node:
    """A number with its base as the number it is."""
    if not isinstance(node, Based) or not node.digits.isdigit() or not 2 <= node.base <= 10:
        return node
    if any(int(digit) >= node.base for digit in node.digits):
        return node
    return Number(Fraction(int(node.digits, node.base)))


def _step(left: Node, right: Node, op: str) -> bool:
    one, other = scalar(_value(left)), scalar(_value(right))
    if op == "approx" and not symbols(left) and approximates(other, one):
        return True
    return same_scalar(one, other, _ROUNDING).status != "wrong"


def is_name(node: Node) -> bool:
    """Whether a node can only name what follows the equals sign."""
    match node:
        case Symbol() | Constant(name="e" | "i") | Words():
            return True
        case Bracket(items=items) | Listing(items=items):
            return bool(items) and all(isinstance(one, Symbol) for one in items) and len(set(items)) == len(items)
        case Apply(op="call"):
            return True
        case Ratio(items=items):
            return all(isinstance(one, Symbol) for one in items)
        case Apply(op="mul", args=args) if all(isinstance(one, Symbol) for one in args):
            names = [one.name for one in args if isinstance(one, Symbol)]
            return len(names) <= 4 and all(name.isupper() or name in {"angle", "triangle"} for name in names)
        case Apply(op="accent" | "abs" | "norm" | "cross" | "dot", args=args):
            return all(is_name(one) for one in args)
    return False


def _is_quantity(node: Node, *, of_gold: bool, value: Node) -> bool:
    """Whether a node is something asked for: cos A, det A, V/I, dy/dx, m + n, mn, A⁻¹ before a matrix, a limit."""
    match node:
        case Apply(op=op, args=(Symbol(name=name),)) if op in _TRIGONOMETRIC:
            return name not in _COORDINATES
        case Apply(op="det", args=(Symbol(),)):
            return True
        case Apply(op="div", args=(top, bottom)):
            return _names_only(top) and _names_only(bottom)
        case Apply(op="pow", args=(Symbol(), Apply(op="neg"))) | Apply(op="transpose", args=(Symbol(),)):
            return isinstance(value, Matrix)
        case Apply(op="mul", args=args):
            plain = all(isinstance(one, Symbol) for one in args)
            return (plain and _asked_for(node, value, of_gold=of_gold)) or _is_formula_asked_for(
                node, value, of_gold=of_gold
            )
        case Apply(op="add", args=args):
            terms = (one.args[0] if isinstance(one, Apply) and one.op == "neg" else one for one in args)
            plain = all(isinstance(one, Symbol) for one in terms)
            return (plain and _asked_for(node, value, of_gold=of_gold)) or _is_formula_asked_for(
                node, value, of_gold=of_gold
            )
        case Binder(kind="lim" | "int" as kind):
            return not symbols(node) or (kind == "lim" and not of_gold and not symbols(value))
        case Apply(op="factorial" | "binom" | "max" | "min" | "gcd" | "lcm" | "arg"):
            return not of_gold and bool(symbols(node)) and not symbols(value)
        case Apply(op="pow" | "sqrt" | "root" | "abs" | "neg"):
            return _is_formula_asked_for(node, value, of_gold=of_gold)
    return False


def _asked_for(node: Node, value: Node, *, of_gold: bool) -> bool:
    names = symbols(node)
    return len(names) > 1 and not symbols(value) and not (of_gold and names <= _COORDINATES)


def _is_formula_asked_for(node: Node, value: Node, *, of_gold: bool) -> bool:
    """100m + n, a² + b², |a - b| before a number: what an answer may be labelled with; a curve in x and y is none."""
    names = symbols(node)
    if of_gold or len(names) < 2 or symbols(value) or not all(len(name) == 1 for name in names):
        return False
    return not names & _COORDINATES and _is_arithmetic(node)


def _is_arithmetic(node: Node) -> bool:
    if isinstance(node, Apply):
        return node.op in _ARITHMETIC and all(map(_is_arithmetic, node.args))
    return isinstance(node, Symbol | Number)


def _names_only(node: Node) -> bool:
    return isinstance(node, Symbol) or (
        isinstance(node, Apply) and node.op in {"mul", "call"} and all(isinstance(one, Symbol) for one in node.args)
    )


def same_label(left: Node, right: Node) -> tuple[dict[str, Node], dict[str, Node]] | None:
    """How the arguments of both labels are renamed where they label the same ("f(t)" and "f(x)"); None where not."""
    if left == right:
        return {}, {}
    one, other = _function(left), _function(right)
    if one is None or other is None or one[1] != other[1]:
        return None
    if one[0] != other[0] and not {one[0], other[0]} <= _ANY_LETTER:
        return None
    if not one[2] or not other[2]:
        return {}, {}
    return _renaming(one[2], other[2])


def _renaming(left: tuple[Node, ...], right: tuple[Node, ...]) -> tuple[dict[str, Node], dict[str, Node]] | None:
    if left == right:
        return {}, {}
    names = [[one.name for one in side if isinstance(one, Symbol)] for side in (left, right)]
    if len(left) != len(right) or any(len(set(side)) != len(left) for side in names):
        return None
    fresh = [Symbol(f"argument {at}") for at in range(len(left))]
    return dict(zip(names[0], fresh, strict=True)), dict(zip(names[1], fresh, strict=True))


def _function(node: Node) -> tuple[str, str, tuple[Node, ...]] | None:
    """The letter, the marks (primes, inverse) and the arguments of a function's or a curve's name."""
    head: Node = node
    arguments: tuple[Node, ...] = ()
    if isinstance(node, Apply) and node.op == "call":
        head, arguments = node.args[0], node.args[1:]
    if not isinstance(head, Symbol):
        return None
    letter = head.name.rstrip("'").removesuffix("^-1")
    return letter, head.name.removeprefix(letter), arguments


def named_values(node: Node) -> dict[str, Node] | None:
    """Name → value of a list of "name = value" whose names all differ, or of "(x, y) = (1, 2)"."""
    match node:
        case Relation(ops=("=",), items=(Bracket(open="(", items=names), Bracket(open="(", items=values))):
            if len(names) != len(values) or not all(isinstance(one, Symbol) for one in names):
                return None
            found = dict(zip(map(str, names), values, strict=True))
            return found if len(found) == len(names) else None
        case Listing(items=items) | Bracket(items=items) if len(items) > 1:
            found = {}
            for one in items:
                pair = prefixed(one) if isinstance(one, Relation) and one.ops == ("=",) else None
                if pair is None or not is_name(pair[0]):
                    return None
                found[str(pair[0])] = pair[1]
            return found if len(found) == len(items) else None
    return None


def grouped(node: Node) -> Node:
    """X = 1, y = 2, x = 3, y = 4 as a list of points; every other tree as it is."""
    if not isinstance(node, Listing) or len(node.items) < 4:
        return node
    pairs = [
        (one.items[0].name, one.items[1])
        for one in node.items
        if isinstance(one, Relation) and one.ops == ("=",) and isinstance(one.items[0], Symbol)
    ]
    names = list(dict.fromkeys(name for name, _ in pairs))
    size = len(names)
    if len(pairs) < len(node.items) or size < 2 or len(pairs) % size or len(pairs) == size:
        return node
    points: list[Node] = []
    for at in range(0, len(pairs), size):
        values = dict(pairs[at : at + size])
        if len(values) != size:
            return node
        named = {str(Symbol(name)): values[name] for name in names}
        points.append(Bracket("(", ")", tuple(spoken_order(named))))
    return Listing(tuple(points), node.either)


def spoken_order(values: dict[str, Node]) -> list[Node]:
    """The values in the order in which a tuple without names holds them: x before y, as written where none is usual."""
    letters = {name: name.removeprefix("Symbol(name='").removesuffix("')") for name in values}
    for alphabet in _ALPHABETS:
        if all(len(letter) == 1 and letter in alphabet for letter in letters.values()):
            return [values[name] for name in sorted(values, key=lambda name: alphabet.index(letters[name]))]
    return list(values.values())


def parameter_renaming(left: dict[str, Node], right: dict[str, Node]) -> dict[str, Node] | None:
    """The one letter of x = t, y = 2t that the other side lacks, under the other side's name; else None."""
    names = [frozenset[str]().union(*map(symbols, side.values())) for side in (left, right)]
    own, others = names[0] - names[1], names[1] - names[0]
    if len(own) != 1 or len(others) != 1:
        return None
    return {next(iter(own)): Symbol(next(iter(others)))}


def with_names(node: Node, names: dict[str, Node]) -> Node:
    """The tree with a function's arguments under common names."""
    return renamed(node, names) if names else node
