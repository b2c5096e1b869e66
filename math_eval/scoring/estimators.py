"""Scores of one problem from its N samples: mean, pass@k, maj@k over all k-subsets."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from itertools import combinations

MAX_SUBSETS = 5_000
"""Up to so many k-subsets are enumerated; above, DRAWS of them are drawn with a fixed seed."""
DRAWS = 2_000

Vote = tuple[str, bool]
"""A sample's answer key ("" does not vote) and whether the sample is correct."""


def mean(correct: Sequence[bool]) -> float:
    """The share of correct samples."""
    return sum(correct) / len(correct)


def pass_at_k(samples: int, correct: int, k: int) -> float:
    """The chance that k samples drawn without putting back hold a correct one (Chen et al. 2021, section 2.1)."""
    if samples - correct < k:
        return 1.0
    return 1.0 - math.prod(1.0 - k / n for n in range(samples - correct + 1, samples + 1))


def majority(votes: Sequence[Vote]) -> float:
    """The accuracy of the largest class of equal answers: its first member's verdict; a tie is the mean of the tied."""
    classes: dict[str, list[bool]] = {}
    for key, correct in votes:
        if key:
            classes.setdefault(key, []).append(correct)
    if not classes:
        return 0.0
    top = max(map(len, classes.values()))
    winners = [members[0] for members in classes.values() if len(members) == top]
    return sum(winners) / len(winners)


def maj_at_k(votes: Sequence[Vote], k: int) -> tuple[float, str]:
    """The mean majority over the k-subsets of the votes, and how it was found: "all subsets" or "N draws"."""
    if k == len(votes):
        return majority(votes), "all samples"
    if math.comb(len(votes), k) <= MAX_SUBSETS:
        values = [majority(chosen) for chosen in combinations(votes, k)]
        return sum(values) / len(values), "all subsets"
    chance = random.Random(0)  # noqa: S311  a fixed seed makes equal runs give equal bytes
    total = sum(majority(chance.sample(votes, k)) for _ in range(DRAWS))
    return total / DRAWS, f"{DRAWS} draws"
