"""math-verify as a third grader, for comparison, where that package is installed. Its own limits and faults apply."""

from __future__ import annotations

from math_eval.errors import MissingPackageError
from math_eval.records import Verdict


def grade_math_verify(answer: str, *, gold: str) -> Verdict:
    """What math-verify says of an extracted answer; call it from the main thread, since its time limit is a signal.

    Raises MissingPackageError where the package is not installed.
    """
    try:
        from math_verify import parse, verify
    except ImportError as error:
        raise MissingPackageError("math-verify", "math-verify", "the grader math-verify") from error
    same = bool(verify(parse(f"${gold}$"), parse(f"${answer}$")))
    return Verdict("correct" if same else "wrong", "math-verify")
