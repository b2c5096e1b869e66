"""The reference's two ways of reading a choice: a long one for responses and a short one for answers."""

from __future__ import annotations

import re

LETTERS = frozenset("ABCDE")
_PHRASES = ("choice is", "answer is")
_SPLIT = re.compile("|".join(_PHRASES))
_ALONE = re.compile(r"\b[A-E]\b")


def choice_in_response(response: str) -> str:
    """The letter that a response chooses, or what is left of the response where it holds no letter alone."""
    text = response.strip("\n")
    if any(text.count(phrase) > 1 for phrase in _PHRASES):
        text = text.partition("\n\n")[0]
    *before, text = _SPLIT.split(text)
    text = text.strip("\n").rstrip(".").rstrip("/").strip(" ").lstrip(":")
    found: list[str] = _ALONE.findall(text.upper()) or [text.strip().strip(".")]
    return found[0 if before else -1].rstrip(".").rstrip("/")


def choice_in_answer(answer: str) -> str:
    """The last letter that stands alone in an answer, or the answer without its outer dots."""
    text = answer.strip("\n").rstrip(".").rstrip("/").strip(" ").lstrip(":")
    found: list[str] = _ALONE.findall(text.upper()) or [text.strip().strip(".")]
    return found[-1].rstrip(".").rstrip("/")


def is_choices(text: str) -> bool:
    """Whether a text is choice letters alone, as an empty one is."""
    return LETTERS.issuperset(text)
