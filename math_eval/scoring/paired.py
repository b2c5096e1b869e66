"""Two models on the problems they share: the paired difference, its interval, two tests, and what could be detected."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

EXACT_FLIPS = 16
"""Up to so many differing problems every flip of signs is taken."""
DRAWS = 20_000
POWER = 0.8
"""The chance at which the minimum detectable difference is found, at a two-sided level of 0.05."""


@dataclass(frozen=True, slots=True)
class Paired:
    """B against A on shared problems; accuracies and differences are between -1 and 1.

    p_permutation: of the mean difference under flips of sign (exact, or from a seeded draw). p_mcnemar: exact, for one
    sample a problem only. wins, losses: problems on which B is better, worse. detectable: the smallest true
    difference that would be found significant with a chance of 0.8 on problems like these.
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


def paired(a: Sequence[float], b: Sequence[float]) -> Paired:
    """Compares per-problem accuracies in the same order of problems; at least two problems."""
    import numpy as np
    from scipy import stats

    left, right = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    gaps = right - left
    number = len(gaps)
    se = float(gaps.std(ddof=1)) / math.sqrt(number)
    reach = float(stats.t.ppf(0.975, number - 1)) * se
    wins, losses = int((gaps > 0).sum()), int((gaps < 0).sum())
    single = bool(np.isin(left, (0.0, 1.0)).all() and np.isin(right, (0.0, 1.0)).all())
    middle = float(gaps.mean())
    return Paired(
        problems=number,
        a=float(left.mean()),
        b=float(right.mean()),
        difference=middle,
        low=middle - reach,
        high=middle + reach,
        p_permutation=sign_flip(gaps.tolist()),
        p_mcnemar=mcnemar(wins, losses) if single else None,
        wins=wins,
        losses=losses,
        detectable=float(stats.norm.ppf(0.975) + stats.norm.ppf(POWER)) * se,
    )


def mcnemar(wins: int, losses: int) -> float:
    """McNemar's exact two-sided p: as many heads or tails as the discordant problems showed, of a fair coin."""
    from scipy import stats

    return float(stats.binomtest(wins, wins + losses).pvalue) if wins + losses else 1.0


def sign_flip(gaps: Sequence[float], *, seed: int = 0) -> float:
    """The two-sided p of a mean difference when each problem's sign is as likely to be the other one.

    Every flip where at most 16 problems differ; else 20,000 drawn ones, counting the one observed.
    """
    import numpy as np

    differing = np.array([gap for gap in gaps if gap])
    if not len(differing):
        return 1.0
    seen = abs(float(differing.sum())) * (1 - 1e-12)
    if len(differing) <= EXACT_FLIPS:
        bits = np.arange(2 ** len(differing))[:, None] >> np.arange(len(differing)) & 1
        return float((np.abs((1 - 2 * bits) @ differing) >= seen).mean())
    generator, hits, chunk = np.random.default_rng(seed), 0, 2_000
    for _ in range(DRAWS // chunk):
        signs = 1 - 2 * generator.integers(0, 2, size=(chunk, len(differing)), dtype=np.int8)
        hits += int((np.abs(signs @ differing) >= seen).sum())
    return (hits + 1) / (DRAWS + 1)


def holm(values: Sequence[float]) -> list[float]:
    """The p values corrected for their number (Holm 1979): what each would be against all of them together."""
    order = sorted(range(len(values)), key=values.__getitem__)
    adjusted, floor = [0.0] * len(values), 0.0
    for rank, at in enumerate(order):
        floor = max(floor, min(1.0, (len(values) - rank) * values[at]))
        adjusted[at] = floor
    return adjusted
