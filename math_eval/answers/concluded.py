"""The answer of a response that announces none: the whole response, or the result on which it ends."""

from __future__ import annotations

import re
from typing import NamedTuple

from math_eval.answers.lexicon import Lexicon
from math_eval.answers.parts import answer_of_parts
from math_eval.answers.spans import FILLER, Formula, Sentence, formulas, masked, sentences
from math_eval.answers.statements import LATEX, bold_answer, last_link, stated_answer, strip_markup, worded_answer
from math_eval.answers.values import has_letters, numbers
from math_eval.answers.words import BUT
from math_eval.records import Extraction

_WORD = re.compile(r"[^\W\d_]{2,}")
_TAKEN_BACK = re.compile(
    r"[,;]\s*(?:but\s+)?(?:that|this|which|it)(?:'s|\s+is|\s+was)\s+(?:wrong|incorrect|not\s+right|impossible)"
    r"|[,;]\s*but\s+(?:that|this|which|it)\s+(?:(?:does|did)(?:\s+not|n't)\s+(?:work|fit|satisfy|hold)|fails)",
    re.IGNORECASE,
)
_LONGEST_WHOLE, _LONGEST_STATED, _LONGEST_CELL = 300, 60, 80
"""Characters of a response that is nothing but its answer, of one in words, and of a table's last cell."""
_LATEX_WORDS = re.compile(r"\\(?:text|mathrm|operatorname)\s*\{[^{}]*\}|\\[A-Za-z]+")
_CUT_WORD = re.compile(
    r"(?:所以|因此|よって|したがって|따라서|therefore|hence|thus|so|donc|also|somit|luego|logo|quindi|vậy|إذن|अतः|ดังนั้น)[,，、]?",
    re.IGNORECASE,
)
_NO = re.compile(r"\s*(?:no|nein|non|нет|不|いいえ|아니요?)\s*[:,，、：]", re.IGNORECASE)
_TRIAL = re.compile(
    r"\s*(?:let'?s\s+try|let\s+us\s+try|try(?:ing)?\b|suppose|assume|essayons|probamos|proviamo|versuchen|попробуем|thử|نجرب|试|試)",
    re.IGNORECASE,
)
_LONGEST = 2_000
"""Characters of a sentence that are read, its last ones."""
_OPEN_END = re.compile(r"[=+×*/,:：，、(\[{<>≤≥&-]\s*$")
_FORMULA_CUT = re.compile(r"(?:=|\+|-|\\times|\\cdot|\\left|\\frac\{?)\s*$")
_GUESS = re.compile(
    r"\b(?:one\s+might|at\s+first|first\s+guess|you\s+might|might\s+think|suppose|assume|try|let)\b", re.IGNORECASE
)
_QUESTION = re.compile(r"[?？؟]")
_NAMED_LINE = re.compile(r"\s*(?:[-*•]\s+)?\$?([A-Za-z](?:_\{?\w\}?)?)\s*=\s*[-−\d.,/\\{}a-z ]{1,30}\$?\s*[.,;]?\s*")
_MAX_LINES = 6
_LIST_LINE = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s+")
_TABLE_ROW = re.compile(r"^\s*\|(.+)\|\s*$", re.MULTILINE)
_RULE_ROW = re.compile(r"[\s|:\-]+")


class _Text(NamedTuple):
    raw: str
    mask: str
    spans: list[Formula]
    words: Lexicon

    def of(self, sentence: Sentence) -> str:
        return self.raw[sentence.start : sentence.tail].rstrip()

    def mask_of(self, sentence: Sentence) -> str:
        return self.mask[sentence.start : sentence.end]


def concluded_answer(text: str, lexicon: Lexicon) -> Extraction | None:
    """The answer that a response without box or announcement gives, with the rule that found it; None for none.

    Rules: "whole", a response that is nothing but its answer; "statement", an answer in words ("no real solutions");
    "table", the last row of a table that ends it; "bold", "last-formula" and "last-number", in the sentence that
    concludes. A refusal, a question, a check of the answer, a denied value and a sentence that is cut conclude nothing.

    Args:
        text: The response, without its thought and programs.
        lexicon: The cue words of its languages.
    """
    text = text.strip()
    spans = formulas(text)
    view = _Text(text, masked(text, spans), spans, lexicon)
    if whole := _whole(view):
        return Extraction(whole, "whole")
    parts = sentences(view.mask)
    if not parts:
        return None
    if _refuses(view, parts):
        words = worded_answer(text)
        return Extraction(words, "statement") if words else None
    if row := _last_row(text):
        return Extraction(row, "table")
    if parts_answer := answer_of_parts(text, lexicon):
        return Extraction(parts_answer, "parts")
    if _is_cut(view, parts[-1]):
        return None
    candidates = _candidates(view, parts)
    for strict in (True, False):
        for sentence in candidates:
            if answer := _from_sentence(view, sentence, strict=strict):
                return answer
    return None


def _whole(view: _Text) -> str | None:
    """The response where it is nothing but an answer: one line or formula with hardly a word."""
    bare = strip_markup(view.raw).rstrip("。.")
    if named := _named_lines(bare):
        return named
    outside = view.mask.replace(FILLER, "")
    if len(bare) > _LONGEST_WHOLE or _QUESTION.search(bare):
        return None
    if len(view.spans) == 1 and not outside.strip(" \n\t.。*$"):
        content = view.spans[0].content
        return None if _FORMULA_CUT.search(content) else last_link(content)
    prose = _LATEX_WORDS.sub(" ", view.mask)
    letters = 0 if bare.isascii() else len(re.findall(r"[^\W\d_]", outside))
    if (
        letters > 10 + 15 * view.words.decimal_comma
        or "\n" in bare
        or _OPEN_END.search(bare)
        or (FILLER in view.mask and has_letters(prose.replace(FILLER, "")))
        or view.words.negation.search(prose)
        or view.words.refusal.search(prose)
    ):
        return None
    words = [word for word in _WORD.findall(prose) if len(word) > 2 or word.isascii()]
    if LATEX.search(bare) and len(words) <= 2:
        return last_link(bare)
    short = len(words) <= 3 and len(bare) <= _LONGEST_STATED and not re.search(r"[.!。]\s", bare)
    return stated_answer(view.raw, view.words) if short else None


def _named_lines(bare: str) -> str:
    """The values of a response that is nothing but lines like "x = 6" with a name of its own each, as a list."""
    if "\n" not in bare or len(bare) > _MAX_LINES * 40:
        return ""
    lines = [line for line in bare.splitlines() if line.strip()]
    found = [_NAMED_LINE.fullmatch(line) for line in lines] if 1 < len(lines) <= _MAX_LINES else []
    names = [line.group(1) for line in found if line]
    if len(names) < len(lines) or len(set(names)) < len(names) or not names:
        return ""
    return ", ".join(line.group().strip(" -*•.,;") for line in found if line)


def _refuses(view: _Text, parts: list[Sentence]) -> bool:
    last = view.mask_of(parts[-1])
    concludes = (
        view.words.conclusion.search(last) and not view.words.refusal.search(last) and (numbers(last) or FILLER in last)
    )
    edges = [parts[0], *parts[-2:]]
    return not concludes and any(view.words.refusal.search(view.mask_of(part)) for part in edges)


def _last_row(text: str) -> str | None:
    """The last cell of the table on which a response ends."""
    lines = text.splitlines()
    if len(lines) < 3 or not _TABLE_ROW.match(lines[-1]):
        return None
    value = strip_markup(lines[-1].strip().strip("|").rpartition("|")[2])
    return value if not _RULE_ROW.fullmatch(value) and len(value) < _LONGEST_CELL else None


def _is_cut(view: _Text, last: Sentence) -> bool:
    raw, mask = view.raw[last.start : last.end].rstrip(), view.mask_of(last).rstrip()
    if mask.endswith(FILLER):
        return not last.closed and _FORMULA_CUT.search(view.spans[-1].content) is not None
    open_bracket = mask.count("(") > mask.count(")")
    open_formula = raw.count("$") % 2 and re.search(r"(?<!\\)\$[^$]*\\", raw)
    cut_word = view.words.cut.search(mask) and len(mask.split()) > (2 if mask.isascii() else 1)
    no_value = len(_WORD.findall(mask)) > 8 and not numbers(mask) and FILLER not in mask
    return (
        not last.closed
        and not raw.endswith("**")
        and bool(open_bracket or open_formula or cut_word or no_value or _OPEN_END.search(mask))
    )


def _candidates(view: _Text, parts: list[Sentence]) -> list[Sentence]:
    """The sentences that may conclude, the likeliest first."""
    headings = [part for part in parts[1:] if view.words.check_heading.fullmatch(view.mask_of(part))]
    if headings and any(_speaks(view, part) for part in parts if part.start < headings[0].start):
        parts = [part for part in parts if part.start < headings[0].start]
    usable = [part for part in parts if _speaks(view, part)]
    if not usable:
        return []
    for place in range(1, len(usable)):
        check = view.mask_of(usable[place])
        if (
            view.words.check.match(check)
            and not view.words.conclusion.search(check)
            and not _concludes_later(view, usable[place + 1 :])
        ):
            usable = usable[:place]
            break
    main = [part for part in usable if not _is_aside(view.mask[part.start : part.tail])]
    usable = main or usable
    if _CUT_WORD.fullmatch(view.mask_of(parts[-1]).strip()) and not parts[-1].closed:
        return []
    offers = [part.start for part in parts[1:] if view.words.offer.search(view.mask_of(part))]
    before = [part for part in usable if not offers or part.start < offers[0]]
    usable = before or usable
    last = parts[-1]
    if (
        view.words.offer.search(view.mask_of(last))
        and _QUESTION.match(view.mask[last.end : last.end + 1])
        and not _concludes_later(view, usable)
    ):
        return []
    if len(usable) > 1 and _leads(view, parts, usable):
        return [usable[0], *reversed(usable[1:])]
    return [*reversed(usable)]


def _is_aside(mask: str) -> bool:
    """Whether a sentence stands in brackets: "(The next would be 128.)"."""
    bare = mask.strip(" \n.。!")
    return bare[:1] in {"(", "（"} and bare[-1:] in {")", "）"} and ("=" in bare or len(_WORD.findall(mask)) > 2)


def _speaks(view: _Text, part: Sentence) -> bool:
    mask = view.mask_of(part)
    after = view.mask[part.end : part.end + 1]
    if _QUESTION.match(after) or view.words.refusal.search(mask) or view.words.offer.search(mask):
        return False
    return FILLER in mask or bool(numbers(mask)) or bool(worded_answer(mask)) or bool(LATEX.search(mask))


def _concludes_later(view: _Text, parts: list[Sentence]) -> bool:
    return any(view.words.conclusion.search(view.mask_of(part)) or bold_answer(view.of(part)) for part in parts)


def _leads(view: _Text, parts: list[Sentence], usable: list[Sentence]) -> bool:
    """Whether the first sentence is the answer and what follows explains it."""
    mask, bold = view.mask_of(parts[0]), bold_answer(view.of(parts[0])) is not None
    concluded = any(view.words.conclusion.search(view.mask_of(part)) for part in usable[1:])
    explained = not concluded and "=" not in view.of(parts[0]) and view.words.explanation.match(view.mask_of(parts[1]))
    return (
        usable[0] == parts[0]
        and len(_WORD.findall(mask)) <= 14
        and not _GUESS.search(mask)
        and not view.words.negation.search(mask)
        and (bold or bool(explained))
    )


def _from_sentence(view: _Text, sentence: Sentence, *, strict: bool) -> Extraction | None:
    raw, mask = view.of(sentence), view.mask_of(sentence)
    skipped = max(len(mask) - _LONGEST, 0)
    raw, mask = raw[skipped:], mask[skipped:]
    if words := worded_answer(mask):
        return Extraction(words, "statement")
    if (bold := bold_answer(raw)) is not None and (answer := stated_answer(bold, view.words)):
        return Extraction(answer, "bold")
    start = 0
    for cue in view.words.conclusion.finditer(mask):
        behind = mask[cue.end() :]
        if FILLER in behind or numbers(behind):
            start = cue.end()
    if _denied(mask[start:], view.words) or (start == 0 and _TRIAL.match(mask)):
        return None
    answer = stated_answer(
        _LIST_LINE.sub("", raw[start:]),
        view.words,
        sentence=len(_WORD.findall(mask[start:])) > 2,
        strict=strict,
    )
    if not answer:
        return None
    rule = "last-formula" if FILLER in mask[start:] and not numbers(answer[:1]) else "last-number"
    return Extraction(answer, rule)


def _denied(mask: str, lexicon: Lexicon) -> bool:
    """Whether all that a sentence says of its only value is that it is not the answer."""
    but = BUT.search(mask)
    if _TAKEN_BACK.search(mask) or (_NO.match(mask) and not (but and numbers(mask[but.end() :]))):
        return True
    clauses = [clause for clause in re.split(r"[,，、;；]", mask) if numbers(clause) or FILLER in clause]
    return (
        len(clauses) == 1
        and len(numbers(clauses[0])) + len(re.findall(FILLER + "+", clauses[0])) <= 1
        and bool(lexicon.negation.search(clauses[0]))
    )
