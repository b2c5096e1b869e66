"""Intervals against their documented coverage, paired tests against other libraries, noise against simulation."""

import interval_coverage
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from math_eval.scoring import (
    accuracy_interval,
    average_interval,
    compare_paired,
    compare_with_reported,
    holm,
    mean_interval,
)
from math_eval.scoring.paired import mcnemar, sign_flip

EVALUATIONS = 2_000  # docs/interval_coverage.py runs 20,000 of each; this many give results within 1.5 points of those


@pytest.mark.parametrize("problems", interval_coverage.PROBLEMS)
@pytest.mark.parametrize("accuracy", interval_coverage.ACCURACIES)
def test_one_sample_intervals_have_the_documented_coverage(problems, accuracy):
    coverage = interval_coverage.exact(problems, accuracy).coverage
    assert coverage >= 0.93
    # above 97 % only where few right or wrong ones make the count coarse: the next narrower interval would miss
    assert coverage <= 0.97 or problems * min(accuracy, 1 - accuracy) < 5


@pytest.mark.parametrize("problems", interval_coverage.PROBLEMS)
@pytest.mark.parametrize("accuracy", interval_coverage.ACCURACIES)
@pytest.mark.parametrize("correlation", interval_coverage.CORRELATIONS)
def test_sixteen_sample_intervals_have_the_documented_coverage(problems, accuracy, correlation):
    result = interval_coverage.simulated(problems, accuracy, correlation, EVALUATIONS)
    assert result.coverage >= 0.93
    assert result.coverage <= 0.985 or problems * min(accuracy, 1 - accuracy) < 5


def test_two_evaluations_of_one_model_are_called_consistent_at_95_percent():
    for method, share in interval_coverage.consistent(4_000).items():
        assert 0.93 <= share <= 0.97, method


def test_interval_ends():
    assert accuracy_interval([0] * 30, [1] * 30).low == 0.0
    assert accuracy_interval([1] * 30, [1] * 30).high == 1.0
    all_wrong = accuracy_interval([0] * 30, [8] * 30)
    assert all_wrong.low == 0.0 and 0 < all_wrong.high < 0.1
    assert accuracy_interval([8] * 30, [8] * 30).high == 1.0
    mixed = accuracy_interval([1, 0, 3, 8] * 5, [1, 1, 4, 8] * 5)
    assert mixed.low < np.mean([1, 0, 0.75, 1]) < mixed.high
    assert accuracy_interval([1], [1]).se == 0.0
    assert mean_interval([0.5] * 10).low < 0.5 < mean_interval([0.5] * 10).high


def test_an_average_propagates_its_parts():
    interval = average_interval([(0.5, 0.03), (0.9, 0.04)])
    assert interval.se == pytest.approx(0.025)
    assert (interval.low, interval.high) == pytest.approx((0.7 - 0.049, 0.7 + 0.049), abs=1e-4)


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_statsmodels(wins, losses):
    from statsmodels.stats.contingency_tables import mcnemar as oracle

    if wins + losses:
        expected = oracle([[5, losses], [wins, 7]], exact=True).pvalue
        assert mcnemar(wins, losses) == pytest.approx(expected, abs=1e-12)
    else:
        assert mcnemar(0, 0) == 1.0


@given(st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.25, 1.0]), min_size=2, max_size=10))
def test_exact_sign_flips_are_scipys(gaps):
    from scipy import stats

    oracle = stats.permutation_test(
        (np.array(gaps),), np.mean, permutation_type="samples", n_resamples=np.inf, alternative="two-sided"
    ).pvalue
    # scipy doubles the smaller tail; over flips of sign both tails are alike
    assert sign_flip(gaps) == pytest.approx(min(1.0, oracle), abs=1e-12)


def test_drawn_sign_flips_come_near_the_exact_test():
    a, b = [0.0] * 70 + [1.0] * 130, [1.0] * 40 + [0.0] * 30 + [0.0] * 20 + [1.0] * 110
    comparison = compare_paired(a, b)
    assert (comparison.wins, comparison.losses) == (40, 20)
    assert comparison.p_mcnemar == pytest.approx(comparison.p_permutation, abs=0.003)


def test_up_to_sixteen_differing_problems_have_every_flip_taken():
    assert sign_flip([0.5] * 16 + [0.0] * 9) == 2 / 2**16, "all alike, one way or the other"
    assert sign_flip([0.5] * 17) in {n / 20_001 for n in range(1, 9)}, "drawn, the observed one counted"
    assert sign_flip([0.5] * 60) == 1 / 20_001
    assert sign_flip([1.0, -1.0] * 9) == 1.0, "no difference at all"


def test_paired_differences_are_scipys():
    from scipy import stats
    from statsmodels.stats.weightstats import DescrStatsW

    generator = np.random.default_rng(3)
    a, b = generator.binomial(8, 0.5, 80) / 8, generator.binomial(8, 0.6, 80) / 8
    comparison = compare_paired(a.tolist(), b.tolist())
    low, high = DescrStatsW(b - a).tconfint_mean()
    assert (comparison.low, comparison.high) == pytest.approx((low, high), abs=1e-12)
    assert comparison.p_mcnemar is None
    assert comparison.p_permutation == pytest.approx(stats.ttest_rel(a, b).pvalue, abs=0.02)


def test_the_detectable_difference_is_detected_four_times_in_five():
    generator, detections, detectable = np.random.default_rng(4), 0, []
    for _ in range(400):
        a = generator.binomial(1, 0.5, 400)
        b = generator.binomial(1, 0.6, 400)
        comparison = compare_paired(a.tolist(), b.tolist())
        detectable.append(comparison.detectable)
        detections += comparison.low > 0 or comparison.high < 0
    assert np.mean(detectable) == pytest.approx(0.1, abs=0.01)
    assert detections / 400 == pytest.approx(0.8, abs=0.06)


def test_holm_is_statsmodels():
    from statsmodels.stats.multitest import multipletests

    values = [0.01, 0.04, 0.03, 0.5, 0.001]
    assert holm(values) == pytest.approx(multipletests(values, method="holm")[1].tolist())


def test_the_rounding_of_a_published_figure_counts():
    # no noise at all on either side: the rounding error of the report remains, uniform within half a step
    step = 0.001
    allowed = compare_with_reported(0.5, 0.5, 0.0, 0.0, "bound").allowed
    assert allowed == pytest.approx(1.959964 * step / 12**0.5, rel=1e-4)
