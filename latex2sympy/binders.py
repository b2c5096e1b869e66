"""Binders: sums, products, integrals and limits with their bounds."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from latex2sympy.nodes import Apply, Binder, Node, Number, Symbol
from latex2sympy.stream import Stream

_ONE = Number(Fraction(1))


class Binders(Stream):
    """Everything that binds a variable."""

    if TYPE_CHECKING:
        integrals: int
        bound: set[str]

        def atom(self) -> Node: ...
        def sum(self) -> Node: ...
        def product(self) -> Node: ...
        def group(self) -> Node: ...

    def binder(self, kind: str) -> Node:
        """Sums, products, integrals and limits with their bounds."""
        with self.deeper():
            variable, low, high = "", None, None
            while self.at("_", "^"):
                if self.take().text == "^":
                    high = self.bound_argument()
                    continue
                if kind == "int":
                    low = self.bound_argument()
                    continue
                self.expect("{")
                variable = self.raw_name()
                self.expect("=", "\\to", "\\rightarrow", "->")
                low = self.sum()
                self.expect("}")
            if kind == "int":
                return self._integral(low, high)
            if not variable:
                raise self.fail(f"a {kind or 'multiple integral'} without its bounds")
            self.bound.add(variable)
            body = self.product()
            self.bound.discard(variable)
            return Binder(kind, variable, low, high, body)

    def bound_argument(self) -> Node:
        """A bound below or above a sign: a group, or one signed atom."""
        negative = self.accept("-")
        node = self.group() if self.at("{") else self.atom()
        return Apply("neg", (node,)) if negative else node

    def raw_name(self) -> str:
        """The name of a bound variable."""
        token = self.take()
        if token.kind not in {"name", "cmd"} or len(token.text) > 12:
            raise self.fail("expected a variable")
        return token.text.lstrip("\\")

    def _integral(self, low: Node | None, high: Node | None) -> Node:
        if self._differential():
            body: Node = _ONE
        else:
            self.integrals += 1
            body = self.sum()
            self.integrals -= 1
        if self._differential():
            token = self.take()
            name = token.text[1] if token.kind == "name" and len(token.text) == 2 else self.raw_name()
            return Binder("int", name, low, high, body)
        found = _from_numerator(body)
        if found is None:
            raise self.fail("an integral without its dx")
        return Binder("int", found[0], low, high, found[1])

    def _differential(self) -> bool:
        token = self.token
        if token.kind == "name" and len(token.text) == 2 and token.text[0] == "d":
            return True
        return token.text.strip() == "d" and self.ahead().kind in {"name", "cmd"}


def _from_numerator(body: Node) -> tuple[str, Node] | None:
    """The variable and the integrand of dx / (1 + x²), whose numerator ends on the dx."""
    match body:
        case Apply("div", (Apply("mul", (*rest, Symbol(name="d"), Symbol(name=name))), bottom)):
            top = _ONE if not rest else rest[0] if len(rest) == 1 else Apply("mul", tuple(rest))
            return name, Apply("div", (top, bottom))
    return None
