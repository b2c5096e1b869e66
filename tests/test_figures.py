"""Figures of small known sets under each option, and intervals against oracles that find them another way."""

import importlib
import math
from collections import Counter

import numpy as np
import pytest

from math_eval.errors import RequestError
from math_eval.records import Problem
from math_eval.scoring import (
    SampleScore,
    ScoreOptions,
    accuracy_interval,
    averages,
    ballot,
    check_ks,
    compare_with_reported,
    figures,
    maj_at_k,
    mean_interval,
    mean_variance,
    score_set,
    single_sample_variance,
)
from math_eval.scoring import majority as majority_module
from math_eval.scoring.first_k import FirstSample, first_k_scores, group_scores

figures_module = importlib.import_module("math_eval.scoring.figures")  # the package offers a function of this name


def sample(n, status, key, reward=None):
    return SampleScore(n, status, key, "stop", 1, 1, key, reward)


ROWS = [
    [sample(0, "wrong", "b", 1.0), sample(1, "correct", "a", -2.0), sample(2, "correct", "a"), sample(3, "wrong", "c")],
    [sample(0, "correct", "d", 0.0), sample(1, "wrong", "e", 3.0), *[sample(n, "undecided", "f") for n in (2, 3)]],
]


def values(**options):
    return {name: figure.value for name, figure in figures(ROWS, ScoreOptions(**options)).items()}


def test_all_samples_by_default():
    made = figures(ROWS, ScoreOptions())
    assert list(made) == ["mean", "pass@4", "maj@4", "rm@4", "weighted maj@4"]
    assert [made[name].estimate for name in ("mean", "pass@4", "rm@4")] == ["all samples", "closed form", "closed form"]
    assert made["mean"].value == (2 / 4 + 1 / 4) / 2
    assert made["maj@4"].value == (1 + 0.5) / 2, "d and e tie: what is undecided does not vote"
    assert made["rm@4"].value == 0.0, "the best of each is wrong"
    assert made["weighted maj@4"].value == 0.0, "b and e weigh more than all that is right"
    assert {figure.drawn for figure in made.values()} == {0.0}
    uneven = figures([ROWS[0], ROWS[1][:2]], ScoreOptions())
    assert uneven["maj@2"].estimate == "all samples, all subsets"
    assert [made[name].interval for name in ("mean", "pass@4")] == ["beta-binomial", "effective-sample Jeffreys"]
    assert figures([row[:1] for row in ROWS], ScoreOptions())["mean"].interval == "Jeffreys"


@pytest.mark.parametrize(("problems", "draws"), [(1, 4_000), (25, 4_000), (40, 2_500), (1_000, 400)])
def test_subsets_are_drawn_a_hundred_thousand_times_over_all_problems(monkeypatch, problems, draws):
    asked = []

    def recorded(*given, **options):
        asked.append(options["draws"])
        return maj_at_k(*given, **options)

    monkeypatch.setattr(figures_module, "maj_at_k", recorded)
    figures([ROWS[0]] * problems, ScoreOptions())
    assert asked == [draws] * (2 * problems), "plain and weighted"


def test_each_option_changes_what_it_names():
    assert list(values(ks=(1, 3, 9))) == [
        "mean",
        *(f"{name}@{k}" for k in (1, 3, 4) for name in ("pass", "maj", "rm", "weighted maj")),
    ]
    assert [name for name in values(curve=True) if name.startswith("pass")] == ["pass@1", "pass@2", "pass@4"]
    assert values(undecided_vote=True)["maj@4"] == 0.5, "f has two votes"
    first = figures(ROWS, ScoreOptions(ks=(1, 2), first_k=True))
    assert (first["pass@1"].value, first["pass@2"].value, first["pass@4"].value) == (0.5, 1.0, 1.0)
    assert (first["pass@2"].estimate, first["rm@2"].estimate) == ("first k", "first k")
    assert (first["rm@1"].value, first["rm@2"].value, first["maj@2"].value) == (0.5, 0.0, 0.5)
    assert values(weigh="as-is")["weighted maj@4"] == 0.0
    assert values(ties="first")["maj@4"] == 1.0, "d was seen before e"
    assert values(ties="reward")["maj@4"] == 0.5, "e has the higher reward"
    assert figures([], ScoreOptions()) == {}


@pytest.mark.parametrize(
    ("weigh", "rewards", "right"),
    [
        ("as-is", (1.0, 0.4, 0.5), False),  # 1.0 > 0.4 + 0.5
        ("as-is", (1.0, 0.6, 0.5), True),
        ("as-is", (0.0, -5.0, 0.1), True),  # below nothing a reward weighs nothing
        ("logistic", (2.0, -0.5, -0.5), False),  # 0.88 > 2 · 0.38
        ("logistic", (2.0, 0.0, 0.0), True),  # 0.88 < 2 · 0.5
        ("logistic", (-699.0, -720.0, -1000.0), False),  # no overflow, and the first still weighs a little
    ],
)
def test_what_a_reward_weighs(weigh, rewards, right):
    row = [sample(n, "correct" if n else "wrong", "a" if n else "b", reward) for n, reward in enumerate(rewards)]
    assert figures([row], ScoreOptions(weigh=weigh))["weighted maj@3"].value == float(right)


def test_the_references_figures_name_how_they_were_found():
    made = figures(ROWS, ScoreOptions(reading="qwen"))
    assert {name: (figure.value, figure.estimate) for name, figure in made.items()} == {
        "mean": (0.5, "first sample"),
        "pass@4": (1.0, "first k"),
        "maj@4": (0.5, "first k, votes by string"),
        "rm@4": (0.0, "first k"),
    }
    unrewarded = [[sample(0, "correct", "a"), sample(1, "wrong", "b")]]
    assert list(figures(unrewarded, ScoreOptions(reading="qwen"))) == ["mean", "pass@2", "maj@2"]
    assert list(figures(unrewarded, ScoreOptions())) == ["mean", "pass@2", "maj@2"]


@pytest.mark.parametrize("k", [0, -1])
def test_a_k_below_one_is_refused(k):
    check_ks([1], 1, "here")
    with pytest.raises(RequestError, match=f"k = {k}: expected 1 or more"):
        check_ks([1, k], 8, "here")


def test_scores_by_first_samples():
    rows = [
        [FirstSample("a", correct=True, group="x"), FirstSample("b", correct=False), FirstSample("b", correct=False)],
        [],
        [FirstSample("a", correct=False, group="y"), FirstSample("a", correct=True), FirstSample("c", correct=True)],
        [FirstSample("a", correct=False, group="x"), FirstSample("a", correct=True), FirstSample("c", correct=True)],
    ]
    scores = first_k_scores(rows, (1, 2, 3, 4))
    assert scores == pytest.approx({"acc": 100 / 3, "mean": 500 / 9, "maj@2": 100 / 3, "maj@3": 0.0})
    assert group_scores(rows) == {"x": 50.0, "y": 100.0}
    assert first_k_scores([[]], (1,)) == {}
    rewards = [[FirstSample("a", False, 0.1), FirstSample("b", True, 0.2), FirstSample("b", True, None)]]
    assert first_k_scores(rewards, (2, 3)) == {
        "acc": 0.0,
        "mean": 200 / 3,
        "maj@2": 0.0,
        "rm@2": 100,
        "maj@3": 100,
        "rm@3": 100,
    }


@pytest.mark.parametrize(("right", "number"), [(7, 10), (1, 30), (29, 30)])
def test_one_sample_a_problem_is_jeffreys(right, number):
    from scipy import stats

    made = accuracy_interval([1] * right + [0] * (number - right), [1] * number)
    expected = stats.beta.ppf([0.025, 0.975], right + 0.5, number - right + 0.5)
    assert (made.low, made.high) == pytest.approx(tuple(expected), abs=1e-12)
    assert made.se == pytest.approx(math.sqrt(right * (number - right) / number**2 / (number - 1)))


def test_estimates_of_problems_are_jeffreys_at_their_effective_number():
    from scipy import stats

    given = [1.0, 0.0, 0.5, 0.25, 0.75] * 4
    middle, se = np.mean(given), np.std(given, ddof=1) / math.sqrt(20)
    cut = stats.norm.ppf(0.975) / stats.t.ppf(0.975, 19)
    number = middle * (1 - middle) / se**2 * cut**2
    expected = stats.beta.ppf([0.025, 0.975], middle * number + 0.5, (1 - middle) * number + 0.5)
    made = mean_interval(given)
    assert (made.low, made.high, made.se) == pytest.approx((*expected, se), abs=1e-12)
    equal = stats.beta.ppf([0.025, 0.975], 5.5, 5.5)
    assert (mean_interval([0.5] * 10).low, mean_interval([0.5] * 10).high) == pytest.approx(tuple(equal), abs=1e-12)


@pytest.mark.parametrize(
    ("correct", "samples"),
    [
        ([8, 8, 0, 1, 7, 0, 8, 3], [8] * 8),
        ([4, 5, 3, 4, 4, 5, 3, 4], [8] * 8),
        ([1, 0, 3, 8, 2, 1], [1, 1, 4, 8, 4, 2]),
    ],
    ids=["alike within a problem", "unlike within a problem", "unequal numbers"],
)
def test_several_samples_are_the_posterior_of_a_beta_binomial(correct, samples):
    """On a fine grid of the priors' probability, with scipy's likelihood; a sixth of one prior is no correlation."""
    from scipy import stats

    none, nodes, fine = 4 / 25, 100, 800
    accuracy = np.sin(math.pi * (np.arange(fine) + 0.5) / fine / 2) ** 2
    correlated = np.sin(math.pi * (none + (1 - none) * (np.arange(nodes) + 0.5) / nodes) / 2) ** 2
    prior = np.array([none, *[(1 - none) / nodes] * nodes])
    strength = 1 / np.array([1e-5, *correlated]) - 1
    log = sum(
        stats.betabinom.logpmf(right, size, accuracy[:, None] * strength, (1 - accuracy[:, None]) * strength) * times
        for (right, size), times in Counter(zip(correct, samples, strict=True)).items()
    )
    weights = (np.exp(log - log.max()) * prior).sum(axis=1)
    below = np.concatenate([[0.0], np.cumsum(weights) / weights.sum()])
    spots = np.interp([0.025, 0.975], below, np.linspace(0, 1, fine + 1))
    made = accuracy_interval(correct, samples)
    assert (made.low, made.high) == pytest.approx(tuple(np.sin(math.pi * spots / 2) ** 2), abs=2e-4)


def test_a_large_benchmarks_interval_is_the_normal_one():
    correct = [0, 4, 8, 12, 16] * 200
    made = accuracy_interval(correct, [16] * 1_000)
    assert (made.low, made.high) == pytest.approx((0.5 - 1.96 * made.se, 0.5 + 1.96 * made.se), abs=0.001)


def test_generation_noise_by_hand():
    variance, method = single_sample_variance([2, 1], [4, 2])
    assert (variance, method) == (pytest.approx((4 / 12 + 1 / 2) / 4), "from the samples")
    assert mean_variance([2, 1], [4, 2]) == pytest.approx((4 / 48 + 1 / 4) / 4)
    assert single_sample_variance([1, 0, 1], [1, 1, 1]) == (pytest.approx(2 / 27), "bound")
    assert mean_variance([1, 0, 1], [1, 1, 1]) == pytest.approx(2 / 27)


def test_what_chance_allows_beside_a_published_mean():
    made = compare_with_reported(0.5, 0.56, 0.0004, 0.0016, "bound", samples=4)
    assert made.allowed == pytest.approx(1.959964 * math.sqrt(0.0004 + 0.0016 / 4 + 0.001**2 / 12), rel=1e-6)
    assert (made.measured, made.reported, made.consistent, made.method) == (0.56, 0.5, False, "bound")
    assert compare_with_reported(0.5, 0.5 + 0.99 * made.allowed, 0.0004, 0.0016, "bound", samples=4).consistent
    assert compare_with_reported(0.5, 0.5 - 0.99 * made.allowed, 0.0004, 0.0016, "bound", samples=4).consistent
    assert not compare_with_reported(0.5, 0.5 - 1.01 * made.allowed, 0.0004, 0.0016, "bound", samples=4).consistent


def test_rates_and_lengths_of_a_set():
    problems = [Problem("b", "test", name, "q", "g") for name in ("0", "1")]
    rows = {
        "0": [SampleScore(0, "correct", "a", "stop", 3, 10), SampleScore(1, "wrong", "a", "stop", 5, 30)],
        "1": [SampleScore(0, "wrong", "b", "stop", 7, 20), SampleScore(1, "wrong", "b", "error", 9, 40)],
    }
    made = score_set(problems, rows, set_name="sampled", samples=2)
    assert (made.tokens_in, made.tokens_out) == (6.0, 25.0)
    assert made.tokens_out_quantiles == {"0.5": 30, "0.9": 40, "0.99": 40}
    assert made.split_classes == 0.5, "of a and b, a holds a right and a wrong sample"
    assert (made.agreement, made.unrewarded, made.failed) == (1.0, None, 0.25)
    rows["0"][0] = rows["0"][0]._replace(reward=0.5)
    assert score_set(problems, rows, set_name="sampled", samples=2).unrewarded == 0.75
    rows["1"].reverse()
    reference = score_set(problems, rows, set_name="sampled", samples=2, options=ScoreOptions(reading="qwen"))
    assert reference.accuracy == 0.5, "the first samples alone, by number"
    assert reference.at["mean"].value == 0.5
    reference = score_set(problems[:1], rows, set_name="sampled", samples=2, options=ScoreOptions(reading="qwen"))
    assert reference.accuracy == 1.0
    none = score_set(problems, {}, set_name="sampled", samples=2)
    assert (none.problems, none.expected, none.accuracy, none.tokens_out_quantiles) == (0, 4, 0.0, {})
    assert averages([made, none]) == [], "a benchmark without samples is in no average"


def test_drawn_subsets_are_as_many_as_asked(monkeypatch):
    keys = list("abcdefgh" * 5)
    votes = ballot(keys, [key in "abc" for key in keys])
    whole = maj_at_k(votes, 9, ties="first", draws=100, seed=2)
    monkeypatch.setattr(majority_module, "_CHUNK", 1_200)
    sizes, scores = [], majority_module._scores
    monkeypatch.setattr(majority_module, "_scores", lambda *given: sizes.append(len(given[1])) or scores(*given))
    made = maj_at_k(votes, 9, ties="first", draws=100, seed=2)
    assert sizes == [30, 30, 30, 10], "40 votes a row: thirty rows at once"
    assert (made, made.method) == (whole, "100 draws")
    assert 0 < made.variance <= 0.25 / 99
