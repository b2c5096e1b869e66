"""Numbers in running text, each with its sign, factor and unit, and the one that a sentence is about."""

from __future__ import annotations

import re
import unicodedata

from latex2sympy.units import LETTER_UNITS, UNITS

_CORE = r"(?:\d{1,3}(?:[ \u00a0\u202f]\d{3}(?!\d))+(?:[.,]\d+)?|\d+(?:[.,'’٫٬]\d+)*)"
_FACTOR = r"(?:\s?(?:[*·×]\s?)?(?:π|pi\b|√\s?\(?\d+\)?|e\b(?!\s[a-z]))|\s?(?:[*·×]|\\times)\s?10(?:\^\{?[-−]?\d+\}?|[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)|\^\{?\d+\}?|[²³])"
_CURRENCY = r"(?:US\$|R\$|[$€£¥₹₩฿₽])"
NUMBER = re.compile(
    rf"(?<![\w.,/^]){_CURRENCY}?\s?(?:(?<![\d\w)])[-−–+±]\s?)?{_CURRENCY}?(?:{_CORE}(?:\s\d+/\d+(?!\d)|\s?/\s?{_CORE})?(?:{_FACTOR})?(?:\s?/\s?\d+)?|√\s?\(?\d+\)?|[①-⑳]+|[.]\d+|π(?:\s?/\s?\d+)?)"
    rf"|{_CURRENCY}\s?{_CORE}|\d+(?:[.,]\d+)*",
)
_UNIT = re.compile(
    r"\s?(%|٪|°[CF]?|‰|(?:million|billion|trillion|thousand|hundred|dozen)s?(?:\s[A-Za-z]+)?|万|亿|억|만|[^\W\d_]+(?:[²³]|\^[23])?(?:/[^\W\d_]+)?)"
)
_SCALE = re.compile(r"(?:million|billion|trillion|thousand|hundred|dozen)s?\b|[万亿억만%٪°‰]", re.IGNORECASE)
_ASIDE = re.compile(
    r"(?:\b(?:in|within|after|at|per|(?<!total )(?<!sum )(?<!amount )(?<!maximum )(?<!minimum )of|from|than|on|for|every|each|another|the|an?|these|those|all|both|only|remaining|other|first|last|next|with|over|under|until|to|into|against|"
    r"day|dei|delle|degli|dos|das|aux?|des|les|los|las|die|der|den|dem|gli|le|i)|第|步骤)\s*(?:\$|\\\()?\s*$",
    re.IGNORECASE,
)
_AND = re.compile(r"\s*,?\s*(?:and|y|e|et|und|и|和|と|과|와|và|و|और|และ)\s*")
_BETWEEN = re.compile(r"(?:\b(?:between|from|either|zwischen|entre|tra|между|giữa)|بين)\s*$", re.IGNORECASE)
_REFERENCE = re.compile(
    r"\b(?:step|figure|fig\.|equation|eq\.|table|section|chapter|page|problem|question|exercise|part|case|method|lemma|theorem|line|solution|option|шаг|étape|schritt|paso|passo|bước|abbildung|figura|figure)\s*[(#]?\s*$|第\s*$",
    re.IGNORECASE,
)
_BEHIND = re.compile(r"\s?(?:times|th|st|nd|rd|番目|回目|번째)\b", re.IGNORECASE)
_OTHER_SCRIPT = re.compile(r"[\u0600-\u06ff\u0900-\u097f\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_ENGLISH = re.compile(
    r"\b(?:the|is|are|of|we|and|that|answers?|solutions?|roots?|values?|results?|sum|ans|total|has|have|so|therefore|thus|hence|find|get|with|then|this|it)\b",
    re.IGNORECASE,
)
_OTHER = re.compile(
    r"[а-яё]{2}|[ăđơưßãõñçàèìòùâêîôûáéíóúäöüạ-ỹ]|\b(?:der|das|die|ist|und|nicht|les|est|une|los|las|una|del|della|sono|gli|il|di|von|als|auf|mit|do|da|em|por|para|con|per)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]{4,}")
_DECIMAL_COMMA = re.compile(r"(?<![\d.,])(\d+(?:\.\d{3})*),(\d+)(?![\d,])")
_POINT_GROUPS = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(?:\.\d{3})+(?![\d.,]\d|\d)")
_ITEM = r"\s*[-−–]?(?>\d+(?:\.\d+)?(?:\s?/\s?\d+)?|[a-z]|√\d+|[-+−]?∞)\s*"
_COMMA_ITEM = r"\s*[-−–]?(?>\d+(?:[.,]\d+)?(?:\s?/\s?\d+)?|[a-z]|√\d+|[-+−]?∞)\s*"
_INTERVAL = rf"[\[(\]](?:{_ITEM}[,،]{_ITEM}|{_COMMA_ITEM}[;|]{_COMMA_ITEM})[\])\[]"
_TUPLE = re.compile(
    rf"[\[(\]]{_ITEM}(?:[,،、，]{_ITEM}){{1,5}}[\])\[](?:\s?[∪∩]\s?{_INTERVAL})*"
    rf"|[\[(\]]{_COMMA_ITEM}(?:[;|；]{_COMMA_ITEM}){{1,5}}[\])\[](?:\s?[∪∩]\s?{_INTERVAL})*"
    rf"|\{{{_ITEM}(?:[,;]{_ITEM}){{0,40}}+\}}|(?<![\d:.])\d+(?:[:：]\d+){{1,2}}(?![\d:])|(?<![\d:.])\d+ : \d+(?![\d:])"
)
"""A point, an interval, a union of them, a set, a ratio, in running text."""
_LETTERS = re.compile(r"[^\W\d_]")


def writes_decimal_comma(prose: str) -> bool:
    """Whether a text is in a language whose decimal mark is a comma, judged by its letters and commonest words."""
    head = prose[-2000:]
    if _OTHER_SCRIPT.search(head) or not (_WORD.search(head) or _OTHER.search(head)):
        return False
    english = len(_ENGLISH.findall(head))
    return english == 0 or len(_OTHER.findall(head)) > english


def point_form(token: str) -> str:
    """A number that is written with a decimal comma, or with points between thousands, in the form with a point."""
    token = _POINT_GROUPS.sub(lambda match: match.group().replace(".", ""), token)
    return _DECIMAL_COMMA.sub(_with_point, token)


def _with_point(match: re.Match[str]) -> str:
    whole, decimals = match.groups()
    if len(decimals) == 3 and whole != "0" and "." not in whole:
        return match.group()  # 1,234 may be grouped the other way
    return whole.replace(".", "") + "." + decimals


def with_unit(text: str, number: re.Match[str]) -> str:
    """A number with the unit, percent sign or scale word behind it, where it is a known one; digits in ASCII."""
    value = _plain(text[number.start() : number.end()])
    unit = _UNIT.match(text, number.end())
    if unit is None:
        return value
    word = unit.group(1)
    if _SCALE.match(word):
        return value + {"٪": "%", "°C": "", "°F": ""}.get(word, unit.group())
    bare = re.split(r"[\s/^²³]", word)[0]
    known = bare.lower() in UNITS or bare.lower().rstrip("s") in UNITS or bare in LETTER_UNITS
    preposition = bare.lower() == "in" and text[unit.end() :].strip(" .")
    return f"{value} \\text{{{word}}}" if known and not preposition else value


def _plain(token: str) -> str:
    """A number's text with ASCII digits and marks, and without a currency that a verdict would not know."""
    token = token.strip().lstrip("+").strip()
    for currency in ("US$", "R$", "₹", "₩", "฿", "₽"):
        token = token.replace(currency, "").strip()
    if not token.isascii():
        token = fold_digits(token)
    return token


def fold_digits(text: str) -> str:
    """The text with the digits of every script, and the Arabic marks between them, in ASCII."""
    return "".join(_digit(letter) for letter in text)


def _digit(letter: str) -> str:
    if letter == "٫":
        return "."
    if letter == "٬":
        return ","
    value = unicodedata.digit(letter, None) if letter.isdecimal() else None
    return letter if value is None else str(value)


def numbers(text: str) -> list[re.Match[str]]:
    """Every number of a text in order."""
    return [*NUMBER.finditer(text)]


def value_of(text: str, negation: re.Pattern[str], *, strict: bool = False) -> str:
    """The number that a sentence is about, with its unit; "" where there is none.

    A number behind a preposition or an article ("in 3 days", "the 120 km"), before "times", or denied ("not 5") is
    passed over where another is left, or always with `strict`. The number of a step, figure or equation is no value.
    """
    matches = [match for match in numbers(text) if not _REFERENCE.search(text[: match.start()][-16:])]
    plain = [match for match in matches if not _is_aside(text, match, negation)]
    chosen = plain or ([] if strict else matches)
    if not chosen:
        return ""
    place = matches.index(chosen[-1])
    run = [chosen[-1]]
    while (
        place > 0
        and _AND.fullmatch(text, matches[place - 1].end(), matches[place].start())
        and not _BETWEEN.search(text[: matches[place - 1].start()])
    ):
        place -= 1
        run.insert(0, matches[place])
    return ", ".join(with_unit(text, number) for number in run)


def _is_aside(text: str, match: re.Match[str], negation: re.Pattern[str]) -> bool:
    before = text[: match.start()][-24:]
    denied = negation.search(before[-12:])
    return bool(denied or _ASIDE.search(before) or _BEHIND.match(text, match.end()))


def grouped_value(text: str) -> str:
    """The last point, interval, set or ratio of a text ("V(2; −5)", "2:3"); "" where there is none."""
    groups = [group for group in _TUPLE.finditer(text) if any(letter.isdigit() for letter in group.group())]
    if not groups:
        return ""
    first = len(groups) - 1
    while first > 0 and _AND.fullmatch(text, groups[first - 1].end(), groups[first].start()):
        first -= 1
    value = ", ".join(_plain(group.group()) for group in groups[first:])
    for mark in "|،、，；":
        value = value.replace(mark, ", ")
    return value.replace("：", ":")


def has_letters(text: str) -> bool:
    """Whether a text has any letter of any script."""
    return _LETTERS.search(text) is not None
