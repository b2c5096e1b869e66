r"""From a completion to its answer: boxes first, then the phrases that announce an answer, then the last number.

Every pattern is linear in the length of the text, and a text longer than MAX_CHARS is read from its end.
"""

from __future__ import annotations

import re

from math_eval.answers.choices import last_letters, short_letter
from math_eval.boxes import Box, boxes
from math_eval.records import AnswerKind, Extraction

MAX_CHARS = 400_000
"""No token budget in use makes more text; of a longer one the end is read, where answers stand."""

EXTRACTION_VERSION = "4"
"""Raised whenever a rule changes, so that stored verdicts are remade."""

_THINK_END = "</think>"
_PHRASES = re.compile(
    r"(?:final answer|the answer|correct answer|answer|correct option|correct choice|the choice)\s*(?:is|are)\s*:?\s*"
    r"|(?:^|\n)[ \t]{0,8}(?:\*\*)?(?:final )?answer(?:\*\*)?\s*[:：]\s*(?:\*\*)?\s*"
    r"|####\s*"
    r"|(?:答案|结果|最终答案)\s*(?:是|为|：|:)\s*"
    r"|故选\s*[:：]?\s*|【答案】\s*[:：]?\s*",
    re.IGNORECASE,
)
_END = re.compile(r"\n|。|(?<=[\w)}$%\]])\.(?=\s|$)|\.$")
_JOINED = re.compile(r"[\s$\\)(.,;]{0,12}(?:and|or|和|或|,|;)[\s$\\(]{0,12}(?:[a-z](?:_\{?\d\}?)?\s*=\s*)?")
"""What stands between two boxes that are one answer: "$\\boxed{-2}$ and $\\boxed{1}$"."""
_RUN_ON = re.compile(r"\n\s{0,4}(?:#{1,4} ?)?(?:Question|Problem|Q|Human|User|问题)\s?\d{0,3}\s?[:：]")
_PROGRAM = re.compile(
    r"```[ \t]*(?:python|py|sympy|sage|c|c\+\+|cpp|java|javascript|js|matlab|julia)\d?[ \t]*(?:\n|\Z).*?(?=```|\Z)",
    re.DOTALL | re.IGNORECASE,
)
_RESULT = re.compile(r"```output\s{0,20}\Z")
MAX_BOXES = 20
_WORD = re.compile(r"[A-Za-z]{2,}")
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:\s*/\s*\d+)?|-?\.\d+")


def extract_answer(response: str, kind: AnswerKind = "expression") -> Extraction:
    r"""The answer in a response, with the rule that found it; an empty text and rule "none" where there is none.

    A text that goes on with the next question is cut there, and of a thinking model's text only what follows a
    closing `</think>` counts, where anything does. Rules in order: the last complete non-empty `\boxed{}` (or the last
    ones that are joined into one answer), an unclosed box (marked truncated), the text after the last announcing
    phrase, the last number; all but the first pass over the source of fenced programs. Where every box is empty, only
    what follows the last one can be the answer: with nothing there the answer is empty, by rule "boxed". For choice
    problems what was found is reduced to its letters where it is one.
    """
    text = response[-MAX_CHARS:]
    _, thought, spoken = text.rpartition(_THINK_END)
    if thought and spoken.strip():
        text = spoken
    if next_question := _RUN_ON.search(text, 1):
        text = text[: next_question.start()] if text[: next_question.start()].strip() else text
    found, said = _boxed(text)
    if found is None:
        text = _PROGRAM.sub("", text[said:])
        found = _unclosed(text) or _announced(text)
    answer = _reduced(found, text, kind)
    return Extraction("", "boxed") if said and answer.rule == "none" else answer


def _reduced(found: Extraction | None, text: str, kind: AnswerKind) -> Extraction:
    if kind in {"choice", "multiple-choice"}:
        return _letters(found, text, kind)
    if found and found.rule == "phrase" and (inner := _number_in_sentence(found.text, alone=kind != "number")):
        return inner
    return found or _last_number(text) or Extraction("", "none")


def _boxed(text: str) -> tuple[Extraction | None, int]:
    """What the last boxes hold; where none holds anything, the end of the last empty one, 0 without any."""
    whole: list[Box] = []
    blank = 0
    for box in boxes(text):
        if not box.closed:
            continue
        if not box.content.strip():
            blank = box.end
            if _RESULT.search(text[max(box.start - 30, 0) : box.start]):
                whole = []  # a program that printed nothing; elsewhere it is the prompt's empty box, echoed
            continue
        joined = whole and len(whole) < MAX_BOXES and _JOINED.fullmatch(text, whole[-1].end, box.start)
        whole = [*whole, box] if joined else [box]
    if not whole:
        return None, blank
    contents = dict.fromkeys(box.content.strip() for box in whole)
    return Extraction(", ".join(contents), "boxed" if len(whole) == 1 else "boxes"), blank


def _unclosed(text: str) -> Extraction | None:
    open_ones = (box.content.strip() for box in boxes(text) if not box.closed)
    content = next(open_ones, "")
    return Extraction(content, "boxed-unclosed", truncated=True) if content else None


def _announced(text: str) -> Extraction | None:
    last = None
    for match in _PHRASES.finditer(text):
        if text[match.end() : match.end() + 1].strip() or text[match.end() :].strip():
            last = match
    if last is None:
        return None
    rest = text[last.end() :].lstrip()
    ended = _END.search(rest)
    answer = (rest[: ended.start()] if ended else rest).strip().strip("*").strip()
    answer = answer.removeprefix(":").removeprefix("：").strip()
    return Extraction(answer, "phrase") if answer else None


def _number_in_sentence(text: str, *, alone: bool) -> Extraction | None:
    """The last number of a sentence of three words or more ("Joan gave Sam 43 seashells"), or with `alone` its only."""
    text = text.replace("**", "")
    if len(_WORD.findall(text)) < 3 or "\\" in text or (alone and len(_NUMBER.findall(text)) != 1):
        return None
    found = _last_number(text)
    return found and Extraction(found.text, "phrase-number")


def _last_number(text: str) -> Extraction | None:
    found = None
    for found in _NUMBER.finditer(text):  # noqa: B007  the last one is wanted
        pass
    return Extraction(found.group().rstrip(","), "last-number") if found else None


def _letters(found: Extraction | None, text: str, kind: AnswerKind) -> Extraction:
    several = kind == "multiple-choice"
    if found is not None:  # an option's text stays as it is: grading knows the options
        letters = last_letters(found.text, several=True) if several else short_letter(found.text)
        return Extraction(letters or found.text, found.rule, found.truncated)
    letters = last_letters(text, several=several)
    return Extraction(letters, "last-letter") if letters else Extraction("", "none")
