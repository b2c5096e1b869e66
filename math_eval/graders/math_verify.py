"""math-verify as a grader, for comparison, where that package is installed. Its own limits and faults apply."""

from __future__ import annotations

import importlib.metadata

from math_eval.errors import MissingPackageError
from math_eval.graders.equivalence.grader import EquivalenceGrader
from math_eval.records import Problem, Verdict


class MathVerifyGrader(EquivalenceGrader):
    """Our extraction and votes with math-verify's verdicts; its time limit is a signal, so only the main thread grades.

    Raises MissingPackageError where the package is not installed.
    """

    name = "math-verify"

    def __init__(self) -> None:
        try:
            self.version = f"{EquivalenceGrader.version}+{importlib.metadata.version('math-verify')}"
        except importlib.metadata.PackageNotFoundError as error:
            raise MissingPackageError("math-verify", "math-verify", "the grader math-verify") from error

    def grade(self, answer: str | None, problem: Problem) -> Verdict:
        """What math-verify says of the extracted answer and the gold."""
        from math_verify import parse, verify

        same = bool(verify(parse(f"${problem.gold}$"), parse(f"${answer or ''}$")))
        return Verdict("correct" if same else "wrong", "math-verify")
