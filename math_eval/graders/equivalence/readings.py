"""Second readings of a text, for answers that the first reading does not find right."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from latex2sympy.measures import measure
from latex2sympy.units import canonical

_PLAIN = re.compile(r"[-+\d.,/ ]*")
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
_SCALES = {"k": 3, "K": 3, "M": 6, "mn": 6, "Mio": 6, "B": 9, "bn": 9, "Mrd": 9}
_SCALE_ENDS = frozenset("kKMBnod}.")
_SCALED = re.compile(
    rf"\s*(?P<sign>[-+]?)\s*(?:\\?\$|€|£)?\s*(?P<value>\d[\d,]*(?:\.\d+)?)(?:\\[, ])?"
    rf"(?:\\(?:text|mathrm)\s*\{{)?\s?(?P<scale>{'|'.join(_SCALES)})\.?\}}?\s*"
)
_QUOTED = re.compile(r"\s*(?:``|[`'\"“‘«])\s*(.*?)\s*(?:''|[`'\"”’»])\s*", re.DOTALL)
_DECORATED = re.compile(
    r"(?:[\s.$]|\\[,;:! ]|\\q?quad)*"
    r"(?:(?:\\(?:checkmark|blacksquare|square|Box|qed|qedsymbol|QED|bigstar|star)(?![A-Za-z])|[✓✔☑✅∎■□▪◼★🎉🎯]️?)[\s.$]*)+$"
)
_MAX_DECORATION = 80
_COUNTS = re.compile(
    r"(?:\{\})?[_^]\{?(?P<left>\w+)\}?(?:\\mathrm\s*)?\{?(?P<left_kind>[CP])\}?_\{?(?P<left_of>\w+)\}?"
    r"|(?<![A-Za-z\\_^{])(?P<kind>[CAP])(?:_\{?(?P<low>\w+)\}?\^\{?(?P<high>\w+)\}?|\^\{?(?P<top>\w+)\}?_\{?(?P<foot>\w+)\}?)"
    r"|(?<![A-Za-z\\_^{\d])(?P<of>\d{1,9}|[nmk])\s?(?P<middle>[CP])\s?(?P<taken>\d{1,9}|[rkm])(?![\w(])"
)
_BASES = {"0x": 16, "0o": 8, "0b": 2}
_BASED = re.compile(r"\s*(-?)(0[xX][0-9a-fA-F]{1,32}|0[oO][0-7]{1,40}|0[bB][01]{1,120})\s*")
_NUMBERED = re.compile(r"(?<![A-Za-z\\_^{\d])([A-Za-z])(\d)(?![\d.A-Za-z])")
_OBJECT = re.compile(r"\s*(Matrix|FiniteSet|Interval|Tuple)\((.*)\)\s*", re.DOTALL)
_RATIONAL = re.compile(r"\b(?:Rational|Fraction)\((-?\d+), ?(-?\d+)\)")
_UNIT_J = re.compile(r"(?<=\d)j(?![A-Za-z])")
_UNIT_I = re.compile(r"(?<![A-Za-z_\\])I(?![A-Za-z_(])")
_CONDITION = re.compile(
    r"\s*([a-z])\s*(?:\\(?:big|left|middle)?\s*)?(?:\||\\mid(?![a-z])|:|\\colon(?![a-z]))\s*(.+)", re.DOTALL
)
_FEET = re.compile(r"\s*(\d{1,3})\s*(?:'|′|’|\^\{?\\prime\}?)\s*(\d{1,2}(?:\.\d+)?)\s*(?:''|\"|″|”)?\s*")
_MIXED = re.compile(
    r"\s*(\d[\d.]*)\s*(d|h|hrs?|m|min|ft|kg|lbs?)\.?\s*(?:and\s+)?(\d[\d.]*)\s*(hrs?|h|mins?|m|sec|s|in|cm|g|oz)\.?\s*"
    r"(?:(\d[\d.]*)\s*(sec|s)\s*)?"
)
_CURRENCY = re.compile(
    r"\s*(?:(USD|EUR|GBP|CNY|RMB|INR)\s*(\d[\d,]*(?:\.\d+)?)|(\d[\d,]*(?:\.\d+)?)\s*(USD|EUR|GBP|CNY|RMB|INR))\s*"
)
_MEASURED = re.compile(r"\s*([-+]?\d[\d,]*(?:\.\d+)?)\s*([A-Za-z]{1,4}(?:\^\d)?\s?/\s?[A-Za-z]{1,4}(?:\^\d)?)\s*")
_LEAD = re.compile(
    r"\s*(?P<lead>[A-Za-z][A-Za-z ,'’-]{1,90}?)"
    r"(?:\s*:|(?<=\b(?:is|be))|(?<=\b(?:are|has|get))|(?<=\b(?:that|have|find|give))|(?<=\b(?:gives|equal))"
    r"|(?<=\b(?:equals|obtain)))\s*(?P<formulas>\$[^$]+\$(?:\s*(?:,|and|or)\s*\$[^$]+\$)*)\s*\.?\s*"
)
_DENYING = frozenset(
    "not no never nor neither cannot except unless without if when or half twice double triple thrice times more less "
    "least most than over under about between nearly almost approximately roughly exceed part some".split()
)
"""Words before a formula that say something else of it than that it is the answer."""
_PORTION = re.compile(
    r"\s*(?:(?P<name>[A-Za-z][A-Za-z ]{2,30}?)\s*[:=]\s*(?P<value>[^A-Za-z]+)"
    r"|(?P<first>[^A-Za-z]+?)\s+(?:\\text\s*\{\s*)?(?P<thing>[A-Za-z][A-Za-z ]{2,30}?)\s*\}?)\s*"
)


def as_list(text: str) -> str:
    """The text with "1,234" as two numbers, for lists without spaces."""
    return _GROUPED.sub(", ", text)


def as_foreign(text: str) -> str:
    """The text with its numbers read by a convention that the first reading does not know; the same where none fits."""
    return _FOREIGN.sub(_foreign, text)


def _foreign(found: re.Match[str]) -> str:
    for name in ("dotted", "spaced"):
        if found.group(name):
            return re.sub(r"[. ]", "", found.group(name)) + "." + found.group(f"{name}_rest")
    return re.sub(r"[.,]", "", found.group())


def as_decimal_comma(text: str) -> str:
    """A text that is nothing but "3,14" with a decimal point."""
    found = _COMMA.fullmatch(text)
    return f"{found.group(1)}.{found.group(2)}{found.group(3)}" if found else text


def as_scaled(text: str) -> str:
    """A number with a letter for thousands, millions or billions behind it (1.5M, 6B), multiplied out."""
    if text.rstrip()[-1:] in _SCALE_ENDS and (found := _SCALED.fullmatch(text)):
        return f"{found.group('sign')}{found.group('value')}\\cdot 10^{{{_SCALES[found.group('scale')]}}}"
    return text


def as_bare(text: str) -> str:
    """A text without quotation marks around it, a sign that ends a proof, or a bracket that has no partner."""
    bare = text
    if found := _QUOTED.fullmatch(bare):
        bare = found.group(1)
    tail = max(len(bare) - _MAX_DECORATION, 0)
    if (not bare.isascii() or "\\" in bare[tail:]) and (found := _DECORATED.search(bare, tail)):
        bare = bare[: found.start()]
    bare = bare.strip().removesuffix("\\\\").removeprefix("\\\\").strip()
    if bare[-1:].isalnum() and bare[:1] not in {"(", "[", "{"}:
        return bare or text
    opened, closed = sum(map(bare.count, "([{")), sum(map(bare.count, ")]}"))
    if closed == opened + 1 and bare.endswith((")", "]", "}")):
        bare = bare[:-1]
    if opened == closed + 1 and bare.startswith(("(", "[", "{")):
        bare = bare[1:]
    return bare or text


def as_code(text: str) -> str:
    """A text as a program or algebra system writes it: 0x1F, I for i, c1 for c_1."""
    if text.lstrip(" -")[:1] == "0" and (found := _BASED.fullmatch(text)):
        digits = found.group(2).lower()
        return f"{found.group(1)}{int(digits[2:], _BASES[digits[:2]])}"
    if "\\" in text or len(text) > 1_000:
        return text
    if found := _OBJECT.fullmatch(text):
        opened, closed = {"FiniteSet": ("\\{", "\\}"), "Interval": ("[", "]")}.get(found.group(1), ("", ""))
        return f"{opened}{found.group(2)}{closed}"
    text = _RATIONAL.sub(r"(\1)/(\2)", text)
    return _UNIT_J.sub("i", _UNIT_I.sub("i", _NUMBERED.sub(r"\1_\2", text)))


def as_counts(text: str) -> str:
    """The text with nCr, C_n^r and their kin as binomials, nPr and A_n^r as quotients of factorials."""
    return _COUNTS.sub(_count, text) if "C" in text or "P" in text or "A" in text else text


def _count(found: re.Match[str]) -> str:
    kind = found.group("left_kind") or found.group("kind") or found.group("middle")
    pairs = (("left", "left_of"), ("low", "high"), ("top", "foot"), ("of", "taken"))
    whole, taken = next((found.group(a), found.group(b)) for a, b in pairs if found.group(a))
    if found.group("top") and whole.isdigit() and taken.isdigit() and int(whole) < int(taken):
        whole, taken = taken, whole  # C^3_{10}
    if kind == "C":
        return f"\\binom{{{whole}}}{{{taken}}}"
    return f"\\frac{{({whole})!}}{{({whole}-{taken})!}}"


def as_set(text: str) -> str:
    """A condition behind the name of its variable, "x | x > 0", as the set."""
    found = _CONDITION.fullmatch(text) if "|" in text or "mid" in text or ":" in text else None
    return (
        f"\\{{{text}\\}}"
        if found and re.search(rf"(?<![A-Za-z]){found.group(1)}(?![A-Za-z])", found.group(2))
        else text
    )


def as_mixed(text: str) -> str:
    """Feet and inches, hours and minutes by their signs and letters, as words: 5'10", 2 h 30 min."""
    if ("'" in text or "′" in text or "’" in text or "prime" in text) and (found := _FEET.fullmatch(text)):
        return f"{found.group(1)} \\text{{ feet }} {found.group(2)} \\text{{ inches}}"
    if text[-1:].isalpha() and (found := _MIXED.fullmatch(text)):
        first, unit, second, smaller, third, smallest = found.groups()
        if smaller == "m" and unit[0] in "dh":
            smaller = "min"
        rest = f" {third} \\text{{ {smallest}}}" if third else ""
        return f"{first} \\text{{ {unit} }} {second} \\text{{ {smaller}}}{rest}"
    return text


def as_measured(text: str) -> str:
    """An amount with its unit in plain letters, "9.8 m/s^2" or "USD 50", with the unit as text."""
    if found := _CURRENCY.fullmatch(text):
        amount, currency = found.group(2) or found.group(3), found.group(1) or found.group(4)
        return f"{amount} \\text{{ {currency}}}"
    found = _MEASURED.fullmatch(text) if "/" in text else None
    return f"{found.group(1)} \\text{{ {found.group(2)}}}" if found and measure(canonical(found.group(2))) else text


def as_factorial(text: str) -> str:
    """n!=120 with the sign that belongs to the n, where the first reading takes it for "is not"."""
    return re.sub(r"(?<=[\w)}])!=(?!=)", "! =", text) if "!=" in text else text


def as_formula(text: str) -> str:
    """The formulas of a sentence that gives nothing else ("We find that $x < 3$."); other texts as they are."""
    found = _LEAD.fullmatch(text) if "$" in text else None
    if found is None or not _DENYING.isdisjoint(re.findall(r"[a-z]+", found.group("lead").lower())):
        return text
    return found.group("formulas")


RULES: tuple[Callable[[str], str], ...] = (
    as_list,
    as_foreign,
    as_scaled,
    as_bare,
    as_code,
    as_counts,
    as_set,
    as_mixed,
    as_measured,
    as_factorial,
)


def readings(answer: str, gold: str) -> Iterator[tuple[str, str]]:
    """Both sides once more, where they can be read in another way."""
    plain = _PLAIN.fullmatch(answer) and _PLAIN.fullmatch(gold)
    for rule in RULES[:2] if plain else RULES:
        pair = rule(answer), rule(gold)
        if pair != (answer, gold):
            yield pair
    if (formula := as_formula(answer)) != answer:
        yield formula, gold
    pointed = as_decimal_comma(answer), as_decimal_comma(gold)
    if (pointed[0] != answer) != (pointed[1] != gold) and (pointed[1] == gold or "." in answer):
        yield pointed


def portions(text: str) -> dict[str, str]:
    """Name → value of a list like "switch: 3/4, stay: 1/4" or "5 cats, 3 dogs"; empty for anything else."""
    found: dict[str, str] = {}
    if len(text) > 300 or not re.search(r"[A-Za-z]{3}", text):
        return found
    items = re.split(r"\s*(?:[,;]|\band\b|\\text\s*\{\s*and\s*\})\s*", text.strip(" .$"))
    for item in items:
        part = _PORTION.fullmatch(item)
        if part is None:
            return {}
        found[(part.group("name") or part.group("thing")).strip().lower()] = part.group("value") or part.group("first")
    return found if len(found) == len(items) > 1 else {}
