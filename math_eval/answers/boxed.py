r"""The answer in the boxes of a response: the last one, or the last ones where they are one answer."""

from __future__ import annotations

import re

from math_eval.boxes import Box, boxes
from math_eval.records import Extraction

_JOINED = re.compile(
    r"(?:[\s$\\)(.,;:：，、。*{}&-]|\\(?:quad|qquad|text|mathrm|textbf|,|;|\[|\])|\n)*"
    r"(?:(?:and|or|y|et|und|e|ou|oder|и|или|和|或|与|及|と|または|와|과|또는|và|hoặc|و|أو|और|या|และ|หรือ)\b)?"
    r"(?:[\s$\\)(.,;:：，、*{}-]|\\(?:quad|qquad|text|\[|\]))*(?:\(?[a-z\d](?:_\{?\d\}?)?[)=]\s*=?\s*|[-•]\s*)?[\s$\\(]*",
    re.IGNORECASE,
)
"""What stands between two boxes that are one answer: "$\\boxed{-2}$ and $\\boxed{1}$", parts (a) and (b), bullets."""
_COUNTED = re.compile(r"\s*\$?\s*[A-Za-z]{2,20}(?:\s[A-Za-z]{2,20})?\s*(?:,\s*)?(?:and|,|&|y|et|und|e)\s+\$?\s*")
"""Two counted things: "\\boxed{7} goats and \\boxed{4} helicopters"."""
_PLACEHOLDER = re.compile(
    r"\s*(?:\\text\s*\{|\\textbf\s*\{|\$|<|\[|\{)*\s*(?:(?:the\s+|your\s+)?(?:final\s+)?(?:answers?|result|value|solution)(?:\s+here)?|答案|答え|답|\.{2,}|…|\\(?:l|c)?dots|\?+|_+|\\_+|\\square|\\quad|x{3,}|…)\s*[}\]>$]*\s*",
    re.IGNORECASE,
)
_RESULT = re.compile(r"```output\s{0,20}\Z")


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
            if _RESULT.search(text[max(box.start - 30, 0) : box.start]):
                whole = []  # a program that printed nothing; elsewhere it is the prompt's empty box, echoed
            continue
        whole = [*whole, box] if whole and _one_answer(text, whole[-1], box) else [box]
    if not whole:
        return None, 0, blank
    contents = list(dict.fromkeys(box.content.strip() for box in whole))
    joined = ", ".join(contents) if len(contents) > 1 else contents[0]
    return Extraction(joined, "boxed" if len(whole) == 1 else "boxes"), whole[-1].end, blank


def _one_answer(text: str, left: Box, right: Box) -> bool:
    between = right.start - left.end
    if between > 80:
        return False
    return bool(_JOINED.fullmatch(text, left.end, right.start) or _COUNTED.fullmatch(text, left.end, right.start))


def unclosed_box(text: str) -> Extraction | None:
    """What stands in a box that the end of the text cut, marked truncated."""
    contents = (box.content.strip() for box in boxes(text) if not box.closed)
    content = next(contents, "")
    return Extraction(content, "boxed-unclosed", truncated=True) if content else None
