"""The words by which responses announce, correct, explain or withhold an answer: each has a response that needs it."""

import itertools
import json
import re
from pathlib import Path

import pytest

from math_eval.answers import extract_answer, words

CASES = Path(__file__).with_name("cases") / "phrases.jsonl"
ROWS = [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]
TABLES = {
    name: table
    for name, table in vars(words).items()
    if isinstance(table, dict) and name.isupper() and name != "STATEMENTS"
}
LANGUAGES = list(words.NEGATIONS)
WRAPPED = re.compile(r"\\b\(\?:(.*)\)(?:\\b)?", re.DOTALL)


def rows_of(name, language):
    return [row for row in ROWS if (row["table"], row["language"]) == (name, language)]


GROUPS = sorted({(row["table"], row["language"]) for row in ROWS})


@pytest.mark.parametrize(("name", "language"), GROUPS, ids=[" ".join(group) for group in GROUPS])
def test_phrases(name, language):
    for row in rows_of(name, language):
        found = extract_answer(row["response"], row.get("kind", "expression"))
        assert found.text == row["answer"], row["response"]


@pytest.mark.parametrize("name", TABLES)
def test_each_alternative_of_a_table_has_a_response(name):
    """A response without another alternative of its language's pattern shows what an alternative is for."""
    for language, pattern in TABLES[name].items():
        texts = [row["response"] for row in rows_of(name, language)]
        unused = [
            alternative
            for alternative in alternatives(pattern)
            if not any(map(re.compile(alternative, re.IGNORECASE).search, texts))
        ]
        assert unused == [], language


def test_each_answer_in_words_has_responses():
    for answer, pattern in words.STATEMENTS.items():
        texts = [row["response"] for row in ROWS if (row["table"], row["answer"]) == ("STATEMENTS", answer)]
        unused = [
            alternative
            for alternative in alternatives(pattern)
            if not any(map(re.compile(alternative, re.IGNORECASE).search, texts))
        ]
        assert unused == [], answer


def test_each_table_is_of_all_languages():
    assert {name: list(table) for name, table in TABLES.items()} == dict.fromkeys(TABLES, LANGUAGES)


def alternatives(pattern):
    r"""The alternatives of a pattern outside brackets, those of an alternative `\b(?:…)\b` one by one."""
    return itertools.chain.from_iterable(
        alternatives(wrapped.group(1)) if (wrapped := WRAPPED.fullmatch(part)) else [part] for part in parts(pattern)
    )


def parts(pattern):
    start, depth, bracket = 0, 0, False
    for match in re.finditer(r"\\.|[\[\]()|]", pattern):
        sign = match.group()
        if bracket or sign == "[":
            bracket = sign != "]"
        elif sign == "|" and not depth:
            yield pattern[start : match.start()]
            start = match.end()
        else:
            depth += (sign == "(") - (sign == ")")
    yield pattern[start:]
