"""Words that name a set of numbers or the lack of an answer, and their formulas."""

from __future__ import annotations

import re

_WORDLIKE = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{4}")
_TEXT = re.compile(r"\\(?:text|textbf|textit|mathrm|mbox|textrm)\s*\{([^{}]*)\}")
_LEAD = re.compile(
    r"(?:(?:the )?set of )?(?:all |any |every )?(?:the )?"
    r"(?:(?:values of )?(?P<name>[a-z]) (?:is|are|must be|can be) (?:a |an |any )?)?"
)
_NUMBERS = re.compile(
    r"(?P<signs>(?:(?:positive|nonnegative|non-negative|negative|nonzero|non-zero|odd|even) )*)"
    r"(?P<kind>real numbers?|reals?|rational numbers?|complex numbers?|integers?|whole numbers)"
    r"(?: except (?:for )?(?P<hole>-?[\d/.]+))?(?: (?P<letter>[a-z]))?"
)
_NOT_EVEN = re.compile(
    r"\b((?:positive |negative |nonnegative )?)(integers?|numbers?) (?:(?:that|which) are )?not divisible by (?:2|two)$"
)
_FORM = re.compile(
    r"\s*(?:all |the )?functions? (?:of the form )?\$([^$]+)\$"
    r"(?:,? (?:where|with|for) [^.]*\b(?:constants?|real|number)\b[^.]*)?\.?\s*",
    re.IGNORECASE,
)
"""The functions of one form, with a remark on its constants."""
_PARITY = re.compile(r"(?P<signs>odd|even)(?P<kind>)(?P<hole>)")
_MULTIPLES = re.compile(
    r"(?:an? )?(?P<signs>(?:(?:positive|nonnegative|non-negative|odd|even) )*)"
    r"(?:(?:integers? |numbers? )?(?:that (?:is|are) )?divisible by|(?:integer )?multiples? of) (?P<step>\d{1,9})"
)
_POWERS = re.compile(r"(?:a )?powers? of (\d+|two|three|ten)")
_PERFECT = re.compile(r"(?:a )?perfect (square|cube)s?")
_SMALL = {"two": "2", "three": "3", "ten": "10"}
_REALS = {
    frozenset[str](): "\\mathbb{R}",
    frozenset({"positive"}): "(0,\\infty)",
    frozenset({"nonnegative"}): "[0,\\infty)",
    frozenset({"negative"}): "(-\\infty,0)",
    frozenset({"nonzero"}): "\\mathbb{R}\\setminus\\{0\\}",
}
_INTEGERS = {
    frozenset[str](): "k,k\\in\\mathbb{Z}",
    frozenset({"positive"}): "k,k\\in\\mathbb{Z}^+",
    frozenset({"nonnegative"}): "k,k\\in\\mathbb{Z}_{\\ge0}",
    frozenset({"even"}): "2k,k\\in\\mathbb{Z}",
    frozenset({"odd"}): "2k+1,k\\in\\mathbb{Z}",
    frozenset({"even", "positive"}): "2k,k\\in\\mathbb{Z}^+",
    frozenset({"odd", "positive"}): "2k-1,k\\in\\mathbb{Z}^+",
    frozenset({"odd", "nonnegative"}): "2k-1,k\\in\\mathbb{Z}^+",
    frozenset({"even", "nonnegative"}): "2k,k\\in\\mathbb{Z}_{\\ge0}",
}
_FROM = {frozenset[str](): "", frozenset({"positive"}): "^+", frozenset({"nonnegative"}): "_{\\ge0}"}
_STOCK = re.compile(
    r"^(?:there (?:is|are|exists?) "
    r"|(?:it|limit|answer|value|sum|series|equation|inequality|system) (?:is |has |have )?|has |have )+"
)
_PLACED = re.compile(r"^(?:it (?:is|was|will be) )?(?:(?:on|in|at) )?(?=[^ ]+$)")
"""What stands before one word that names a day, month or place."""
_NOTHING = frozenset(
    "no solution|no solutions|none|no real solution|no real solutions|empty set|无解|no such number|no such numbers|"
    "no integer solutions|no values".split("|")
)
_NOT_THERE = frozenset("dne|does not exist|doesn t exist|do not exist|undefined|not exist|not defined".split("|"))
_ENDLESS = frozenset(
    "infinitely many|infinitely many solutions|infinite solutions|infinite number of solutions".split("|")
)
_CLASSES = (_NOTHING, _NOT_THERE, _ENDLESS)


def restated(text: str) -> str:
    """A text that names a set of numbers in words as its formula; every other text as it is."""
    if not _WORDLIKE.search(text) and "\\text" not in text:
        return text
    if len(text) > 120:
        return text
    if found := _FORM.fullmatch(text):
        return found.group(1)
    bare = _TEXT.sub(r" \1 ", text).replace("$", " ").replace("\\", " ").rstrip(". ")
    words = _NOT_EVEN.sub(r"odd \1\2", " ".join(bare.lower().split()))
    lead = _LEAD.match(words)
    rest = words[lead.end() :] if lead else words
    name = lead.group("name") if lead else None
    if not name and (found := _NUMBERS.fullmatch(rest)) and found.group("letter"):
        name, rest = found.group("letter"), rest[:-2]  # all odd positive integers n
    formula = _formula(rest, named=bool(name))
    if formula is None:
        return text
    return f"{name}={formula}" if name and "k" in formula else formula


def _formula(words: str, *, named: bool) -> str | None:
    if found := _NUMBERS.fullmatch(words) or (_PARITY.fullmatch(words) if named else None):
        signs = frozenset(found.group("signs").replace("non-", "non").split())
        kind, hole = found.group("kind")[:4], found.group("hole")
        if kind == "real":
            whole = _REALS.get(signs)
            return f"{whole}\\setminus\\{{{hole}\\}}" if whole and hole else whole
        if kind in {"rati", "comp"}:
            return None if signs or hole else f"\\mathbb{{{'Q' if kind == 'rati' else 'C'}}}"
        return None if hole else _INTEGERS.get(signs)
    if found := _MULTIPLES.fullmatch(words):
        return _multiples(int(found.group("step")), frozenset(found.group("signs").replace("non-", "non").split()))
    if found := _POWERS.fullmatch(words):
        return f"{_SMALL.get(found.group(1), found.group(1))}^k,k\\in\\mathbb{{Z}}_{{\\ge0}}"
    if found := _PERFECT.fullmatch(words):
        return f"k^{2 if found.group(1) == 'square' else 3},k\\in\\mathbb{{Z}}"
    return None


def _multiples(step: int, signs: frozenset[str]) -> str | None:
    """The multiples of a number, even or odd ones alone, from 1 or 0 upwards where their signs say so."""
    start = _FROM.get(signs - {"even", "odd"})
    if not step or start is None or signs >= {"even", "odd"}:
        return None
    if "odd" in signs:
        return f"{step}(2k-1),k\\in\\mathbb{{Z}}{start or ''}" if step % 2 and "0" not in start else None
    if "even" in signs and step % 2:
        step *= 2
    return f"{step}k,k\\in\\mathbb{{Z}}{start}"


def same_words(left: str, right: str) -> bool:
    """Whether two folded texts say the same: their words, or two ways to say that there is nothing."""
    if left == right:
        return True
    one, other = (_STOCK.sub("", _PLACED.sub("", text)) for text in (left, right))
    return one == other or any(one in words and other in words for words in _CLASSES)


def is_nothing(text: str) -> bool:
    """Whether a folded text says that there is no answer."""
    return _STOCK.sub("", text) in _NOTHING


def is_undefined(text: str) -> bool:
    """Whether a folded text says that a value does not exist."""
    return _STOCK.sub("", text) in _NOT_THERE
