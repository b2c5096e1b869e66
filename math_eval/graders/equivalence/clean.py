"""Cleaning: spellings of an answer that mean the same to every reader become one text."""

from __future__ import annotations

import re
import unicodedata

MAX_CHARS = 10_000
"""A longer answer is compared as text only."""

_DROPPED = re.compile(
    r"\\left(?![a-z])|\\right(?![a-z])|\\[!,;: ]|\\(?:displaystyle|quad|qquad)(?![a-z])|\$|\\[()\[\]]"
)
_WRAPPERS = re.compile(r"\\(?:text|textbf|textit|mathrm|mathbf|mathit|operatorname|boxed|fbox|mbox)\s*\{([^{}]*)\}")
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_LOOSE_SPACE = re.compile(r"(?<![\w}]) | (?![\w{\\])")
_SPACES = re.compile(r"\s+")
_RENAMED = (
    ("\\dfrac", "\\frac"),
    ("\\tfrac", "\\frac"),
    ("\\cfrac", "\\frac"),
    ("\\leq", "\\le"),
    ("\\geq", "\\ge"),
    ("\\neq", "\\ne"),
    ("\\lbrace", "\\{"),
    ("\\rbrace", "\\}"),
    ("{,}", ","),
    ("−", "-"),
    ("，", ","),
    ("；", ";"),
    ("∞", "\\infty"),
    ("π", "\\pi"),
)


def cleaned(text: str) -> str:
    """The text without layout commands, dollar signs, wrappers, final full stop; one space between words."""
    text = unicodedata.normalize("NFC", text[:MAX_CHARS]).translate(_FULL_WIDTH)
    for old, new in _RENAMED:
        text = text.replace(old, new)
    text = _DROPPED.sub(" ", text.replace("~", " ").replace("\\!", ""))
    for _ in range(3):
        text, changed = _WRAPPERS.subn(r"\1", text)
        if not changed:
            break
    text = _SPACES.sub(" ", text).strip()
    while text.endswith((".", "。", ",")) and not text.endswith("..."):
        text = text[:-1].rstrip()
    return text


def squeezed(text: str) -> str:
    """The cleaned text without the spaces that separate nothing: what two equal spellings share."""
    return _LOOSE_SPACE.sub("", cleaned(text))
