"""Option letters in a text that is an option, or that ends on one: what a verdict on a choice problem reads."""

from __future__ import annotations

import re

_DECORATION = str.maketrans(
    {"$": " ", "*": " ", "`": " "}
    | {chr(start + place): "ABCDEFGHIJ"[place] for start in (0xFF21, 0x24B6) for place in range(10)}
)
_WRAPPER = re.compile(r"\\(?:text|mathrm|textbf|mathbf|boxed|rm|bf)\b")
_BLANKS = re.compile(r"\s+")
_SHORT = re.compile(r"[\s({\[（]*([A-J])(?:\s*[)}\]）]*\s*[.。]?\s*$|[)}\]）]*\s*[.:,)）．：、]|\s*[)}\]）])")
LOWER = re.compile(r"\s*[({\[（]?\s*([a-j])\s*(?:[)}\]）]|[)}\]）]?\s*$|[.．]\s)")
_NAMED = re.compile(
    r"(?:options?|choices?|answers?|选项|选|答案)\s*(?:is|are|为|是|[:：])?\s*[({\[\s]*([A-J])(?![A-Za-z'’])",
    re.IGNORECASE,
)
BRACKETED = re.compile(r"[(（]\s*([A-Ja-j])\s*[)）]")
STANDALONE = re.compile(r"(?<![A-Za-z\\'’])([A-J])(?![A-Za-z'’\d(=^_])(?! [a-z])(?!\s*[=<>+\-*/^∩∪])")
_RUN = re.compile(r"(?<![A-Za-z\\])[A-J]{2,6}(?![A-Za-z])")


def short_letter(text: str) -> str:
    """The letter of a text that is one option: "C", "(C)", "(c)", "b)", "C. 12"; "" for anything else."""
    bare = bare_text(text)
    match = _SHORT.match(bare) or LOWER.match(bare)
    return match.group(1).upper() if match else ""


def last_letters(text: str, *, several: bool = False) -> str:
    """The option letter that a text ends on ("" where there is none); with `several`, all its letters in order.

    In running text the last letter counts that is named ("option C"), else bracketed, else standing alone (but for the
    article "A" before a word), since reasoning names other options before it.
    """
    bare = bare_text(text)
    if several:
        runs = "".join(_RUN.findall(bare)) or "".join(STANDALONE.findall(bare))
        return "".join(sorted(set(runs)))
    if short := short_letter(text):
        return short
    for pattern in (_NAMED, BRACKETED, STANDALONE):
        letters: list[str] = [letter.upper() for letter in pattern.findall(bare) if letter != "I"]
        if letters:
            return letters[-1]
    return ""


def bare_text(text: str) -> str:
    """The text without wrappers and decoration, full-width and circled letters as plain ones, space folded."""
    return (
        re.sub(r"[^\S\n]+", " ", _WRAPPER.sub(" ", text).translate(_DECORATION))
        if "\n" in text
        else _BLANKS.sub(" ", _WRAPPER.sub(" ", text).translate(_DECORATION))
    )
