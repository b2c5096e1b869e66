"""Second readings of numbers that can be read in two ways, for answers that the first reading does not find right."""

from __future__ import annotations

import re

_GROUPED = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_FOREIGN = re.compile(
    r"(?<![\d.,])(?:"
    r"(?P<dotted>\d{1,3}(?:\.\d{3})+),(?P<dotted_rest>\d+)"  # 1.234,50
    r"|(?P<dots>\d{1,3}(?:\.\d{3}){2,})"  # 1.234.567
    r"|(?P<spaced>\d{1,3}(?: \d{3})+),(?P<spaced_rest>\d+)"  # 1 234,5
    r"|(?P<lakh>\d{1,2}(?:,\d{2})+,\d{3})"  # 1,23,456
    r")(?![\d,]|\.\d)"
)
_COMMA = re.compile(r"\s*([-+]?\d+),(\d{1,2}|\d{4,})\s*([€%]?)\s*")


def as_list(text: str) -> str:
    """The text with "1,234" as two numbers, for lists without spaces."""
    return _GROUPED.sub(", ", text)


def as_foreign(text: str) -> str:
    """The text with its numbers read by a convention that the first reading does not know; the same where none fits."""
    return _FOREIGN.sub(_foreign, text)


def as_decimal_comma(text: str) -> str:
    """A text that is nothing but "3,14" with a decimal point."""
    found = _COMMA.fullmatch(text)
    return f"{found.group(1)}.{found.group(2)}{found.group(3)}" if found else text


def _foreign(found: re.Match[str]) -> str:
    for name in ("dotted", "spaced"):
        if found.group(name):
            return re.sub(r"[. ]", "", found.group(name)) + "." + found.group(f"{name}_rest")
    return re.sub(r"[.,]", "", found.group())
