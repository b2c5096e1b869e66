"""The reference's normaliser of answers and golds, step by step in its order, faults included.

Every step takes time linear in the text (the units: linear for each word). Vectors: conformance/normalise.jsonl.
"""

from __future__ import annotations

import contextlib
import re
from typing import Literal

from math_eval.graders.qwen.number_words import NotANumberError, number_of_words
from math_eval.graders.qwen.units import without_units

Edition = Literal["qwen2.5-math", "math-evaluation-harness"]
"""Which harness wrote the rows. The older one leaves \\( and \\) in an answer, and keeps answers to an empty gold."""

_PLAIN_TEX = (
    # sizes and spellings of one construct
    *(("bmatrix", "pmatrix"), ("tfrac", "frac"), ("dfrac", "frac")),
    *(("\\neq", "\\ne"), ("\\leq", "\\le"), ("\\geq", "\\ge")),
    *(("\\left", ""), ("\\right", ""), ("\\{", "{"), ("\\}", "}")),
)
_MARKS = (("^{\\circ}", ""), ("^\\circ", ""), ("\\$", ""), ("$", ""), ("\\(", ""), ("\\)", ""))
_PREFIXES = tuple(f"{name}{sign}" for sign in ("=", "\\in", "\\to") for name in "xyz")
_SETS_AND_PERCENT = (
    *(("\\emptyset", "{}"), ("(-\\infty,\\infty)", "\\mathbb{R}")),
    *(("\\%", ""), ("%", ""), (" .", " 0."), ("{.", "{0."), ("infinity", "\\infty")),
)
_ARRAY = re.compile(r"\\begin\{array\}\{[^}]*\}")
_TEXT = re.compile(r"\\text\{([^}]*)\}")
_MBOX = re.compile(r"\\mbox\{[^}]*\}")
_ZEROS_WITHIN = re.compile(r"(?<=\d)\.0*([^\d])")
_ZEROS_AT_END = re.compile(r"(?<=\d)\.0*$")
_SQRT = re.compile(r"\\sqrt(\w+)")


def normalise(text: str, *, keep_units: bool = False, edition: Edition = "qwen2.5-math") -> str:
    """The text as the reference compares it. keep_units: as for carp_en and minerva_math."""
    text = text.strip().replace("\n", "").rstrip(".").replace("\\!", "")
    text = _within(_ARRAY, r"\\begin{pmatrix}", text).replace("\\end{array}", "\\end{pmatrix}")
    text = _replaced(text, _PLAIN_TEX)
    text = _without_closing_text(text)
    if not keep_units:
        text = without_units(text)
    text = _replaced(text, _MARKS if edition == "qwen2.5-math" else _MARKS[:-2])
    with contextlib.suppress(NotANumberError):
        text = number_of_words(text)
    text = _within(_TEXT, r"\1", text)
    for prefix in _PREFIXES:
        text = text.replace(prefix, "")
    text = _replaced(text, _SETS_AND_PERCENT)
    if "\\infty" not in text:
        text = text.replace("inf", "\\infty")
    text = text.replace("and", "").replace("\\mathbf", "")
    text = _within(_MBOX, "", text)
    if "j" in text and "i" not in text:
        text = text.replace("j", "i")
    text = _ZEROS_AT_END.sub("", _ZEROS_WITHIN.sub(r"\1", text))
    if not text:
        return ""
    if text[0] == ".":
        text = f"0{text}"
    if text.count("=") == 1 and text.index("=") <= 2:
        text = text.partition("=")[2]
    text = _SQRT.sub(r"\\sqrt{\1}", text).replace(" ", "")
    return _slash_as_fraction(_braced_fractions(text))


def _replaced(text: str, table: tuple[tuple[str, str], ...]) -> str:
    for old, new in table:
        text = text.replace(old, new)
    return text


def _within(pattern: re.Pattern[str], replacement: str, text: str) -> str:
    """Substitution up to the last closing brace, past which an opening would be searched in vain again and again."""
    end = text.rfind("}") + 1
    return pattern.sub(replacement, text[:end]) + text[end:] if end else text


def _without_closing_text(text: str) -> str:
    start = text.find("\\text{")
    if start < 0 or not text.endswith("}"):
        return text
    return text[:start].strip() or text


def _braced_fractions(text: str) -> str:
    first, *rest = text.split("\\frac")
    made = [first]
    for part in rest:
        if part.startswith("{"):
            made.append(part)
        elif len(part) < 2:
            return text
        else:
            upper, lower, after = part[0], part[1], part[2:]
            made.append(f"{{{upper}}}{lower if lower == '{' else f'{{{lower}}}'}{after}")
    return "\\frac".join(made)


def _slash_as_fraction(text: str) -> str:
    upper, _, lower = text.partition("/")
    if text.count("/") != 1 or not (_is_part(upper) and _is_part(lower)):
        return text
    return f"\\frac{{{upper}}}{{{lower}}}"


def _is_part(text: str) -> bool:
    return "sqrt" in text or (text.removeprefix("-").isascii() and _is_plain_integer(text))


def _is_plain_integer(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isdigit() and (digits[0] != "0" or text == "0")
