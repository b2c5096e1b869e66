"""Units behind a value: words in text or bare, with powers and "per"; currency before it; remarks in brackets."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

from latex2sympy.exact import rational
from latex2sympy.lexer import Token
from latex2sympy.nodes import Apply, Node, Number, Symbol
from latex2sympy.numerals import ENGLISH
from latex2sympy.prefixes import named
from latex2sympy.stream import Stream
from latex2sympy.symbols import CURRENCIES, FUNCTIONS, GREEK_NAMES, SEPARATOR_WORDS

_ALIASES = {
    "centimeter": "cm",
    "centimetre": "cm",
    "meter": "m",
    "metre": "m",
    "millimeter": "mm",
    "millimetre": "mm",
    "kilometer": "km",
    "kilometre": "km",
    "kilogram": "kg",
    "gram": "g",
    "milligram": "mg",
    "liter": "l",
    "litre": "l",
    "milliliter": "ml",
    "second": "s",
    "sec": "s",
    "minute": "min",
    "hour": "h",
    "hr": "h",
    "inch": "in",
    "inche": "in",
    "feet": "ft",
    "foot": "ft",
    "yard": "yd",
    "mile": "mi",
    "dollar": "$",
    "usd": "$",
    "cent": "cent",
    "euro": "€",
    "eur": "€",
    "pound": "lb",
    "lbs": "lb",
    "mph": "mi per h",
    "kmh": "km per h",
    "kph": "km per h",
    "kmph": "km per h",
    "yuan": "yuan",
    "degree": "degree",
    "deg": "degree",
    "percent": "%",
    "radian": "rad",
    "joule": "j",
    "newton": "n",
    "watt": "w",
    "tonne": "ton",
    "unit": "",
    "元": "yuan",
    "厘米": "cm",
    "米": "m",
    "千米": "km",
    "千克": "kg",
    "克": "g",
    "秒": "s",
    "分钟": "min",
    "小时": "h",
    "度": "degree",
    "平方米": "m^2",
    "平方厘米": "cm^2",
}
UNITS = frozenset(
    {*_ALIASES, *(word for word in _ALIASES.values() if word.isalpha())}
    | set("mph kmh kmph cm mm km kg mg ml lb lbs oz ft yd mi inches sq min hrs hr day days sec".split())
    | set("rad mol pm am bpm rpm".split())
)
_DENIALS = frozenset(
    "not no never nor cannot impossible invalid extraneous rejected reject incorrect wrong isn doesn don except unless "
    "otherwise if or but most least".split()
)
"""Words that make a remark about a value, and no unit of it."""
_PREFIX_SIGNS = frozenset("TGMkmnpu")
_MICRO_UNITS = frozenset("F A V W J N C H m s g L l".split())
_WORDS = re.compile(r"[a-z]+")
_MAX_WORDS = 8
LETTER_UNITS = frozenset("m g s h l L N J W V K A C F".split())
"""Letters that stand for a unit where space divides them from a number before."""


class UnitWords(Stream):
    """Reading units."""

    if TYPE_CHECKING:

        def exponent(self) -> Node: ...

    def unit(self, value: Node) -> str:
        """The unit after a value, "" where there is none; what is read is consumed."""
        if isinstance(value, Apply) and value.op == "degree" and self.token.text.strip() in {"C", "F"}:
            return "degree " + self.take().text.strip()
        if isinstance(value, Symbol) and value.name.startswith("("):
            return ""  # words behind a circled number speak of a statement: "③ is wrong"
        if self.token.kind == "end":
            return ""
        start = self.index
        words: list[str] = []
        while len(words) < _MAX_WORDS:
            word = self._unit_word(value, before=words[-1] if words else "")
            if word is None:
                break
            words.append(word)
        if words and not _DENIALS.isdisjoint(_WORDS.findall(" ".join(words).lower())):
            self.index = start  # "5 is impossible" is not a value with a unit
            return ""
        return canonical(" ".join(words)) if words else ""

    def _unit_word(self, value: Node, *, before: str) -> str | None:
        token = self.token
        first = not before
        text = token.text.strip()
        if length := self.sign_of_unit(spaced=not before):
            sign = "".join(self.take().text.strip().lstrip("\\") for _ in range(length))
            return sign.replace("Omega", "Ω").replace("mu", "μ") + self._power()
        if (
            token.kind == "text"
            and text.lower().split(" ", 1)[0] not in SEPARATOR_WORDS
            and (text not in FUNCTIONS or text == "min")
        ):
            self.take()
            return text + self._power()
        if token.kind == "name" and self._is_unit(text, value, spaced=token.spaced, before=before):
            self.take()
            return text + self._power()
        if token.kind == "cmd" and text in CURRENCIES:
            self.take()
            return CURRENCIES[text]
        if not first and self.at("/", "\\cdot", "-") and self.ahead().kind in {"text", "name"}:
            sign = "per" if self.take().text == "/" else ""
            return sign + " " + self.take().text.strip() + self._power()
        if self.at("(") and self.ahead().kind in {"text", "name"} and (remark := self._remark()):
            return remark
        return None

    def sign_of_unit(self, *, spaced: bool) -> int:
        """How many tokens the next unit takes that is written with a Greek letter: Ω, kΩ, μF; 0 for anything else."""
        first, second = self.token, self.ahead()
        if first.text not in {"\\Omega", "\\mu"} and second.text != "\\Omega":
            return 0
        if spaced and not (first.spaced or first.kind == "text"):
            return 0
        if first.text == "\\Omega" and first.kind == "cmd":
            return self._ends_unit(second)
        if first.kind in {"text", "name"} and first.text.strip() in _PREFIX_SIGNS and second.text == "\\Omega":
            return 2 * self._ends_unit(self.ahead(2))
        if first.text == "\\mu" and second.kind in {"text", "name"} and second.text.strip() in _MICRO_UNITS:
            return 2 * self._ends_unit(self.ahead(2))
        return 0

    def _ends_unit(self, behind: Token) -> bool:
        return behind.kind in {"end", "text"} or behind.text in {")", "}", ",", ";", ".", "/", "="}

    def _is_unit(self, text: str, value: Node, *, spaced: bool, before: str) -> bool:
        if text == "min" and spaced and isinstance(value, Number):
            return True
        if text.lower() in SEPARATOR_WORDS or text in _NAMES or text.lower() in ENGLISH:
            return False
        if len(text) > 1:
            return text in UNITS or len(text) > 3 or bool(before)
        if not (spaced and text in LETTER_UNITS and isinstance(value, Number)):
            return False
        return not before or before.partition("^")[0] in UNITS

    def _power(self) -> str:
        if not self.at("^"):
            return ""
        self.take()
        power = rational(self.exponent())
        return "" if power is None else f"^{power}"

    def _remark(self) -> str:
        """Words in round brackets after a value, with the brackets; "" for anything else."""
        ahead = 1
        while self.ahead(ahead).text != ")":
            if self.ahead(ahead).kind not in {"text", "name"} or ahead > 2 * _MAX_WORDS:
                return ""
            if self.ahead(ahead).kind == "name" and len(self.ahead(ahead).text) < 3:
                return ""
            ahead += 1
        words = " ".join(self.ahead(at).text for at in range(1, ahead))
        self.index += ahead + 1
        return f"({words})"

    def half(self) -> str:
        """The am or pm after a clock, "" where it is not said."""
        token = self.token
        text = re.sub(r"[\s.]", "", token.text.lower())
        if text in {"am", "pm"}:
            self.take()
            return text
        if text in {"noon", "midnight"}:
            self.take()
            return "pm" if text == "noon" else "am"
        if text in {"a", "p"} and re.sub(r"[\s.]", "", self.ahead(2).text.lower()) == "m" and self.ahead().text == ".":
            self.index += 3
            return text + "m"
        return ""


_NAMES = frozenset({*FUNCTIONS, *GREEK_NAMES, "pi", "mod"})


_PREFIXES = {"square": 2, "sq": 2, "cubic": 3, "cu": 3}
_SUFFIXES = {"squared": 2, "cubed": 3}
_SPACES = re.compile(r"~|\\[,;:! ]|\\quad|\\(?!\w)|[·⋅*]|\\cdot|\\times")


def canonical(unit: str) -> str:
    """One spelling of a unit: lower case, no plural, aliases, no remark in brackets, a composite one as powers."""
    text = _SPACES.sub(" ", named(re.sub(r"\([^()]*\)", " ", unit))).lower().replace("\\", " ").strip(" .,;:!")
    text = text.replace("/", " per ").replace("²", "^2").replace("³", "^3")
    factors: list[tuple[str, Fraction]] = []
    sign, power = 1, 1
    for word in text.split():
        bare, mark, raised = word.partition("^")
        bare = bare.strip(".,;:!?")
        if bare == "per":
            sign = -1
        elif bare in _PREFIXES and not mark:
            power = _PREFIXES[bare]
        elif bare in _SUFFIXES and factors:
            factors[-1] = (factors[-1][0], factors[-1][1] * _SUFFIXES[bare])
        else:
            single = bare if bare in _ALIASES else bare[:-1] if bare.endswith("s") and len(bare) > 2 else bare
            exponent = sign * power * _exponent(raised)
            factors += [(name, exponent * own) for name, own in _factors(_ALIASES.get(single, single))]
            sign, power = 1, 1
    if all(exponent == 1 for _, exponent in factors):
        return " ".join(name for name, _ in factors)
    powers: dict[str, Fraction] = {}
    for name, exponent in factors:
        powers[name] = powers.get(name, Fraction(0)) + exponent
    return " ".join(name if power == 1 else f"{name}^{power}" for name, power in sorted(powers.items()) if power)


def _factors(alias: str) -> list[tuple[str, Fraction]]:
    """The factors of an alias such as "mi per h" or "m^2"; none of an empty one."""
    above, _, below = alias.partition(" per ")
    found = [(above, Fraction(1)), (below, Fraction(-1))]
    return [(name.partition("^")[0], sign * _exponent(name.partition("^")[2])) for name, sign in found if name]


def _exponent(text: str) -> Fraction:
    digits = text.strip("{}() ")
    return (
        Fraction(digits) if re.fullmatch(r"-?\d{1,3}(/\d{1,3})?", digits) and not digits.endswith("/0") else Fraction(1)
    )
