"""Units with a prefix: kΩ, MW, mV, μF, kilohms; how large each is, and its name in a canonical unit."""

from __future__ import annotations

import re
from fractions import Fraction

PREFIXES = {
    "tera": Fraction(10**12),
    "giga": Fraction(10**9),
    "mega": Fraction(10**6),
    "k": Fraction(1000),
    "milli": Fraction(1, 1000),
    "micro": Fraction(1, 10**6),
    "nano": Fraction(1, 10**9),
    "pico": Fraction(1, 10**12),
}
PREFIXED = ("ohm", "w", "v", "a", "hz", "pa", "j", "n", "farad", "ev", "wh")
"""Canonical names of the units that take every prefix."""
_SIGNS = {
    "T": "tera",
    "G": "giga",
    "M": "mega",
    "k": "k",
    "m": "milli",
    "μ": "micro",
    "µ": "micro",
    "u": "micro",
    "n": "nano",
    "p": "pico",
    "": "",
}
_SYMBOLS = {"Ω": "ohm", "F": "farad", "W": "w", "V": "v", "A": "a", "Hz": "hz", "Pa": "pa", "J": "j", "N": "n"}
_SYMBOLS |= {"eV": "ev", "Wh": "wh"}
_SMALL = {"m": "m", "s": "s", "g": "g", "L": "l", "l": "l"}
"""Units of which only those behind μ need a name of their own."""
_WORDS = {"ohm": "ohm", "watt": "w", "volt": "v", "amp": "a", "ampere": "a", "hertz": "hz", "pascal": "pa"}
_WORDS |= {"joule": "j", "newton": "n", "farad": "farad", "electronvolt": "ev", "watthour": "wh"}
_SYMBOL = re.compile(
    rf"(?<![A-Za-z\\])(?:(?P<sign>[TGMkmμµunp]?)(?P<unit>{'|'.join(_SYMBOLS)})"
    rf"|[μµ](?P<small>[{''.join(_SMALL)}])"
    rf"|(?P<word>kilo|kil(?=ohm)|mega|meg(?=ohm)|giga|tera|milli|micro|nano|pico)(?P<name>{'|'.join(_WORDS)})s?"
    r"|(?P<bare>[Oo]hm|[Ff]arad|[Vv]olt|[Aa]mpere|[Pp]ascal)s?)(?![A-Za-z])"
)


def named(unit: str) -> str:
    """The text of a unit with its prefixed parts by their canonical names: mW is not MW."""
    return _SYMBOL.sub(_name, unit.replace("\\Omega", "Ω").replace("\\mu", "μ"))


def _name(found: re.Match[str]) -> str:
    if small := found.group("small"):
        return "micro" + _SMALL[small]
    if bare := found.group("bare"):
        return _WORDS[bare.lower()]
    if word := found.group("word"):
        return {"kilo": "k", "kil": "k", "meg": "mega"}.get(word, word) + _WORDS[found.group("name")]
    if not found.group("sign") and found.group("unit") != "Ω":
        return found.group()
    return _SIGNS[found.group("sign")] + _SYMBOLS[found.group("unit")]
