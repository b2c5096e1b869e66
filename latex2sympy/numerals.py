"""Numbers written as words: English ("forty-two") and Chinese (三分之二, 二十五)."""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction

_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_SMALL = {word: number for number, word in enumerate(_UNITS)} | {word: 10 * (n + 2) for n, word in enumerate(_TENS)}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12}
ENGLISH = frozenset({*_SMALL, *_SCALES})

_SEPARATORS = {0x66B: ".", 0x66C: ","}
"""The Arabic decimal and thousands separators."""

_DIGITS = {char: number for number, char in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_STEPS = {"十": 10, "百": 100, "千": 1000}
_MYRIADS = {"万": 10**4, "亿": 10**8}
CHINESE = frozenset({*_DIGITS, *_STEPS, *_MYRIADS, "点", "分", "之", "负", "半"})
_PARTS = {
    "half": 2,
    "halves": 2,
    "third": 3,
    "quarter": 4,
    "fourth": 4,
    "fifth": 5,
    "sixth": 6,
    "eighth": 8,
    "tenth": 10,
}
_PART = re.compile(rf"([a-z]+(?:-[a-z]+)?)[ -]({'|'.join(_PARTS)})s?")
_OF_SCALE = re.compile(rf"(?:a )?(half|quarter)(?: of)? an? ({'|'.join(_SCALES)})")
_MAX_CHARS = 200


def ascii_digits(text: str) -> str:
    """The text with the decimal digits of every script as 0 to 9, one character for one."""
    text = text.translate(_SEPARATORS)
    return "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in text)


def english_number(text: str) -> int | Fraction | None:
    """The number that English words name ("forty-two", "two thirds"), None for other words."""
    if (found := _PART.fullmatch(text.strip().lower())) and (top := english_number(found.group(1))) is not None:
        return Fraction(int(top), _PARTS[found.group(2)])
    if (found := _OF_SCALE.fullmatch(text.strip().lower())) is not None:
        return Fraction(_SCALES[found.group(2)], _PARTS[found.group(1)])
    words = [word for word in re.split(r"[\s-]+", text.lower()) if word and word != "and"]
    if not words or len(text) > _MAX_CHARS or not all(word in ENGLISH for word in words):
        return None
    total = part = 0
    last_small = 10**12
    for word in words:
        if word in _SMALL:
            value = _SMALL[word]
            if last_small < 10 or (last_small < 20 and last_small) or (20 <= last_small < 100 and value >= 10):
                return None
            part += value
            last_small = value or 1
            continue
        scale = _SCALES[word]
        last_small = 10**12
        if scale == 100:
            part = max(part, 1) * 100
        else:
            total, part = total + max(part, 1) * scale, 0
    return total + part


def chinese_number(text: str) -> Fraction | None:
    """The number that Chinese numerals name (whole, decimal with 点, fraction with 分之, negative with 负), or None."""
    if not text or len(text) > _MAX_CHARS or not all(char in CHINESE for char in text):
        return None
    if text.startswith("负"):
        value = chinese_number(text[1:])
        return None if value is None else -value
    if "分之" in text:
        bottom, _, top = text.partition("分之")
        below, above = chinese_number(bottom), chinese_number(top)
        if bottom == "百" and above is not None:
            return above / 100
        return above / below if below and above is not None else None
    if text == "半":
        return Fraction(1, 2)
    whole, point, decimals = text.partition("点")
    integer = _whole(whole)
    if integer is None:
        return None
    if not point:
        return Fraction(integer)
    if not decimals or not all(char in _DIGITS for char in decimals):
        return None
    return integer + Fraction(int("".join(str(_DIGITS[char]) for char in decimals)), 10 ** len(decimals))


def _whole(text: str) -> int | None:
    if not text or not all(char in _DIGITS or char in _STEPS or char in _MYRIADS for char in text):
        return None
    if all(char in _DIGITS for char in text):
        return int("".join(str(_DIGITS[char]) for char in text))
    total = section = digit = 0
    for char in text:
        if char in _DIGITS:
            digit = _DIGITS[char]
        elif char in _STEPS:
            section += (digit or 1) * _STEPS[char]
            digit = 0
        else:
            total = (total + section + digit) * _MYRIADS[char]
            section = digit = 0
    return total + section + digit
