"""Words that stand for signs: "times", "plus or minus", "at least", "or more", "remainder"."""

from __future__ import annotations

from collections.abc import Mapping

from latex2sympy.nodes import Symbol
from latex2sympy.stream import Stream

ANONYMOUS = Symbol("?")
"""What "at least 5" speaks of."""
LEAD_WORDS = frozenset({"exactly", "approximately", "about", "roughly", "around"})
OPERATORS = {
    "times": "\\times",
    "multiplied by": "\\times",
    "plus": "+",
    "minus": "-",
    "plus or minus": "\\pm",
    "out of": "/",
    "over": "/",
    "divided by": "/",
}
BEFORE = {
    "at least": ">=",
    "no less than": ">=",
    "not less than": ">=",
    "no fewer than": ">=",
    "at most": "<=",
    "no more than": "<=",
    "not more than": "<=",
    "more than": ">",
    "greater than": ">",
    "less than": "<",
    "fewer than": "<",
}
BEHIND = {
    **dict.fromkeys(("or more", "or greater", "or above", "or higher", "or larger", "and above", "and up"), ">="),
    "at least": ">=",
    "at most": "<=",
    **dict.fromkeys(("or fewer", "or less", "or below", "or lower", "or smaller", "and below"), "<="),
}
_MAX_WORDS = 3


class Phrases(Stream):
    """Reading words that stand for signs."""

    def phrase(self, table: Mapping[str, str]) -> str:
        """Reads a phrase of a table that ends where a token ends, and says what it stands for; "" for none."""
        if self.token.kind not in {"name", "text"}:
            return ""
        words: list[str] = []
        ahead = 0
        while len(words) < _MAX_WORDS and (token := self.ahead(ahead)).kind in {"name", "text"}:
            words += token.text.lower().split()
            ahead += 1
            if found := table.get(" ".join(words)):
                self.index += ahead
                return found
        return ""

    def operator(self) -> None:
        """Turns a word between two values into its sign."""
        sign = OPERATORS.get(self.token.text.strip().lower())
        ahead = self.ahead()
        if sign is None or not (ahead.kind in {"num", "cmd"} or ahead.text in {"(", "{"}):
            return
        if self.token.kind == "text" or sign in {"\\times", "+", "-"}:
            self.tokens[self.index] = self.token._replace(kind="op" if len(sign) == 1 else "cmd", text=sign)

    def remainder(self) -> bool:
        """Reads the R of 8 R 3, or the word."""
        token = self.token
        word = token.text.strip().lower()
        numbers = self.tokens[self.index - 1].kind == self.ahead().kind == "num"
        if numbers and (word == "remainder" or (word == "r" and token.spaced and self.ahead().spaced)):
            self.take()
            return True
        return False
