"""Scoring many samples: figures over all subsets with intervals, against reading the same samples back once.

python perf/scoring.py [--problems 5000] [--samples 256]

Simulates a run of problems × samples with rewards, scores it at k = 1, 8, 64, 256 (pass, maj, rm, reward-weighted maj),
and prints seconds, the peak of memory, and the ratio to a bound: one pass over the samples that only sums verdicts.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np

from math_eval.records import Problem
from math_eval.scoring import SampleScore, ScoreOptions, score_set

WRONG_ANSWERS = 40


def simulate(problems: int, samples: int) -> dict[str, list[SampleScore]]:
    """Problems of every difficulty; wrong answers fall into classes of very unequal size; rewards know a little."""
    generator = np.random.default_rng(0)
    names = ["right", *(f"wrong {number}" for number in range(WRONG_ANSWERS))]
    made: dict[str, list[SampleScore]] = {}
    for problem, chance in enumerate(generator.beta(0.6, 0.5, problems)):
        right = generator.random(samples) < chance
        wrong = np.minimum(generator.geometric(0.35, samples), WRONG_ANSWERS)
        classes = np.where(right, 0, wrong)
        rewards = generator.normal(right * 1.0, 1.0)
        made[str(problem)] = [
            SampleScore(n, "correct" if correct else "wrong", names[key], "stop", 100, 500, names[key], float(reward))
            for n, (correct, key, reward) in enumerate(zip(right, classes, rewards, strict=True))
        ]
    return made


def main() -> None:
    """Prints the figures and the cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problems", type=int, default=5_000)
    parser.add_argument("--samples", type=int, default=256)
    given = parser.parse_args()
    outcomes = simulate(given.problems, given.samples)
    asked = [Problem("simulated", "test", name, "q", "g") for name in outcomes]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    started = time.process_time()
    bound = sum(one.status == "correct" for row in outcomes.values() for one in row)
    passed = time.process_time() - started
    started = time.process_time()
    options = ScoreOptions(ks=tuple(k for k in (1, 8, 64, 256) if k <= given.samples))
    made = score_set(asked, outcomes, set_name="sampled", samples=given.samples, options=options)
    seconds = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    for name, figure in made.at.items():
        drawn = f" ± {100 * figure.drawn:.3f} by drawing" if figure.drawn else ""
        print(f"{name:20} {100 * figure.value:6.2f}{drawn}  ({figure.estimate})")
    total = given.problems * given.samples
    assert abs(made.accuracy - bound / total) < 1e-9
    print(
        f"{total:,} samples: {seconds:.1f} s of CPU, {seconds / passed:.0f} times one pass over them ({passed:.2f} s)"
    )
    print(f"peak memory {peak:.0f} MiB, of which {before:.0f} MiB hold the simulated samples")


if __name__ == "__main__":
    main()
