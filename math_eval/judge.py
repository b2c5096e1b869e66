"""Grading for notebooks and training loops: extraction and verdicts, without anything that is slow to import."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from math_eval.answers import extract_answer as extract
from math_eval.errors import RequestError, UnknownNameError
from math_eval.grading import Policy, policy_of
from math_eval.grading import grade as grade_equivalence
from math_eval.records import AnswerKind, Extraction, Verdict

GRADERS = ("equivalence", "math-verify")
_KINDS = get_args(AnswerKind)


def _kind(benchmark: str | None) -> AnswerKind:
    if benchmark is None:
        return "expression"
    from math_eval.benchmarks import define  # reads YAML: only where a benchmark is named

    kind = define(benchmark).spec.answer
    if "{" in kind:
        raise RequestError(f"{benchmark} mixes answer kinds; say kind= for each problem")
    return kind  # type: ignore[return-value]  # read_spec checked it


def extract_answer(response: str, *, benchmark: str | None = None, kind: AnswerKind | None = None) -> Extraction:
    """The answer in a response, as text with the rule that found it; `benchmark` or `kind` says what is looked for."""
    return extract(response, kind or _kind(benchmark))


def grade(
    answer: str,
    *,
    gold: str,
    kind: AnswerKind = "expression",
    policy: Policy | Mapping[str, Any] | None = None,
    grader: str = "equivalence",
    **more: Any,
) -> Verdict:
    """Whether an extracted answer equals the gold: thread-safe, no signals, no subprocess, bounded.

    more: `accepted` golds and `options` of a choice problem. UnknownNameError: no such grader; RequestError: no kind.
    """
    if grader not in GRADERS:
        raise UnknownNameError("grader", grader, GRADERS)
    if kind not in _KINDS:
        raise RequestError(f"kind {kind!r}: expected one of {', '.join(_KINDS)}")
    if grader == "math-verify":
        from math_eval.grading.math_verify import grade_math_verify

        return grade_math_verify(answer, gold=gold)
    switches = policy if isinstance(policy, Policy) else policy_of(policy or {})
    return grade_equivalence(answer, gold=gold, kind=kind, policy=switches, **more)


def grade_response(
    response: str,
    *,
    gold: str,
    benchmark: str | None = None,
    kind: AnswerKind | None = None,
    policy: Policy | Mapping[str, Any] | None = None,
    grader: str = "equivalence",
) -> Verdict:
    """Extraction, then grading; the verdict's `answer` is what was extracted. `benchmark` gives kind and policy."""
    wanted = kind or _kind(benchmark)
    if policy is None and benchmark is not None:
        from math_eval.benchmarks import define

        policy = define(benchmark).spec.policy
    found = extract(response, wanted)
    verdict = grade(found.text, gold=gold, kind=wanted, policy=policy, grader=grader)
    return Verdict(verdict.status, verdict.rule, verdict.detail, found.text)
