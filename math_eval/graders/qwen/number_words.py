"""Spelled-out numbers as the reference reads them: with the rules of the word2number package, which it calls."""

from __future__ import annotations

from collections.abc import Sequence

_TEENS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_VALUES = {
    **{word: value for value, word in enumerate(_TEENS.split())},
    **{word: 20 + 10 * at for at, word in enumerate(_TENS.split())},
    "hundred": 100,
    "thousand": 1000,
    "million": 1000_000,
    "billion": 1000_000_000,
}
_SCALES = ("billion", "million", "thousand")
_DIGITS = {word: str(value) for value, word in enumerate(_TEENS.split()[:10])}
_MAX_DIGITS = 4300  # longer integers are refused by Python itself


class NotANumberError(ValueError):
    """The text holds no number word, or an arrangement of them that is refused."""


def number_of_words(text: str) -> str:
    """The number that the number words of a text spell, other words passed over; NotANumberError without any."""
    lowered = text.replace("-", " ").lower()
    if lowered.isdigit():
        return _plain(lowered)
    words = [word for word in lowered.split() if word in _VALUES or word == "point"]
    if not words or any(words.count(word) > 1 for word in (*_SCALES, "point")):
        raise NotANumberError(text)
    decimals: list[str] = []
    if "point" in words:
        at = words.index("point")
        words, decimals = words[:at], words[at + 1 :]
    places = [words.index(scale) for scale in _SCALES if scale in words]
    if places != sorted(places):
        raise NotANumberError(text)
    whole = _whole(words, places)
    return str(whole + _fraction(decimals)) if decimals else str(whole)


def _plain(digits: str) -> str:
    if len(digits) > _MAX_DIGITS or not digits.isdecimal():
        raise NotANumberError(digits[:20])
    return str(int(digits))


def _whole(words: Sequence[str], places: Sequence[int]) -> int:
    if len(words) < 2:
        return _VALUES[words[0]] if words else 0
    total, start = 0, 0
    for place in places:
        total += _small(words[start:place]) * _VALUES[words[place]]
        start = place + 1
    if not places:
        return _small(words)
    # a closing scale is passed over, and what follows the one before is added again: "two million three thousand"
    tail = next((place for place in reversed(places) if place != len(words) - 1), None)
    return total if tail is None else total + _small(words[tail + 1 :])


def _small(words: Sequence[str]) -> int:
    """A number below a thousand as the package forms it; more than four words count as their first alone."""
    values = [_VALUES[word] for word in words]
    match values:
        case [hundreds, scale, tens, ones]:
            return hundreds * scale + tens + ones
        case [hundreds, scale, rest]:
            return hundreds * scale + rest
        case [first, second]:
            return first * second if 100 in values else first + second
        case [first, *_]:
            return first
        case _:
            raise NotANumberError("a scale without a number")


def _fraction(words: Sequence[str]) -> float:
    if any(word not in _DIGITS for word in words):
        return 0
    return float("0." + "".join(_DIGITS[word] for word in words))
