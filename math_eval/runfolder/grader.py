"""Completions to verdicts within a run: extraction, grading, and the fingerprint that says when verdicts are stale."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal

from math_eval.answers import EXTRACTION_VERSION, extract_answer
from math_eval.graders.equivalence import GRADER_VERSION, grade, policy_of
from math_eval.graders.qwen import QWEN_VERSION, gold_of, prediction, shared_grader
from math_eval.records import Extraction, Problem, Verdict
from math_eval.runfolder.layout import FORMAT, VerdictHead

GRADER = "equivalence"
RunGrader = Literal["equivalence", "qwen"]
NO_PREDICTION = "none"
"""The extraction rule of a response in which the reference finds no prediction at all, which is not an empty one."""


def judge(problem: Problem, text: str, grader: RunGrader = "equivalence") -> tuple[Extraction, Verdict]:
    """The answer found in a completion, and whether it is right."""
    if grader == "qwen":
        return _judge_qwen(problem, text)
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


def _judge_qwen(problem: Problem, text: str) -> tuple[Extraction, Verdict]:
    name = problem.qwen_name or problem.benchmark
    gold = _reference_gold(problem.qwen_gold, problem.gold, name)
    answer = prediction(text, name, gold)
    verdict = shared_grader().verdict(answer, gold)
    return Extraction(answer or "", NO_PREDICTION if answer is None else "qwen"), verdict


@lru_cache(maxsize=4096)
def _reference_gold(raw: str | None, ours: str, name: str) -> str:
    return gold_of(ours, name, solved=False) if raw is None else gold_of(raw, name)


def fingerprint(problems: Iterable[Problem], grader: RunGrader = "equivalence") -> VerdictHead:
    """What the verdicts of a run depend on: grader, extraction, and every gold that can be asked for."""
    digest = hashlib.sha256()
    for problem in problems:
        said: tuple[object, ...] = (problem.benchmark, problem.split, problem.id)
        if grader == "qwen":
            said = (*said, problem.qwen_name, problem.qwen_gold, problem.gold)
        else:
            said = (*said, problem.kind, problem.gold, problem.accepted, problem.policy)
        digest.update(repr(said).encode() + b"\0")
    versions = (QWEN_VERSION, QWEN_VERSION) if grader == "qwen" else (GRADER_VERSION, EXTRACTION_VERSION)
    return VerdictHead(FORMAT, grader, *versions, digest.hexdigest())
