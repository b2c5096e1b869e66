"""How often the 95 % intervals hold the truth: exact for one sample a problem, simulated for sixteen.

    python docs/interval_coverage.py [--evaluations 20000] [--plot docs/coverage.svg]

It prints the table of docs/statistics.md
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from math_eval.scoring import accuracy_interval, compare_with_reported, mean_variance, single_sample_variance

PROBLEMS = (30, 500)
ACCURACIES = (0.05, 0.5, 0.95)
CORRELATIONS = (0.0, 0.3, 0.8)
SAMPLES = 16


class Coverage(NamedTuple):
    """The share of evaluations whose interval contains the true accuracy, and the mean width of the interval."""

    problems: int
    samples: int
    accuracy: float
    correlation: float
    coverage: float
    width: float


def exact(problems: int, accuracy: float) -> Coverage:
    """One sample a problem: every possible number of correct samples, weighted by its probability."""
    chances = stats.binom.pmf(np.arange(problems + 1), problems, accuracy)
    coverage = width = 0.0
    for right, chance in enumerate(chances):
        interval = accuracy_interval([1] * right + [0] * (problems - right), [1] * problems)
        coverage += chance * (interval.low <= accuracy <= interval.high)
        width += chance * (interval.high - interval.low)
    return Coverage(problems, 1, accuracy, 0.0, float(coverage), float(width))


def simulated(problems: int, accuracy: float, correlation: float, evaluations: int, seed: int = 0) -> Coverage:
    """Sixteen samples a problem; the accuracies of the problems are beta-distributed with that correlation."""
    generator = np.random.default_rng(seed)
    coverage = width = 0.0
    for _ in range(evaluations):
        chances: Any = accuracy
        if correlation:
            strength = 1 / correlation - 1
            chances = generator.beta(accuracy * strength, (1 - accuracy) * strength, problems)
        right = generator.binomial(SAMPLES, chances, problems)
        interval = accuracy_interval(right.tolist(), [SAMPLES] * problems)
        coverage += interval.low <= accuracy <= interval.high
        width += interval.high - interval.low
    return Coverage(problems, SAMPLES, accuracy, correlation, coverage / evaluations, width / evaluations)


def consistent(evaluations: int, problems: int = 500, seed: int = 0) -> dict[str, float]:
    """How often two evaluations of one simulated model are called consistent, by the method that estimates the noise.

    "from the samples": the measured side has sixteen samples a problem, the published figure has one and is rounded to
    0.1 %. "bound": both have one, and all problems are equally hard, so that the bound is reached.
    """
    generator = np.random.default_rng(seed)
    counts = {"from the samples": 0.0, "bound": 0.0}
    for _ in range(evaluations):
        chances = generator.beta(0.6, 0.4, problems)
        right = generator.binomial(SAMPLES, chances)
        published = round(float(generator.binomial(1, chances).mean()), 3)
        sizes = [SAMPLES] * problems
        single, method = single_sample_variance(right.tolist(), sizes)
        measured_variance = mean_variance(right.tolist(), sizes)
        counts[method] += compare_with_reported(
            published, right.mean() / SAMPLES, measured_variance, single, method
        ).consistent
        measured, reported = (generator.binomial(1, 0.6, problems) for _ in range(2))
        single, method = single_sample_variance(measured.tolist(), [1] * problems)
        counts[method] += compare_with_reported(
            round(float(reported.mean()), 3), float(measured.mean()), single, single, method
        ).consistent
    return {name: count / evaluations for name, count in counts.items()}


def table(evaluations: int) -> Iterator[Coverage]:
    """Every row of the table."""
    for problems in PROBLEMS:
        for accuracy in ACCURACIES:
            yield exact(problems, accuracy)
            for correlation in CORRELATIONS:
                yield simulated(problems, accuracy, correlation, evaluations)


def plot(rows: list[Coverage], path: Path) -> None:
    """Draws the coverage of every row in one picture."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "math-eval"
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4))
    labels = [f"{row.problems} problems, p = {row.accuracy:g}" for row in rows if row.samples == 1]
    series = [("1 sample", [row for row in rows if row.samples == 1])]
    series += [
        (
            f"{SAMPLES} samples, ρ = {correlation:g}",
            [row for row in rows if row.samples > 1 and row.correlation == correlation],
        )
        for correlation in CORRELATIONS
    ]
    for shift, (name, points) in enumerate(series):
        axes.plot(
            [row.coverage for row in points],
            [position + 0.15 * (shift - 1.5) for position in range(len(points))],
            "o",
            label=name,
        )
    axes.axvline(0.95, color="grey", linewidth=1)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_xlim(0.9, 1.0)
    axes.set_xlabel("share of evaluations whose 95 % interval holds the true accuracy")
    axes.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Prints the table, and draws the plot where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--evaluations", type=int, default=20_000)
    parser.add_argument("--plot", type=Path)
    arguments = parser.parse_args()
    rows = list(table(arguments.evaluations))
    print("| problems | samples | accuracy | correlation | coverage | mean width |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    for row in rows:
        correlation = f"{row.correlation:g}" if row.samples > 1 else ""
        print(
            f"| {row.problems} | {row.samples} | {row.accuracy} | {correlation} | {100 * row.coverage:.1f} % "
            f"| {100 * row.width:.1f} points |"
        )
    for method, share in consistent(arguments.evaluations).items():
        print(f"two evaluations of one model called consistent, noise {method}: {100 * share:.1f} %")
    if arguments.plot:
        plot(rows, arguments.plot)


if __name__ == "__main__":
    main()
