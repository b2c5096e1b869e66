"""Answers that a response marks as such: in a tag, in a box, behind an announcement; and which of them counts."""

from __future__ import annotations

import re

from math_eval.answers.announced import ANSWER, FINAL, Announcement, announcements, statement_at
from math_eval.answers.boxed import boxed_answer
from math_eval.answers.choices import chosen_letters
from math_eval.answers.concluded import concluded_answer
from math_eval.answers.lexicon import Lexicon, lexicon_of
from math_eval.answers.programs import without_programs
from math_eval.answers.statements import stated_answer, worded_answer
from math_eval.answers.tagged import fenced_answer, tagged_answer
from math_eval.answers.words import BUT, DENIED, NEGATION, SUPPOSED
from math_eval.records import AnswerKind, Extraction

CHOICES = frozenset({"choice", "multiple-choice"})
_LABELLED = re.compile(r"\s*[A-Za-z]+(?:_\{?\w+\}?|\([a-z]\))?\s*=")
_FORMULA = re.compile(r"\\(?!(?:text|textbf|mathrm|mathbf|boxed|rm|bf)\b)[A-Za-z]+|[=<>]")
"""In the box of a choice problem: a value or a relation, whose letters name no option."""
_ITEM = re.compile(r"\s*(?:[-*•]\s|\(?\d{1,2}[.)]\s|\(?[a-h]\)\s|[^\W\d_][^:：\n=]{0,30}[:：])")
_MEANING = re.compile(r"[\d$\\√π∞∅{(\[]|[^\W\d_]")
_VALUE = re.compile(r"[\d$\\√π∞∅]")
_REMARK = re.compile(
    r"(?:helpful|correct|right|consistent|reasonable|valid|verified|clear|below|above|as\s+follows|given|shown|found|here|unknown|wrong|incorrect)\b.*",
    re.IGNORECASE | re.DOTALL,
)
"""What is said of an answer without giving it."""
_OPTION_LABEL = re.compile(r"\s*[Aa][:.]?\s*")


def is_answered(text: str) -> bool:
    """Whether a text holds a tag, a box or an announcement with a value."""
    lexicon = lexicon_of(text)
    return bool(tagged_answer(text) or boxed_answer(text)[0]) or any(
        announced_answer(text, [item], lexicon, "expression")
        for item in announcements(text, lexicon)
        if item.strength >= ANSWER
    )


def explicit_answer(text: str, kind: AnswerKind) -> tuple[Extraction | None, int]:
    """The answer that a response marks, None for none; and where its last empty box ends (0 without one).

    An answer tag behind the boxes counts first, then the boxes with what corrects them, then an announcement, then a
    fenced block that holds nothing else. With empty boxes alone, only what follows the last of them is read.
    """
    boxed, box_end, blank = boxed_answer(text)
    if boxed is None and blank:
        text = text[blank:].lstrip("$ ")
    tagged = tagged_answer(text)
    if tagged and tagged[1] > box_end:
        return tagged[0], blank
    if boxed is not None:
        return _behind_box(boxed, text[box_end:], kind) or boxed, blank
    prose = without_programs(text)
    lexicon = lexicon_of(prose)
    answer = announced_answer(prose, announcements(prose, lexicon), lexicon, kind)
    if answer is None and (fenced := fenced_answer(prose)):
        answer = Extraction(fenced, "fenced")
    return answer, blank


def _behind_box(boxed: Extraction, rest: str, kind: AnswerKind) -> Extraction | None:
    """What is announced behind the last box, where it replaces the box's content.

    That is: anything behind a word of correction ("Wait, …"); what is called final; any announcement, or a bold or
    typeset conclusion, where the box holds a labelled value ("k = 2"); a letter, where a choice's box holds none.
    """
    lexicon = lexicon_of(rest)
    later = announcements(rest, lexicon)
    if correction := lexicon.correction.search(rest):
        later = [item for item in later if item.start > correction.end() and item.strength >= ANSWER]
        return announced_answer(rest, later, lexicon, kind)
    labelled = _LABELLED.match(boxed.text) is not None
    formula = kind == "choice" and _FORMULA.search(boxed.text)
    if kind == "choice" and (formula or not chosen_letters(boxed.text, several=False, announced=True)):
        letter = announced_answer(rest, later, lexicon, kind)
        if letter is None and formula and (last := chosen_letters(rest, several=False, announced=False)):
            letter = Extraction(last, "last-letter")
        return letter if letter and len(letter.text) == 1 else None
    least = ANSWER if labelled else FINAL
    later = [item for item in later if item.strength >= least and not _is_listed(rest, item.start)]
    answer = announced_answer(rest, later, lexicon, kind)
    if answer is None and labelled:
        concluded = concluded_answer(rest, lexicon)
        return concluded if concluded and concluded.rule in {"bold", "last-formula"} else None
    return answer


def announced_answer(text: str, items: list[Announcement], lexicon: Lexicon, kind: AnswerKind) -> Extraction | None:
    """The answer of one of a text's announcements; None where none of them holds any.

    An announcement that a list follows counts last. What stands behind a word of correction counts before what it takes
    back, a stronger announcement before a weaker, a later before an earlier.
    """
    if kind in CHOICES:
        items = [item for item in items if not _OPTION_LABEL.fullmatch(text, item.at, item.start)]
    corrections = [match.end() for match in lexicon.correction.finditer(text, items[0].start)] if items else []

    def weight(item: Announcement) -> tuple[bool, int, int, int]:
        behind = sum(item.start > correction for correction in corrections)
        return not _is_listed(text, item.start), behind, item.strength, item.start

    ranked = sorted(items, key=weight, reverse=True)
    statements = [statement for item in ranked if (statement := _affirmed_statement(text, item)) is not None]
    for statement in statements if kind in CHOICES else ():
        if letters := chosen_letters(statement, several=kind == "multiple-choice", announced=True):
            return Extraction(letters, "phrase")
    for statement in statements:
        if words := worded_answer(statement):
            return Extraction(words, "statement")
        if lexicon.refusal.search(statement):
            continue
        answer = stated_answer(statement, lexicon)
        if (
            answer
            and not ("\\boxed" in answer or _REMARK.fullmatch(answer))
            and _MEANING.search(answer)
            and (_VALUE.search(answer) or len(answer.split()) <= 6)
        ):
            return Extraction(answer, "phrase")
    return None


def _affirmed_statement(text: str, item: Announcement) -> str | None:
    """What an announcement says; of "is not 5 but 6" the part behind "but", None where nothing is affirmed."""
    if SUPPOSED.search(text, max(item.at - 24, 0), item.at):
        return None  # "at first I thought the answer was 20"
    statement = statement_at(text, item.start)
    if not (DENIED.match(statement) or NEGATION.search(text, item.at, item.start)):
        return statement
    but = BUT.search(statement)
    return statement[but.end() :] if but else None


def _is_listed(text: str, start: int) -> bool:
    """Whether what is announced goes on in the next line, as a list of several values does."""
    first, _, second = text[start:].lstrip(" \t\n*_:：").partition("\n")
    return bool(_ITEM.match(first) and _ITEM.match(second))
