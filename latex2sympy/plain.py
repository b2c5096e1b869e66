"""Texts that are words or numbers in words, decided before anything is read as mathematics."""

from __future__ import annotations

import re
from fractions import Fraction

from latex2sympy.nodes import Node, Number, Words
from latex2sympy.numerals import CHINESE, chinese_number, english_number
from latex2sympy.symbols import FUNCTIONS, GREEK_NAMES, INFINITIES

_WORDS = re.compile(r"[A-Za-z][A-Za-z'’\-]*(?:[ ,]+[A-Za-z][A-Za-z'’\-]*)*")
_WRAPPED = re.compile(r"\s*\\(?:text|textbf|textit|mathrm|mbox|textrm|operatorname)\s*\{([^{}\\]*)\}\s*")
_KNOWN = frozenset({*FUNCTIONS, *GREEK_NAMES, "pi", *INFINITIES, "and", "or", "mod"})
_SHORT_WORDS = frozenset(
    "yes no dne true false odd even none red blue never always all both north south east west up down left right am pm "
    "sat sun mon tue wed thu fri jan feb mar apr may jun jul aug sep oct nov dec".split()
)


def plain_reading(text: str) -> Node | None:
    """Words for a text that is nothing but words, Number for a number in words, None for everything else."""
    bare = text.strip().strip("$").strip().rstrip(".。").strip()
    if bare.startswith("\\"):
        wrapped = _WRAPPED.fullmatch(bare)
        if wrapped is None:
            return None
        bare = wrapped.group(1).strip().rstrip(".")
        if len(bare) == 1 or bare in _KNOWN or bare[:1] in "([":
            return None
        if bare.isalpha() and bare.isascii():
            number = english_number(bare)
            return Number(Fraction(number)) if number is not None else Words(fold(bare))
    if not bare or len(bare) > 2_000:
        return None
    if not bare.isascii():
        return _chinese(bare)
    if not _WORDS.fullmatch(bare):
        return None
    number = english_number(bare)
    if number is not None:
        return Number(Fraction(number))
    words = [word.lower() for word in re.split(r"[ ,]+", bare)]
    if len(words) == 1:
        word = words[0]
        wordlike = word in _SHORT_WORDS or (len(word) > 3 and word not in _KNOWN)
        return Words(fold(bare)) if wordlike and not _function_and_letters(word) else None
    long = [word for word in words if len(word) > 2 and word not in _KNOWN]
    return Words(fold(bare)) if long else None


def _function_and_letters(word: str) -> bool:
    return any(
        word.startswith(name) and len(word) - len(name) <= 1 for name in ("sin", "cos", "tan", "log", "ln", "sqrt")
    )


def _chinese(bare: str) -> Node | None:
    if all(char in CHINESE for char in bare):
        value = chinese_number(bare)
        if value is not None:
            return Number(value)
    if all(_is_han(char) or char in " ，。、；" for char in bare):
        return Words(fold(bare))
    return None


def _is_han(char: str) -> bool:
    return "㐀" <= char <= "鿿"


def fold(text: str) -> str:
    """Words without case, articles, punctuation and needless spaces."""
    words = re.split(r"[\s,.;:'’\-，。、；]+", text.lower())
    return " ".join(word for word in words if word and word not in {"the", "a", "an"}) or text.strip().lower()


_LINKING = frozenset("if for when where is are be with any".split())


def condition_words(text: str) -> str:
    """The words of a condition in one order, so that "n is even" and "even n" are the same."""
    return " ".join(sorted(word for word in re.findall(r"[^\s{}$,.;]+", text.lower()) if word not in _LINKING))


_COMMANDS = re.compile(r"\\[a-zA-Z]+\s*(?:\{[a-z]+\})?")
_OPENING = re.compile(r"(?:yes|no|we|for|let|if|the)\b[\s.,]", re.IGNORECASE)
_LONG_WORDS = re.compile(r"[A-Za-z]{3,}")


def is_prose(text: str) -> bool:
    """Whether a text is a sentence or a remark around its mathematics: two words, or a long one."""
    bare = _COMMANDS.sub(" ", text)
    words = [word for word in _LONG_WORDS.findall(bare) if word.lower() not in _KNOWN]
    if _OPENING.match(text.strip()):
        return True
    return len(words) >= 2 or any(len(word) >= 5 for word in words)
