"""Sentences compared word by word; "must be" says what "is" says, "if and only if" what "iff" says."""

from __future__ import annotations

import re

MAX_CHARS = 1_000
_MARKS = re.compile(
    r"\\(?:text|textbf|textit|mathrm|mbox|textrm|emph)\s*\{|[{}$*]|\\(?:[,;:! ]|q?quad\b|left\b|right\b)"
)
_SAME = (
    (re.compile(r"\bif and only if\b|\b(?:precisely|exactly) (?:when|if)\b|\bwhenever and only when\b"), "iff"),
    (re.compile(r"\b(?:must|has to|needs to|should) be\b"), "is"),
    (re.compile(r"\b(?:has|have) a winning strategy\b|\bcan always win\b"), "wins"),
    (re.compile(r"\bcentre\b"), "center"),
    (re.compile(r"\b(?:the|a|an|that|so|therefore|thus|hence|triangle)\b"), " "),
)
_TOKEN = re.compile(r"\\?[a-z]+|\d+(?:\.\d+)?|[^\sa-z\d.,;:!?]")
_ANSWERED = re.compile(r"\W*(yes|no)\s*[,.;:]\s*\S", re.IGNORECASE)


def same_sentence(answer: str, gold: str) -> bool:
    """Whether an answer says what a sentence says in its words, or gives the yes or no that it begins with."""
    if max(len(answer), len(gold)) > MAX_CHARS:
        return False
    given = words_of(answer)
    if not given:
        return False
    lead = _ANSWERED.match(gold)
    return given == words_of(gold) or (lead is not None and given == [lead.group(1).lower()])


def words_of(text: str) -> list[str]:
    """The words and signs of a sentence, without articles, layout and punctuation."""
    bare = " ".join(_MARKS.sub(" ", text).lower().split())
    for pattern, word in _SAME:
        bare = pattern.sub(word, bare)
    return _TOKEN.findall(bare)
