"""Answers that a response announces: "The answer is …", "#### …", "Final Answer", in the languages models write."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from math_eval.answers.spans import formulas, masked, sentences
from math_eval.answers.words import ANSWER_NOUNS, FINAL_NOUNS, LINK, RESULT_NOUNS, any_of

FINAL, ANSWER, RESULT = 3, 2, 1
_SCRIPTS = (
    (1, re.compile(r"[\u3400-\u9fff]")),
    (2, re.compile(r"[\u3040-\u30ff]")),
    (3, re.compile(r"[\uac00-\ud7af]")),
    (4, re.compile(r"[\u0400-\u04ff]")),
    (11, re.compile(r"[\u0600-\u06ff]")),
    (12, re.compile(r"[\u0900-\u097f]")),
    (13, re.compile(r"[\u0e00-\u0e7f]")),
)
"""Place of a language in the tables of words.py → a letter of its script."""
_LATIN = re.compile(r"r[ée]ponse|r[ée]sultat|antwort|lösung|ergebnis|fazit|respuesta|resultado|resposta|gabarito|risposta|risultato|solu[cçzt]i|đáp|trả lời|kết", re.IGNORECASE)
_NEAR_END = 300
"""Characters: a heading like "Result:" farther from the end belongs to a step."""
_DECOR = r"[^\w\n$\\(\[{<+\-−.√∞∅]{0,12}"
_GAP = r"(?:[ \t]+(?!(?:is|are|was|be|must|should|will|can|has|have|to be)\b)[^\W\d_]+(?:['’]\w+)?){0,7}?"
_STEP = r"(?!\s*(?:step|part|case|method|solution|approach|understand|шаг|étape|schritt|paso|passo|bước|ステップ|手順|단계|चरण|ขั้นตอน|ขั้นที่|الخطوة|第|步骤|\d+[.)]\s+[^\W\d]))"


class Announcement(NamedTuple):
    """Where an announced answer begins, where its announcement does, and how strongly it is announced."""

    start: int
    at: int
    strength: int


@cache
def _pattern(places: tuple[int, ...]) -> re.Pattern[str]:
    final, answer, result = (
        any_of(tuple(table[place] for place in places if place < len(table)))
        for table in (_by_place(FINAL_NOUNS, final=True), ANSWER_NOUNS, _by_place(RESULT_NOUNS, final=False))
    )
    noun = rf"(?P<final>{final})|(?P<answer>{answer})"
    heading = rf"(?:^|\n){_DECOR}(?:the\s+|la\s+|die\s+|(?:\d+[.)]\s*))?(?:{noun}|(?P<result>{result}))"
    return re.compile(
        rf"(?P<hash>(?:^|\n)[ \t]*####{_STEP}[ \t]*(?=\S))"
        rf"|{heading}(?:[ \t]*[:：=][ \t]*(?:\*\*|__)?|{_DECOR}(?=\n)|[ \t]*(?:\*\*|__)[ \t]*[:：]?|[ \t]*[)）】\]][ \t]*[:：]?)"
        rf"|(?<![^\W\d_])(?:(?P<final2>{final})|(?P<answer2>{answer})){_GAP}(?:['’]s)?{LINK}(?:\s*(?:therefore|thus|simply|just|then|also|hence|donc|also|entonces|portanto|quindi|则|就)\b)?\s*[:：]?"
        rf"|(?:^|\n)[ \t]*(?P<letter>A|Ans)[ \t]*[:.][ \t]*(?=[^\s])"
        rf"|(?P<zh>故选|答案)\s*[:：]?(?=\s*[A-J（(\d$\\])"
        rf"|(?P<bare>उत्तर|답|ตอบ|คำตอบ|정답)\s*(?=[\d$\\(A-J])"
        rf"|(?P<tail>(?:the\s+)?correct(?:ed)?\s+(?:total|number|value|count|result|sum|figure|amount|solution)(?:\s+\w+){{0,4}}?\s+(?:is|should\s+be)\s*:?)",
        re.IGNORECASE,
    )


def _by_place(table: tuple[str, ...], *, final: bool) -> tuple[str, ...]:
    """FINAL_NOUNS joins Spanish and Portuguese, RESULT_NOUNS all three of the south: laid out by language."""
    if final:
        return (*table[:7], table[7], *table[7:])
    return (*table[:8], table[7], table[7], *table[8:])


def _places(text: str) -> tuple[int, ...]:
    if text.isascii() and not _LATIN.search(text):
        return (0,)
    places = {0}
    if not text.isascii():
        places |= {place for place, letter in _SCRIPTS if letter.search(text)}
    if _LATIN.search(text):
        places |= {5, 6, 7, 8, 9, 10}
    if 2 in places:
        places.add(1)
    return tuple(sorted(places))


def announcements(text: str) -> list[Announcement]:
    """Every announcement of a text in order; one with nothing behind it is none."""
    found = []
    for match in _pattern(_places(text)).finditer(text):
        if not text[match.end() :].strip(" \t\r\n*_:#.。"):
            continue
        kind = match.lastgroup or ""
        names = match.groupdict()
        if names.get("final") or names.get("final2") or kind == "hash":
            strength = FINAL
        elif names.get("result"):
            if len(text) - match.end() > _NEAR_END:
                continue
            strength = RESULT
        else:
            strength = ANSWER
        found.append(Announcement(match.end(), match.start(), strength))
    return found


def statement_at(text: str, start: int) -> str:
    """What is announced from a place on: the rest of its sentence, or the next line or display formula."""
    rest = text[start:]
    lead = len(rest) - len(rest.lstrip(" \t\r\n*_:：#>=.。✅👉"))
    rest = rest[lead:] if lead < len(rest) else rest.lstrip()
    if lead and rest[:1].isdigit() and text[start + lead - 1] == "." and text[start + lead - 2 : start + lead - 1] in {"", " "}:
        rest = "." + rest
    spans = formulas(rest[:5000])
    mask = masked(rest[:5000], spans)
    first = next(iter(sentences(mask)), None)
    if first is None:
        return rest.strip()
    return rest[: first.end].strip() if first.start < 40 else rest[first.start : first.end].strip()
