r"""The answer in the boxes of a response: the last one, or the last ones where they are one answer."""

from __future__ import annotations

import re

from math_eval.boxes import Box, boxes
from math_eval.records import Extraction

_JOINED = re.compile(
    r"(?:[\s$\\)(.,;:：，、。*{}&-]|\\(?:quad|qquad|text|mathrm|textbf|,|;|\[|\])|\n)*"
    r"(?:[,;，、]|(?:and|or|y|et|und|e|ou|oder|и|или|和|或|与|及|と|または|와|과|또는|và|hoặc|و|أو|और|या|และ|หรือ)\b|(?<=\})[ \t$\\]*(?=\$?\s?\\(?:boxed|fbox)))"
    r"(?:[\s$\\)(.,;:：，、*{}-]|\\(?:quad|qquad|text|\[|\]))*(?:\(?[a-z\d](?:_\{?\d\}?)?\s*[)=]\s*=?\s*|[-•]\s*)?[\s$\\(]*",
    re.IGNORECASE,
)
"""What stands between two boxes that are one answer: "$\\boxed{-2}$ and $\\boxed{1}$", parts (a) and (b), bullets."""
_COUNTED = re.compile(r"\s*\$?\s*[A-Za-z]{2,20}(?:\s[A-Za-z]{2,20})?\s*(?:,\s*)?(?:and|,|&|y|et|und|e)\s+\$?\s*")
"""Two counted things: "\\boxed{7} goats and \\boxed{4} helicopters"."""
_NAMED = re.compile(
    r"\s*\$?\s*,?\s*(?:and|while)\s+(?:the\s+)?[a-z]+(?:\s[a-z]+){0,3}\s+(?:is|are|=)\s*\$?\s*", re.IGNORECASE
)
"""Two named values in a sentence: "the maximum is \\boxed{8} and the minimum is \\boxed{-2}"."""
_DENIED = re.compile(r"(?:\b(?:not|nicht|pas|non|não|не)|不是|không phải|ليس)\s*[$\\(]{0,3}$", re.IGNORECASE)
_WRONG = re.compile(r"[\s$\\)]{0,4}(?:is|was)\s+(?:wrong|incorrect|not\s+(?:right|correct))\b", re.IGNORECASE)
_PART = re.compile(r"[^\n]{0,6}\s\(?(?:[b-h]|[2-9]|i[iv]+)\)[^\n]{0,100}")
_FIRST_PART = re.compile(r"(?:^|\s)\(?(?:[a-g]|[1-8]|i{1,3})\)[^\n]*$")
"""Parts within a line: "(a) … \\boxed{3}. (b) … \\boxed{4}."."""
_WORDS = re.compile(r"\s*\\(?:text|textbf|mathrm)\s*\{\s*[^\W\d]")
_MARKERS = (
    (re.compile(r"\s*(?:\*\*|__)?\(?(?:[a-h]|[ivx]{1,4})\)", re.IGNORECASE), 160),
    (
        re.compile(r"\s*(?:\*\*|__)?(?:part|case|fall|cas|caso|часть|случай|情况)\s*\(?(?:\d|[a-h])\b", re.IGNORECASE),
        160,
    ),
    (re.compile(r"\s*\$?[A-Za-z](?:_\{?\d\}?)?\s*[:=]\s*\$?$"), 14),
    (re.compile(r"\s*(?:\*\*|__)?(?:first|second|third|fourth)\b[^\n:]{0,20}:", re.IGNORECASE), 40),
    (re.compile(r"\s*[-•*]\s"), 40),
    (re.compile(r"\s*\(?\d[.)]\s"), 24),
)
"""How an item of a list of answers begins, and how many characters may stand before its box."""
_PLACEHOLDER = re.compile(
    r"\s*(?:\\text\s*\{|\\textbf\s*\{|\$|<|\[|\{)*\s*(?:(?:the\s+|your\s+)?(?:final\s+)?(?:answers?|result|value|solution)(?:\s+here)?|答案|答え|답|\.{2,}|…|\\(?:l|c)?dots|\?+|_+|\\_+|\\square|\\h?phantom\s*\{[^{}]*\}|\\quad|x{3,}|…)\s*[}\]>$]*\s*",
    re.IGNORECASE,
)
_RESULT = re.compile(r"```output\s{0,20}\Z")
_APART = 200
"""Characters between two boxes that are one answer, at most."""


def boxed_answer(text: str) -> tuple[Extraction | None, int, int]:
    """What the last boxes hold, where the last of them ends, and the end of the last empty one (0 without any).

    A placeholder (`?`, "answer") counts as empty. An empty box behind a program's output takes back what stood before:
    that program printed nothing.
    """
    whole: list[Box] = []
    blank = 0
    for box in boxes(text):
        if not box.closed:
            continue
        if not box.content.strip() or _PLACEHOLDER.fullmatch(box.content):
            blank = box.end
            if _RESULT.search(text[: box.start][-30:]):
                whole = []  # a program that printed nothing; elsewhere it is the prompt's empty box, echoed
            continue
        if _DENIED.search(text, max(box.start - 12, 0), box.start) or _WRONG.match(text, box.end):
            continue  # "(Not \\boxed{14})"
        whole = [*whole, box] if whole and _one_answer(text, whole[-1], box) else [box]
    if not whole:
        return None, 0, blank
    contents = list(dict.fromkeys(box.content.strip() for box in whole))
    joined = ", ".join(contents) if len(contents) > 1 else contents[0]
    return Extraction(joined, "boxed" if len(whole) == 1 else "boxes"), whole[-1].end, blank


def _one_answer(text: str, left: Box, right: Box) -> bool:
    between = text[left.end : right.start]
    listed = "\n" in between and _same_list(text, left, right)
    in_parts = _PART.fullmatch(between) and _FIRST_PART.search(text[: left.start][-120:])
    adjacent = not between.strip(" \t\n$\\[]().") and not any(_WORDS.match(box.content) for box in (left, right))
    joined = any(pattern.fullmatch(between) for pattern in (_JOINED, _COUNTED, _NAMED))
    return len(between) <= _APART and bool(listed or in_parts or adjacent or joined)


def _same_list(text: str, left: Box, right: Box) -> bool:
    """Whether two boxes stand in items of one list: parts, cases, bullets, or bare numbered values."""
    lines = [text[text.rfind("\n", 0, box.start) + 1 : box.start] for box in (left, right)]
    return any(all(marker.match(line) and len(line) <= longest for line in lines) for marker, longest in _MARKERS)


def unclosed_box(text: str) -> Extraction | None:
    """What stands in a box that the end of the text cut, marked truncated."""
    contents = (box.content.strip() for box in boxes(text) if not box.closed)
    content = next(contents, "")
    return Extraction(content, "boxed-unclosed", truncated=True) if content else None
