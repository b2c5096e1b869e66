"""Written numbers: separators, decimals and exponents read exactly."""

from __future__ import annotations

import re
from fractions import Fraction

from latex2sympy.errors import LimitError
from latex2sympy.nodes import Number


def repeating_block(text: str) -> str:
    """The digits that a decimal ends on at least twice, so that dots behind it repeat them; "" for none."""
    decimals = text.partition(".")[2]
    for size in range(1, 7):
        block = decimals[-size:]
        if len(decimals) >= 2 * size and decimals[-2 * size : -size] == block:
            return block
    return ""


_SPACED_COMMA = re.compile(r"\s?\{,\s*\}\s?")


def read_number(text: str) -> Number:
    """A Number from a token: separators dropped, decimals and exponent read exactly."""
    if text.isdigit():
        return Number(Fraction(int(text)))
    if "{" in text:
        text = _SPACED_COMMA.sub("{,}", text)
    grouped = "{,}" in text and all(len(part.partition(".")[0]) == 3 for part in text.split("{,}")[1:])
    text = text.replace("{,}", "" if grouped else ".")
    text = text.replace("\\!", "")
    for mark in ("\\,", "\\ ", "\\;", ",", "~", "'", "’", "_", " ", " ", " ", " "):
        text = text.replace(mark, "")
    mantissa, _, exponent = text.lower().partition("e")
    whole, point, decimals = mantissa.partition(".")
    if not point and not exponent:
        return Number(Fraction(int(text)))
    power = int(exponent or 0)
    value = Fraction(int(whole + decimals or "0"), 10 ** len(decimals)) * Fraction(10) ** _bounded(power)
    figures = len((whole + decimals).lstrip("0"))
    return Number(value, max(len(decimals) - power, 0), figures)


def _bounded(power: int) -> int:
    if abs(power) > 10_000:
        raise LimitError("exponent")
    return power
