"""Grading for notebooks and training loops: extraction and verdicts, without anything that is slow to import."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from math_eval.errors import RequestError
from math_eval.graders import DEFAULT_GRADER, answer_of, load_grader
from math_eval.graders.equivalence import Policy, policy_of
from math_eval.graders.equivalence import grade as grade_equivalence
from math_eval.records import AnswerKind, Extraction, Problem, Verdict

_KINDS = get_args(AnswerKind)


def extract_answer(
    response: str,
    *,
    benchmark: str | None = None,
    kind: AnswerKind | None = None,
    grader: str = DEFAULT_GRADER,
    gold: str = "?",
) -> Extraction:
    """The answer in a response, as text with the rule that found it.

    Args:
        response: What a model wrote.
        benchmark: The benchmark whose answer kind says what is looked for.
        kind: That kind itself.
        grader: Whose extraction; "qwen" gives the prediction that its harness stores.
        gold: For the qwen grader, whose extraction looks for letters where the gold is one.

    Raises:
        UnknownNameError: No such grader or benchmark.
        RequestError: The benchmark mixes answer kinds.
    """
    return load_grader(grader).extract(response, _problem(gold, benchmark, kind))


def grade(
    answer: str,
    *,
    gold: str,
    kind: AnswerKind = "expression",
    policy: Policy | Mapping[str, Any] | None = None,
    grader: str = DEFAULT_GRADER,
    accepted: Sequence[str] = (),
    options: Mapping[str, str] | None = None,
) -> Verdict:
    """Whether an extracted answer equals the gold. The default grader is thread-safe, bounded and has no subprocess.

    Args:
        answer: The answer alone; grade_response takes whole responses.
        gold: The right answer.
        kind: What the gold is.
        policy: Switches of the default grader, see docs/grading.md.
        grader: A grader's name, or package.module:Class. "qwen" compares the two strings as they are (grade_response
            normalises first) and asks SymPy in a child process, for 3 s of processor time at most.
        accepted: Other golds that are right too.
        options: Letter → text of a choice problem.

    Raises:
        UnknownNameError: No such grader.
        RequestError: No such kind.
        MissingPackageError: The grader needs a package that is not installed.

    Example:
        >>> grade("1/2", gold="0.5").correct
        True
    """
    _require_text("answer", answer)
    _require_text("gold", gold)
    if kind not in _KINDS:
        raise RequestError(f"kind {kind!r}: expected one of {', '.join(_KINDS)}")
    if grader == DEFAULT_GRADER:  # training loops call this for every sample: no problem is built for it
        switches = policy if isinstance(policy, Policy) else policy_of(policy or {})
        return grade_equivalence(answer, gold=gold, kind=kind, accepted=accepted, options=options, policy=switches)
    problem = Problem(
        benchmark="",
        split="",
        id="",
        question="",
        gold=gold,
        kind=kind,
        accepted=tuple(accepted),
        options=options or {},
        policy=_switches(policy),
        grader_fields={"qwen": {"normalised_gold": gold}},
    )
    return load_grader(grader).grade(answer, problem)


def grade_response(
    response: str,
    *,
    gold: str,
    benchmark: str | None = None,
    kind: AnswerKind | None = None,
    policy: Policy | Mapping[str, Any] | None = None,
    grader: str = DEFAULT_GRADER,
) -> Verdict:
    """Extraction, then grading; the verdict's `answer` is what was extracted.

    Args:
        response: What a model wrote.
        gold: The right answer, not normalised.
        benchmark: The benchmark whose kind and policy hold; `kind` and `policy` say them directly.
        kind: What the gold is.
        policy: Switches of the default grader.
        grader: As for grade.

    Raises:
        UnknownNameError: No such grader or benchmark.
        RequestError: The benchmark mixes answer kinds.
        MissingPackageError: The grader needs a package that is not installed.
    """
    _require_text("response", response)
    _require_text("gold", gold)
    judged_by = load_grader(grader)
    problem = _problem(gold, benchmark, kind, policy)
    extraction = judged_by.extract(response, problem)
    verdict = judged_by.grade(answer_of(extraction), problem)
    return Verdict(verdict.status, verdict.rule, verdict.detail, extraction.text)


def _require_text(name: str, value: object) -> None:
    """Data sets often hold golds as numbers: the caller decides how they are written, 0.1 or 1/10."""
    if not isinstance(value, str):
        raise TypeError(f"{name}: expected text (str), got {type(value).__name__} {value!r}"[:200])


def _problem(
    gold: str,
    benchmark: str | None,
    kind: AnswerKind | None,
    policy: Policy | Mapping[str, Any] | None = None,
) -> Problem:
    """A problem that holds what a call says of it; the benchmark's file is read only where one is named."""
    if benchmark is None:
        return Problem("", "", "", "", gold, kind or "expression", policy=_switches(policy))
    from math_eval.benchmarks import define  # reads YAML

    spec = define(benchmark).spec
    if kind is None and "{" in spec.answer:
        raise RequestError(f"{benchmark} mixes answer kinds; say kind= for each problem")
    fields = {"qwen": {"name": spec.qwen.name if spec.qwen else benchmark}}
    switches = spec.policy if policy is None else _switches(policy)
    answer_kind: AnswerKind = kind or spec.answer  # type: ignore[assignment]  # read_spec checked it
    return Problem(benchmark, "", "", "", gold, answer_kind, policy=switches, grader_fields=fields)


def _switches(policy: Policy | Mapping[str, Any] | None) -> Mapping[str, Any]:
    if not isinstance(policy, Policy):
        return policy or {}
    return {name: getattr(policy, name) for name in policy.__struct_fields__}
