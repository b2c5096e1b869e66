"""The functions that extraction is made of, by a case table; and the lengths at which it stops reading."""

import json
import time
from operator import attrgetter
from pathlib import Path

import pytest

import math_eval.answers
from math_eval.answers import extract, extract_answer, lexicon, spans
from math_eval.answers.letters import last_letters, short_letter
from math_eval.answers.statements import bold_answer, last_link, stated_answer, strip_markup, trim_tail, worded_answer
from math_eval.answers.values import fold_digits, grouped_value, has_letters, point_form, value_of, writes_decimal_comma

ENGLISH = lexicon.lexicon_of("the number of ")
FUNCTIONS = {
    "letters.last_letters": last_letters,
    "letters.short_letter": short_letter,
    "letters.bare_text": math_eval.answers.letters.bare_text,
    "lexicon.lexicon_of.languages": lambda text: " ".join(sorted(lexicon.lexicon_of(text).languages)),
    "lexicon.lexicon_of.decimal_comma": lambda text: lexicon.lexicon_of(text).decimal_comma,
    "statements.bold_answer": bold_answer,
    "statements.last_link": last_link,
    "statements.stated_answer": lambda text, **options: stated_answer(text, ENGLISH, **options),
    "statements.strip_markup": strip_markup,
    "statements.trim_tail": trim_tail,
    "statements.worded_answer": worded_answer,
    "values.fold_digits": fold_digits,
    "values.grouped_value": grouped_value,
    "values.has_letters": has_letters,
    "values.point_form": point_form,
    "values.value_of": lambda text, **options: value_of(text, ENGLISH.negation, **options),
    "values.writes_decimal_comma": writes_decimal_comma,
}
CASES = Path(__file__).with_name("cases") / "answer_parts.jsonl"
ROWS = [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_parts(name):
    rows = [row for row in ROWS if row["function"] == name]
    assert rows
    for row in rows:
        assert FUNCTIONS[name](row["text"], **row.get("options", {})) == row["result"], row["text"]


FORMULAS = [
    ("a $x$ b \\(y\\) c \\[z\\] d $$w$$", ["x", "y", "z", "w"]),
    ("$5 and $6", []),
    ("$5 and $x$", ["x"]),
    ("it costs $5 or 6$7", []),
    ("$ $ $x$", ["x"]),
    ("$a\n\nb$", []),
    ("$the big red box$", []),
    ("$\\text{the big red box}$", ["\\text{the big red box}"]),
    ("$5 $ x", []),
    ("$x $ y", ["x"]),
    ("\\$5 $x$", ["x"]),
    ("\\begin{align}x\\end{align}", ["\\begin{align}x\\end{align}"]),
    ("\\begin{cases*}x\\end{cases*} $y$", ["\\begin{cases*}x\\end{cases*}", "y"]),
    ("\\( x $y$", ["y"]),
    (f"${'x' * 4000}$", ["x" * 4000]),
    (f"${'x' * 4001}$", []),
]


@pytest.mark.parametrize(("text", "contents"), FORMULAS, ids=[row[0][:20] for row in FORMULAS])
def test_formulas_of_an_extraction(text, contents):
    found = spans.formulas(text)
    assert [formula.content for formula in found] == contents
    for formula in found:
        assert formula.content in text[formula.start : formula.end] and text[formula.start] in "$\\"
    mask = spans.masked(text, found)
    assert len(mask) == len(text) and mask.count(spans.FILLER) == sum(end - start for _, start, end in found)


SENTENCES = [
    ("One. Two! Three", [("One", True, "."), ("Two", True, "!"), ("Three", False, "")]),
    ("1. One\n2. Two", [("1. One", False, "\n"), ("2. Two", False, "")]),
    ("\n\nOne。Two；Three", [("One", True, "。"), ("Two", True, "；"), ("Three", False, "")]),
    ("One i.e. two e.g. three", [("One i.e. two e.g. three", False, "")]),
    ("One; two of it; 3", [("One", True, ";"), ("two of it; 3", False, "")]),
    ("(a) One.\n- Two", [("(a) One", True, "."), ("- Two", False, "")]),
    ("1.5 apples... Two**.** Three", [("1.5 apples", True, "..."), ("Two**", True, ".**"), ("Three", False, "")]),
    (" \n ", []),
    ("", []),
]


@pytest.mark.parametrize(("text", "expected"), SENTENCES, ids=[row[0] for row in SENTENCES])
def test_sentences_of_an_extraction(text, expected):
    found = spans.sentences(text)
    assert [(text[one.start : one.end].strip(), one.closed, text[one.end : one.tail]) for one in found] == expected


def test_marks_that_are_never_closed_take_linear_time():
    began = time.process_time()
    assert spans.formulas("\\( " * 100_000) == []
    assert time.process_time() - began < 2.0


FAR = "so it goes on and on\n"
LENGTHS = [
    (lambda more: "\\boxed{7}" + "x" * (extract.MAX_CHARS - 9 + more), ("7", "boxed")),
    (lambda more: "12 boxes are here.\n" + FAR * 1903 + "x" * (18 + more), ("12", "last-number")),
    (lambda more: "Result: 12\n5 boxes are here " + "x" * (280 + more), ("12", "phrase")),
    (lambda more: "Final answer: 12\n" + "The answer is 5 too.\n" * (63 + more), ("12", "phrase")),
    (lambda more: "The answer is now " + "x" * (5991 + more) + " 12 5", ("5", "phrase")),
    (lambda more: "Now there are 7 or so 12 " + "x" * (1997 + more), ("12", "last-number")),
    (lambda more: "\\sqrt{2}+" + "1" * (291 + more), ("\\sqrt{2}+" + "1" * 291, "whole")),
    (lambda more: "12 " + "a" * (57 + more), ("12", "whole")),
    (lambda more: "|a|\n|-|\n|" + "7" * (79 + more) + "|", ("7" * 79, "table")),
    (lambda more: "<answer>" + "x" * (199 + more), ("x" * 199, "tag")),
    (lambda more: "```\n" + "7" * (119 + more) + "\n```", ("7" * 119, "fenced")),
    (lambda more: "(a) \\boxed{3}\n(b) " + "x" * (156 + more) + "\\boxed{4}", ("3, 4", "boxes")),
    (lambda more: "part 1 \\boxed{3}\npart 2 " + "x" * (153 + more) + "\\boxed{4}", ("3, 4", "boxes")),
    (lambda more: "- \\boxed{3}\n- " + "x" * (38 + more) + "\\boxed{4}", ("3, 4", "boxes")),
    (lambda more: "1. \\boxed{3}\n2. " + "x" * (21 + more) + "\\boxed{4}", ("3, 4", "boxes")),
    (lambda more: "(a) \\boxed{3} " + "x" * (194 + more) + "\n(b) \\boxed{4}", ("3, 4", "boxes")),
]
"""Texts of a length that is read whole, and the answer; with one more character or line it is another."""


@pytest.mark.parametrize("number", range(len(LENGTHS)))
def test_lengths_of_an_extraction(number):
    text, expected = LENGTHS[number]
    found, beyond = extract_answer(text(0)), extract_answer(text(1))
    assert (found.text, found.rule) == expected != (beyond.text, beyond.rule)


def test_the_extraction_is_imported_by_name():
    assert math_eval.answers.EXTRACTION_VERSION == extract.EXTRACTION_VERSION == "6"
    assert math_eval.answers.extract_answer is extract.extract_answer
    with pytest.raises(AttributeError, match="'extracted'"):
        attrgetter("extracted")(math_eval.answers)
