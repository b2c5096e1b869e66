"""Tokens one after the other, with the guard on nesting."""

from __future__ import annotations

from latex2sympy.errors import LimitError, ParseError
from latex2sympy.lexer import Token, tokenize

MAX_DEPTH = 48


class Depth:
    """Counts the levels of nesting: one more within a `with` block. A level that an error ends stays counted."""

    __slots__ = ("_levels",)

    def __init__(self) -> None:
        self._levels = 0

    def __enter__(self) -> None:
        self._levels += 1
        if self._levels > MAX_DEPTH:
            raise LimitError("depth")

    def __exit__(self, error: type[BaseException] | None, *_rest: object) -> None:
        if error is None:
            self._levels -= 1


class Stream:
    """A cursor over the tokens of one text."""

    def __init__(self, source: str) -> None:
        self.tokens = tokenize(source)
        self.index = 0
        self.equals = any(token.text in {"=", "\\approx", "\\equiv"} for token in self.tokens)
        self._depth = Depth()

    @property
    def token(self) -> Token:
        """The token not yet read."""
        return self.tokens[self.index]

    def ahead(self, distance: int = 1) -> Token:
        """A later token, the last one beyond the end."""
        return self.tokens[min(self.index + distance, len(self.tokens) - 1)]

    def take(self) -> Token:
        """Reads one token."""
        token = self.tokens[self.index]
        if token.kind != "end":
            self.index += 1
        return token

    def at(self, *texts: str) -> bool:
        """Whether the next token is one of these signs or commands."""
        token = self.tokens[self.index]
        return token.text in texts and token.kind in {"op", "cmd"}

    def accept(self, *texts: str) -> bool:
        """Reads the next token if it is one of these."""
        if self.at(*texts):
            self.index += 1
            return True
        return False

    def expect(self, *texts: str) -> Token:
        """Reads the next token, which must be one of these."""
        if not self.at(*texts):
            raise ParseError(f"expected {' or '.join(texts)}", self.token.at)
        return self.take()

    def split(self, head: str, rest: str, kind: str = "") -> None:
        """Replaces the next token by two: its head and the rest (for "frac12" and "x^ab")."""
        token = self.tokens[self.index]
        self.tokens[self.index : self.index + 1] = [
            token._replace(text=head),
            token._replace(text=rest, spaced=False, kind=kind or token.kind),
        ]

    def wrapped(self, count: int) -> None:
        """LimitError when a loop has put too many layers around one operand."""
        if count > MAX_DEPTH:
            raise LimitError("depth")

    def deeper(self) -> Depth:
        """One level of nesting within. LimitError."""
        return self._depth

    def fail(self, message: str) -> ParseError:
        """A ParseError at the next token."""
        return ParseError(message, self.token.at)
