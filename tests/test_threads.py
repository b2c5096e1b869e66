"""Grading beside threads and forks: no verdict changes, nobody waits for ever, and precision is put back."""

import contextlib
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import flint
import pytest

from latex2sympy import LimitError, parse
from latex2sympy.ball import Undefined, ball
from latex2sympy.precision import precision
from math_eval.graders.equivalence import answer_key, grade

PAIRS = [
    ("\\sqrt{12}", "2\\sqrt{3}"),
    ("(x+1)^2", "x^2+2x+1"),
    ("\\sin^2 x", "1-\\cos^2 x"),
    ("\\frac{\\sqrt{6}-\\sqrt{2}}{4}", "\\sin 15^\\circ"),
    ("\\pi+10^{-70}", "\\pi"),  # takes more bits than the others
    ("(\\sqrt2, \\pi]", "\\sqrt2 < x \\le \\pi"),  # fewer
    ("e^{i\\pi}", "-1"),
    ("\\ln 8", "3\\ln 3"),
    ("0.3333", "\\frac13"),
    ("3", "4"),
]
FORKS = 100


def verdicts():
    return [(one.status, one.rule) for one in (grade(answer, gold=gold) for answer, gold in PAIRS)]


def test_eight_threads_give_the_verdicts_of_one():
    expected = verdicts()
    keys = [answer_key(answer) for answer, _ in PAIRS]
    before = flint.ctx.prec
    with ThreadPoolExecutor(8) as pool:
        found = [pool.submit(verdicts) for _ in range(60)]
        voted = [pool.submit(lambda: [answer_key(answer) for answer, _ in PAIRS]) for _ in range(60)]
        assert all(one.result() == expected for one in found)
        assert all(one.result() == keys for one in voted)
    assert flint.ctx.prec == before


def test_threads_of_the_same_precision_compute_at_the_same_time():
    inside = threading.Barrier(4, timeout=30)

    def within():
        with precision(99):
            inside.wait()  # broken where they take turns

    threads = [threading.Thread(target=within) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not inside.broken


def test_another_precision_waits_and_is_not_overtaken_for_ever():
    stop = threading.Event()
    seen = set()

    def busy():
        while not stop.is_set():
            with precision(100):
                seen.add(flint.ctx.prec)
                time.sleep(0.001)
                seen.add(flint.ctx.prec)

    threads = [threading.Thread(target=busy, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    began = time.monotonic()
    for _ in range(50):
        with precision(200):
            assert flint.ctx.prec == 200
    spent = time.monotonic() - began
    stop.set()
    for thread in threads:
        thread.join()
    assert spent < 20
    assert seen == {100}


def test_the_precision_of_the_user_is_put_back_whatever_ends_an_evaluation():
    before = flint.ctx.prec
    for text in ("\\pi", "\\frac{1}{0}", "10^{10^{10}}\\pi", "y"):
        with contextlib.suppress(Undefined, LimitError):
            ball(parse(text), {"x": Fraction(1)}, 500)
        assert flint.ctx.prec == before
    with pytest.raises(KeyboardInterrupt), precision(500):
        raise KeyboardInterrupt
    assert flint.ctx.prec == before
    with precision(77):  # nobody is left inside
        assert flint.ctx.prec == 77


def _reaped(child, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "hangs"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of a fork beside threads, which is what is tested
@pytest.mark.slow
def test_children_of_forks_grade_while_threads_grade():
    expected, before = verdicts(), flint.ctx.prec
    stop = threading.Event()
    failed = []

    def busy():
        while not stop.is_set():
            if verdicts() != expected:
                failed.append("thread")

    threads = [threading.Thread(target=busy, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(FORKS):
            child = os.fork()
            if child == 0:
                right = verdicts() == expected and flint.ctx.prec == before
                os._exit(0 if right else 1)
            code = _reaped(child, 60)
            if code != 0:
                failed.append(code)
                break
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failed == []
