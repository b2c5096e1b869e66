"""The cue words of the languages of one response, compiled: short patterns where a response is English alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from math_eval.answers import words
from math_eval.answers.values import writes_decimal_comma

_SCRIPTS = {
    "zh": re.compile(r"[\u3400-\u9fff]"),
    "ja": re.compile(r"[\u3040-\u30ff]"),
    "ko": re.compile(r"[\uac00-\ud7af]"),
    "ru": re.compile(r"[\u0400-\u04ff]"),
    "ar": re.compile(r"[\u0600-\u06ff]"),
    "hi": re.compile(r"[\u0900-\u097f]"),
    "th": re.compile(r"[\u0e00-\u0e7f]"),
}
"""Language → a letter of its script."""
_LATIN = frozenset({"fr", "de", "es", "pt", "it", "vi"})
_ACCENT = re.compile(r"[à-öø-ÿăđĩũơưạ-ỹ]", re.IGNORECASE)
_ENGLISH = (" the ", " is ", " of ", " and ", "The ")
_ENGLISH_WORD = re.compile(
    r"\b(?:i|you|do|does|not|know|can|cannot|my|was|were|will|would|there|here|these|they|sorry|please|how|which|what|be|by|from|the|is|are|of|and|so|we|answer|total|therefore|hence|thus|final|has|have|left|get|to|for|with|step|solution|result|check|this|that|it|then|equals?|value|cm|apples)\b",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[^\W\d_]{3,}")
_LATIN_WORD = re.compile(
    r"\b(?:la|le|les|el|los|las|il|lo|gli|der|die|das|ist|sind|est|sont|es|son|une?|und|et|que|che|del|della|por|para|pour|donc|somit|also|logo|quindi|entonces|resposta|respuesta|risposta|reponse|antwort)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The cue words of some languages, each kind as one pattern.

    statements: answers in words → the ways to say them. decimal_comma: whether the response writes decimals with a comma.
    """

    languages: frozenset[str]
    correction: re.Pattern[str]
    check: re.Pattern[str]
    check_heading: re.Pattern[str]
    conclusion: re.Pattern[str]
    explanation: re.Pattern[str]
    refusal: re.Pattern[str]
    offer: re.Pattern[str]
    cut: re.Pattern[str]
    negation: re.Pattern[str]
    decimal_comma: bool


def lexicon_of(text: str) -> Lexicon:
    """The lexicon for a response: English, and the languages whose script or whose commonest words stand in it."""
    languages = {"en"}
    ascii_only = text.isascii()
    if ascii_only and any(word in text for word in _ENGLISH):
        return _lexicon(frozenset(languages), decimal_comma=False)
    if not ascii_only:
        languages |= {language for language, letter in _SCRIPTS.items() if letter.search(text)}
        if "ja" in languages:
            languages.add("zh")
    unknown = ascii_only and not _ENGLISH_WORD.search(text) and len(_WORDS.findall(text)) > 1
    if unknown or (not ascii_only and _ACCENT.search(text)) or _LATIN_WORD.search(text):
        languages |= _LATIN
        if (
            not any(char.isalpha() for char in text if char > "\x7f")
            and _LATIN_WORD.search(text)
            and not _ENGLISH_WORD.search(text.replace(" so ", " "))
        ):
            languages.discard("en")  # "so" and "as" are words of other languages too
    comma = languages != {"en"} and writes_decimal_comma(text)
    return _lexicon(frozenset(languages), decimal_comma=comma)


@cache
def _lexicon(languages: frozenset[str], *, decimal_comma: bool) -> Lexicon:
    def one_of(table: Mapping[str, str], before: str = "", behind: str = "") -> re.Pattern[str]:
        patterns = [table[language] for language in sorted(languages)]
        return re.compile(before + words.any_of(patterns) + behind, re.IGNORECASE)

    return Lexicon(
        languages,
        correction=one_of(words.CORRECTIONS),
        check=one_of(words.CHECKS, r"[\s*_#>✓✔(（\-]*"),
        check_heading=one_of(words.CHECKS, r"[\s*_#]*", r"[\s*_:：]*"),
        conclusion=one_of(words.CONCLUSIONS),
        explanation=one_of(words.EXPLANATIONS, r"[\s*_#>(（\-]*"),
        refusal=one_of(words.REFUSALS),
        offer=one_of(words.OFFERS),
        cut=one_of(words.CUTS, "", r"\s*$"),
        negation=one_of(words.NEGATIONS),
        decimal_comma=decimal_comma,
    )
