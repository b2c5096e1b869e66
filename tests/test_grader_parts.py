"""Parts of the reference's grader and of grading many pairs, in this process: rules, symbolic ways, limits, walls."""

import json
import math
import os
import subprocess
import sys
import time
import types
from typing import ClassVar

import pytest

from math_eval import BaseGrader
from math_eval.errors import MissingPackageError, RequestError, UnknownNameError
from math_eval.graders import base, load_grader, math_verify, names, pool, sympy_walls
from math_eval.graders import sympy_worker as worker_module
from math_eval.graders.equivalence.policy import Policy
from math_eval.graders.qwen import reference_equality, symbolic
from math_eval.graders.qwen.choices import choice_in_answer, choice_in_response
from math_eval.graders.qwen.equality import equal, number
from math_eval.graders.qwen.expression import RefusedError, computed, parse_expression
from math_eval.graders.qwen.extract import gold_of
from math_eval.graders.qwen.grader import QwenGrader, reference_gold, reference_name
from math_eval.graders.qwen.matrices import parse_matrix
from math_eval.graders.sympy_worker import OutOfTimeError, SympyWorker
from math_eval.records import Extraction, Problem, Verdict


class AskedError(Exception):
    """The rules before the symbolic question did not decide."""


def refuse(_left, _right):
    raise AskedError


def test_recorded_verdicts_that_need_no_symbolic_question(shared):
    with (shared / "conformance/verdicts.jsonl").open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    wrong, decided = [], 0
    for row in rows:
        try:
            made = equal(row["pred"], row["gold"], refuse)
        except AskedError:
            continue
        decided += 1
        if made.correct != row["correct"]:
            wrong.append((row["pred"], row["gold"], made.rule))
    assert wrong == []
    assert decided > 2_000


def compared(prediction, gold, *same):
    """The verdict where the pairs of `same` are the symbolically equal ones, its rule, and the questions asked."""
    asked = []

    def answered(left, right):
        asked.append((left, right))
        return (left, right) in same

    made = equal(prediction, gold, answered)
    return made.correct, made.rule, asked


RULES = [
    (None, "5", False, "none"),
    ("", "5", False, "empty"),
    (" X ", "x", True, "text"),
    ("(B)", "B", True, "choice"),
    ("1,000", "1000", True, "number"),
    ("0.50004", "0.5", True, "number"),
    ("0.5001", "0.5", False, "number"),
    ("50", "0.5", True, "number"),
    ("50%", "0.5", True, "number"),
    ("50\\%", "50", True, "number"),
    ("0.5", "50", True, "number"),
    ("5", "0.5", False, "number"),
    ("(3)", "3", True, "brackets"),
    ("[a,b]", "{a,b}", True, "brackets"),
    ("{A}+(b)", "a+b", True, "brackets"),
    ("(1,2)", "(1.00001,2)", True, "parts"),
    ("[0,1)", "(0,1.0)", True, "parts"),
    ("\\begin{bmatrix}1&2\\\\3&4\\end{bmatrix}", "\\begin{pmatrix}1&2\\\\3&4.0\\end{pmatrix}", True, "matrix"),
    ("\\begin{pmatrix}1\\2\\end{pmatrix}", "so {1,2}.", True, "brackets"),
    ("\\begin{pmatrix}1\\2\\end{pmatrix}, \\begin{pmatrix}3\\4\\end{pmatrix}", "{1,2}\n{3,4}", True, "brackets"),
    ("x=5", "5.0", True, "right side"),
    ("5.0", "ab=5", True, "right side"),
]


@pytest.mark.parametrize(("prediction", "gold", "correct", "rule"), RULES, ids=[f"{r[0]} | {r[1]}" for r in RULES])
def test_rules_before_the_symbolic_one(prediction, gold, correct, rule):
    assert compared(prediction, gold) == (correct, rule, [])


def test_what_is_put_to_the_symbolic_question():
    assert compared("a+b", "b+a", ("a+b", "b+a")) == (True, "symbolic", [("a+b", "b+a")])
    assert compared("a+b", "c") == (False, "symbolic", [("a+b", "c")])
    assert compared("a=b+1", "c = d", ("a - (b+1)", "c - (d)"))[:2] == (True, "equation")
    assert compared("a=b+1", "c=d", ("-(a - (b+1))", "c - (d)"))[:2] == (True, "equation")
    asked = [("a - (b)", "c - (d)"), ("-(a - (b))", "c - (d)"), ("a=b", "c=d")]
    assert compared("a=b", "c=d") == (False, "symbolic", asked)
    assert compared("abc=a", "b", ("a", "b"))[:2] == (False, "symbolic"), "a name of three letters is no name there"
    assert compared("x=a", "b", ("a", "b")) == (True, "right side", [("a", "b")])
    assert compared("(a,b)", "(c,b)", ("a", "c")) == (True, "parts", [("a", "c")])
    assert compared("(a,b)", "(c,b,d)") == (False, "symbolic", [("(a,b)", "(c,b,d)")])
    matrices = [f"\\begin{{pmatrix}}{cells}\\end{{pmatrix}}" for cells in ("a\\\\b", "a&b", "c\\\\d")]
    assert compared(matrices[0], matrices[1])[:2] == (False, "symbolic")
    assert compared(matrices[0], matrices[2], ("a", "c"), ("b", "d"))[:2] == (True, "matrix")
    assert compared(matrices[0], matrices[2], ("a", "c"))[:2] == (False, "symbolic")
    assert compared("x=" * 300 + "1", "2")[0] is False


def test_numbers_of_the_reference():
    assert [number(text) for text in ("1,234.5", "12%", "12\\%", "1e3", "x", "x%", "%")] == [
        *(1234.5, 0.12, 0.12, 1000.0),
        *(None, None, None),
    ]


SYMBOLIC = [
    ("x+1", "1+x", True),
    ("\\frac{x}{2}", "0.5x", True),
    ("(x+1)^2", "x^{2}+2x+1", True),
    ("(x+1)^2", "x^{2}+2x+2", False),
    ("\\sqrt{8}", "2\\sqrt{2}", True),
    ("0.33333", "\\frac{1}{3}", True),
    ("0.3332", "\\frac{1}{3}", False),
    ("y=2x", "2x=y", True),
    ("y=2x", "y=3x", False),
    ("\\begin{pmatrix}1\\\\2\\end{pmatrix}", "\\begin{pmatrix}1.0001\\\\2\\end{pmatrix}", True),
    ("\\begin{pmatrix}1\\\\2\\end{pmatrix}", "\\begin{pmatrix}1.001\\\\2\\end{pmatrix}", False),
    ("\\begin{pmatrix}1\\\\2\\end{pmatrix}", "\\begin{pmatrix}1&2\\end{pmatrix}", False),
    ("2*\\begin{pmatrix}1\\\\2\\end{pmatrix}", "\\begin{pmatrix}2\\\\4\\end{pmatrix}", True),
    ("007/2", "3.5", True),
    ("blue red", "blue red", True),
    ("''", "1", False),
]


@pytest.mark.slow
def test_symbolic_ways(monkeypatch):
    pytest.importorskip("antlr4")
    monkeypatch.setattr(symbolic, "_parsed", {})
    assert symbolic.answer("x+1", "1+x", cached=False)
    assert symbolic._parsed == {}
    wrong = [(left, right) for left, right, same in SYMBOLIC if symbolic.answer(left, right) is not same]
    assert wrong == []
    assert symbolic._remembered("x+1") is symbolic._parsed["x+1"]
    assert "blue red" not in symbolic._parsed or not isinstance(symbolic._parsed["blue red"], str)


def test_matrices_of_the_third_parser():
    import sympy

    assert parse_matrix("\\begin{bmatrix}1 & 2\\\\ 3&4\\\\ \\end{bmatrix}", int) == sympy.Matrix([[1, 2], [3, 4]])
    assert parse_matrix("2*3*\\begin{pmatrix}1\\end{pmatrix}", int) == sympy.Matrix([[6]])
    assert parse_matrix("007/02", int) == sympy.Rational(7, 2)
    for text in ("1", "\\begin{pmatrix}1\\end{bmatrix}", "x\\begin{pmatrix}1\\end{pmatrix}", "1/2" + " " * 4000):
        with pytest.raises(ValueError, match=r"no matrix|too long"):
            parse_matrix(text, int)


COMPUTED = [
    *("7//2", "7%4", "2**10", "6^3", "6&3", "6|1", "1<<4", "16>>2", "-5", "+5", "~5", "not 0", "1<2", "2<=2", "3>4"),
    *("3>=3", "1==1", "1!=1", "1<2<3", "3<2<3", "2 if 1 else 3", "2 if 0 else 3", "(1,2)", "[1,2]", "{1,2}", "{}"),
    *(
        "0 or 5",
        "4 or 5",
        "0 and 5",
        "4 and 5",
        "1.5",
        "True",
        "None",
        "abs(-3)",
        "round(2.6)",
        "pow(2,5)",
        "sum((1,2))",
    ),
]


def test_expressions_are_computed_as_python_does():
    for text in COMPUTED:
        assert computed(text) == eval(text), text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("sqrt(4)", 2), ("cbrt(8)", 2), ("root(8,3)", 2), ("Rational(4,2)", 2), ("Integer(2)", 2), ("Float(2)", 2.0)),
        *(("Pow(2,3)", 8), ("Add(1,2)", 3), ("Mul(2,3)", 6), ("1 if Eq(1,1) else 0", 1), ("factorial(3)", 6)),
        *(("Symbol('x')-Symbol('x')", 0), ("Function('f')(1)-Function('f')(1)", 0), ("Rational('4','2')", 2)),
    ],
)
def test_functions_that_an_expression_may_use(text, value):
    assert value == pytest.approx(float(computed(text)))


@pytest.mark.parametrize(
    "text", ["[0]*9", "9*(1,)", "{1}|{2}", "{}*2", "1 in (1,)", "1 is 1", "sum(x for x in (1,))", "a b"]
)
def test_what_is_no_arithmetic_is_refused(text):
    with pytest.raises(RefusedError):
        computed(text)


def test_powers_and_names_of_expressions():
    import sympy

    x = sympy.Symbol("x")
    assert parse_expression("x^2", power_sign=True) == x**2
    assert parse_expression("x**2") == x**2
    assert parse_expression("f(x)") == sympy.Function("f")(x)
    assert parse_expression("max(1,2)") == 2
    for text in ("'x'", '"x"'):
        with pytest.raises(RefusedError, match="a string"):
            parse_expression(text)


@pytest.mark.parametrize(
    ("response", "letter"),
    [
        ("The answer is B.", "B"),
        ("The choice is (C). The choice is A", "A"),
        ("The choice is A.\n\nThe choice is D", "A"),
        ("B or C, the answer is D because A", "D"),
        ("A then B", "B"),
        (": five/.", "five"),
        ("\n b ", "B"),
    ],
)
def test_choices_of_responses(response, letter):
    assert choice_in_response(response) == letter


def test_choices_of_answers():
    texts = (": (a).", "B, then c", "five.", "12/", "\nAB\n")
    assert [choice_in_answer(text) for text in texts] == ["A", "C", "five", "12", "AB"]


class Fake:
    """A worker that answers from a table, or raises what it holds."""

    def __init__(self, *replies):
        self.replies, self.asked = list(replies), []

    def ask(self, left, right, seconds, *, cached=True):
        self.asked.append((left, right, round(seconds, 3), cached))
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    def start(self):
        self.asked.append("start")

    close = forget = start


def faked(*replies, **options):
    pytest.importorskip("antlr4")
    made = reference_equality.ReferenceEquality(**options)
    made._worker = Fake(*replies)
    return made, made._worker


def test_a_pair_has_three_seconds_for_all_its_questions():
    made, worker = faked((False, 1.0), (False, 1.5), (True, 0.25))
    assert made.verdict("a=b", "c=d") == Verdict("correct", "symbolic")
    assert [row[2] for row in worker.asked] == [3.0, 2.0, 0.5]
    made, worker = faked((False, 1.0), (False, 2.0))
    assert made.verdict("a=b", "c=d") == Verdict("undecided", "limit:time")
    made, worker = faked(OutOfTimeError("memory"))
    assert made.verdict("a+b", "c") == Verdict("undecided", "limit:memory")
    long = "1" * (1 << 20)
    assert made.verdict(long + "1", "2") == made.verdict("2", long + "1") == Verdict("undecided", "limit:length")
    assert made.verdict(long, "2").rule == "number"


def test_symbolic_answers_are_remembered_with_their_time():
    made, worker = faked((True, 2.0), OutOfTimeError(), OutOfTimeError("worker"), (False, 0.1), (True, 0.1))
    assert [made.verdict("a+b", "b+a").correct for _ in range(3)] == [True] * 3
    assert len(worker.asked) == 1
    assert [made.verdict("a+c", "b").rule for _ in range(2)] == ["limit:time"] * 2
    assert len(worker.asked) == 2, "a question that took all its time is not asked again"
    assert made.verdict("a+d", "b").rule == "limit:worker"
    assert made.verdict("a+d", "b").rule == "symbolic", "one whose worker died is"
    made.start(), made.close()
    assert worker.asked[-2:] == ["start", "start"]
    made, worker = faked((True, 0.1), (True, 0.1), cache=False)
    assert [made.verdict("a+b", "b+a").correct for _ in range(2)] == [True, True]
    assert [row[3] for row in worker.asked] == [False, False]


def test_only_so_many_short_pairs_are_remembered(monkeypatch):
    monkeypatch.setattr(reference_equality, "_MAX_KEPT", 2)
    made, worker = faked(*[(True, 0.1)] * 9)
    for name in "abac":
        made.verdict(f"{name}+x", "y")
    assert [row[0] for row in worker.asked] == ["a+x", "b+x", "c+x"]
    made.verdict("a+x", "y")
    assert len(worker.asked) == 3, "the one used last stays"
    made.verdict("b+x", "y")
    assert len(worker.asked) == 4
    for length in (1_999, 1_999, 2_000, 2_000):
        made.verdict("z" * length, "y")
    assert len(worker.asked) == 7, "of 2,001 characters nothing is kept"


def question(text="r", gold="5", **fields):
    return Problem("b", "test", "0", text, gold, grader_fields={"qwen": fields} if fields else {})


def test_what_the_reference_knows_of_a_problem():
    assert (reference_name(question()), reference_name(question(name="math"))) == ("b", "math")
    assert reference_gold(question(gold="\\dfrac12")) == "\\frac{1}{2}"
    assert reference_gold(question(gold="4", normalised_gold="x  y")) == "x  y"
    assert reference_gold(question(gold="4", gold_="", name="math")) == "4"
    assert reference_gold(question("r", "so \\boxed{7}", name="math")) == "so\\boxed{7}", "our gold is no solution"
    solved = Problem("b", "test", "0", "q", "4", grader_fields={"qwen": {"name": "math", "gold": "so \\boxed{7}"}})
    assert reference_gold(solved) == "7"


@pytest.mark.parametrize(
    ("name", "gold"), [("math", "7"), ("minerva_math", "7"), ("gsm8k", "so\\boxed{7}"), ("carp_en", "so \\boxed{7}")]
)
def test_golds_of_worked_solutions(name, gold):
    assert gold_of("so \\boxed{7}", name) == gold
    assert gold_of("so \\boxed{7}", name, solved=False).replace(" ", "") == "so\\boxed{7}"


def test_the_reference_as_a_grader():
    pytest.importorskip("antlr4")
    grader = QwenGrader()
    assert grader.extract("so \\boxed{\\dfrac12}", question()) == Extraction("\\frac{1}{2}", "qwen")
    assert grader.extract("", question()) == Extraction("", "none")
    assert grader.read_answer("\\dfrac12 \\)", question()) == Extraction("\\frac{1}{2}", "qwen")
    assert grader.grade("5.0", question()) == Verdict("correct", "number")
    assert grader.vote_key(" 5 ") == " 5 "
    older = QwenGrader("math-evaluation-harness")
    assert older.read_answer("5\\)", question()).text == "5\\)"
    prints = {grader.fingerprint([question()]), older.fingerprint([question()]), grader.fingerprint([])}
    prints |= {grader.fingerprint([question(name="math")]), grader.fingerprint([question(gold="6")])}
    assert len(prints) == 5
    assert grader.fingerprint([question(name="math")]) == QwenGrader().fingerprint([question(name="math")])


def test_the_edition_is_the_one_that_wrote_a_file():
    pytest.importorskip("antlr4")
    grader = QwenGrader()

    def fitted(*stored):
        rows = [base.Response(text, question(), answer) for text, answer in stored]
        return grader.fit(rows).edition

    assert grader.fit([base.Response("x", question(), None)]) is grader
    newer, older = ("The answer is \\(5\\)", "5"), ("The answer is \\(5\\)", "\\(5\\)")
    assert fitted(newer, older, newer) == fitted(newer, older) == "qwen2.5-math"
    assert fitted(older, older, newer) == "math-evaluation-harness"


def test_what_a_grader_has_by_default():
    class Own(BaseGrader):
        """Only the defaults."""

    own = Own()
    assert (own.name, own.version, own.edition) == ("", "", "")
    assert own.read_answer(" 5 ", question()) == Extraction(" 5 ", "given")
    assert own.vote_key(" 5 ") == "5"
    assert own.fit([]) is own
    assert own.close() is None
    assert base.answer_of(Extraction("", "none")) is None
    assert base.answer_of(Extraction("", "boxed")) == ""
    assert load_grader("equivalence") is load_grader("equivalence")


def test_a_class_that_is_no_grader_is_refused_by_what_it_lacks():
    with pytest.raises(RequestError, match="it cannot be made without arguments"):
        load_grader("datetime:date")
    with pytest.raises(RequestError, match=r"it lacks .*close, name, version, edition; derive it from"):
        load_grader("decimal:Context")


def test_an_unknown_name_is_one_of_a_grader():
    with pytest.raises(UnknownNameError, match="unknown grader 'nosuch'"):
        load_grader("nosuch")


def test_math_verify_is_asked_where_it_is_installed(monkeypatch):
    def absent(name):
        raise math_verify.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(math_verify.importlib.metadata, "version", absent)
    with pytest.raises(MissingPackageError, match=r"math-verify: pip install .*\[math-verify\]"):
        math_verify.MathVerifyGrader()
    monkeypatch.setattr(math_verify.importlib.metadata, "version", lambda _: "9.1")
    package = types.SimpleNamespace(parse=lambda text: text, verify=lambda gold, answer: gold == answer == "$5$")
    monkeypatch.setitem(sys.modules, "math_verify", package)
    grader = math_verify.MathVerifyGrader()
    assert grader.name == "math-verify" and grader.version.endswith("+9.1")
    assert grader.grade("5", question()) == Verdict("correct", "math-verify")
    assert grader.grade("6", question()) == grader.grade(None, question()) == Verdict("wrong", "math-verify")


METHODS = ("extract", "read_answer", "grade", "vote_key", "fingerprint", "fit", "close")
FIELDS = ("name", "version", "edition")


@pytest.mark.parametrize("missing", [*METHODS, *FIELDS])
def test_each_part_of_a_grader_is_asked_for(monkeypatch, missing):
    parts = {**dict.fromkeys(METHODS, lambda *_: None), **dict.fromkeys(FIELDS, "")}
    monkeypatch.setattr(names, "GRADERS", types.SimpleNamespace(load=lambda _: type("Own", (), parts)))
    assert load_grader.__wrapped__("a:Own").name == "a:Own"
    parts[missing] = None
    with pytest.raises(RequestError, match=f"grader a:Own: it lacks {missing}; derive it"):
        load_grader.__wrapped__("a:Own")


def test_many_pairs_take_a_process_for_each_core(monkeypatch):
    made = []

    class Here:
        def __init__(self, workers):
            made.append(workers)

        def chunks(self, chunks, kind, policy):
            made.append([len(chunk) for chunk in chunks])
            return [pool._grade_chunk(chunk, kind, policy) for chunk in chunks]

        def close(self):
            made.append("closed")

    monkeypatch.setattr(pool, "_Pool", Here)
    monkeypatch.setattr(pool.os, "cpu_count", lambda: 7)
    assert {one.status for one in pool.grade_many([("1", "1")] * 1025)} == {"correct"}
    assert len(pool.grade_many([("1", "1")] * 300, workers=3)) == 300
    monkeypatch.setattr(pool.os, "cpu_count", lambda: None)
    pool.grade_many([("1", "1")] * 1025)
    chunks = [256, 256, 256, 256, 1]
    assert made == [7, chunks, "closed", 3, [256, 44], "closed", 1, chunks, "closed"]


PAIRS = [("1/2", "0.5"), ("\\int_0^1 x dx", "1/2"), ("1", "2"), ("\\int_0^1 x dx", "1/3")]


def test_many_pairs_are_graded_here_where_they_are_few(monkeypatch):
    asked = Fake((("correct", "sympy"), 0.1), OutOfTimeError(), (("wrong", "sympy"), 0.1), OutOfTimeError("worker"))
    monkeypatch.setattr(pool, "SympyWorker", lambda _task: asked)
    monkeypatch.setattr(pool, "_Pool", lambda _workers: pytest.fail("a thousand pairs need no processes"))
    rules = [(one.status, one.rule) for one in pool.grade_many(PAIRS)]
    assert rules == [
        ("correct", "exact"),
        ("correct", "sympy"),
        ("wrong", "exact"),
        ("undecided", "limit:cas-time"),
    ]
    assert asked.asked[:2] == [("\\int_0^1 x dx", "1/2", 5.0, True), ("\\int_0^1 x dx", "1/3", 5.0, True)]
    assert asked.asked[2:] == ["start"], "it is closed"
    again = [one.rule for one in pool.grade_many([PAIRS[1], PAIRS[3]])]
    assert again == ["sympy", "limit:worker"]
    for options in ({"workers": 0}, {"cas": "none"}):
        assert [one.rule for one in pool.grade_many(PAIRS, **options)][1::2] == ["needs_cas", "needs_cas"]
    assert pool.grade_many([("0.3333", "1/3")], policy=Policy(decimals="exact"))[0].status == "wrong"
    assert pool.grade_many([("(B)", "B")], kind="choice")[0].rule == "choice"
    assert len(pool.grade_many([("1", "1")] * 1024)) == 1024


class Executor:
    """Runs what is submitted here; a pair of the answer "dies" breaks the pool, "once" does so a single time."""

    made = 0
    once = True
    ended: ClassVar = []

    def __init__(self):
        Executor.made += 1
        self._processes = {1: types.SimpleNamespace(kill=lambda: Executor.ended.append("killed"))}

    def submit(self, function, chunk, kind, policy):
        from concurrent.futures import Future
        from concurrent.futures.process import BrokenProcessPool

        future = Future()
        answers = [answer for answer, _ in chunk]
        if "dies" in answers or ("once" in answers and Executor.once):
            Executor.once = Executor.once and "once" not in answers
            future.set_exception(BrokenProcessPool())
        else:
            future.set_result(function(chunk, kind, policy))
        return future

    def shutdown(self, **options):
        Executor.ended.append((options["wait"], options["cancel_futures"]))


def test_a_pair_that_kills_its_workers_is_undecided_and_costs_no_other(monkeypatch):
    monkeypatch.setattr(pool._Pool, "_made", lambda _self: Executor())
    monkeypatch.setattr(pool, "CHUNK", 3)
    Executor.made, Executor.once, Executor.ended[:] = 0, True, []
    pairs = [("1", "1"), ("once", "once"), ("2", "3"), ("4", "4"), ("dies", "5"), ("6", "6"), ("7", "7")]
    verdicts = pool.grade_many(pairs, workers=2, cas="none")
    assert [one.status for one in verdicts] == [
        *("correct", "correct", "wrong", "correct"),
        *("undecided", "correct", "correct"),
    ]
    assert verdicts[4].rule == "limit:worker"
    # once at the start, once for the first chunk, twice for the second and once for each of its pairs
    assert Executor.made == 1 + 1 + 2 + 3
    assert Executor.ended == ["killed", (False, True)] * 6 + [(True, True)]


TASK = """
import time
import types
from typing import ClassVar

def warm():
    pass

def answer(left, right, cached):
    if left == "sleep":
        end = time.process_time() + float(right)
        while time.process_time() < end:
            pass
    if left == "fill":
        bytearray(1 << 40)
    return [left, right, cached]
"""


@pytest.mark.slow
def test_a_worker_answers_stops_and_is_replaced(tmp_path, monkeypatch):
    (tmp_path / "echo_task.py").write_text(TASK, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    worker = SympyWorker("echo_task")
    worker.start()
    process = worker._process
    worker.start()
    assert worker._process is process, "one process"
    answer, used = worker.ask("a", "b", 2.0)
    assert (answer, 0 <= used < 1) == (["a", "b", True], True)
    assert worker.ask("ä" * 200_000, "", 2.0, cached=False)[0] == ["ä" * 200_000, "", False]
    with pytest.raises(OutOfTimeError) as caught:
        worker.ask("sleep", "9", 0.2)
    assert (caught.value.limit, worker._process) == ("time", process), "stopped softly, and it goes on"
    assert worker.ask("sleep", "0.1", 2.0)[1] >= 0.1
    with pytest.raises(OutOfTimeError) as caught:
        worker.ask("fill", "", 2.0)
    assert (caught.value.limit, worker._process) == ("memory", None), "one that ran out of memory is replaced"
    worker.start()
    left_behind = worker._process
    worker.forget()
    assert worker._process is None and left_behind.stdin.closed and left_behind.stdout.closed
    os.kill(left_behind.pid, 9)
    os.waitpid(left_behind.pid, 0)
    worker.close()


def test_a_worker_that_does_not_start_is_one_line():
    worker = SympyWorker("no_such_task")
    with pytest.raises(
        RequestError, match="does not start; see what this says: python -c 'import no_such_task, sympy'"
    ):
        worker.ask("a", "b", 1.0)


def test_processor_time_and_memory_of_processes():
    before = worker_module._cpu_seconds(os.getpid())
    end = time.process_time() + 0.2
    while time.process_time() < end:
        pass
    assert 0.1 <= worker_module._cpu_seconds(os.getpid()) - before < 5
    assert worker_module._cpu_seconds(os.getpid()) == pytest.approx(time.process_time(), abs=0.5)
    assert worker_module._cpu_seconds(2**30) == 0.0
    program = (
        "from math_eval.graders.sympy_worker import _held_bytes\n"
        "held = _held_bytes()\n"
        "ballast = bytearray(50_000_000)\n"
        "ballast[::4096] = b'x' * len(ballast[::4096])\n"
        "print(_held_bytes() - held)\n"
    )  # a process of its own: where much was freed before, memory is used again
    grown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert 30_000_000 < int(grown) < 80_000_000


@pytest.mark.parametrize(
    ("event", "arguments", "refused"),
    [
        ("open", ("f", "r", 0), False),
        ("open", ("f", "w", 0), True),
        ("open", ("f", "rb+", 0), True),
        ("open", ("f", "a", None), True),
        ("open", ("f", "x", None), True),
        ("open", ("f", None, os.O_RDONLY | os.O_CLOEXEC), False),
        *(("open", ("f", None, flag), True) for flag in (os.O_WRONLY, os.O_RDWR, os.O_CREAT, os.O_TRUNC, os.O_APPEND)),
        ("exec", (compile("1", "<lambdifygenerated-1>", "eval"),), True),
        ("exec", (compile("1", "<string>", "eval"),), False),
        *((name, (), True) for name in ("os.system", "subprocess.Popen", "socket.connect", "shutil.rmtree")),
        *((name, (), True) for name in ("ctypes.dlopen", "pty.spawn", "tempfile.mkstemp", "urllib.Request")),
        *((name, (), True) for name in ("ftplib.connect", "smtplib.send", "webbrowser.open", "fcntl.flock")),
        *((name, (), True) for name in ("signal.pthread_kill", "winreg.SetValue", "mmap.__new__", "os.remove")),
        *((name, (), False) for name in ("os.listdir", "os.scandir", "os.putenv", "os.unsetenv", "import", "compile")),
    ],
)
def test_what_the_walls_refuse(event, arguments, refused):
    if refused:
        with pytest.raises(sympy_walls.WallError, match=event):
            sympy_walls._refuse(event, arguments)
    else:
        sympy_walls._refuse(event, arguments)


def test_a_generated_function_is_a_substitution():
    import sympy

    x, y = sympy.symbols("x y")
    assert sympy_walls.substitution((x, y), x + 2 * y)(3, 4) == 11
    assert sympy_walls.substitution([x], x**2)(3) == 9
    assert math.isclose(sympy_walls.substitution(x, sympy.sin(x), "numpy")(0.5), math.sin(0.5))


def test_a_sympy_process_that_is_slow_to_start_is_not_called_broken(monkeypatch):
    monkeypatch.setattr(worker_module, "START_SECONDS", 0.0)
    worker = SympyWorker("math_eval.graders.equivalence.cas")
    with pytest.raises(RequestError, match="was not ready within 0 s; this machine may be too busy"):
        worker.ask("1", "1", 1.0)
    worker.close()
