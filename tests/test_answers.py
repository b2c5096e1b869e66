"""Extraction and the first grader, by their case tables; and that neither hangs or raises on hostile text."""

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import math_eval
from latex2sympy import parse
from math_eval.answers import extract_answer
from math_eval.errors import RequestError, UnknownNameError
from math_eval.graders.equivalence import answer_key, cas, grade, same_answer
from math_eval.graders.equivalence.clean import cleaned, squeezed
from math_eval.graders.equivalence.policy import policy_of
from math_eval.graders.equivalence.show import shown

CASES = Path(__file__).with_name("cases")


def table(name):
    return [json.loads(line) for line in (CASES / name).read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("case", table("extract.jsonl"), ids=lambda case: case["text"][:40])
def test_extraction(case):
    found = extract_answer(case["text"], case.get("kind", "expression"))
    assert (found.text, found.rule) == (case["answer"], case["rule"])
    assert found.truncated == (case["rule"] == "boxed-unclosed")


@pytest.mark.parametrize("case", table("equivalence.jsonl"), ids=lambda case: f"{case['answer']} | {case['gold']}")
def test_equivalence(case):
    more = {key: case[key] for key in ("kind", "options", "accepted") if key in case}
    verdict = grade(case["answer"], gold=case["gold"], policy=policy_of(case.get("policy", {})), **more)
    assert verdict.status == case["status"]
    if "same" in case:  # whether the two vote together
        assert same_answer(case["answer"], case["gold"]) == case["same"]


@pytest.mark.parametrize(
    ("answer", "gold", "rule"),
    [
        ("\\int_0^1 x\\,dx", "\\frac12", "needs_cas"),
        ("2^{10^7}+1", "2^{10^7+1}", "limit:number size"),
        ("x" * 10_001, "7", "limit:length"),
        ("\\sin x > 4x^3", "5", "interval"),
        ("5 ! ?", "7", "unparsed"),
        ("the number is " * 20 + "5", "7", "unparsed"),
    ],
)
def test_what_stays_open_says_why(answer, gold, rule):
    verdict = grade(answer, gold=gold)
    assert (verdict.status, verdict.rule) == ("undecided", rule)


RULES = [
    ("yes", "no", "wrong", "words"),
    ("yes", "5", "wrong", "words"),
    ("no solution", "\\emptyset", "correct", "words"),
    ("all reals", "x>0", "wrong", "interval"),
    ("(1,\\infty)", "(1,5]", "wrong", "interval"),
    ("(1,5]", "[1,5]\\cup[2,3]", "wrong", "interval"),
    ("3", "x>2", "wrong", "interval"),
    ("\\infty", "-\\infty", "wrong", "infinite"),
    ("2x+2y=4", "x+y=2", "correct", "equation"),
    ("x+y=3", "x+y=2", "wrong", "equation"),
    ("x+z=2", "x+y=2", "wrong", "equation"),
    ("2x=10", "x=5", "wrong", "equation"),
    ("x \\ne y", "y \\ne x", "correct", "relation"),
    ("x \\ne y", "y = x", "wrong", "relation"),
    ("x+y=1", "5", "wrong", "exact"),
    ("\\begin{pmatrix}1\\\\2\\end{pmatrix}", "(1,3)", "wrong", "matrix"),
    ("\\begin{pmatrix}1\\\\2\\end{pmatrix}", "5", "wrong", "matrix"),
    ("2,1", "1,2", "correct", "list"),
    ("1,2", "5", "wrong", "list"),
    ("1,3,\\dots", "1,2,\\dots", "wrong", "list"),
    ("x=1,y=2", "2,1", "wrong", "list"),
    ("\\{2,1\\}", "\\{1,2\\}", "correct", "set"),
    ("(1,2)", "\\{1,2\\}", "wrong", "set"),
    ("(1,2)", "(1,3)", "wrong", "tuple"),
    ("[1,2]", "(1,2)", "wrong", "tuple"),
    ("2:3", "4:6", "correct", "ratio"),
    ("2:3", "2:3:4", "wrong", "ratio"),
    ("2:3", "0.5", "wrong", "ratio"),
    ("3 pm", "15:00", "correct", "clock"),
    ("1011_2", "1011", "correct", "base"),
    ("1011_2", "x", "wrong", "base"),
    ("5\\text{ cm}", "5\\text{ m}", "wrong", "exact"),
    ("1/2", "0.5", "correct", "exact"),
    ("3.1416", "\\pi", "correct", "rounded"),
    ("3.1415", "\\pi", "wrong", "rounded"),
    ("\\sqrt{12}", "2\\sqrt{3}", "correct", "ball"),
    ("x^2", "x^3", "wrong", "ball"),
    ("x=5", "5", "correct", "same"),
    ("\\frac12", "\\dfrac12", "correct", "text"),
    ("", "5", "wrong", "empty"),
    ("x_1=1,x_2=2", "2,1", "correct", "list"),
    ("x_1=1,y_2=2", "2,1", "wrong", "list"),
]


@pytest.mark.parametrize(("answer", "gold", "status", "rule"), RULES, ids=[f"{row[0]} | {row[1]}" for row in RULES])
def test_a_verdict_names_its_rule(answer, gold, status, rule):
    verdict = grade(answer, gold=gold)
    assert (verdict.status, verdict.rule) == (status, rule)


KEYS = [
    ("1/2", "v:1/2"),
    ("50\\%", "v:32/1%"),
    ("-\\infty", "v:-oo"),
    ("\\infty", "v:oo"),
    ("x=1/2", "v:1/2"),
    ("Thursday", "w:thursday"),
    ("5 ! ?", "t:5!?"),
    ("no solution", "w:no solution"),
    ("(1,2)", "b:(v:1/1;v:2/1)"),
    ("\\{2,1,1\\}", "l:v:1/1;v:2/1"),
    ("2, 1", "l:v:1/1;v:2/1"),
    ("\\{7\\}", "v:7/1"),
    ("[1,2)", "i:[v:1/1,v:2/1)"),
    ("(1,2]", "i:(v:1/1,v:2/1]"),
    ("]1,2]", "i:(v:1/1,v:2/1]"),
    ("]1,2[", "i:(v:1/1,v:2/1)"),
    ("[1,2]", "b:[v:1/1;v:2/1]"),
    ("x>3", "i:(v:3/1,v:oo)"),
    ("\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}", "m:v:1/1;v:2/1|v:3/1;v:4/1"),
    ("2:3:4", "q:v:1/1:v:3/2:v:2/1"),
    ("3:30 pm", "c:pm['v:3/1', 'v:1e/1']"),
    ("1011_2", "n:1011_2"),
    ("", ""),
    ("  $ $ ", ""),
]


@pytest.mark.parametrize(("answer", "key"), KEYS, ids=[row[0] for row in KEYS])
def test_keys_of_votes(answer, key):
    assert answer_key(answer) == key


def test_keys_of_what_has_no_exact_value():
    assert answer_key("\\sqrt{2}").startswith("v:") and answer_key("\\sqrt{2}") == answer_key("\\frac{2}{\\sqrt{2}}")
    assert answer_key("x+y").endswith("x,y") and answer_key("x+y") != answer_key("x-y")
    assert answer_key("2x=3y").startswith("r:") and answer_key("2x=3y").endswith("y")
    assert answer_key("\\mathbb{Z}").startswith("s:")
    assert answer_key("\\{x | x^2 > 4\\}").startswith("i:"), "solved"
    long = "1+" * 6_000 + "1"
    assert answer_key(long) == answer_key(f" {long} ") != answer_key(f"{long}1")
    assert answer_key(long).startswith("t:") and len(answer_key(long)) == 66


def test_responses_in_fourteen_languages():
    """Rows marked known are decided otherwise as yet; the mark goes when they are mended."""
    rows = table("responses.jsonl")
    assert len({row.get("lang") for row in rows}) >= 14
    wrong = [row for row in rows if correct(row) != row["equal"]]
    assert [row for row in wrong if "known" not in row] == []
    assert [row for row in rows if "known" in row and row not in wrong] == [], "mended: remove the mark"
    assert sum("known" in row for row in rows) <= 7


def test_blind_responses_in_fourteen_languages_get_no_worse():
    """Half of them were never looked at: only the counts of docs/grading.md are held."""
    rows = table("blind_responses.jsonl")
    verdicts = [correct(row) for row in rows]
    assert sum(verdict == row["equal"] for verdict, row in zip(verdicts, rows, strict=True)) >= 752
    assert sum(verdict and not row["equal"] for verdict, row in zip(verdicts, rows, strict=True)) <= 32


def correct(row):
    kind = "choice" if row.get("choices") else "expression"
    return math_eval.grade_response(row["response"], gold=row["gold"], kind=kind).correct


@given(st.text(max_size=200), st.text(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_text_gets_a_verdict(left, right):
    grade(left, gold=right)
    grade(left, gold=right, kind="choice")
    extract_answer(left)
    assert same_answer(left, right) == same_answer(right, left)
    if left.strip():
        assert grade(left, gold=left).correct


HOSTILE = {
    "digits": "9" * 5_000_000,
    "letters": "a" * 1_000_000,
    "boxes": "\\boxed{" * 200_000,
    "open-boxes": "\\boxed{" * 50_000 + "\\boxed{8}",
    "fences": "```python\n" * 50_000,
    "points": "\\mathbb{R}\\setminus\\{" + ",".join(map(str, range(1_500))) + "\\}",
    "braces": "{" * 1_000_000,
    "closed": "\\boxed{" + "{" * 100_000 + "}" * 100_000 + "}",
    "spaces": "answer is " * 100_000,
    "spread": "the answer is" + " " * 1_000_000 + "x",
    "commas": "1," * 500_000,
    "power": "10^{10^{10^{10}}}",
    "exponent": "1e999999999",
    "frac": "\\frac" * 200_000,
    "text": "\\text{" * 100_000,
    "nulls": "\0" * 100_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_bounded(name):
    text = HOSTILE[name]
    began = time.process_time()
    extract_answer(text)
    extract_answer(text, "choice")
    grade(text, gold="7")
    grade("7", gold=text)
    answer_key(text)
    assert time.process_time() - began < 5.0


def test_the_python_face():
    assert math_eval.grade("1/2", gold="0.5").correct
    verdict = math_eval.grade_response("so \\boxed{0.5}", gold="1/2")
    assert (verdict.correct, verdict.answer) == (True, "0.5")
    assert math_eval.grade_response("thus (B).", gold="B", benchmark="aqua").correct
    assert math_eval.extract_answer("the answer is 4").text == "4"
    with pytest.raises(UnknownNameError, match="equivalence"):
        math_eval.grade("1", gold="1", grader="equivalent")
    with pytest.raises(RequestError, match="has several answer kinds"):
        math_eval.extract_answer("1", benchmark="tabmwp")
    for name in math_eval.__all__:
        assert getattr(math_eval, name)


CLEANED = [
    ("a~b\\!c", "a bc", "a bc"),
    ("\\left( 1 , 2\\right)", "( 1 , 2 )", "(1,2)"),
    ("\\dfrac12 \\tfrac12 \\cfrac12", "\\frac12 \\frac12 \\frac12", "\\frac12 \\frac12 \\frac12"),
    ("\\text{ab} \\mathrm{cd}", "ab cd", "ab cd"),
    ("\\boxed{\\text{x}}", "x", "x"),
    ("\\textbf{a}\\mbox{b}\\operatorname{c}\\fbox{d}", "abcd", "abcd"),
    ("1, 2,", "1, 2", "1,2"),
    ("5。", "5", "5"),
    ("1,2,...", "1,2,...", "1,2,..."),
    ("Ａ１", "A1", "A1"),
    ("$x$ \\(y\\) \\[z\\]", "x y z", "x y z"),
    ("a \\quad b \\displaystyle c", "a b c", "a b c"),
    ("\\leftarrow\\quadx", "\\leftarrow\\quadx", "\\leftarrow\\quadx"),
    ("\\leq\\geq\\neq", "\\le\\ge\\ne", "\\le\\ge\\ne"),
    ("1{,}2 −1，2；∞π", "1,2 -1,2;\\infty\\pi", "1,2-1,2;\\infty\\pi"),
    ("\\lbrace1\\rbrace", "\\{1\\}", "\\{1\\}"),
]


@pytest.mark.parametrize(("text", "clean", "tight"), CLEANED, ids=[row[0] for row in CLEANED])
def test_spellings_that_mean_the_same(text, clean, tight):
    assert (cleaned(text), squeezed(text)) == (clean, tight)


SHOWN = [
    ("1.50", "3/2 (written with 2 decimals)"),
    ("x+\\pi", "add(x, π)"),
    ("\\infty", "∞"),
    ("\\sum_{k=1}^n k", "sum(k: 1, n; k)"),
    ("\\int x dx", "int(x: ; x)"),
    ("(1,2]", "(1, 2]"),
    ("1,2", "list: 1, 2"),
    ("x<2", "x < 2"),
    ("\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}", "matrix[1, 2; 3, 4]"),
    ("\\{x|x>3\\}", "{x | x > 3}"),
    ("1011_2", "1011 in base 2"),
    ("3:30 pm", "clock 3 : 30 pm"),
    ("2:3", "2 : 3"),
    ("5 cm", "5 [cm]"),
    ("no solution", "words 'no solution'"),
    ("\\mathbb{R}", "R"),
    ("1,\\dots", "list: 1, …"),
]


@pytest.mark.parametrize(("text", "line"), SHOWN, ids=[row[0] for row in SHOWN])
def test_a_tree_is_shown_as_one_line(text, line):
    assert shown(parse(text)) == line


def test_algebra_is_settled_where_it_can_be():
    asked = [
        ("\\int_0^1 x\\,dx", "\\frac12", "correct", "sympy"),
        ("\\int_0^1 x\\,dx", "\\frac13", "wrong", "sympy"),
        ("\\begin{vmatrix}1&2\\\\3&4\\end{vmatrix}", "-2", "correct", "sympy"),
        ("\\lim_{x\\to0}\\frac{\\sin x}{x}", "1", "correct", "sympy"),
        ("\\begin{pmatrix}1\\\\2\\end{pmatrix}", "\\begin{pmatrix}1\\\\2\\end{pmatrix}", "correct", "sympy"),
        ("x>1", "x>1", "correct", "sympy"),
        ("x>1", "x>2", "undecided", "needs_cas"),
        ("x>1", "1", "undecided", "needs_cas"),
        ("1", "x>1", "undecided", "needs_cas"),
        ("\\foo", "1", "undecided", "needs_cas"),
    ]
    assert [(left, right, *cas.answer(left, right)) for left, right, *_ in asked] == asked
