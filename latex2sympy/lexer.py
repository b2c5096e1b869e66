"""Text → tokens: LaTeX, Unicode mathematics and plain text alike. Layout is dropped here; nothing is computed.

Linear in the length of the text. LimitError for a text over MAX_CHARS, more than MAX_TOKENS, a number over MAX_DIGITS.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from latex2sympy.errors import LimitError, ParseError
from latex2sympy.numerals import ascii_digits
from latex2sympy.symbols import CHARACTERS, CIRCLED, GREEK, SUBSCRIPTS, SUPERSCRIPTS, VULGAR

MAX_CHARS = 20_000
MAX_TOKENS = 5_000
MAX_DIGITS = 3_000

_NUMBER = re.compile(
    r"\d{1,3}(?:\s?\{,\s*\}\s?\d{3})+(?!\d)(?:\.\d+)?"  # 10{,}000
    r"|\d{1,3}(?:,\\!\s*\d{3})+(?!\d)(?:\.\d+)?"  # 10,\!000
    r"|\d{1,3}(?:,\d{3})+(?![\d])(?!,\d)(?:\.\d+)?"  # 1,234,567.8
    r"|\d{1,3}(?:(?:\\[,; ]|~|[    ])\d{3})+(?:\.\d+)?(?!\d)"  # 1\,234 and 1 234
    r"|\d{1,3}(?:['’]\d{3})+(?!\d)"  # 1'000'000
    r"|\d{1,3}(?:_\d{3})+(?!\d)"  # 1_000_000: no number system has a base of three digits
    r"|\d+\{,\}\d+"  # 3{,}14
    r"|\d+\.(?=/)"  # 1./3
    r"|\d*\.\d+(?:[eE][-+]?\d{1,6}(?![\d.a-zA-Z]))?"
    r"|\d+(?:[eE][-+]?\d{1,6}(?![\d.a-zA-Z]))?"
)
_PLAIN = re.compile(r"[\d.eE+-]*")
_BARE_COMMA = re.compile(r"\d+,\d")
_NUMERIC = re.compile(r"\s*[-(\[$]?\s*\.?\d|\s*\([A-Za-z]\)\s*$")
_COMMAND = re.compile(r"\\(?:[a-zA-Z]+\*?|.)", re.DOTALL)
_LETTERS = re.compile(r"[a-zA-Z]+")
_CJK = re.compile(r"[㐀-鿿〇]+")
_DOUBLED = re.compile(r"\\\\(?=[a-zA-Z])")
_COLOUR = re.compile(r"\\(?:text)?color\s*\{\w*\}|\\[hv]space\*?\s*\{[^{}]*\}")
_SPACE = re.compile(r"[\s​⁠﻿~]+")
_DROPPED = frozenset(
    r"\left \right \! \, \; \: \> \quad \qquad \displaystyle \textstyle \scriptstyle \limits \nolimits \big \Big \bigg "
    r"\Bigg \bigl \bigr \Bigl \Bigr \biggl \biggr \Biggl \Biggr \middle \( \) \[ \] \/ \- \hfill \hspace* \noindent "
    r"\rm \bf \it \small \large \Large \LARGE \huge \Huge \tiny \scriptsize \footnotesize \normalsize \vphantom "
    r"\null \relax \allowbreak".split(" ")
) | {"\\ "}
_TEXTS = frozenset(
    r"\text \textbf \textit \textrm \textsf \texttt \textnormal \mbox \hbox \mathrm \operatorname \operatorname* "
    r"\textup \emph \unit \rm".split()
)
_STYLES = frozenset(
    r"\mathbf \boldsymbol \mathit \mathsf \mathtt \bm \boxed \fbox \mathcal \mathscr \mathfrak \ensuremath \underline "
    r"\mathop \mathord \mathclose \mathopen \phantom".split()
)
_BOLD = frozenset({"\\mathbf", "\\boldsymbol", "\\bm"})
_UNIT_VECTOR = re.compile(r"\s*\{\s*\\?([ijk])(?:math)?\s*\}")
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_OPENING = frozenset({"(", "[", "\\{", "\\lbrace"})
_CLOSING = frozenset({")", "]", "\\}", "\\rbrace"})
_BRACKETS = {"\\lbrack": "[", "\\rbrack": "]", "\\lparen": "(", "\\rparen": ")"}
_UNIT_AND = re.compile(r"(\s*[A-Za-z]+\s)\s*(and|or)\s*")
"""The unit and the word of "5\\text{ dollars and }25\\text{ cents}"."""
_OPERATORS = ("**", "<=", ">=", "!=", "==", "->", "...", "//")


class Token(NamedTuple):
    """kind: num, name (letters), cmd (backslash word), text (words), op (one sign), end; at: index in the source."""

    kind: str
    text: str
    at: int
    spaced: bool = False


def tokenize(source: str) -> list[Token]:
    """The tokens of a text, ending in one of kind "end"; style wrappers are unwrapped by dropping their command."""
    if len(source) > MAX_CHARS:
        raise LimitError("length")
    if not source.isascii():  # one character for one, so positions stay
        source = ascii_digits(source.translate(_FULL_WIDTH))
    if "\\begin" not in source:
        source = _DOUBLED.sub(r" \\", source)  # a command escaped twice: no rows are there to be separated
    tokens: list[Token] = []
    at, end, spaced, depth, seen = 0, len(source), False, 0, 0
    while at < end:
        if len(tokens) > MAX_TOKENS:
            raise LimitError("tokens")
        for token in tokens[seen:]:
            depth += (token.text in _OPENING) - (token.text in _CLOSING)
        seen = len(tokens)
        char = source[at]
        if blank := _SPACE.match(source, at):
            at, spaced = blank.end(), True
            continue
        if char == "$" or source.startswith("{}", at):
            at += 1 if char == "$" else 2
            continue
        if char == "\\" and (styled := _COLOUR.match(source, at)):
            at = styled.end()
            continue
        if "0" <= char <= "9" or (char == "." and source[at + 1 : at + 2].isdigit() and source[at + 1].isascii()):
            at = _number(source, at, tokens, spaced, inside=depth > 0)
        elif char == "\\":
            at, spaced = _command(source, at, tokens, spaced)
            continue
        elif word := _LETTERS.match(source, at):
            tokens.append(Token("name", word.group(), at, spaced))
            at = word.end()
        elif han := _CJK.match(source, at):
            tokens.append(Token("text", han.group(), at, spaced))
            at = han.end()
        else:
            at = _sign(source, at, tokens, spaced)
        spaced = False
    tokens.append(Token("end", "", end, spaced))
    return tokens


def _number(source: str, at: int, tokens: list[Token], spaced: bool, *, inside: bool) -> int:
    match = _NUMBER.match(source, at)
    if match is None:
        raise ParseError("not a number", at)
    text = match.group()
    if tokens and tokens[-1].text == "^":
        text = _PLAIN.match(text).group()  # type: ignore[union-attr]  # the space behind an exponent is no separator
    if inside and _BARE_COMMA.match(text):
        text = text[: text.index(",")]  # between brackets a comma separates: (1,234) is a pair
    if len(text) > MAX_DIGITS:
        raise LimitError("digits")
    tokens.append(Token("num", text, at, spaced))
    return at + len(text)


def _command(source: str, at: int, tokens: list[Token], spaced: bool) -> tuple[int, bool]:
    match = _COMMAND.match(source, at)
    if match is None:
        raise ParseError("a backslash at the end", at)
    name, end = match.group(), match.end()
    if name in _TEXTS:
        return _text(source, end, at, tokens, spaced), False
    if name in _BOLD and (vector := _UNIT_VECTOR.match(source, end)) and len(set(_UNIT_VECTOR.findall(source))) > 1:
        parts = (("cmd", "\\hat"), ("op", "{"), ("name", vector.group(1)), ("op", "}"))
        tokens += [Token(kind, text, at, spaced) for kind, text in parts]
        return vector.end(), False
    if name in _DROPPED or name in _STYLES:
        if name in {"\\left", "\\right"} and source[end : end + 1] == ".":
            return end + 1, spaced
        return end, spaced or name.strip("\\") in {"", ",", ";", ":", "quad", "qquad"}
    if name in _BRACKETS:
        tokens.append(Token("op", _BRACKETS[name], at, spaced))
        return end, False
    tokens.append(Token("cmd", name, at, spaced))
    return end, False


def _text(source: str, end: int, at: int, tokens: list[Token], spaced: bool) -> int:
    brace = _SPACE.match(source, end)
    start = brace.end() if brace else end
    if source[start : start + 1] != "{":
        return start  # \mathrm d: the style of one letter
    depth, stop = 1, start + 1
    while stop < len(source) and depth:
        depth += (source[stop] == "{") - (source[stop] == "}")
        stop += 1
    if depth:
        raise ParseError("a brace is not closed", start)
    inner = source[start + 1 : stop - 1]
    if _NUMERIC.match(inner) and "\\" not in inner:  # \text{10 cm}: mathematics set as text
        tokens += [Token(one.kind, one.text, at, one.spaced) for one in tokenize(inner)[:-1]]
    elif found := _UNIT_AND.fullmatch(inner):
        tokens += [Token("text", part, at, spaced) for part in found.groups()]
    else:
        tokens.append(Token("text", inner, at, spaced))
    return stop


def _sign(source: str, at: int, tokens: list[Token], spaced: bool) -> int:
    char = source[at]
    if char in SUPERSCRIPTS or char in SUBSCRIPTS:
        table, mark = (SUPERSCRIPTS, "^") if char in SUPERSCRIPTS else (SUBSCRIPTS, "_")
        end = at
        while end < len(source) and source[end] in table:
            end += 1
        inner = tokenize("".join(table[one] for one in source[at:end]))[:-1]
        placed = [Token(one.kind, one.text, at) for one in inner]
        tokens += [Token("op", mark, at), Token("op", "{", at), *placed, Token("op", "}", at)]
        return end
    if char in VULGAR:
        top, bottom = VULGAR[char]
        tokens.append(Token("vulgar", f"{top}/{bottom}", at, spaced))
        return at + 1
    if char in CIRCLED:
        parts = (("cmd", "\\textcircled"), ("op", "{"), ("num", CIRCLED[char]), ("op", "}"))
        tokens += [Token(kind, text, at, spaced) for kind, text in parts]
        return at + 1
    if char in GREEK:
        tokens.append(Token("cmd", "\\" + GREEK[char], at, spaced))
        return at + 1
    if char in CHARACTERS:
        meant = CHARACTERS[char]
        if meant:
            kind = "cmd" if meant.startswith("\\") and len(meant) > 1 else "op"
            tokens.append(Token(kind, meant, at, spaced))
        return at + 1
    for sign in _OPERATORS:
        if source.startswith(sign, at):
            tokens.append(Token("op", sign, at, spaced))
            return at + len(sign)
    if char in "+-*/^_=<>(){}[]|,;:!'%‰&.?@#°":
        tokens.append(Token("op", char, at, spaced))
        return at + 1
    raise ParseError(f"unexpected character {char!r}", at)
