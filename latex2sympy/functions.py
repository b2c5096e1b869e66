"""Functions: names with arguments, labels before an equals sign, the known functions with or without brackets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from latex2sympy.errors import ParseError
from latex2sympy.nodes import Apply, Listing, Node, Number, Relation, Symbol, symbols
from latex2sympy.stream import Stream
from latex2sympy.symbols import FUNCTIONS, GREEK_NAMES, INVERSE, RELATIONS

_FUNCTION_LETTERS = frozenset("fghFGH")
_NAMED = {"Gamma": "gamma", "zeta": "zeta"}
_STOCHASTIC = frozenset({"Pr", "Var", "Cov", "E", "P", "n", "N"})
_BRACKETS = {"(": ")", "[": "]"}
_MAX_LABEL = 60


class Functions(Stream):
    """Everything that takes arguments."""

    if TYPE_CHECKING:
        in_set: bool
        bound: set[str]

        def bracket_items(self) -> tuple[Node, ...]: ...
        def factor(self) -> Node: ...
        def power(self) -> Node: ...
        def exponent(self) -> Node: ...
        def root(self, degree: int = 2) -> Node: ...
        def listing(self) -> Node: ...
        def subscripted(self, name: str) -> Node: ...
        def starts_factor(self) -> bool: ...

    def called(self, node: Node) -> Node:
        """f(x) as a function applied to something, where the letter is one for functions or a lone number stands there.

        C(n, k) is the binomial coefficient.
        """
        if not self.at("(") or not isinstance(node, Symbol) or node.name in self.bound:
            return node
        if node.name in _NAMED:
            return Apply(_NAMED[node.name], self.bracket_items())
        lone = self.ahead().kind == "num" and self.ahead(2).text == ")"
        pair = node.name == "C" and self.ahead(2).text == "," and self.ahead(4).text == ")"
        point = node.name.isupper() and self.ahead(2).text == "," and self.ahead().kind == "num"
        if not (pair or lone or point or node.name.rstrip("'")[:1] in _FUNCTION_LETTERS):
            return node
        arguments = self.bracket_items()
        return Apply("binom", arguments) if pair else Apply("call", (node, *arguments))

    def label(self) -> Node | None:
        """Reads a name with arguments right before an equals sign: x(t) = …, P(X = 2) = …, Var(X) = …; else None."""
        start = self.index
        head = self._head()
        closed = self._closing() if head is not None and self.at("(", "[") else None
        if head is None or closed is None or self.tokens[closed + 1].text not in {"=", "\\approx", "\\equiv"}:
            self.index = start
            return None
        before, self.in_set = self.in_set, True  # a bar between is "given", not an absolute value
        self.take()
        arguments: tuple[Node, ...] = ()
        try:
            inner = self.listing()
            arguments = inner.items if isinstance(inner, Listing) else (inner,)
            if self.accept("|", "\\mid"):
                arguments = (Apply("given", (inner, self.listing())),)
        except ParseError:
            pass
        self.in_set = before
        if self.index != closed or not _are_arguments(head.name, arguments):
            self.index = start
            return None
        self.take()
        return Apply("call", (head, *arguments))

    def _head(self) -> Symbol | None:
        token = self.token
        name = token.text.strip().lstrip("\\")
        known = len(name) == 1 or name in GREEK_NAMES or name in _STOCHASTIC
        if token.kind == "text":
            known = name.isalpha() and name.isascii() and len(name) <= _MAX_LABEL
        if token.kind not in {"name", "cmd", "text"} or not known or name in FUNCTIONS or name in _FUNCTION_LETTERS:
            return None
        self.take()
        node = self.subscripted("P" if name == "Pr" else name)
        return node if isinstance(node, Symbol) else None

    def _closing(self) -> int | None:
        """The index of the bracket that closes the next one."""
        depth = 0
        opened = self.token.text
        for at in range(self.index, min(self.index + _MAX_LABEL, len(self.tokens) - 1)):
            depth += (self.tokens[at].text == opened) - (self.tokens[at].text == _BRACKETS[opened])
            if depth == 0:
                return at
        return None

    def function(self, name: str) -> Node:
        """A function's argument, with or without brackets, after any power or base."""
        with self.deeper():
            power: Node | None = None
            base: Node | None = None
            while self.at("^", "**", "_"):
                if self.take().text == "_":
                    base = self.exponent()
                else:
                    power = self.exponent()
            if name == "sqrt":
                return self.root()
            if base is None and power is None and self.token.text in RELATIONS:
                return Symbol(name)  # \\max = 5
            arguments = self._arguments(name)
            match power:
                case Apply("neg", (Number(value=value),)) if value == 1 and name in INVERSE:
                    name, power = INVERSE[name], None
            if base is not None:
                arguments = (*arguments, base)
            node: Node = Apply(name, arguments)
            return Apply("pow", (node, power)) if power is not None else node

    def _arguments(self, name: str) -> tuple[Node, ...]:
        if self.at("(", "[", "{", "\\{"):
            inner = self.bracket_items()
            if inner:
                return inner
            raise self.fail(f"{name} of nothing")
        factors = [self.factor()]
        while self.starts_factor() and not self._starts_function():
            factors.append(self.power())
        return (factors[0] if len(factors) == 1 else Apply("mul", tuple(factors)),)

    def _starts_function(self) -> bool:
        token = self.token
        return token.text.lstrip("\\") in FUNCTIONS or token.text in RELATIONS


def _are_arguments(head: str, arguments: tuple[Node, ...]) -> bool:
    """Whether what stands in brackets behind a name can only be its arguments, and no factor."""
    if not arguments or any(head in symbols(one) for one in arguments):
        return False
    if head in _STOCHASTIC or len(head.partition("_")[0]) > 1 or len(arguments) > 1:
        return True
    return isinstance(arguments[0], Symbol | Number | Relation) or (
        isinstance(arguments[0], Apply) and arguments[0].op in {"union", "intersection", "difference", "given"}
    )
