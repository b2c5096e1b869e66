"""latex2sympy(): bounded in time and memory, only its own errors, no warnings, and the object that is meant."""

import contextlib
import json
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest

from latex2sympy import LimitError, MathTextError, ParseError, latex2sympy

sympy = pytest.importorskip("sympy")

CASES = Path(__file__).with_name("cases")
TABLES = ("hostile_text.jsonl", "hostile_parse.jsonl")
SECONDS = 3.0
MEGABYTES = 200


@pytest.mark.parametrize("table", TABLES)
def test_hostile_text_is_bounded(table):
    latex2sympy("x")  # SymPy is loaded before any clock starts
    slow = []
    for line in (CASES / table).read_text(encoding="utf-8").splitlines():
        text = json.loads(line)["text"]
        began = time.thread_time()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with contextlib.suppress(MathTextError):
                latex2sympy(text)
        if time.thread_time() - began > SECONDS:
            slow.append(text)
    assert slow == []


def test_hostile_text_takes_little_memory():
    program = (
        "import json, sys\n"
        "from latex2sympy import MathTextError, latex2sympy\n"
        "for line in sys.stdin:\n"
        "    try:\n        latex2sympy(json.loads(line)['text'])\n    except MathTextError:\n        pass\n"
        "status = open('/proc/self/status').read()\n"  # ru_maxrss would begin at this process's own size
        "print(status.split('VmHWM:')[1].split()[0])\n"
    )
    lines = "".join((CASES / table).read_text(encoding="utf-8") for table in TABLES)
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert int(done.stdout) < MEGABYTES * 1024


x, y = (sympy.Symbol(name, real=True) for name in "xy")
OBJECTS = {
    "\\frac12+\\frac13": sympy.Rational(5, 6),
    "8^{1/3}": sympy.Integer(2),
    "\\sqrt[3]{-8}": sympy.Integer(-2),
    "\\sqrt[3]{-2}": -sympy.cbrt(2),
    "\\sqrt{12}": 2 * sympy.sqrt(3),
    "0^0": sympy.Integer(1),
    "\\sqrt{2}x+3x": sympy.sqrt(2) * x + 3 * x,
    "(x+1)^{10}": (x + 1) ** 10,
    "x^{10^{12}}": x ** (10**12),
    "10!": sympy.factorial(10),
    "x!": sympy.factorial(x),
    "7!!": sympy.Integer(105),
    "\\binom{\\frac12}{3}": sympy.Rational(1, 16),
    "\\binom{x}{3}": sympy.binomial(x, 3),
    "17 \\bmod 5": sympy.Integer(2),
    "\\lfloor \\pi \\rfloor": sympy.Integer(3),
    "\\lceil -\\sqrt{2} \\rceil": sympy.Integer(-1),
    "|\\pi-4|": 4 - sympy.pi,
    "|3+4i|": sympy.Integer(5),
    "|x|": sympy.Abs(x),
    "\\max(3, \\pi, e)": sympy.pi,
    "\\min(x, 2)": sympy.Min(x, 2),
    "\\gcd(12, 18, 27)": sympy.Integer(3),
    "\\sin\\frac{\\pi}{6}": sympy.Rational(1, 2),
    "\\log_2 8": sympy.Integer(3),
    "\\sum_{k=1}^{10^9} k": sympy.Sum(sympy.Symbol("k", real=True), (sympy.Symbol("k", real=True), 1, 10**9)),
    "\\int_0^1 x\\,dx": sympy.Integral(x, (x, 0, 1)),
    "x^2=4": sympy.Eq(x**2, 4),
    "1=2": sympy.Eq(1, 2, evaluate=False),
    "\\{1,2,2\\}": sympy.FiniteSet(1, 2),
    "2\\begin{pmatrix} 1 \\\\ x \\end{pmatrix}": sympy.Matrix([2, 2 * x]),
    "\\begin{pmatrix} 1 & 1 \\\\ 1 & 0 \\end{pmatrix}^3": sympy.Matrix([[3, 2], [2, 1]]),
    "\\begin{vmatrix} 1 & 2 \\\\ 3 & x \\end{vmatrix}": x - 6,
}


@pytest.mark.parametrize("text", OBJECTS)
def test_the_object_of_a_text(text):
    assert latex2sympy(text) == OBJECTS[text]


LIMITED = ["5!!!!!!!!!!", "{5}^{1000000000000}", "\\binom{10^7}{5\\times 10^6}", "(2x)^{10^{12}}", "e^{e^{e^{100}}}"]
VALUELESS = ["7\\bmod 0", "\\sqrt{\\{1\\}}", "(1,2)^2", "\\sin(1,2,3)", "(x=1)+1", "(1,2)<3", "\\text{even}"]


@pytest.mark.parametrize("text", LIMITED)
def test_what_is_too_large_is_refused_by_its_limit(text):
    with pytest.raises(LimitError):
        latex2sympy(text)


@pytest.mark.parametrize("text", VALUELESS)
def test_what_has_no_counterpart_is_refused(text):
    with pytest.raises(ParseError):
        latex2sympy(text)


@pytest.mark.parametrize("text", ["\\int_0^1 \\sin x\\,dx+\\infty", "|\\sum_{k=1}^{9} k|", "\\sqrt{\\int_0^1 x\\,dx}"])
def test_what_waits_for_algebra_is_left_as_written(text):
    assert latex2sympy(text).has(sympy.Sum, sympy.Integral)


def test_an_unevaluated_form_can_be_evaluated():
    assert latex2sympy("|\\sum_{k=1}^{9} -k|").doit() == 45
    assert latex2sympy("\\sqrt{\\int_0^1 x\\,dx}").doit() == sympy.sqrt(2) / 2
    assert latex2sympy("1=2").doit() is sympy.false
