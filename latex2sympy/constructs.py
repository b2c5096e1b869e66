"""Commands and brackets: fractions, roots, sets, matrices, sums, integrals, and words inside mathematics."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from latex2sympy.nodes import (
    Apply,
    Binder,
    Bracket,
    Constant,
    Dots,
    Listing,
    Matrix,
    Node,
    Number,
    NumberSet,
    Quantity,
    SetBuilder,
    Symbol,
    Words,
)
from latex2sympy.numerals import ENGLISH, chinese_number, english_number
from latex2sympy.plain import fold
from latex2sympy.stream import Stream
from latex2sympy.symbols import BINDERS, CURRENCIES, FUNCTIONS, GREEK_NAMES, INFINITIES, NUMBER_SETS

_FRACTIONS = frozenset({"\\frac", "\\dfrac", "\\tfrac", "\\cfrac"})
_ACCENTS = frozenset(
    r"\overline \bar \vec \hat \tilde \widehat \overrightarrow \overleftarrow \dot \ddot \widetilde".split()
)
_DOTS = frozenset({"\\ldots", "\\cdots", "\\dots", "\\vdots", "\\ddots", "\\dotsc", "\\dotsb", "\\hdots"})
_CLOSERS = {"(": (")", "]"), "[": ("]", ")"), "]": ("[", "]"), "\\{": ("\\}",), "{": ("}",), "\\langle": ("\\rangle",)}
_GLUED = tuple("\\" + name for name in sorted(GREEK_NAMES, key=len, reverse=True))
_BARS = {"|": "|", "\\lvert": "\\rvert", "\\vert": "\\vert", "\\mid": "\\mid"}
_NORMS = {"\\|": "\\|", "\\lVert": "\\rVert", "\\Vert": "\\Vert"}
_MATRICES = frozenset(
    {"matrix", "pmatrix", "bmatrix", "Bmatrix", "smallmatrix", "array", "psmallmatrix", "bsmallmatrix"}
)


class Constructs(Stream):
    """Everything that begins with a command or a bracket."""

    if TYPE_CHECKING:

        def listing(self) -> Node: ...
        def relation(self) -> Node: ...
        def closes(self) -> bool: ...
        def sum(self) -> Node: ...
        def product(self) -> Node: ...
        def atom(self) -> Node: ...
        def power(self) -> Node: ...
        def factor(self) -> Node: ...
        def exponent(self) -> Node: ...
        def function(self, name: str) -> Node: ...
        def called(self, node: Node) -> Node: ...

    def __init__(self, source: str) -> None:
        super().__init__(source)
        self.bars = 0
        self.in_set = False
        self.integrals = 0
        self.bound: set[str] = set()

    def command(self) -> Node:
        """What a backslash command stands for."""
        token = self.take()
        name = token.text
        if name in _FRACTIONS:
            top = self._argument()
            return Apply("div", (top, self._argument()))
        if name in {"\\sqrt", "\\cbrt"}:
            return self.root(3 if name == "\\cbrt" else 2)
        if name in {"\\binom", "\\dbinom", "\\tbinom"}:
            top = self._argument()
            return Apply("binom", (top, self._argument()))
        bare = name[1:]
        if bare == "pi":
            return self.subscripted("pi") if self.at("_") else Constant("pi")
        if bare in GREEK_NAMES:
            return self.called(self.subscripted(bare.removeprefix("var")))
        if bare in FUNCTIONS:
            return self.function(FUNCTIONS[bare])
        if bare == "infty" or (bare == "inf" and (self.at(",", ";") or self.closes())):
            return Constant("oo")
        if name in _DOTS:
            return Dots()
        if bare in {"emptyset", "varnothing", "oslash"}:
            return Bracket("{", "}", ())
        if bare in {"mathbb", "mathbf"}:
            return self._number_set()
        if bare in NUMBER_SETS:
            return NumberSet(NUMBER_SETS[bare])
        if name in BINDERS and (self.at("_", "^") or BINDERS[name] not in {"cup", "cap"}):
            return self.binder(BINDERS[name])
        if name == "\\begin":
            return self.environment()
        if name == "\\textcircled":
            return Symbol(f"({self.raw_argument()})")
        if name in _ACCENTS:
            return self._accent(bare)
        if bare in {"angle", "triangle", "partial", "nabla", "Delta"}:
            return Symbol(bare)
        if name in {"\\{", "\\lbrace", "\\langle", "\\lfloor", "\\lceil", *_BARS, *_NORMS}:
            self.index -= 1
            return self.bracket()
        if name in CURRENCIES:
            return Quantity(self.power(), CURRENCIES[name])
        self.index -= 1
        for known in ("\\pi", *_GLUED):  # \piG: a command that lost the space behind it
            if name.startswith(known) and len(name) - len(known) <= 2:
                self.split(known, name[len(known) :], kind="name")
                return self.command()
        raise self.fail(f"unknown command {name!r}")

    def _argument(self) -> Node:
        """An argument of a fraction or binomial: a group, or one digit, letter or command."""
        with self.deeper():
            if self.at("{"):
                return self.group()
            token = self.token
            if len(token.text) > 1 and (token.kind == "name" or (token.kind == "num" and token.text.isdigit())):
                self.split(token.text[0], token.text[1:])
            return self.atom()

    def group(self) -> Node:
        """The content of { }, whatever it is."""
        self.expect("{")
        before, self.in_set = self.in_set, False
        self.accept("\\approx")
        node = self.listing()
        for name, op in (("\\over", "div"), ("\\choose", "binom")):
            if self.accept(name):
                node = Apply(op, (node, self.listing()))
        if self.ahead().text == "}":
            self.accept(".", ",", ";")  # a full stop that slipped into the box
        self.in_set = before
        self.expect("}")
        return node

    def root(self, degree: int = 2) -> Node:
        """What follows a root sign: an index in square brackets, then the radicand."""
        with self.deeper():
            index: Node | None = None
            if self.accept("["):
                index = self.sum()
                self.expect("]")
            if self.at("(", "\\{"):
                inner = self.bracket()
            elif self.at("{"):
                inner = self.group()
            else:
                inner = self.atom()
            if index is None:
                return Apply("sqrt", (inner,)) if degree == 2 else Apply("root", (inner, Number(Fraction(degree))))
            return Apply("root", (inner, index))

    def _number_set(self) -> Node:
        braced = self.accept("{")
        token = self.take()
        if token.text not in NUMBER_SETS:
            raise self.fail("expected R, Q, Z, N or C")
        if braced:
            self.expect("}")
        name = NUMBER_SETS[token.text]
        while self.at("^", "_"):  # R^+, Z_{>0}
            sign = self.take().text
            raw = self.raw_argument()
            name += sign + raw
        return NumberSet(name)

    def raw_argument(self) -> str:
        """The source words of a group or one token, for names that are not computed with."""
        if not self.accept("{"):
            return self.take().text
        parts: list[str] = []
        depth = 1
        while depth:
            token = self.take()
            if token.kind == "end":
                raise self.fail("a brace is not closed")
            depth += (token.text == "{") - (token.text == "}")
            if depth:
                parts.append(token.text)
        return "".join(parts).strip()

    def _accent(self, name: str) -> Node:
        inner = self._argument()
        if name in {"overline", "bar"} and isinstance(inner, Number):
            raise self.fail("a line over digits must follow a decimal point")
        return Apply("accent", (Symbol(name), inner))

    def subscripted(self, name: str) -> Node:
        """A name with its subscript and primes."""
        if self.at("_"):
            self.take()
            name += "_" + self.raw_argument()
        while self.accept("'", "\\prime"):
            name += "'"
        return Symbol(name)

    def number_words(self) -> Node:
        """A run of English number words."""
        words: list[str] = []
        while self.token.kind == "name" and self.token.text.lower() in ENGLISH:
            words.append(self.take().text)
            if self.at("-") and self.ahead().text.lower() in ENGLISH:
                self.take()
        value = english_number(" ".join(words))
        if value is None:
            raise self.fail("number words that make no number")
        return Number(Fraction(value))

    def text_atom(self) -> Node:
        """Words set as text: a letter, a function, a number, or plain words."""
        text = self.take().text.strip()
        if len(text) == 1 and text.isalpha() and text.isascii():
            if text in {"e", "i"} and text not in self.bound:
                return Constant(text)
            if text in {"R", "Q", "Z", "N", "C"} and self.at("^", "_"):
                return Symbol(text)
            return self.subscripted(text)
        if text in FUNCTIONS:
            return self.function(FUNCTIONS[text])
        if text in INFINITIES:
            return Constant("oo")
        number = english_number(text) if text.isascii() else chinese_number(text)
        if number is not None:
            return Number(Fraction(number))
        if not text:
            return self.atom()
        return Words(fold(text))

    def bracket_items(self) -> tuple[Node, ...]:
        """The items inside the next bracket, whatever its kind: a function's arguments."""
        opened = self.take().text
        before, self.in_set = self.in_set, False
        node = self.listing()
        self.in_set = before
        self.expect(*_CLOSERS[opened])
        return node.items if isinstance(node, Listing) else (node,)

    def bracket(self) -> Node:
        """Brackets of every kind; one item in round or square brackets is the item itself."""
        with self.deeper():
            token = self.take()
            opened = token.text
            if opened == "...":
                return Dots()
            if opened in _BARS or opened in _NORMS:
                return self._between_bars(opened)
            if opened in {"\\lfloor", "\\lceil"}:
                inner = self.sum()
                self.expect("\\rfloor" if opened == "\\lfloor" else "\\rceil")
                return Apply("floor" if opened == "\\lfloor" else "ceil", (inner,))
            if opened == "\\lbrace":
                opened = "\\{"
            if opened == "\\{":
                return self._set()
            if opened == "{":
                self.index -= 1
                inner = self.group()
                return Bracket("{", "}", inner.items) if isinstance(inner, Listing) else inner
            before, self.in_set = self.in_set, False
            bars, self.bars = self.bars, 0
            inner = self.listing()
            self.in_set, self.bars = before, bars
            closed = self.expect(*_CLOSERS[opened]).text
            if opened == "\\langle":
                opened, closed = "(", ")"
            if isinstance(inner, Listing):
                return Bracket(opened, closed, inner.items)
            return inner

    def _between_bars(self, opened: str) -> Node:
        closing = _BARS.get(opened) or _NORMS[opened]
        self.bars += 1
        inner = self.sum()
        self.bars -= 1
        self.expect(closing, *(("\\mid", "|", "\\vert", "\\rvert") if opened in _BARS else ("\\rVert", "\\Vert")))
        return Apply("abs" if opened in _BARS else "norm", (inner,))

    def _set(self) -> Node:
        if self.accept("\\}", "\\rbrace"):
            return Bracket("{", "}", ())
        before, self.in_set = self.in_set, True
        first = self.listing()
        if self.accept("|", "\\mid", ":", "\\colon", "\\vert"):
            self.in_set = False
            condition = self.listing()
            node: Node = SetBuilder(first, condition)
        else:
            node = Bracket("{", "}", first.items if isinstance(first, Listing) else (first,))
        self.in_set = before
        self.expect("\\}", "\\rbrace", "}")
        return node

    def environment(self) -> Node:
        """Matrices, determinants, cases."""
        with self.deeper():
            name = self.raw_argument().rstrip("*")
            if name == "array" and self.at("{"):
                self.raw_argument()
            kind = "det" if name == "vmatrix" else "cases" if name in {"cases", "aligned", "align"} else "matrix"
            if kind == "matrix" and name not in _MATRICES:
                raise self.fail(f"unknown environment {name!r}")
            rows: list[tuple[Node, ...]] = []
            while not self.at("\\end"):
                rows.append(self._row(kind))
                if not self.accept("\\\\"):
                    break
            self.expect("\\end")
            self.raw_argument()
            return Matrix(tuple(row for row in rows if row), kind)

    def _row(self, kind: str) -> tuple[Node, ...]:
        while self.accept("\\hline"):
            pass
        if self.at("\\end", "\\\\"):
            return ()
        read = self.relation if kind == "matrix" else self.listing
        cells = [read()]
        while self.accept("&"):
            cells.append(read())
        return tuple(cells)

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
        self.integrals += 1
        body = self.sum()
        self.integrals -= 1
        token = self.take()
        if token.kind == "name" and len(token.text) == 2 and token.text[0] == "d":
            return Binder("int", token.text[1], low, high, body)
        if token.text.strip() == "d" and self.token.kind in {"name", "cmd"}:
            return Binder("int", self.raw_name(), low, high, body)
        raise self.fail("an integral without its dx")
