"""Option letters in an answer."""

from __future__ import annotations

import re

_DECORATION = str.maketrans({"$": " ", "*": " "})
_WRAPPER = re.compile(r"\\(?:text|mathrm|textbf|mathbf|boxed|rm)\b")
_BLANKS = re.compile(r"\s+")
_SHORT = re.compile(r"[\s({\[]*([A-J])(?:\s*[)}\]]*\s*$|[)}\]]*\s*[.:,)）．：]|\s*[)}\]])")
_LOWER = re.compile(r"\s*\(\s*([a-j])\s*\)")
_NAMED = re.compile(
    r"(?:options?|choices?|answers?|选项|选|答案)\s*(?:is|are|为|是|[:：])?\s*[({\[\s]*([A-J])(?![A-Za-z'’])",
    re.IGNORECASE,
)
_BRACKETED = re.compile(r"\(\s*([A-J])\s*\)")
_STANDALONE = re.compile(r"(?<![A-Za-z\\])([A-J])(?![A-Za-z'’])(?! [a-z])")
_RUN = re.compile(r"(?<![A-Za-z\\])[A-J]{2,6}(?![A-Za-z])")


def short_letter(text: str) -> str:
    """The letter of a text that is one option: "C", "(C)", "(c)", "C. 12"; "" for anything else."""
    bare = _bare(text)
    found = _SHORT.match(bare) or _LOWER.match(bare)
    return found.group(1).upper() if found else ""


def last_letters(text: str, *, several: bool = False) -> str:
    """The option letter that a text ends on ("" where there is none); with `several`, all its letters in order.

    In running text the last letter counts that is named ("option C"), else bracketed, else standing alone (but for the
    article "A" before a word), since reasoning names other options before it.
    """
    bare = _bare(text)
    if several:
        runs = "".join(_RUN.findall(bare)) or "".join(_STANDALONE.findall(bare))
        return "".join(sorted(set(runs)))
    if short := short_letter(text):
        return short
    for pattern in (_NAMED, _BRACKETED, _STANDALONE):
        letters: list[str] = [letter.upper() for letter in pattern.findall(bare) if letter != "I"]
        if letters:
            return letters[-1]
    return ""


def _bare(text: str) -> str:
    return _BLANKS.sub(" ", _WRAPPER.sub(" ", text).translate(_DECORATION))
