"""Tokens → tree: lists, relations, ratios and arithmetic by precedence. The atoms are in atoms.py.

Grammar, loosest first; each level is made of the next:

    list      = relation { ("," | ";" | "and" | "or" | 或 …) relation }
    relation  = ratio { ("=" | "<" | "≤" | "≠" | "∈" | …) ratio }
    ratio     = sum { ":" sum }                    "4:30 p.m." is a clock
    sum       = product { ("+" | "-" | "±" | "∪" | "∩" | "∖") product }
    product   = factor { ("×" | "·" | "*" | "/" | "÷" | mod | nothing) factor }
    factor    = { "-" | "+" } power
    power     = atom { "!" | "%" | "°" | "'" | "^" exponent | unit }

What is not consumed whole is not parsed: a rest is a ParseError with its position.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache

from latex2sympy.atoms import Atoms
from latex2sympy.errors import ParseError
from latex2sympy.measures import measure
from latex2sympy.nodes import Apply, Bracket, Listing, Matrix, Node, Number, NumberSet, Quantity, Ratio, Relation, Words
from latex2sympy.plain import plain_reading
from latex2sympy.symbols import NEGATIVES, OR_WORDS, RELATIONS, SEPARATOR_WORDS, SET_SIGNS
from latex2sympy.words import ANONYMOUS, BEFORE, BEHIND, LEAD_WORDS, Phrases

_ADDITIVE = {"+": "add", "-": "sub", "\\pm": "pm", "\\mp": "mp"}
_SEPARATORS = (",", ";", "\\quad", "\\lor", "\\vee", "\\land", "\\wedge")
_TIMES = ("*", "\\times", "\\cdot", "\\ast", "\\star", "\\bullet")
_VECTOR_PRODUCTS = {"\\times": "cross", "\\cdot": "dot", "\\bullet": "dot"}
_OVER = ("/", "\\div", "//")
_MODULUS = re.compile(r"\(mod (\d{1,9})\)")


class Parser(Atoms, Phrases):
    """One text's parser; `parse` is the way in."""

    def whole(self) -> Node:
        """The tree of the whole text."""
        while self.at(".", ",", ";") and self.ahead().kind != "end":
            raise self.fail("a separator at the start")
        if self.at("\\approx", "\\sim", "=", "\\therefore", "\\implies", "\\Rightarrow", ":"):
            self.take()
        while self.token.text.strip().lower() in LEAD_WORDS and self.ahead().kind != "end":
            self.take()
        if (
            self.ahead().text == ":"
            and self.token.kind in {"name", "cmd"}
            and any(one.text == "=" for one in self.tokens)
        ):
            self.index += 2  # ℓ: y = 2x - 1
        node = self.over(self.listing())
        while self.accept(".", ",", ";"):
            pass
        if self.token.kind != "end":
            raise self.fail(f"cannot read on from {self.token.text!r}")
        return node

    def listing(self) -> Node:
        """Items with separators between, or the one item."""
        with self.deeper():
            items = [self.relation()]
            either = False
            while separator := self._separator():
                either = either or separator in OR_WORDS
                if self.closes():
                    break
                items.append(self.relation())
            return items[0] if len(items) == 1 else Listing(tuple(items), either)

    def _separator(self) -> str:
        """The separator read, the last one where several stand there; "" for none."""
        found = ""
        while True:
            token = self.token
            word = token.text.strip().lower()
            if not found and self.at("\\textcircled"):
                return ","  # circled numbers side by side are a list
            if self.at(*_SEPARATORS) or (token.kind in {"text", "name"} and word in SEPARATOR_WORDS):
                self.take()
                found = word
            else:
                return found

    def closes(self) -> bool:
        """Whether the text or what stands between two brackets ends here."""
        return self.token.kind == "end" or self.at(")", "]", "}", "\\}", "\\rbrace", "\\rangle", ".")

    def relation(self) -> Node:
        """A chain of relations, or the one side; "at least 5" and "5 or more" are relations of something not named."""
        if op := self.phrase(BEFORE):
            return Relation((op,), (ANONYMOUS, self.ratio()))
        items, ops = [(self.label() if self.equals else None) or self.ratio()], []
        while self.token.kind in {"op", "cmd"} and self.token.text in RELATIONS:
            op = RELATIONS[self.take().text]
            items.append(self.ratio())
            ops.append(op)
        if not ops and (op := self.phrase(BEHIND)):
            return Relation((op,), (ANONYMOUS, items[0]))
        return items[0] if not ops else Relation(tuple(ops), tuple(items))

    def ratio(self) -> Node:
        """A : b : c, a clock, or the one value; a unit may follow."""
        first = self.token
        items = [self.sum()]
        clock = first.kind == "num" and first.text.isdigit() and len(first.text) < 3 and int(first.text) <= 24
        while not self.in_set and self._colon():
            clock = (
                clock
                and self.token.kind == "num"
                and self.token.text.isdigit()
                and len(self.token.text) == 2
                and int(self.token.text) < 60
            )
            items.append(self.sum())
        if len(items) == 1:
            half = self.half() if clock else ""
            if half:
                return Ratio((items[0], Number(Fraction(0))), clock=True, half=half)
            return self._with_unit(items[0])
        clock = clock and len(items) <= 3 and all(isinstance(one, Quantity) or not _compound(one) for one in items)
        return Ratio(tuple(items), clock, self.half() if clock else "")

    def _colon(self) -> bool:
        if self.at("{") and self.ahead().text == ":" and self.ahead(2).text == "}":
            self.index += 3
            return True
        if self.token.text.strip() == "to" and self.tokens[self.index - 1].kind == self.ahead().kind == "num":
            self.take()
            return True
        return self.accept(":", "\\colon")

    def _with_unit(self, value: Node) -> Node:
        unit = self.unit(value)
        if not unit:
            return value
        if mixed := self._smaller_parts(Quantity(value, unit)):
            return mixed
        sides: list[Node] = [Quantity(value, unit)]
        while self.at("\\times") or (self.token.text == "x" and self.ahead().kind == "num"):
            self.take()
            side = self.product()
            sides.append(Quantity(side, self.unit(side)))
        return sides[0] if len(sides) == 1 else Bracket("(", ")", tuple(sides))  # 10 ft x 18 ft

    def _smaller_parts(self, first: Quantity) -> Node | None:
        """Reads what follows in smaller units of the same kind, as in 2 hours 30 minutes; None where nothing does."""
        parts = [first]
        while (size := measure(parts[-1].unit)) is not None:
            start = self.index
            if self.token.text.strip() == "and":
                self.take()
            smaller = Quantity(self.factor(), "") if self.token.kind == "num" else None
            unit = self.unit(smaller.value) if smaller else ""
            own = measure(unit) if unit else None
            if smaller is None or own is None or own[1] != size[1] or own[0] >= size[0]:
                self.index = start
                break
            parts.append(Quantity(smaller.value, unit))
        return Apply("mixed", tuple(parts)) if len(parts) > 1 else None

    def sum(self) -> Node:
        """Terms with signs between; unions and intersections bind as loosely."""
        with self.deeper():
            if self.at("\\pm", "\\mp"):
                node: Node = Apply(_ADDITIVE[self.take().text], (self.product(),))
            else:
                node = self.product()
            terms = [node]
            layers = 0
            while True:
                self.wrapped(layers)
                layers += len(terms) == 1 and self.token.text not in {"+", "-"}
                if self.token.kind in {"text", "name"}:
                    self.operator()
                if self.at("+"):
                    self.take()
                    terms.append(self.product())
                elif self.at("-"):
                    self.take()
                    terms = _minus(terms, self.product())
                elif self.at("\\pm", "\\mp"):
                    op = _ADDITIVE[self.take().text]
                    terms = [Apply(op, (_add(terms), self.product()))]
                elif self.token.text == "U" and self.tokens[self.index - 1].text in {")", "]", "\\}"}:
                    self.take()
                    terms = [Apply("union", (_add(terms), self.product()))]
                elif self.at(*SET_SIGNS) and self.ahead().text not in {"_", "^"}:
                    op = SET_SIGNS[self.take().text]
                    terms = [Apply(op, (_add(terms), self.product()))]
                elif self.at("\\backslash"):
                    self.take()
                    terms = [Apply("difference", (_add(terms), self.product()))]
                elif (self.token.kind == "text" or self.token.text in {"\\pmod", "("}) and self._at_modulus():
                    terms = [Apply("pmod", (_add(terms), self.modulus()))]
                else:
                    return _add(terms)

    def modulus(self) -> Node:
        """The modulus of a congruence, from either of its spellings."""
        if self.accept("\\pmod"):
            return self.group() if self.at("{") else self.atom()
        word = self.token.text.strip().lower()
        if found := _MODULUS.fullmatch(word):
            self.take()
            return Number(Fraction(int(found.group(1))))
        self.index += 2 if word == "(" else 1
        node = self.sum()
        if word != "mod":
            self.expect(")")
        return node

    def _at_modulus(self) -> bool:
        token = self.token
        if token.kind == "text":
            word = token.text.strip().lower()
            return "mod" in word and (word in {"(mod", "mod"} or _MODULUS.fullmatch(word) is not None)
        return self.at("\\pmod") or (self.at("(") and self.ahead().text.strip() == "mod")

    def product(self) -> Node:
        """Factors with or without a sign between; division and juxtaposition go from left to right."""
        factors = [self.factor()]
        layers = 0
        while True:
            self.wrapped(layers)
            layers += self.at(*_OVER, "\\bmod", "\\mod")
            worded = self.token.kind in {"text", "name"}
            if worded:
                self.operator()
            sign = self.token.text
            if self.accept(*_TIMES) or self._cross():
                right = self.factor()
                op = _VECTOR_PRODUCTS.get(sign)
                if op and _is_vector(factors[-1]) and _is_vector(right):
                    right = Apply(op, (factors.pop(), right))
                factors.append(right)
            elif self.at(*_OVER):
                self.take()
                factors = [Apply("div", (_mul(factors), self.factor()))]
            elif self.at("\\bmod", "\\mod"):
                self.take()
                factors = [Apply("mod", (_mul(factors), self.factor()))]
            elif worded and self.remainder():
                factors = [Apply("remainder", (_mul(factors), self.factor()))]
            elif self.starts_factor():
                factors.append(self.power())
            else:
                return _mul(factors)

    def _cross(self) -> bool:
        """Reads an x that stands for a times sign: 4.1 x 10^7."""
        token = self.token
        numbers = self.tokens[self.index - 1].kind == self.ahead().kind == "num"
        if token.text == "x" and token.spaced and numbers and self.ahead().spaced:
            self.take()
            return True
        return False

    def factor(self) -> Node:
        """A power with any signs before it."""
        negative = False
        while self.at("-", "+"):
            negative ^= self.take().text == "-"
        if self.token.kind == "name" and self.token.text.lower() in NEGATIVES and self.ahead().kind != "end":
            self.take()
            negative = not negative
        node = self.power()
        return Apply("neg", (node,)) if negative else node


def _add(terms: list[Node]) -> Node:
    return terms[0] if len(terms) == 1 else Apply("add", tuple(terms))


def _minus(terms: list[Node], right: Node) -> list[Node]:
    """The terms of a difference; between two sets it is what one holds and the other does not."""
    match terms, right:
        case [NumberSet() | Bracket() | Apply("union" | "intersection" | "difference")], Bracket(open="{"):
            return [Apply("difference", (terms[0], right))]
    return [*terms, Apply("neg", (right,))]


def _is_vector(node: Node) -> bool:
    return (
        isinstance(node, Matrix)
        or (isinstance(node, Bracket) and node.open == "(")
        or (isinstance(node, Apply) and node.op == "accent")
    )


def _mul(factors: list[Node]) -> Node:
    return factors[0] if len(factors) == 1 else Apply("mul", tuple(factors))


def _compound(node: Node) -> bool:
    return isinstance(node, Apply)


def parse(text: str) -> Node:
    """The tree of a text; ParseError where it is not mathematics as a whole, LimitError where it is too large."""
    plain = plain_reading(text)
    if plain is not None:
        return plain
    parser = Parser(text)
    if parser.token.kind == "end":
        raise ParseError("nothing to read", 0)
    try:
        return parser.whole()
    except (RecursionError, ValueError) as error:  # a stack that was nearly full; a number in no known spelling
        raise ParseError("cannot be read", parser.token.at) from error


@lru_cache(maxsize=20_000)
def parse_cached(text: str) -> Node:
    """parse() with a memory, for texts that come again and again: golds."""
    return parse(text)


__all__ = ["Parser", "Words", "parse", "parse_cached"]
