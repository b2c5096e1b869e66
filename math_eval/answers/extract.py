r"""From a response to its answer: the thought goes, then what is marked as the answer, then what is concluded.

Every pattern is linear in the length of the text, and a text longer than MAX_CHARS is read from its end.
"""

from __future__ import annotations

import re

from math_eval.answers.boxed import unclosed_box
from math_eval.answers.choices import chosen_letters
from math_eval.answers.concluded import concluded_answer
from math_eval.answers.explicit import CHOICES, explicit_answer, is_answered
from math_eval.answers.lexicon import lexicon_of
from math_eval.answers.plain import plain_text
from math_eval.answers.programs import printed_answer, without_programs
from math_eval.answers.run_on import heads_before_questions, without_run_on
from math_eval.answers.thoughts import UNFINISHED, after_thought, opening_of, split_thought
from math_eval.records import AnswerKind, Extraction

MAX_CHARS = 400_000
"""No token budget in use makes more text; of a longer one the end is read, where answers stand."""

_END_CHARS = 40_000
"""Characters of a response in which its conclusion is sought, the last ones."""

EXTRACTION_VERSION = "6"
"""Raised whenever a rule changes, so that stored verdicts are remade."""

_BLANKS = re.compile(r"[^\S\n]{3,}")
_BLANK_LINES = re.compile(r"(?:[^\S\n]{0,2}\n){3,}")
"""Long runs of space are shortened first: patterns with several `\\s*` in a row take cubic time over them."""
_GSM8K = re.compile(r"####[ \t]*([-+$]?\d[\d,]*(?:\.\d+)?)[ \t]*\.?\s*\Z")
_NEXT_QUESTION = re.compile(r"\n[ \t]{0,20}(?:Question|Problem|Q|Exercise)\b")


def extract_answer(response: str, kind: AnswerKind = "expression", *, reads_unfinished: bool = False) -> Extraction:
    r"""The answer in a response, with the rule that found it; an empty text where there is none.

    What is passed over: thoughts; what the model writes behind its end (chat tokens, another question behind an
    answer); the source of programs. Rules in order: an answer tag or JSON field ("tag"); the last complete `\boxed{}`
    that is not empty, or the last ones that are one answer ("boxed", "boxes"); the strongest announcement ("phrase", or
    "statement" for an answer in words); a fenced block ("fenced"); an unclosed box ("boxed-unclosed", marked
    truncated); what a program printed last ("output"); a conclusion (see concluded_answer). Announcements behind a box
    replace it in the cases that docs/grading.md lists. Without an answer the rule is "none", "boxed" where every box
    is empty, or "unfinished-thought" where the response ends inside its thought.

    Args:
        response: What a model wrote.
        kind: What the gold is; for choice problems the answer is reduced to its letters where it names some.
        reads_unfinished: Whether a thought that never ends is read as if it were the response.
    """
    end = response if len(response) <= MAX_CHARS else opening_of(response) + response[-MAX_CHARS:]
    whole = _BLANK_LINES.sub("\n\n", _BLANKS.sub("  ", end))
    text = after_thought(whole)
    if text is None and reads_unfinished:
        text = split_thought(whole).thought
    if text is None:
        return Extraction("", UNFINISHED)
    if kind not in CHOICES and (number := _hash_answer(text)):
        return Extraction(number, "phrase")
    text = plain_text(without_run_on(text, is_answered))
    answer, blank = explicit_answer(text, kind)
    rest = text[blank:]
    end = without_programs(rest[-_END_CHARS:])
    if answer is None and kind in CHOICES:
        letters = chosen_letters(end, several=kind == "multiple-choice", announced=False)
        answer = Extraction(letters, "last-letter") if letters else None
    if answer is None:
        answer = unclosed_box(rest) or printed_answer(rest) or _conclusion(end)
    if answer is None:
        return Extraction("", "boxed" if blank else "none")
    if kind in CHOICES:
        letters = chosen_letters(answer.text, several=kind == "multiple-choice", announced=True)
        return Extraction(letters or answer.text, answer.rule, answer.truncated)
    return answer


def _hash_answer(text: str) -> str:
    """The number behind the only "####" of a response that ends with it, as GSM8K's solutions do: the fast path."""
    if text.count("####") != 1 or _NEXT_QUESTION.search(text) or not (match := _GSM8K.search(text)):
        return ""
    return match.group(1)


def _conclusion(text: str) -> Extraction | None:
    """What a response concludes, before another question where one follows, behind its last correction where it has one."""
    for part in [*heads_before_questions(text), text]:
        lexicon = lexicon_of(part)
        corrections = [*lexicon.correction.finditer(part)]
        if corrections:
            answer = concluded_answer(part[corrections[-1].end() :], lexicon)
            if answer is not None and answer.rule != "whole":
                return answer
        if answer := concluded_answer(part, lexicon):
            return answer
    return None
