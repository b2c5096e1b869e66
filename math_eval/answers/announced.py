"""Answers that a response announces: "The answer is …", "#### …", "Final Answer", in the languages models write."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from math_eval.answers.lexicon import Lexicon
from math_eval.answers.spans import formulas, masked, sentences
from math_eval.answers.words import ANSWER_NOUNS, FINAL_NOUNS, LINK, RESULT_NOUNS, any_of

FINAL, ANSWER, RESULT = 3, 2, 1
_MOST = 64
"""Announcements that are read, the last ones: a model that repeats itself makes thousands."""
_LONGEST = 6000
"""Characters of a statement, its formulas included."""
_NEAR_END = 300
"""Characters: a heading like "Result:" farther from the end belongs to a step."""
_CONTENT = re.compile(r"[^ \t\r\n*_:#.。]")
_DECOR = r"[^\w\n$\\(\[{<+\-−.√∞∅]{0,12}"
_GAP = r"(?:[ \t]+(?!(?:is|are|was|be|must|should|will|can|has|have|to be)\b)[^\W\d_]+(?:['’]\w+)?){0,7}?"
_STEP = r"(?!\s*(?:step|part|case|method|solution|approach|understand|шаг|étape|schritt|paso|passo|bước|ステップ|手順|단계|चरण|ขั้นตอน|ขั้นที่|الخطوة|第|步骤|\d+[.)]\s+[^\W\d]))"


class Announcement(NamedTuple):
    """Where an announced answer begins, where its announcement does, and how strongly it is announced."""

    start: int
    at: int
    strength: int


@cache
def _pattern(languages: frozenset[str]) -> re.Pattern[str]:
    final, answer, result = (
        any_of(table[language] for language in sorted(languages)) for table in (FINAL_NOUNS, ANSWER_NOUNS, RESULT_NOUNS)
    )
    noun = rf"(?P<final>{final})|(?P<answer>{answer})"
    heading = rf"(?:^|\n){_DECOR}(?:the\s+|la\s+|die\s+|(?:\d+[.)]\s*))?(?:{noun}|(?P<result>{result}))"
    return re.compile(
        rf"(?P<hash>(?:^|\n)[ \t]*####{_STEP}[ \t]*(?=\S))"
        rf"|{heading}(?:[ \t]*[:：=][ \t]*(?:\*\*|__)?|{_DECOR}(?=\n)|[ \t]*(?:\*\*|__)[ \t]*[:：]?|[ \t]*[)）】\]][ \t]*[:：]?)"
        rf"|(?<![A-Za-zÀ-ỹа-яё])(?:(?P<final2>{final})|(?P<answer2>{answer})){_GAP}(?:['’]s)?{LINK}(?:\s*(?:therefore|thus|simply|just|then|also|hence|donc|also|entonces|portanto|quindi|则|就)\b)?\s*[:：]?"
        rf"|(?:^|\n)[ \t]*(?P<letter>A|Ans)[ \t]*[:.][ \t]*(?=[^\s])"
        rf"|(?P<zh>故选|答案)\s*[:：]?(?=\s*[A-J（(\d$\\])"
        rf"|(?P<bare>उत्तर|답|ตอบ|คำตอบ|정답|答え)[\s　]*(?=[\d$\\(A-J])"
        rf"|(?P<tail>(?:the\s+)?correct(?:ed)?\s+(?:total|number|value|count|result|sum|figure|amount|solution)(?:\s+\w+){{0,4}}?\s+(?:is|should\s+be)\s*:?)",
        re.IGNORECASE,
    )


_STEM = re.compile(
    r"answer|\bans\b|####|final|correct|right|choice|option|result|conclusion|total|(?:\A|\n)[ \t]*A[ \t]*[:.]",
    re.IGNORECASE,
)


def _matches(text: str, languages: frozenset[str]) -> Iterator[re.Match[str]]:
    """The matches of the languages' pattern; in English only in the lines that hold one of its words, for speed."""
    pattern = _pattern(languages)
    if languages != {"en"}:
        yield from pattern.finditer(text)
        return
    at = 0
    while stem := _STEM.search(text, at):
        start = max(text.rfind("\n", 0, stem.start() + 1), 0)
        end = text.find("\n", stem.end())
        end = len(text) if end == -1 else end
        yield from pattern.finditer(text, max(start, at - 1), end + 2)
        at = end


_NUMBER_SENTENCE = re.compile(r"(\d{1,2})[.!](?=\s)")
"""A short number that ends its sentence, which looks like the mark of a list."""
_IS_LIST = re.compile(r"1\.\s.*?\s2\.\s", re.DOTALL)


def announcements(text: str, lexicon: Lexicon) -> list[Announcement]:
    """Every announcement of a text in order; one with nothing behind it is none."""
    items = []
    for match in _matches(text, lexicon.languages):
        if not _CONTENT.search(text, match.end()):
            continue
        if match["final"] or match["final2"] or match["hash"]:
            strength = FINAL
        elif match["result"]:
            behind = text[match.end() : match.end() + _NEAR_END + 1]
            later_lines = behind.lstrip().partition("\n")[2]
            if len(behind) > _NEAR_END or "**" in later_lines or "=" in later_lines:
                continue
            strength = RESULT
        else:
            strength = ANSWER
        items.append(Announcement(match.end(), match.start(), strength))
    return items[-_MOST:]


def statement_at(text: str, start: int) -> str:
    """What is announced from a place on: the rest of its sentence, or the next line or display formula."""
    rest = text[start : start + _LONGEST]
    lead = len(rest) - len(rest.lstrip(" \t\r\n*_:：#>=.。✅👉"))
    if text[: start + lead].endswith(" .") and rest[lead : lead + 1].isdigit():
        lead -= 1
    same_line = "\n" not in rest[:lead]
    rest = rest[lead:]
    if same_line and (number := _NUMBER_SENTENCE.match(rest)) and not _IS_LIST.match(rest):
        return number.group(1)
    spans = formulas(rest)
    mask = masked(rest, spans)
    return rest[: next((sentence.end for sentence in sentences(mask)), 0)].strip()
