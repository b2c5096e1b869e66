"""Vectors and matrices computed part by part: sums, products, transposes, inverses, determinants, norms."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from latex2sympy.errors import LimitError
from latex2sympy.exact import rational
from latex2sympy.nodes import Apply, Bracket, Constant, Matrix, Node, Number, Symbol, children

MAX_SIZE = 4
"""Determinants and inverses are computed up to this size, products up to MAX_CELLS cells."""
MAX_CELLS = 64
MAX_NODES = 300
"""Of one cell."""
_ZERO, _ONE = Number(Fraction(0)), Number(Fraction(1))
_UNITS = {"i": 0, "j": 1, "k": 2}

Rows = tuple[tuple[Node, ...], ...]


def computed(node: Node) -> Node:
    """A tree of matrices and vectors as the matrix, vector or number that it makes; every other tree as it is."""
    if isinstance(node, Matrix) and node.kind == "det":
        return _between_bars(node)
    if not isinstance(node, Apply) or not _is_linear(node):
        return node
    try:
        found = _value(node, 3 if _reaches_k(node) else 2)
    except ShapeError:
        return node
    return Matrix(found) if isinstance(found, tuple) else found


class ShapeError(Exception):
    """What is written cannot be multiplied or added, or is too large."""


def _is_linear(node: Node) -> bool:
    """Whether a vector or matrix stands in a tree of operations."""
    if isinstance(node, Matrix | Bracket):
        return True
    return isinstance(node, Apply) and (_unit(node) is not None or any(map(_is_linear, node.args)))


def _reaches_k(node: Node) -> bool:
    return isinstance(node, Apply) and (_unit(node) == 2 or node.op == "cross" or any(map(_reaches_k, node.args)))


def _unit(node: Node) -> int | None:
    """The axis of a unit vector under a hat or arrow."""
    match node:
        case Apply(op="accent", args=(Symbol(name="hat" | "vec" | "overrightarrow" | "widehat"), inner)):
            name = inner.name if isinstance(inner, Symbol | Constant) else ""
            return _UNITS.get(name)
    return None


def _between_bars(node: Matrix) -> Node:
    """A determinant between bars."""
    try:
        return _determinant(node.rows)
    except ShapeError:
        return node


def _value(node: Node, size: int) -> Node | Rows:
    """A number's tree, or rows; unit vectors have `size` of them."""
    match node:
        case Matrix(rows=rows, kind="det"):
            return _determinant(rows)
        case Matrix(rows=rows, kind="matrix"):
            return rows if rows and all(rows) else _refused()
        case Bracket(open="(" | "[", close=")" | "]", items=items):
            return tuple((one,) for one in items) or _refused()
    match node:
        case Apply(op="transpose", args=(Bracket() as inner,)):
            return _value(inner, size)  # (1, 2, 3)ᵀ: the column
    if not isinstance(node, Apply):
        return node
    axis = _unit(node)
    if axis is not None:
        return tuple((_ONE if at == axis else _ZERO,) for at in range(size))
    values = [_value(one, size) for one in node.args]
    if not any(isinstance(one, tuple) for one in values):
        return Apply(node.op, tuple(one for one in values if not isinstance(one, tuple)))
    made = _applied(node.op, values)
    return tuple(tuple(map(_folded, row)) for row in made) if isinstance(made, tuple) else _folded(made)


def _applied(op: str, values: Sequence[Node | Rows]) -> Node | Rows:
    match op, values:
        case "add", _:
            total = values[0]
            for one in values[1:]:
                total = _sum(total, one)
            return total
        case "mul", _:
            total = values[0]
            for one in values[1:]:
                total = _product(total, one)
            return total
        case "dot", [tuple() as left, tuple() as right]:
            return _dot(left, right)
        case "neg", [tuple() as rows]:
            return tuple(tuple(_neg(cell) for cell in row) for row in rows)
        case "div", [tuple() as rows, bottom] if not isinstance(bottom, tuple):
            return tuple(tuple(Apply("div", (cell, bottom)) for cell in row) for row in rows)
        case "transpose", [tuple() as rows]:
            return tuple(zip(*rows, strict=True)) if len({len(row) for row in rows}) == 1 else _refused()
        case "det", [tuple() as rows]:
            return _determinant(rows)
        case (("norm" | "abs"), [tuple() as rows]) if len(rows) == 1 or all(len(row) == 1 for row in rows):
            return Apply("sqrt", (Apply("add", tuple(Apply("mul", (one, one)) for row in rows for one in row)),))
        case "cross", [tuple() as left, tuple() as right]:
            return _cross([cell for row in left for cell in row], [cell for row in right for cell in row])
        case "pow", [tuple() as rows, Apply("neg", (Number(value=value),))] if value == 1:
            return _inverse(rows)
        case "pow", [tuple() as rows, Number(value=value)] if value in {2, 3, 4}:
            power: Node | Rows = rows
            for _ in range(int(value) - 1):
                power = _product(power, rows)
            return power
    raise ShapeError


def _refused() -> Rows:
    raise ShapeError


def _neg(node: Node) -> Node:
    return Apply("neg", (node,))


def _folded(node: Node) -> Node:
    """A cell as a number where it is one; a cell that grows beyond MAX_NODES is not computed with."""
    try:
        value = rational(node)
    except LimitError:
        raise ShapeError from None
    if value is not None:
        return Number(value)
    if _nodes(node, MAX_NODES) > MAX_NODES:
        raise ShapeError
    return node


def _nodes(node: Node, limit: int) -> int:
    """How many nodes a tree has, counted to a limit."""
    count = 1
    for one in children(node):
        if count > limit:
            break
        count += _nodes(one, limit - count)
    return count


def _sum(left: Node | Rows, right: Node | Rows) -> Rows:
    if not isinstance(left, tuple) or not isinstance(right, tuple):
        raise ShapeError
    if [len(row) for row in left] != [len(row) for row in right]:
        raise ShapeError
    return tuple(
        tuple(Apply("add", pair) for pair in zip(*rows, strict=True)) for rows in zip(left, right, strict=True)
    )


def _product(left: Node | Rows, right: Node | Rows) -> Node | Rows:
    if not isinstance(left, tuple) or not isinstance(right, tuple):
        if isinstance(left, tuple) and not isinstance(right, tuple):
            return tuple(tuple(Apply("mul", (right, cell)) for cell in row) for row in left)
        if isinstance(right, tuple) and not isinstance(left, tuple):
            return tuple(tuple(Apply("mul", (left, cell)) for cell in row) for row in right)
        if isinstance(left, tuple) or isinstance(right, tuple):
            raise ShapeError
        return Apply("mul", (left, right))
    if (
        any(len(row) != len(right) for row in left)
        or len(left) * len(right[0]) > MAX_CELLS
        or len(right) > MAX_SIZE * 2
    ):
        raise ShapeError
    columns = tuple(zip(*right, strict=True)) if len({len(row) for row in right}) == 1 else _refused()
    return tuple(
        tuple(Apply("add", tuple(Apply("mul", pair) for pair in zip(row, column, strict=True))) for column in columns)
        for row in left
    )


def _dot(left: Rows, right: Rows) -> Node | Rows:
    """The scalar product of two vectors, the product of two matrices."""
    if any(len(row) > 1 for row in (*left, *right)):
        return _product(left, right)
    if len(left) != len(right):
        raise ShapeError
    return Apply("add", tuple(Apply("mul", (one[0], other[0])) for one, other in zip(left, right, strict=True)))


def _determinant(rows: Rows) -> Node:
    size = len(rows)
    if not 1 <= size <= MAX_SIZE or any(len(row) != size for row in rows):
        raise ShapeError
    if size == 1:
        return rows[0][0]
    terms = []
    for at, cell in enumerate(rows[0]):
        term = Apply("mul", (cell, _determinant(_minor(rows, 0, at))))
        terms.append(_neg(term) if at % 2 else term)
    return Apply("add", tuple(terms))


def _minor(rows: Rows, row: int, column: int) -> Rows:
    return tuple(one[:column] + one[column + 1 :] for at, one in enumerate(rows) if at != row)


def _inverse(rows: Rows) -> Rows:
    size = len(rows)
    whole = _determinant(rows)
    if size == 1:
        return ((Apply("div", (_ONE, whole)),),)
    return tuple(
        tuple(
            Apply("div", (_neg(minor) if (row + column) % 2 else minor, whole))
            for row in range(size)
            for minor in [_determinant(_minor(rows, row, column))]
        )
        for column in range(size)
    )


def _cross(left: Sequence[Node], right: Sequence[Node]) -> Rows:
    if len(left) != 3 or len(right) != 3:
        raise ShapeError

    def part(one: int, other: int) -> tuple[Node]:
        products = (Apply("mul", (left[one], right[other])), _neg(Apply("mul", (left[other], right[one]))))
        return (Apply("add", products),)

    return part(1, 2), part(2, 0), part(0, 1)
