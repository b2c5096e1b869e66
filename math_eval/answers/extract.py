r"""From a response to its answer: the thought goes, then tags, boxes, announcements and conclusions are asked in turn.

Every pattern is linear in the length of the text, and a text longer than MAX_CHARS is read from its end.
"""

from __future__ import annotations

import re

from math_eval.answers.announced import ANSWER, FINAL, Announcement, announcements, statement_at
from math_eval.answers.boxed import boxed_answer, unclosed_box
from math_eval.answers.choices import chosen_letters
from math_eval.answers.concluded import concluded_answer
from math_eval.answers.plain import plain_text
from math_eval.answers.run_on import heads_before_questions, without_run_on
from math_eval.answers.statements import stated_answer, worded_answer
from math_eval.answers.tagged import fenced_answer, tagged_answer
from math_eval.answers.thoughts import UNFINISHED, after_thought
from math_eval.answers.values import has_letters, writes_decimal_comma
from math_eval.answers.words import BUT, CORRECTION, DENIED, NEGATION, REFUSAL
from math_eval.records import AnswerKind, Extraction

MAX_CHARS = 400_000
"""No token budget in use makes more text; of a longer one the end is read, where answers stand."""

EXTRACTION_VERSION = "5"
"""Raised whenever a rule changes, so that stored verdicts are remade."""

NONE = Extraction("", "none")
_PROGRAM = re.compile(
    r"```[ \t]*(?:python|py|sympy|sage|c|c\+\+|cpp|java|javascript|js|matlab|julia)\d?[ \t]*(?:\n|\Z).*?(?:```(?!output)|(?=```output)|\Z)",
    re.DOTALL | re.IGNORECASE,
)
_OUTPUT = re.compile(r"```[ \t]*output[ \t]*\n(.*?)(?:```|\Z)", re.DOTALL | re.IGNORECASE)
_CALCULATOR = re.compile(r"<<[^<>\n]{0,200}>>")
_GSM8K = re.compile(r"####[ \t]*([-+$]?\d[\d,]*(?:\.\d+)?)[ \t]*\.?\s*\Z")
_NEXT_QUESTION = re.compile(r"\n\s*(?:Question|Problem|Q|Exercise)\b")
_LABELLED = re.compile(r"\s*[A-Za-z]+(?:_\{?\w+\}?|\([a-z]\))?\s*=")
_ITEM = re.compile(r"\s*(?:[-*•]\s|\(?\d{1,2}[.)]\s|\(?[a-h]\)\s|[^\W\d_][^:：\n=]{0,30}[:：])")
_MEANING = re.compile(r"[\d$\\√π∞∅{(\[]|[^\W\d_]")


def extract_answer(response: str, kind: AnswerKind = "expression") -> Extraction:
    r"""The answer in a response, with the rule that found it; an empty text and rule "none" where there is none.

    What is passed over: thoughts, what the model writes behind its end (chat tokens; another question behind an
    answer), the source of programs. Rules in order: an answer tag or field, the last complete non-empty `\boxed{}` (or
    the last ones that are one answer), the announcement of the greatest strength, the last of those; an unclosed box;
    a conclusion (see concluded_answer). What is announced behind a box replaces it where it is called final, or where
    the box holds a labelled value ("k = 2"), or behind a word of correction. Where a response takes its answer back, what
    follows that word counts, if an answer follows. Where every box is empty, only what follows the last one counts.

    Args:
        response: What a model wrote.
        kind: What the gold is; for choice problems the answer is reduced to its letters where it names some.
    """
    text = after_thought(response[-MAX_CHARS:])
    if text is None:
        return Extraction("", UNFINISHED) if response.strip() else NONE
    if (
        kind not in {"choice", "multiple-choice"}
        and text.count("####") == 1
        and "<" not in text
        and (plain := _GSM8K.search(text))
    ):
        if not _NEXT_QUESTION.search(text):
            return Extraction(plain.group(1), "phrase")
    text = plain_text(without_run_on(text, _is_answered))
    answer, blank = _explicit(text, kind)
    if answer is None and kind in {"choice", "multiple-choice"}:
        letters = chosen_letters(_prose(text), several=kind == "multiple-choice")
        answer = Extraction(letters, "last-letter") if letters else None
    if answer is None:
        rest = text[blank:]
        answer = unclosed_box(_PROGRAM.sub("", rest)) or _printed(rest) or _concluded_before_question(_prose(rest))
    if answer is None:
        return Extraction("", "boxed") if blank else NONE
    return _lettered(answer, kind)


def _is_answered(text: str) -> bool:
    """Whether a text holds a tag, a box or an announcement with a value."""
    if tagged_answer(text)[0] or boxed_answer(text)[0]:
        return True
    return any(_announced(text, [item]) for item in announcements(text) if item.strength >= ANSWER)


def _explicit(text: str, kind: AnswerKind) -> tuple[Extraction | None, int]:
    tagged, tag_end = tagged_answer(text)
    boxed, box_end, blank = boxed_answer(text)
    if boxed is None and blank:
        text = text[blank:]
        tagged, tag_end = tagged_answer(text)
    if tagged and tag_end > box_end:
        return tagged, 0
    if boxed is not None:
        return _corrected(boxed, text[box_end:], kind) or boxed, 0
    prose = _prose(text)
    return _announced(prose, announcements(prose), kind) or _fenced(prose), blank


def _corrected(boxed: Extraction, rest: str, kind: AnswerKind) -> Extraction | None:
    """What is announced behind the last box, where it replaces the box's content."""
    if len(rest) < 6 or not rest.strip(" \n\t$.*\\])}。"):
        return None
    later = announcements(rest)
    correction = CORRECTION.search(rest)
    if correction:
        return _announced(
            rest, [item for item in later if item.start > correction.end() and item.strength >= ANSWER], kind
        )
    wanted = ANSWER if _LABELLED.match(boxed.text) else FINAL
    answer = _announced(rest, [item for item in later if item.strength >= wanted], kind)
    if answer is None and _LABELLED.match(boxed.text):
        concluded = _concluded(rest)
        return concluded if concluded and concluded.rule in {"bold", "last-formula"} else None
    return answer


def _announced(text: str, items: list[Announcement], kind: AnswerKind = "expression") -> Extraction | None:
    """The answer of the strongest announcement, the last of those; what a correction takes back does not count."""
    if not items:
        return None
    takes_back = [match.end() for match in CORRECTION.finditer(text) if match.start() > items[0].start]
    comma = writes_decimal_comma(text) if has_letters(text) else False
    if kind in {"choice", "multiple-choice"}:
        items = [item for item in items if text[item.at : item.start].strip(" \n\t:.") not in {"A", "a"}]
    weight = lambda item: (
        not _is_listed(text, item.start),
        sum(item.start > end for end in takes_back if any(other.start > end for other in items)),
        item.strength,
        item.start,
    )  # noqa: E731
    for item in sorted(items, key=weight, reverse=True):
        statement = statement_at(text, item.start)
        if NEGATION.search(text[item.at : item.start]) or DENIED.match(statement):
            but = BUT.search(statement)
            if but is None:
                continue
            statement = statement[but.end() :]
        if kind in {"choice", "multiple-choice"} and (
            letters := chosen_letters(statement, several=kind == "multiple-choice", announced=True)
        ):
            return Extraction(letters, "phrase")
        if words := worded_answer(statement):
            return Extraction(words, "statement")
        if REFUSAL.search(statement):
            continue
        answer = stated_answer(statement, comma=comma)
        if answer and _MEANING.search(answer) and _is_value(answer):
            return Extraction(answer, "phrase")
    return None


def _is_listed(text: str, start: int) -> bool:
    """Whether what is announced goes on in the next line, as a list of several values does."""
    lines = text[start:].lstrip(" \t\n*_:：").split("\n", 2)
    return len(lines) > 1 and bool(lines[1].strip()) and bool(_ITEM.match(lines[0])) and bool(_ITEM.match(lines[1]))


def _is_value(answer: str) -> bool:
    """Whether an announced text can be an answer: it holds a value, or is a few words."""
    return any(letter.isdigit() or letter in "$\\√π∞∅" for letter in answer) or len(answer.split()) <= 6


def _prose(text: str) -> str:
    """The text without programs, what they printed, and the notes of a calculator ("<<3*4=12>>")."""
    if "```" in text:
        text = _OUTPUT.sub("\n\n", _PROGRAM.sub("\n\n", text))
    return _CALCULATOR.sub("", text) if "<<" in text else text


def _printed(text: str) -> Extraction | None:
    """What the last program printed, where the text behind it gives no value of its own."""
    outputs = [*_OUTPUT.finditer(text)] if "```" in text else []
    if not outputs or any(letter.isdigit() for letter in text[outputs[-1].end() :]):
        return None
    for output in reversed(outputs):
        lines = [line.strip() for line in output.group(1).splitlines() if line.strip()]
        if lines:
            return Extraction(lines[-1], "output")
    return None


def _fenced(text: str) -> Extraction | None:
    answer = fenced_answer(text)
    return Extraction(answer, "fenced") if answer else None


def _concluded(text: str) -> Extraction | None:
    comma = writes_decimal_comma(text)
    for match in reversed([*CORRECTION.finditer(text)]):
        answer = concluded_answer(text[match.end() :], comma=comma)
        if answer is not None and answer.rule != "whole":
            return answer
        break
    return concluded_answer(text, comma=comma)


def _concluded_before_question(text: str) -> Extraction | None:
    """The conclusion in front of another question, where one stands there; else that of the whole text."""
    for head in heads_before_questions(text):
        answer = _concluded(head)
        if answer is not None:
            return answer
    return _concluded(text)


def _lettered(answer: Extraction, kind: AnswerKind) -> Extraction:
    """The answer of a choice problem by its letters; an option's text stays as it is: grading knows the options."""
    if kind not in {"choice", "multiple-choice"} or answer.rule in {"last-letter"}:
        return answer
    letters = chosen_letters(answer.text, several=kind == "multiple-choice", announced=True)
    return Extraction(letters or answer.text, answer.rule, answer.truncated)
