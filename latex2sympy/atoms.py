"""The atoms of the grammar: numbers, names, functions, and what may follow an atom (powers, "!", "%", bases)."""

from __future__ import annotations

from fractions import Fraction

from latex2sympy.constructs import Constructs
from latex2sympy.decimals import read_number, repeating_block
from latex2sympy.nodes import Apply, Based, Bracket, Constant, Matrix, Node, Number, Symbol
from latex2sympy.numerals import ENGLISH
from latex2sympy.symbols import (
    BASE_WORDS,
    FUNCTIONS,
    GREEK_NAMES,
    INFINITIES,
    SEPARATOR_WORDS,
    SET_SIGNS,
    WORD_RULES,
)
from latex2sympy.units import LETTER_UNITS, UNITS, UnitWords

_STARTS = frozenset(
    r"( { \{ \frac \dfrac \tfrac \cfrac \sqrt \sfrac \nicefrac \cbrt \pi \infty \binom \dbinom \tbinom "
    r"\lfloor \lceil \lvert \lVert \dot \ddot "
    r"\langle \mathbb \overline \bar \vec \hat \tilde \widehat \overrightarrow \prime \sum \prod \int \lim \emptyset "
    r"\varnothing \angle \triangle \partial \nabla \begin \RR \QQ \ZZ \NN \CC \ldots \cdots \dots \max \min".split()
) | {"\\" + name for name in (*FUNCTIONS, *GREEK_NAMES)}

_FUNCTION_LETTERS = frozenset("fghFGH")
_WHOLE_WORDS = frozenset({*FUNCTIONS, *GREEK_NAMES})


_ENDING_WORDS = frozenset({*SEPARATOR_WORDS, "mod", "if", "is", "to", "per", "times", "plus", "minus", "remainder"})
_REPEATING = ("\\overline", "\\bar", "\\dot")
_MYRIADS = {"万": 10**4, "亿": 10**8}


class Atoms(Constructs, UnitWords):
    """Atoms and postfixes."""

    def starts_factor(self) -> bool:
        """Whether the next token can begin a factor that is multiplied without a sign."""
        token = self.token
        greek = token.text in {"\\Omega", "\\mu"} or self.ahead().text == "\\Omega"
        if greek and token.kind != "num" and self._after_number() and self.sign_of_unit(spaced=True):
            return False  # 5\\,\\Omega, 2\\ \\text{k}\\Omega
        if token.kind in {"num", "vulgar"}:
            if self.index == self.glued:
                return True  # \\frac123: LaTeX takes one digit each, the third is a factor
            before = self.tokens[self.index - 1]
            raised = token.spaced and self.index > 1 and self.tokens[self.index - 2].text == "^"  # 2^6 3^5
            return before.kind not in {"num", "vulgar"} or token.kind == "vulgar" or raised
        if token.text.strip() in {"C", "F"} and self._behind_ring():
            return False  # 30^\\circ C
        if token.kind == "name":
            return not self._word_ends_here(token.text, spaced=token.spaced)
        if token.kind == "text":
            if token.text[:1] == " ":
                return False  # 10 \\text{ m}: a unit, where \\text{m} alone may be a letter
            last = self.ahead().kind == "end" or self.ahead().text in {")", "}", ",", "^", "/"}
            if token.text.strip() in LETTER_UNITS and (token.spaced or last) and self._after_number():
                return False  # 10\\,\\mathrm{m}, 5\\text{m}
            return len(token.text.strip()) == 1 and token.text.strip().isalpha() and token.text.isascii()
        if token.kind == "op":
            if token.text in {"(", "{"}:
                return (
                    self.ahead().text.strip() not in {":", "mod", "}"} and self.ahead().text.strip().lower() != "base"
                )
            if token.text == "[":
                return self.ahead().text == "\\begin" or (self.ahead().text not in SET_SIGNS and self._encloses_one())
            return token.text == "|" and self.bars == 0 and not self.in_set
        return token.kind == "cmd" and token.text in _STARTS

    def _after_number(self) -> bool:
        """Whether a number stands right before, or a power of ten."""
        before = self.tokens[max(self.index - 6, 0) : self.index]
        if before[-1].text == "}":
            opened = max((at for at, token in enumerate(before) if token.text == "{"), default=0)
            return opened > 1 and before[opened - 1].text == "^" and before[opened - 2].text == "10"
        return before[-1].kind in {"num", "vulgar"}

    def _behind_ring(self) -> bool:
        """Whether the sign of a degree stands right before."""
        before = self.tokens[max(self.index - 2, 0) : self.index]
        sign = before[0] if before[-1].text == "}" else before[-1]
        return sign.text in {"\\circ", "°", "\\degree"}

    def _encloses_one(self) -> bool:
        """Whether the square bracket ahead closes again without a comma: it groups, as in 2[x + 1]."""
        depth = 0
        for token in self.tokens[self.index : self.index + 200]:
            depth += (token.text in {"[", "(", "{"}) - (token.text in {"]", ")", "}"})
            if depth == 0:
                return token.text == "]"
            if depth == 1 and token.text in {",", ";"}:
                return False
        return False

    def _word_ends_here(self, word: str, *, spaced: bool) -> bool:
        if word == "x" and spaced and self.ahead().kind == "num" and self.tokens[self.index - 1].kind == "num":
            return True  # 4.1 x 10^7: a times sign
        if (word.lower() == "base" or word == "U") and spaced:
            return True
        if word.lower() in _ENDING_WORDS or word.lower() in WORD_RULES:
            return True
        if self.integrals and len(word) == 2 and word[0] == "d":
            return True
        if word.lower() in {"am", "pm"} or (word in {"a", "p", "A", "P"} and self._half_ahead()):
            return True
        if word == "min" and self.tokens[self.index - 1].kind == "num" and self.ahead().kind in {"end", "num", "op"}:
            return self.ahead().text not in {"(", "{", "_"}  # 30 min
        if len(word) == 1 or word in FUNCTIONS or word in GREEK_NAMES or word in {"pi", *INFINITIES}:
            return False
        if word in UNITS and self.tokens[self.index - 1].kind in {"num", "vulgar"}:
            return True
        if len(word) > 3:
            return not any(word.startswith(name) and len(word) - len(name) <= 2 for name in FUNCTIONS)
        return spaced and word in UNITS

    def _half_ahead(self) -> bool:
        return self.ahead().text == "." and self.ahead(2).text.lower() == "m"

    def power(self) -> Node:
        """An atom with everything that follows it closely."""
        with self.deeper():
            node = self.atom()
            layers = 0
            while True:
                if self.token.kind == "end":
                    return node
                self.wrapped(layers)
                layers += 1
                if self.at("^", "**"):
                    node = self._raised(node)
                elif self.accept("!"):
                    double = self.accept("!")
                    node = Apply("factorial2" if double else "factorial", (node,))
                elif self.accept("%", "\\%"):
                    node = Apply("percent", (node,))
                elif self.accept("‰"):
                    node = Apply("div", (node, Number(Fraction(1000))))
                elif self.at("°", "\\degree", "\\circ"):
                    node = self._degrees(node)
                elif isinstance(node, Apply) and node.op == "compose" and self.at("(") and self._closed_before():
                    node = Apply("call", (node, *self.bracket_items()))
                elif self.at("'", "''", "\\prime") and isinstance(node, Number):
                    node = Apply("arcsecond" if self._seconds() else "arcminute", (node,))
                elif self.at("'", "\\prime") and isinstance(node, Symbol):
                    self.take()
                    node = Symbol(node.name + "'")
                elif self.at("_") and isinstance(node, Number):
                    self.take()
                    node = self._based(node)
                elif isinstance(node, Number) and self._base_word():
                    node = self._based(node)
                elif self.at("_") and isinstance(node, Symbol):
                    node = self.subscripted(node.name)
                elif self.at("_") and isinstance(node, Apply) and node.op == "pow" and isinstance(node.args[0], Symbol):
                    node = Apply("pow", (self.subscripted(node.args[0].name), node.args[1]))  # v^2_0
                elif self.token.kind in {"name", "text"} and (rule := self._word_rule()):
                    node = Apply(rule[0], (node, Number(Fraction(rule[1]))) if rule[1] else (node,))
                else:
                    return node

    def _degrees(self, node: Node) -> Node:
        """A value in degrees; a function composed with another where the ring stands between two letters."""
        ring = self.take().text == "\\circ"
        if ring and isinstance(node, Symbol) and self.token.kind == "name":
            return Apply("compose", (node, self.atom()))
        return Apply("degree", (node,))

    def _closed_before(self) -> bool:
        return self.tokens[self.index - 1].text == ")"

    def _word_rule(self) -> tuple[str, int] | None:
        """Reads a word behind a value that changes it; the words behind it in the same text stay."""
        token = self.token
        first, _, rest = token.text.strip().partition(" ")
        rule = WORD_RULES.get(first.lower())
        if rule is not None:
            if rest:
                self.tokens[self.index] = token._replace(text=" " + rest)
            else:
                self.take()
        return rule

    def _seconds(self) -> bool:
        first = self.take().text
        return first == "''" or self.accept("'", "\\prime")

    def _raised(self, base: Node) -> Node:
        self.take()
        if self.accept("\\circ", "°"):
            return Apply("degree", (base,))
        if self.at("{") and self.ahead().text in {"\\circ", "\\prime", "°"} and self.ahead(2).text == "}":
            mark = self.ahead().text
            self.index += 3
            if mark == "\\prime" and isinstance(base, Number):
                return Apply("arcminute", (base,))
            if mark == "\\prime":
                return Symbol(f"{base.name}'") if isinstance(base, Symbol) else Apply("prime", (base,))
            return Apply("degree", (base,))
        if self.at("{") and self.ahead().text == self.ahead(2).text == "\\prime" and self.ahead(3).text == "}":
            self.index += 4
            return Symbol(f"{base.name}''") if isinstance(base, Symbol) else Apply("arcsecond", (base,))
        if self.token.kind == "text" and self.token.text.strip() in {"th", "st", "nd", "rd"}:
            self.take()
            return base
        if self.at("{") and self.ahead().text.strip() in {"th", "st", "nd", "rd"} and self.ahead(2).text == "}":
            self.index += 3
            return base  # an ordinal
        if self._transposed(base):
            return Apply("transpose", (base,))
        exponent = self.exponent()
        if isinstance(base, Symbol) and base.name in _FUNCTION_LETTERS and self.at("("):
            inverse = exponent == Apply("neg", (Number(Fraction(1)),))
            return self.called(Symbol(base.name + "^-1")) if inverse else Apply("pow", (self.called(base), exponent))
        return Apply("pow", (base, exponent))

    def _transposed(self, base: Node) -> bool:
        """Reads the T or ⊤ of a transposed matrix or vector."""
        braced = self.at("{")
        sign = self.ahead() if braced else self.token
        plain = sign.text == "T" and isinstance(base, Matrix | Bracket)
        if not (plain or sign.text in {"\\top", "\\intercal"}) or (braced and self.ahead(2).text != "}"):
            return False
        self.index += 3 if braced else 1
        return True

    def exponent(self) -> Node:
        """What stands after ^: a group, or one signed atom (a number whole, of letters the first)."""
        with self.deeper():
            negative = False
            while self.at("-", "+"):
                negative ^= self.take().text == "-"
            word = self.token.text
            if self.token.kind == "name" and len(word) > 1 and word != "pi" and word not in _WHOLE_WORDS:
                self.split(word[0], word[1:])
            node = self.atom()
            while self.at("^", "**"):
                self.take()
                node = Apply("pow", (node, self.exponent()))
            return Apply("neg", (node,)) if negative else node

    def _based(self, node: Number) -> Node:
        if node.value.denominator != 1 or node.places is not None:
            raise self.fail("a number with a base must be whole")
        braced = self.accept("{")
        token = self.take()
        word = token.text.strip().lower()
        base = int(word) if token.kind == "num" and word.isdigit() and len(word) < 4 else BASE_WORDS.get(word)
        if base is None:
            raise self.fail("a number's subscript must be a base")
        if braced:
            self.accept(")")
            self.expect("}")
        else:
            self.accept(")")
        return Based(str(node.value), base)

    def _base_word(self) -> bool:
        """Reads "base" or "(base" behind a number, where a base follows."""
        opened = self.at("(")
        token = self.ahead() if opened else self.token
        if token.kind in {"name", "text"} and token.text.strip().lstrip("(").strip().lower() in {"base", "in base"}:
            self.index += 2 if opened else 1
            return True
        return False

    def atom(self) -> Node:
        """One operand."""
        token = self.token
        if token.kind == "num":
            return self._number()
        if token.kind == "vulgar":
            self.take()
            top, bottom = token.text.split("/")
            return Number(Fraction(int(top), int(bottom)))
        if token.kind == "name":
            return self._name()
        if token.kind == "text":
            return self.text_atom()
        if token.kind == "cmd":
            return self.command()
        if token.kind == "op" and token.text in {"(", "[", "{", "|", "]", "..."}:
            return self.bracket()
        raise self.fail("expected a value" if token.kind == "end" else f"expected a value, found {token.text!r}")

    def _number(self) -> Node:
        token = self.take()
        node = read_number(token.text)
        if node.places is None and node.value.denominator == 1:
            mixed = self._mixed_part()
            if mixed is not None:
                return Number(node.value + mixed)
        if self.at(".") and self.ahead().text in _REPEATING and node.places is None:
            self.take()
        if self.at(".") and self.ahead().text == "(" and self.ahead(2).kind == "num" and node.places is None:
            self.take()
            return self._repeating(token.text)
        if self.at(*_REPEATING) and self.ahead(2).kind == "num" and self.ahead(3).text == "}":
            return self._repeating(token.text)
        if node.places and self.at("...", "\\ldots", "\\dots", "\\cdots") and (block := repeating_block(token.text)):
            self.take()
            return Number(node.value + Fraction(int(block), (10 ** len(block) - 1) * 10**node.places))
        if self.token.kind == "text" and (scale := _MYRIADS.get(self.token.text)):
            self.take()
            return Number(node.value * scale)
        return node

    def _mixed_part(self) -> Fraction | None:
        """The fraction of a mixed number: 3 frac 1 2, 3 1/2, 3½."""
        token = self.token
        if token.kind == "vulgar":
            self.take()
            above, below = token.text.split("/")
            return Fraction(int(above), int(below))
        if token.text in {"\\frac", "\\dfrac", "\\tfrac"}:
            before = self.index
            node = self.command()
            match node:
                case Apply("div", (Number(value=top, places=None), Number(value=bottom, places=None))) if (
                    bottom > top > 0
                ):
                    return top / bottom
            self.index = before
            return None
        if token.kind == "num" and token.spaced and self.ahead().text == "/" and self.ahead(2).kind == "num":
            top_text, bottom_text = token.text, self.ahead(2).text
            if top_text.isdigit() and bottom_text.isdigit() and int(bottom_text) > int(top_text):
                self.index += 3
                return Fraction(int(top_text), int(bottom_text))
        return None

    def _repeating(self, text: str) -> Node:
        if not self.at("("):
            self.take()
        self.expect("{", "(")
        block = self.take().text
        self.expect("}", ")")
        if not block.isdigit():
            raise self.fail("expected digits under the line")
        whole = read_number(text)
        places = whole.places or 0
        value = whole.value + Fraction(int(block), (10 ** len(block) - 1) * 10**places)
        return Number(value)

    def _name(self) -> Node:
        word = self.token.text
        if word in {"i", "e", "pi"} and word not in self.bound:
            self.take()
            return self.subscripted(word) if self.at("_") else Constant(word)
        if word in INFINITIES:
            self.take()
            return Constant("oo")
        if word in FUNCTIONS:
            self.take()
            return self.function(FUNCTIONS[word])
        if word.lower() in ENGLISH:
            return self.number_words()
        if len(word) == 1 or word in GREEK_NAMES:
            self.take()
            return self.called(self.subscripted(word))
        for name in sorted(FUNCTIONS, key=len, reverse=True):  # sinx, log2 has come apart already
            if word.startswith(name) and len(word) - len(name) <= 2:
                self.split(name, word[len(name) :])
                return self._name()
        if self.integrals and len(word) > 2 and word[-2] == "d":
            self.split(word[:-2], word[-2:])
            return self._name()
        if len(word) <= 3 and word not in SEPARATOR_WORDS:
            self.split(word[0], word[1:])
            return self._name()
        if word.isupper() and len(word) <= 6:
            self.take()
            return Symbol(word)
        raise self.fail(f"unknown word {word!r}")
