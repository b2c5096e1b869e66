"""Text → exact rational: integers, decimals, fractions, mixed numbers, percentages, with separators and units."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple

from math_eval.grading.clean import cleaned

MAX_DIGITS = 1_000
MAX_EXPONENT = 5_000

_DECIMAL = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?|\.\d+"
_PART = rf"(?:{_DECIMAL})"
_PLAIN = re.compile(
    rf"(?P<number>{_PART})(?:(?:\\times|\\cdot|x|\*)?\s*10\^\{{?(?P<power>-?\d+)\}}?|[eE](?P<e>[-+]?\d+))?"
)
_SLASH = re.compile(rf"(?:(?P<whole>\d+) )?(?P<top>{_PART})\s*/\s*(?P<bottom>{_PART})")
_FRAC = re.compile(
    r"(?P<whole>\d+)?\s*\\frac\s*(?:\{\s*(?P<top>-?[\d,.]+)\s*\}|(?P<t>\d))\s*(?:\{\s*(?P<bottom>-?[\d,.]+)\s*\}|(?P<b>\d))"
)
_UNIT = re.compile(
    r"\s*(?:\^\{?\\circ\}?|°|\\degree|(?:cm|mm|km|kg|mg|ml|[一-鿿]{1,3})"
    r"|(?<=[ ])(?!(?:and|or|pi|to|mod)\b)[A-Za-z]{2,}\.?(?: (?!(?:and|or)\b)[A-Za-z]{2,}){0,3})?$"
)


class Rational(NamedTuple):
    """A value, and whether it was written as a percentage (28% has the value 28 and percent True)."""

    value: Fraction
    percent: bool = False


def parse_rational(text: str) -> Rational | None:
    """The exact value of a text, or None where it is no rational number in one of the known spellings.

    The whole text must be consumed, but for a leading unknown ("x ="), currency, and a trailing unit.
    """
    body = cleaned(text)
    if len(body) > MAX_DIGITS:
        return None
    body = re.sub(r"^[a-zA-Z]\s*=\s*", "", body)
    sign = 1
    body = body.lstrip("\\€£¥+ ") if body[:1] in "€£¥+ " else body
    if body.startswith("-"):
        sign, body = -1, body[1:].lstrip(" €£¥")
    percent = False
    for mark in ("\\%", "%"):
        if body.endswith(mark):
            body, percent = body[: -len(mark)].rstrip(), True
            break
    for read in (_fraction, _slash, _decimal):
        value = read(body)
        if value is not None:
            return Rational(sign * value, percent)
    return None


def _decimal(body: str) -> Fraction | None:
    match = _PLAIN.match(body)
    if not match or not _UNIT.fullmatch(body, match.end()):
        return None
    power = int(match.group("power") or match.group("e") or 0)
    if abs(power) > MAX_EXPONENT:
        return None
    return _number(match.group("number")) * Fraction(10) ** power


def _slash(body: str) -> Fraction | None:
    match = _SLASH.match(body)
    if not match or not _UNIT.fullmatch(body, match.end()):
        return None
    bottom = _number(match.group("bottom"))
    return int(match.group("whole") or 0) + _number(match.group("top")) / bottom if bottom else None


def _fraction(body: str) -> Fraction | None:
    match = _FRAC.match(body)
    if not match or not _UNIT.fullmatch(body, match.end()):
        return None
    try:
        top, bottom = (
            _number(match.group("top") or match.group("t")),
            _number(match.group("bottom") or match.group("b")),
        )
    except ValueError:
        return None
    return int(match.group("whole") or 0) + top / bottom if bottom else None


def _number(text: str) -> Fraction:
    return Fraction(text.replace(",", "").rstrip(".") or "0")
