"""Completions to verdicts within a run: extraction, grading, and the fingerprint that says when verdicts are stale."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from math_eval.answers import EXTRACTION_VERSION, extract_answer
from math_eval.grading import GRADER_VERSION, grade, policy_of
from math_eval.records import Extraction, Problem, Verdict
from math_eval.runs.layout import FORMAT, VerdictHead

GRADER = "equivalence"


def judge(problem: Problem, text: str) -> tuple[Extraction, Verdict]:
    """The answer found in a completion, and whether it is right."""
    found = extract_answer(text, problem.kind)
    verdict = grade(
        found.text,
        gold=problem.gold,
        kind=problem.kind,
        accepted=problem.accepted,
        options=problem.options,
        policy=policy_of(problem.policy),
    )
    return found, verdict


def fingerprint(problems: Iterable[Problem]) -> VerdictHead:
    """What the verdicts of a run depend on: grader, extraction, and every gold that can be asked for."""
    digest = hashlib.sha256()
    for problem in problems:
        said = (
            problem.benchmark,
            problem.split,
            problem.id,
            problem.kind,
            problem.gold,
            problem.accepted,
            problem.policy,
        )
        digest.update(repr(said).encode() + b"\0")
    return VerdictHead(FORMAT, GRADER, GRADER_VERSION, EXTRACTION_VERSION, digest.hexdigest())
