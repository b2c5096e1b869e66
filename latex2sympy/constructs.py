"""Commands and brackets: fractions, roots, sets, matrices, sums, integrals, and words inside mathematics."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from latex2sympy.binders import Binders
from latex2sympy.environments import Environments
from latex2sympy.functions import Functions
from latex2sympy.nodes import (
    Apply,
    Bracket,
    Constant,
    Dots,
    Listing,
    Node,
    Number,
    NumberSet,
    Quantity,
    SetBuilder,
    Symbol,
    Words,
    children,
)
from latex2sympy.numerals import ENGLISH, chinese_number, english_number
from latex2sympy.plain import fold
from latex2sympy.symbols import (
    BINDERS,
    CURRENCIES,
    FUNCTIONS,
    GREEK_NAMES,
    INFINITIES,
    NEGATIVES,
    NUMBER_SETS,
    RELATIONS,
)

_FRACTIONS = frozenset(r"\frac \dfrac \tfrac \cfrac \sfrac \nicefrac".split())
_ACCENTS = frozenset(
    r"\overline \bar \vec \hat \tilde \widehat \overrightarrow \overleftarrow \dot \ddot \widetilde".split()
)
_DOTS = frozenset({"\\ldots", "\\cdots", "\\dots", "\\vdots", "\\ddots", "\\dotsc", "\\dotsb", "\\hdots"})
_CLOSERS = {
    "(": (")", "]", "["),
    "[": ("]", ")", "["),
    "]": ("[", "]", ")"),
    "\\{": ("\\}",),
    "{": ("}",),
    "\\langle": ("\\rangle",),
}
_GLUED = tuple("\\" + name for name in sorted(GREEK_NAMES, key=len, reverse=True))
_BARS = {"|": "|", "\\lvert": "\\rvert", "\\vert": "\\vert", "\\mid": "\\mid"}
_NORMS = {"\\|": "\\|", "\\lVert": "\\rVert", "\\Vert": "\\Vert"}


_OPERATOR_NAMES = frozenset({"deg", "dim", "sup", "inf"})
_WHOLE_SUBSCRIPTS = frozenset({"in", "eq", "th", "ij", "ik", "jk", "kl", "xx", "xy", "yy", "yx", "ab"})


class Constructs(Binders, Environments, Functions):
    """Everything that begins with a command or a bracket."""

    if TYPE_CHECKING:

        def relation(self) -> Node: ...
        def closes(self) -> bool: ...

    def __init__(self, source: str) -> None:
        super().__init__(source)
        self.bars = 0
        self.in_set = False
        self.integrals = 0
        self.bound: set[str] = set()
        self.glued = -1

    def command(self) -> Node:
        """What a backslash command stands for."""
        token = self.take()
        name = token.text
        if name in _FRACTIONS:
            return self._fraction()
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
        if name in BINDERS and self.token.text in RELATIONS:
            return Symbol(bare)  # \\lim = 2
        if name in BINDERS and (self.at("_", "^") or BINDERS[name] not in {"cup", "cap"}):
            return self.binder(BINDERS[name])
        if name == "\\begin":
            return self.environment()
        if name == "\\textcircled":
            return Symbol(f"({self.raw_argument()})")
        if name in _ACCENTS:
            return self._accent(bare)
        if bare in {"imath", "jmath"}:
            return Constant("i") if bare == "imath" else Symbol("j")
        if bare == "Pr":
            return Symbol("P")
        if bare in {"angle", "triangle", "partial", "nabla", "Delta"}:
            return Symbol(bare)
        if name in {"\\{", "\\lbrace", "\\langle", "\\lfloor", "\\lceil", *_BARS, *_NORMS}:
            self.index -= 1
            return self.bracket()
        if bare in _OPERATOR_NAMES:
            return Symbol(bare) if self.token.text in RELATIONS else Apply("call", (Symbol(bare), self.power()))
        if name in CURRENCIES:
            return Quantity(self.power(), CURRENCIES[name])
        self.index -= 1
        for known in ("\\pi", *_GLUED):  # \piG: a command that lost the space behind it
            if name.startswith(known) and len(name) - len(known) <= 2:
                self.split(known, name[len(known) :], kind="name")
                return self.command()
        raise self.fail(f"unknown command {name!r}")

    def _fraction(self) -> Node:
        before, self.integrals = self.integrals, 0  # a dx in a numerator is read as letters, and found there
        top = self._argument()
        node = Apply("div", (top, self._argument()))
        self.integrals = before
        return node

    def _argument(self) -> Node:
        """An argument of a fraction or binomial: a group, or one digit, letter or command."""
        with self.deeper():
            if self.at("{"):
                return self.group()
            token = self.token
            if len(token.text) > 1 and (token.kind == "name" or (token.kind == "num" and token.text.isdigit())):
                self.split(token.text[0], token.text[1:])
                self.glued = self.index + 1
            return self.atom()

    def group(self) -> Node:
        """The content of { }, whatever it is."""
        self.expect("{")
        before, self.in_set = self.in_set, False
        self.accept("\\approx")
        node = self.over(self.listing())
        if self.ahead().text == "}":
            self.accept(".", ",", ";")  # a full stop that slipped into the box
        self.in_set = before
        self.expect("}")
        return node

    def over(self, top: Node) -> Node:
        """What was read, over what follows it where TeX's own fraction or binomial does."""
        for name, op in (("\\over", "div"), ("\\choose", "binom")):
            if self.accept(name):
                top = Apply(op, (top, self.listing()))
        return top

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
        if token.text not in NUMBER_SETS and len(token.text) == 1 and token.text.isupper():
            if braced:
                self.expect("}")
            return self.called(self.subscripted(token.text))
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
        if name in {"overline", "bar"} and _is_complex(inner):
            return Apply("conj", (inner,))
        return Apply("accent", (Symbol("vec" if name == "overrightarrow" else name), inner))

    def subscripted(self, name: str) -> Node:
        """A name with its subscript and primes."""
        if self.at("_"):
            self.take()
            word = self.token.text
            if self.token.kind == "name" and len(word) == 2 and word not in _WHOLE_SUBSCRIPTS:
                self.split(word[0], word[1])  # LaTeX takes one letter: m_pc is m_p times c
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
        raw = self.take().text
        text = raw.strip()
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
        if self.at("(") and not self.token.spaced and len(text) > 1 and raw.isalpha() and raw.isascii():
            return Apply("call", (Symbol(raw), *self.bracket_items()))
        if text.lower() in NEGATIVES and not self.closes():
            return Apply("neg", (self.factor(),))
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
        if self.at("\\begin"):
            start = self.index
            self.take()
            system = self.environment(braced=True)
            if not self.at("\\}", "\\rbrace"):
                return system
            self.index = start
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


def _is_complex(node: Node) -> bool:
    return node == Constant("i") or any(map(_is_complex, children(node)))
