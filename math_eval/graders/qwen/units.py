"""The reference's unit words and how it drops them, which its normaliser repeats for every text it sees."""

from __future__ import annotations

import re

_SINGULAR = [
    # in the reference's order, which decides what is dropped first; odd spellings are its own
    *("east", "degree", "mph", "kmph", "ft", "m sqaure", " m east", "sq m", "deg", "mile", "q .", "monkey", "prime"),
    *("ratio", "profit of rs", "rd", "o", "gm", "p . m", "lb", "tile", "per", "dm", "lt", "gain", "ab", "way", "west"),
    *("a .", "b .", "c .", "d .", "e .", "f .", "g .", "h .", "t", "a", "h", "no change", "men", "soldier", "pie"),
    *("bc", "excess", "st", "inches", "noon", "percent", "by", "gal", "kmh", "c", "acre", "rise", "a . m", "th"),
    *("π r 2", "sq", "mark", "l", "toy", "coin", "sq . m", "gallon", "° f", "profit", "minw", "yr", "women", "feet"),
    *("am", "pm", "hr", "cu cm", "square", "v â € ™", "are", "rupee", "rounds", "cubic", "cc", "mtr", "s", "ohm"),
    *("number", "kmph", "day", "hour", "minute", "min", "second", "man", "woman", "sec", "cube", "mt", "sq inch", "mp"),
    *("∏ cm ³", "hectare", "more", "sec", "unit", "cu . m", "cm 2", "rs .", "rs", "kg", "g", "month", "km", "m", "cm"),
    *("mm", "apple", "liter", "loss", "yard", "pure", "year", "increase", "decrease", "d", "less", "Surface", "litre"),
    *("pi sq m", "s .", "metre", "meter", "inch"),
]
UNITS = (*_SINGULAR, *(f"{word}s" for word in _SINGULAR))
"""Dropped in this order, twice over. They are patterns: a "." in one of them stands for any character."""

_PASSES = 2
_SEARCHES = [(re.compile(rf"(^|\W){word}($|\W)"), max(word.split("."), key=len)) for word in UNITS]
_LETTERS = re.compile(r"[^\W\d_]")


def without_units(text: str) -> str:
    """The text after the reference's two passes: a removal that would leave nothing is not made."""
    for _ in range(_PASSES):
        if not _LETTERS.search(text):
            return text  # every unit word holds a letter
        for search, must_hold in _SEARCHES:
            if must_hold in text:
                text = search.sub(r"\1\2", text) or text
    return text
