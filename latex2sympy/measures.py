"""How large units are: a factor and the powers of what they measure, so that 50 cm and 0.5 m can be compared."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

from latex2sympy.prefixes import PREFIXED, PREFIXES

Measure = tuple[Fraction, tuple[tuple[str, Fraction], ...]]
"""The size in base units, and base unit → power."""

_BASE: dict[str, tuple[Fraction, dict[str, int]]] = {}


def _define(base: dict[str, int], **sizes: Fraction | int | str) -> None:
    for name, size in sizes.items():
        _BASE[name] = (Fraction(size), base)


_define({"m": 1}, m=1, cm="0.01", mm="0.001", km=1000, dm="0.1", nm="1e-9", ft="0.3048", yd="0.9144", mi="1609.344")
_BASE["in"] = (Fraction("0.0254"), {"m": 1})
_define({"kg": 1}, kg=1, g="0.001", mg="1e-6", lb="0.45359237", oz="0.028349523125", ton=1000, tonne=1000)
_define({"s": 1}, s=1, ms="0.001", min=60, h=3600, day=86_400, week=604_800)
_define({"month": 1}, month=1, year=12)
_define({"m": 3}, l="0.001", ml="1e-6")
_define({"kg": 1, "m": 1, "s": -2}, n=1)
_define({"kg": 1, "m": 2, "s": -2}, j=1, wh=3600)
_define({"kg": 1, "m": 2, "s": -3}, w=1)
_define({"kg": 1, "m": 2, "s": -3, "a": -1}, v=1)
_define({"kg": 1, "m": 2, "s": -3, "a": -2}, ohm=1)
_define({"kg": -1, "m": -2, "s": 4, "a": 2}, farad=1)
_define({"kg": 1, "m": -1, "s": -2}, pa=1)
_define({"kg": 1, "m": 2, "s": -2}, ev="1.602176634e-19")
_BASE["f"] = _BASE["farad"]
_define({"a": 1}, a=1)
_define({"s": -1}, hz=1)
_define({"$": 1}, cent="0.01")
_BASE["$"] = (Fraction(1), {"$": 1})
for _prefix, _factor in PREFIXES.items():
    _BASE |= {_prefix + unit: (_BASE[unit][0] * _factor, _BASE[unit][1]) for unit in PREFIXED}
for _unit in ("m", "s", "g", "l"):
    _BASE[f"micro{_unit}"] = (_BASE[_unit][0] * PREFIXES["micro"], _BASE[_unit][1])


@lru_cache(maxsize=1024)
def measure(unit: str) -> Measure | None:
    """The measure of a unit in its canonical spelling; None where a part of it is not known."""
    factor = Fraction(1)
    powers: dict[str, Fraction] = {}
    sign = 1
    for word in unit.split():
        if word == "per":
            sign = -1
            continue
        name, _, raised = word.partition("^")
        known = _BASE.get(name)
        if known is None:
            return None
        power = sign * (Fraction(raised) if raised else Fraction(1))
        sign = 1
        if power.denominator != 1 or abs(power) > 6:
            return None
        factor *= known[0] ** int(power)
        for base, own in known[1].items():
            powers[base] = powers.get(base, Fraction(0)) + own * power
    return factor, tuple(sorted((base, power) for base, power in powers.items() if power))
