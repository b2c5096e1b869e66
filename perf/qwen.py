"""The qwen grader on the reference's own example: responses a second with caches off and on, extraction included.

python perf/qwen.py [FILE]     FILE: rows of the reference's layout; default: the stored example beside the project

The bound is extraction alone, which no symbolic question slows down; the ratio says how near whole grading comes to it.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from math_eval.external.row_format import StoredAnswer, read_stored
from math_eval.graders.qwen import ReferenceEquality, prediction

SHARED = Path(os.environ.get("MATH_EVAL_SHARED", Path(__file__).resolve().parents[2] / "shared"))
EXAMPLE = SHARED / "outputs/QwenLM__Qwen2.5-Math/_unnamed_/math100.rm_maj_example.jsonl"
ROUNDS = 3


def graded(answers: list[StoredAnswer], grader: ReferenceEquality) -> tuple[list[bool], float]:
    """Every verdict, and the wall time of extraction and grading."""
    started = time.perf_counter()
    verdicts = []
    for one in answers:
        gold = one.reference_gold or ""
        verdicts.append(grader.verdict(prediction(one.text, "math100", gold), gold).correct)
    return verdicts, time.perf_counter() - started


def main() -> None:
    """Prints responses a second, best of three."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else EXAMPLE
    if not path.is_file():
        sys.exit(f"{path} is not here: set MATH_EVAL_SHARED, or name a file of the reference's rows")
    answers = list(read_stored(path))
    started = time.perf_counter()
    for one in answers:
        prediction(one.text, "math100", one.reference_gold or "")
    extraction = time.perf_counter() - started
    found = {}
    for cache in (False, True):
        times = []
        for _ in range(ROUNDS):
            grader = ReferenceEquality(cache=cache)
            grader.verdict("x+1", "1+y")  # the worker has started
            verdicts, seconds = graded(answers, grader)
            found[cache] = verdicts
            times.append(seconds)
            grader.close()
        best = min(times)
        name = "caches on, first pass" if cache else "caches off"
        print(f"{name}: {len(answers) / best:,.0f} responses/s, {extraction / best:.2f} of extraction alone")
    assert found[False] == found[True]
    stored = [bool(one.label) for one in answers]
    print(f"accuracy {100 * sum(found[True]) / len(answers):.2f}; stored verdicts kept: {found[True] == stored}")


if __name__ == "__main__":
    main()
