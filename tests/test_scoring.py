"""Estimators against brute force, and metrics of small known runs."""

import math
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from math_eval.records import Problem
from math_eval.scoring import Outcome, averages, maj_at_k, majority, metric, pass_at_k

votes = st.lists(st.tuples(st.sampled_from(["", "a", "b", "c"]), st.booleans()), min_size=1, max_size=7)


@given(votes, st.data())
def test_pass_at_k_is_the_mean_over_subsets(rows, data):
    right = [correct for _, correct in rows]
    k = data.draw(st.integers(1, len(rows)))
    subsets = list(combinations(right, k))
    expected = sum(map(any, subsets)) / len(subsets)
    assert pass_at_k(len(right), sum(right), k) == pytest.approx(expected, abs=1e-12)


@given(votes, st.data())
def test_maj_at_k_is_the_mean_over_subsets(rows, data):
    k = data.draw(st.integers(1, len(rows)))
    subsets = list(combinations(rows, k))
    expected = sum(map(majority, subsets)) / len(subsets)
    assert maj_at_k(rows, k)[0] == pytest.approx(expected, abs=1e-12)


def test_majority():
    assert majority([("a", True), ("b", False), ("a", True)]) == 1.0
    assert majority([("a", True), ("b", False)]) == 0.5
    assert majority([("", False), ("", False), ("a", True)]) == 1.0, "no answer is no vote"
    assert majority([("", False)]) == 0.0


def test_many_subsets_are_drawn_with_a_fixed_seed():
    rows = [("a", True)] * 12 + [("b", False)] * 8
    value, method = maj_at_k(rows, 9)
    assert method == "2000 draws"
    assert maj_at_k(rows, 9) == (value, method)
    exact = sum(math.comb(12, right) * math.comb(8, 9 - right) for right in range(5, 10)) / math.comb(20, 9)
    assert value == pytest.approx(exact, abs=0.04)


def outcome(n, status="correct", key="a", finish="stop"):
    return Outcome(n, status, key, finish, 10, 20)


def test_a_metric():
    problems = [Problem("b", "test", str(n), "q", "g", groups={"level": "1"}) for n in range(3)]
    problems.append(Problem("b", "test", "3", "q", "g", known_bad="a test", groups={"level": "2"}))
    outcomes = {
        "0": [outcome(0), outcome(1)],
        "1": [outcome(0), outcome(1, "wrong", "b")],
        "2": [outcome(0, "undecided", "c"), outcome(1, "wrong", "", "error")],
        "3": [outcome(0, "wrong", "", "length"), outcome(1, "wrong", "d", "length")],
    }
    made = metric(problems, outcomes, set_name="sampled", samples=2, ks=[1, 2, 9])
    assert made.accuracy == pytest.approx((1 + 0.5 + 0 + 0) / 4)
    assert made.accuracy_without_known_bad == pytest.approx(0.5)
    assert made.at == pytest.approx({"pass@1": 0.375, "maj@1": 0.375, "pass@2": 0.5, "maj@2": 0.375})
    assert (made.samples, made.expected, made.fewest, made.known_bad) == (8, 8, 2, 1)
    assert (made.undecided, made.empty, made.truncated, made.failed) == (1 / 8, 1 / 8, 2 / 8, 1 / 8)
    assert made.groups == {"level": {"1": {"problems": 3, "accuracy": 0.5}, "2": {"problems": 1, "accuracy": 0.0}}}
    other = metric(problems[:1], {"0": [outcome(0)]}, set_name="sampled", samples=2)
    assert (other.expected, other.samples) == (2, 1)
    [average] = averages([made, other])
    assert average.macro == pytest.approx((0.375 + 1) / 2)
    assert average.micro == pytest.approx((0.375 * 4 + 1) / 5)
