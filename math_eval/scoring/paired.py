"""Two models on the problems they share: the paired difference, its interval, two tests, and the detectable effect."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

EXACT_FLIPS = 16
"""With at most this many problems of different accuracy, every flip of signs is evaluated."""
DRAWS = 20_000
"""Flips of signs that are drawn where there are more."""
POWER = 0.8
"""The chance of finding the minimum detectable difference significant, at a two-sided level of 0.05."""


@dataclass(frozen=True, slots=True)
class PairedComparison:
    """Model B compared with model A on the same problems; all numbers but counts are shares.

    Attributes:
        problems: Number of shared problems.
        a: Accuracy of A, 0 to 1.
        b: Accuracy of B, 0 to 1.
        difference: b - a, -1 to 1.
        low: Lower end of the 95 % interval of the difference (paired t).
        high: Upper end of it.
        p_permutation: Two-sided p of the mean difference under flips of sign, exact or from a seeded draw.
        p_mcnemar: McNemar's exact p; None unless both models have one sample a problem.
        wins: Problems on which B is better.
        losses: Problems on which B is worse.
        detectable: The smallest true difference that would be found significant with a chance of 0.8 on problems
            like these.
    """

    problems: int
    a: float
    b: float
    difference: float
    low: float
    high: float
    p_permutation: float
    p_mcnemar: float | None
    wins: int
    losses: int
    detectable: float

    @property
    def p(self) -> float:
        """The p of the difference: McNemar's where it applies."""
        return self.p_permutation if self.p_mcnemar is None else self.p_mcnemar

    @property
    def test(self) -> str:
        """The test that `p` is from."""
        return "permutation" if self.p_mcnemar is None else "McNemar, exact"


def compare_paired(a: Sequence[float], b: Sequence[float]) -> PairedComparison:
    """Compares two models problem by problem, which is sharper than comparing their accuracies.

    Args:
        a: Model A's accuracy on each problem, 0 to 1; at least two problems.
        b: Model B's, in the same order.

    Returns:
        The difference b - a with its interval and tests.
    """
    import numpy as np
    from scipy import stats

    first, second = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    gaps = second - first
    number = len(gaps)
    se = float(gaps.std(ddof=1)) / math.sqrt(number)
    half_width = float(stats.t.ppf(0.975, number - 1)) * se
    wins, losses = int((gaps > 0).sum()), int((gaps < 0).sum())
    single = bool(np.isin(first, (0.0, 1.0)).all() and np.isin(second, (0.0, 1.0)).all())
    difference = float(gaps.mean())
    return PairedComparison(
        problems=number,
        a=float(first.mean()),
        b=float(second.mean()),
        difference=difference,
        low=difference - half_width,
        high=difference + half_width,
        p_permutation=sign_flip(gaps.tolist()),
        p_mcnemar=mcnemar(wins, losses) if single else None,
        wins=wins,
        losses=losses,
        detectable=float(stats.norm.ppf(0.975) + stats.norm.ppf(POWER)) * se,
    )


def mcnemar(wins: int, losses: int) -> float:
    """McNemar's exact two-sided p: that of `wins` heads in `wins + losses` tosses of a fair coin.

    Args:
        wins: Problems that B alone got right.
        losses: Problems that A alone got right.

    Returns:
        The p value; 1 where no problem differs.
    """
    from scipy import stats

    return float(stats.binomtest(wins, wins + losses).pvalue) if wins + losses else 1.0


def sign_flip(gaps: Sequence[float], *, seed: int = 0) -> float:
    """The two-sided p of a mean difference under a permutation test that flips the sign of each problem's difference.

    Args:
        gaps: B's accuracy minus A's on each problem.
        seed: Seed of the generator that draws flips.

    Returns:
        The share of flips with a mean at least as far from 0: of all flips where at most 16 problems differ, otherwise
        of 20,000 drawn ones, with the observed one counted too. 1 where no problem differs.
    """
    import numpy as np

    differing = np.array([gap for gap in gaps if gap])
    if not len(differing):
        return 1.0
    observed = abs(float(differing.sum())) * (1 - 1e-12)
    if len(differing) <= EXACT_FLIPS:
        bits = np.arange(2 ** len(differing))[:, None] >> np.arange(len(differing)) & 1
        return float((np.abs((1 - 2 * bits) @ differing) >= observed).mean())
    generator, hits, chunk = np.random.default_rng(seed), 0, 2_000
    for _ in range(DRAWS // chunk):
        signs = 1 - 2 * generator.integers(0, 2, size=(chunk, len(differing)), dtype=np.int8)
        hits += int((np.abs(signs @ differing) >= observed).sum())
    return (hits + 1) / (DRAWS + 1)


def holm(values: Sequence[float]) -> list[float]:
    """P values corrected for their number by Holm's step-down method (Holm 1979).

    Args:
        values: The p values of several tests.

    Returns:
        The corrected p values in the same order, each at most 1.

    Example:
        >>> holm([0.01, 0.5, 0.04])
        [0.03, 0.5, 0.08]
    """
    order = sorted(range(len(values)), key=values.__getitem__)
    adjusted, floor = [0.0] * len(values), 0.0
    for rank, position in enumerate(order):
        floor = max(floor, min(1.0, (len(values) - rank) * values[position]))
        adjusted[position] = floor
    return adjusted
