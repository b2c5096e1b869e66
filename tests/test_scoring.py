"""Estimators against brute force and simulation, and metrics of small known runs."""

import random
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from math_eval.errors import RequestError
from math_eval.records import Problem
from math_eval.scoring import (
    SampleScore,
    ScoreOptions,
    averages,
    ballot,
    check_ks,
    figures,
    maj_at_k,
    pass_at_k,
    rm_at_k,
    score_set,
)
from math_eval.scoring import majority as majority_module

votes = st.lists(st.tuples(st.sampled_from(["", "a", "b", "c"]), st.booleans()), min_size=1, max_size=7)
rewarded = st.lists(
    st.tuples(st.sampled_from(["", "a", "b"]), st.booleans(), st.sampled_from([-1.0, 0.0, 0.5, 2.0])),
    min_size=1,
    max_size=7,
)


def worth(rows):
    """Class → the share of its members that are right."""
    classes = {}
    for key, right, *_ in rows:
        if key:
            classes.setdefault(key, []).append(right)
    return {key: sum(members) / len(members) for key, members in classes.items()}


def brute_force(rows, k, weight=lambda _: 1.0):
    """maj@k by every subset, tied classes counting as their mean."""
    values, total, subsets = worth(rows), 0.0, list(combinations(rows, k))
    for subset in subsets:
        tally = {}
        for row in subset:
            if row[0]:
                tally[row[0]] = tally.get(row[0], 0.0) + weight(row)
        if tally:
            top = max(tally.values())
            tied = [key for key, sum_ in tally.items() if sum_ >= top - 1e-9]
            total += sum(values[key] for key in tied) / len(tied)
    return total / len(subsets)


def majority(rows, k, **options):
    return maj_at_k(ballot([row[0] for row in rows], [row[1] for row in rows]), k, **options)


@given(votes, st.data())
def test_pass_at_k_is_the_mean_over_subsets(rows, data):
    right = [correct for _, correct in rows]
    k = data.draw(st.integers(1, len(rows)))
    subsets = list(combinations(right, k))
    expected = sum(map(any, subsets)) / len(subsets)
    assert pass_at_k(len(right), sum(right), k) == pytest.approx(expected, abs=1e-12)


@given(rewarded, st.data())
def test_rm_at_k_is_the_mean_over_subsets(rows, data):
    k = data.draw(st.integers(1, len(rows)))
    total = 0.0
    for subset in (subsets := list(combinations(rows, k))):
        best = max(reward for *_, reward in subset)
        tied = [right for _, right, reward in subset if reward == best]
        total += sum(tied) / len(tied)
    value = rm_at_k([row[2] for row in rows], [row[1] for row in rows], k)
    assert value == pytest.approx(total / len(subsets), abs=1e-12)


@given(votes, st.data())
def test_maj_at_k_is_the_mean_over_subsets(rows, data):
    k = data.draw(st.integers(1, len(rows)))
    assert majority(rows, k).value == pytest.approx(brute_force(rows, k), abs=1e-12)


@given(votes, st.data())
def test_maj_at_k_by_counts_equals_the_mean_over_subsets(rows, data):
    k = data.draw(st.integers(1, len(rows)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(majority_module, "MAX_SUBSETS", 0)
        estimate = majority(rows, k)
    assert estimate.method in {"all counts", "all samples"}
    assert estimate.value == pytest.approx(brute_force(rows, k), abs=1e-12)


@given(rewarded, st.data())
def test_weighted_maj_at_k_is_the_mean_over_subsets(rows, data):
    k = data.draw(st.integers(1, len(rows)))
    weights = [reward + 1.5 for *_, reward in rows]
    estimate = maj_at_k(ballot([row[0] for row in rows], [row[1] for row in rows], weights=weights), k)
    assert estimate.value == pytest.approx(brute_force(rows, k, lambda row: row[2] + 1.5), abs=1e-9)


def test_drawn_subsets_agree_with_simulation_within_their_error():
    chance = random.Random(5)
    rows = [(chance.choice("abcdefgh"), chance.random() < 0.4) for _ in range(40)]
    right = {key: chance.random() < 0.5 for key in "abcdefgh"}
    rows = [(key, right[key]) for key, _ in rows]
    estimate = majority(rows, 9, draws=4_000, seed=1)
    assert estimate.method == "4000 draws"
    subsets = (chance.sample(rows, 9) for _ in range(20_000))
    simulated = sum(brute_force(subset, 9) for subset in subsets) / 20_000
    assert estimate.value == pytest.approx(simulated, abs=4 * (estimate.variance**0.5 + 0.5 / 20_000**0.5))
    assert majority(rows, 9, draws=4_000, seed=1) == estimate, "a seed gives the same draws"


def test_few_classes_are_counted_exactly():
    rows = [("a", True)] * 140 + [("b", False)] * 116
    assert majority(rows, 64).method == "all counts"
    estimate = majority(rows, 64, ties="first", draws=4_000)
    assert majority(rows, 64).value == pytest.approx(estimate.value, abs=0.05)


def test_ties():
    keys, right = ["b", "a", "b", "a", "c"], [False, True, False, True, True]
    tied = ballot(keys, right, rewards=[0.1, 0.9, 0.2, 0.3, 2.0])
    assert maj_at_k(tied, 5).value == 0.5
    assert maj_at_k(tied, 5, ties="first").value == 0.0, "b was seen first"
    assert maj_at_k(tied, 5, ties="reward").value == 1.0, "a holds the highest reward of the tied"
    assert maj_at_k(tied, 3, first=True).value == 0.0, "of the first three, b has two"
    assert maj_at_k(ballot(["", "", "a"], [False, False, True]), 3).value == 1.0, "no answer is no vote"
    assert maj_at_k(ballot(["", ""], [False, False]), 1).value == 0.0
    seldom = ballot(["", "", "a"], [False, False, True], rewards=[3.0, 2.0, 1.0])
    for ties in ("expected", "first", "reward"):
        assert maj_at_k(seldom, 1, ties=ties).value == pytest.approx(1 / 3), "of two of three samples nobody votes"


@settings(max_examples=50)
@given(rewarded, st.randoms(use_true_random=False))
def test_figures_keep_their_order(rows, chance):
    """k = 1 is the mean, pass@k rises with k, and the order of the samples changes nothing."""
    samples = [
        SampleScore(n, "correct" if right and key else "wrong", key, "stop", 1, 1, key, reward)
        for n, (key, right, reward) in enumerate(rows)
    ]
    ordered = figures([samples], ScoreOptions(ks=tuple(range(1, len(rows) + 1))))
    mean = sum(sample.status == "correct" for sample in samples) / len(samples)
    for name in ("pass@1", "rm@1", "maj@1"):
        if name in ordered:
            assert ordered[name].value == pytest.approx(mean, abs=1e-12), name
    pass_rates = [ordered[f"pass@{k}"].value for k in range(1, len(rows) + 1) if f"pass@{k}" in ordered]
    assert pass_rates == sorted(pass_rates)
    chance.shuffle(samples)
    shuffled = figures([samples], ScoreOptions(ks=tuple(range(1, len(rows) + 1))))
    assert {name: figure.value for name, figure in shuffled.items()} == pytest.approx(
        {name: figure.value for name, figure in ordered.items()}, abs=1e-12
    )


def test_the_references_reading():
    def sample(n, right, vote, reward):
        return SampleScore(n, "correct" if right else "wrong", vote or "", "stop", 1, 1, vote, reward)

    rows = [
        [sample(0, False, "1/2", 0.5), sample(1, True, "0.5", 0.5), sample(2, True, "0.5", 0.1)],
        [sample(0, True, "7", 1.0), sample(1, False, None, 2.0), sample(2, False, None, 0.0)],
    ]
    result = figures(rows, ScoreOptions(ks=(2, 3), reading="qwen"))
    assert result["mean"].value == 0.5, "the first samples"
    assert result["maj@2"].value == 0.5, "the first seen of two strings"
    assert result["maj@3"].value == 0.5, "the reference counts a missing prediction as a vote"
    assert result["rm@2"].value == 0.0
    assert result["maj@3"].estimate == "first k, votes by string"


def test_too_large_a_k_names_the_samples_needed():
    with pytest.raises(RequestError, match="k = 64 needs 64 samples of each problem; run holds 8 at most"):
        check_ks([8, 64], 8, "run")


def outcome(n, status="correct", key="a", finish="stop"):
    return SampleScore(n, status, key, finish, 10, 20)


def test_a_metric():
    problems = [Problem("b", "test", str(n), "q", "g", groups={"level": "1"}) for n in range(3)]
    problems.append(Problem("b", "test", "3", "q", "g", known_bad="a test", groups={"level": "2"}))
    outcomes = {
        "0": [outcome(0), outcome(1)],
        "1": [outcome(0), outcome(1, "wrong", "b")],
        "2": [outcome(0, "undecided", "c"), outcome(1, "wrong", "", "error")],
        "3": [outcome(0, "wrong", "", "length"), outcome(1, "wrong", "d", "length")],
    }
    result = score_set(problems, outcomes, set_name="sampled", samples=2, options=ScoreOptions(ks=(1, 2, 9)))
    assert result.accuracy == pytest.approx((1 + 0.5 + 0 + 0) / 4)
    assert result.accuracy_without_known_bad == pytest.approx(0.5)
    values = {name: figure.value for name, figure in result.at.items()}
    assert values == pytest.approx({"mean": 0.375, "pass@1": 0.375, "maj@1": 0.375, "pass@2": 0.5, "maj@2": 0.375})
    assert result.at["mean"].low < 0.375 < result.at["mean"].high
    assert result.agreement == pytest.approx(1 / 4)
    assert result.split_classes == 0.0
    assert result.tokens_out_quantiles == {"0.5": 20, "0.9": 20, "0.99": 20}
    assert (result.samples, result.expected, result.fewest, result.known_bad) == (8, 8, 2, 1)
    assert (result.undecided, result.empty, result.truncated, result.failed) == (1 / 8, 1 / 8, 2 / 8, 1 / 8)
    assert result.groups == {"level": {"1": {"problems": 3, "accuracy": 0.5}, "2": {"problems": 1, "accuracy": 0.0}}}
    second = score_set(problems[:1], {"0": [outcome(0)]}, set_name="sampled", samples=2)
    assert (second.expected, second.samples) == (2, 1)
    [average] = averages([result, second])
    assert average.macro == pytest.approx((0.375 + 1) / 2)
    assert average.micro == pytest.approx((0.375 * 4 + 1) / 5)
    assert average.low < average.macro < average.high
