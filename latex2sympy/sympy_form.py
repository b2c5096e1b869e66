"""Tree → SymPy object. SymPy is imported here and in sympy_parts.py only, and only when called.

SymPy computes as soon as an object is made: powers, factorials, roots, signs, whole parts. Here everything that is a
rational number is computed by exact.py within its limits, every constant's size is looked at first, and what SymPy
could only find with unbounded work is left as it is written (a form that `doit()` evaluates).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from latex2sympy.errors import LimitError, MathTextError, ParseError
from latex2sympy.exact import rational
from latex2sympy.nodes import (
    Apply,
    Binder,
    Bracket,
    Constant,
    Listing,
    Matrix,
    Node,
    Number,
    NumberSet,
    Quantity,
    Relation,
    Symbol,
)
from latex2sympy.parser import parse
from latex2sympy.sizes import Sizes

_RELATIONS = {"=": "Eq", "<": "Lt", "<=": "Le", ">": "Gt", ">=": "Ge", "!=": "Ne"}


def to_sympy(node: Node) -> Any:
    """The SymPy object of a tree, built without evaluating it further than SymPy's constructors do.

    ParseError for a tree that has no counterpart (words, units of time, bases), or no value (a remainder by zero);
    LimitError for one that is too large, or whose numbers are. Nothing else is raised.
    """
    import sympy  # noqa: F401  loaded outside the clause that takes its errors

    try:
        builder = _Builder()
        builder.sizes.check_tower(node)
        return builder.build(node)
    except (MathTextError, MemoryError):
        raise
    except RecursionError:
        raise LimitError("depth") from None
    except Exception as error:  # SymPy raises whatever its many authors chose
        raise ParseError(f"no counterpart in SymPy ({type(error).__name__})", 0) from error


class _Builder:
    """Builds one object, inner parts first."""

    def __init__(self) -> None:
        self.sizes = Sizes()

    def build(self, node: Node) -> Any:
        """The object of a node."""
        import sympy

        match node:
            case Number(value=value):
                return self._number(value)
            case Symbol(name=name):
                return sympy.Symbol(name, real=True)
            case Constant(name=name):
                return {"pi": sympy.pi, "e": sympy.E, "i": sympy.I, "oo": sympy.oo}[name]
            case Quantity(value=inner):
                return self.build(inner)
            case Apply():
                return self._apply(node)
            case Binder():
                return self._binder(node)
            case Bracket(open="{", items=items):
                from latex2sympy.sympy_parts import in_set

                return sympy.FiniteSet(*in_set(list(map(self.build, items))))
            case Bracket(items=items) | Listing(items=items):
                return sympy.Tuple(*map(self.build, items))
            case Relation(ops=(op,), items=(left, right)) if op in _RELATIONS:
                return self._relation(_RELATIONS[op], self.build(left), self.build(right))
            case Matrix(rows=rows, kind=kind) if kind in {"matrix", "det"}:
                return self._matrix(rows, kind)
            case NumberSet(name="R"):
                return sympy.S.Reals
        raise ParseError(f"{type(node).__name__} has no counterpart in SymPy", 0)

    def _number(self, value: Fraction) -> Any:
        import sympy

        self.sizes.add(value)
        return sympy.Rational(value.numerator, value.denominator)

    def _apply(self, node: Apply) -> Any:
        import sympy

        from latex2sympy.sympy_parts import applied

        values = [self.build(one) for one in node.args]
        if all(isinstance(value, sympy.Rational) for value in values):
            numbers = [Fraction(int(one.p), int(one.q)) for one in values]
            for number in numbers:
                self.sizes.add(number)
            exact = rational(Apply(node.op, tuple(map(Number, numbers))))
            if exact is not None:
                return self._number(exact)
        self.sizes.check(node)
        return applied(node, values, self.sizes)

    def _relation(self, name: str, left: Any, right: Any) -> Any:
        """What is written, not whether it holds, which SymPy would work out at once where it can."""
        import sympy

        if name in {"Eq", "Ne"} or (isinstance(left, sympy.Expr) and isinstance(right, sympy.Expr)):
            return getattr(sympy, name)(left, right, evaluate=False)
        raise ParseError("only numbers are in order", 0)

    def _matrix(self, rows: tuple[tuple[Node, ...], ...], kind: str) -> Any:
        import sympy

        from latex2sympy.sympy_parts import expression

        made = sympy.Matrix([[expression(self.build(cell)) for cell in row] for row in rows])
        if kind == "matrix":
            return made
        if made.rows != made.cols:
            raise ParseError("a determinant that is not square", 0)
        return made.det() if made.rows <= 3 else sympy.Determinant(sympy.ImmutableMatrix(made))

    def _binder(self, node: Binder) -> Any:
        import sympy

        from latex2sympy.sympy_parts import expression

        variable = sympy.Symbol(node.variable, real=True)
        body = expression(self.build(node.body))
        if node.kind == "lim" and node.low is not None:
            return sympy.Limit(body, variable, expression(self.build(node.low)))
        if node.low is None or node.high is None:
            if node.kind == "int":
                return sympy.Integral(body, variable)
            raise ParseError(f"a {node.kind} without bounds has no counterpart in SymPy", 0)
        bounds = (variable, expression(self.build(node.low)), expression(self.build(node.high)))
        made = {"sum": sympy.Sum, "prod": sympy.Product, "int": sympy.Integral}[node.kind]
        return made(body, bounds)


def latex2sympy(text: str) -> Any:
    """The SymPy object of a text. Bounded in time and memory; raises ParseError and LimitError, nothing else."""
    return to_sympy(parse(text))
