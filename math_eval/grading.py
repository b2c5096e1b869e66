"""Extraction and grading for notebooks and training loops. Nothing here is slow to import."""

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
    """Extracts the answer from a response.

    Args:
        response: The response of a model.
        benchmark: The benchmark of the problem, whose answer kind decides what is looked for.
        kind: The answer kind itself, in place of a benchmark.
        grader: The name of the grader that extracts. "qwen" gives the prediction that the reference stores.
        gold: The gold, for the qwen grader: if it is a letter, it looks for letters.

    Returns:
        The answer as text, and the rule that found it.

    Raises:
        UnknownNameError: There is no such grader or benchmark.
        RequestError: The benchmark has several answer kinds, and `kind` is not given.
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
    """Grades an extracted answer. The default grader is safe in threads, bounded in time, and starts no process.

    Args:
        answer: The extracted answer; `grade_response` takes a whole response.
        gold: The right answer.
        kind: The answer kind of the gold.
        policy: Switches of the default grader; see docs/grading.md.
        grader: The name of a grader, or package.module:Class. "qwen" compares the two strings without normalising them
            (`grade_response` normalises) and asks SymPy in a child process, for at most 3 s of processor time.
        accepted: Other right answers.
        options: For a choice problem: letter → text of the option.

    Returns:
        The verdict, with the rule that decided.

    Raises:
        UnknownNameError: There is no such grader.
        RequestError: There is no such kind.
        MissingPackageError: The grader needs a package that is not installed.

    Example:
        >>> grade("1/2", gold="0.5").correct
        True
    """
    _require_text("answer", answer)
    _require_text("gold", gold)
    if kind not in _KINDS:
        raise RequestError(f"kind {kind!r}: expected one of {', '.join(_KINDS)}")
    if grader == DEFAULT_GRADER:  # a fast path for training loops: it builds no problem
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
    """Extracts the answer from a response and grades it.

    Args:
        response: The response of a model.
        gold: The right answer, not normalised.
        benchmark: The benchmark of the problem, which gives the answer kind and the policy.
        kind: The answer kind itself, in place of the benchmark's.
        policy: Switches of the default grader, in place of the benchmark's.
        grader: As for `grade`.

    Returns:
        The verdict; its `answer` is the extracted answer.

    Raises:
        UnknownNameError: There is no such grader or benchmark.
        RequestError: The benchmark has several answer kinds, and `kind` is not given.
        MissingPackageError: The grader needs a package that is not installed.
    """
    _require_text("response", response)
    _require_text("gold", gold)
    grader_object = load_grader(grader)
    problem = _problem(gold, benchmark, kind, policy)
    extraction = grader_object.extract(response, problem)
    verdict = grader_object.grade(answer_of(extraction), problem)
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
    """A problem with the values that a call gives. The benchmark's file is read only if a benchmark is named."""
    if benchmark is None:
        return Problem("", "", "", "", gold, kind or "expression", policy=_switches(policy))
    from math_eval.benchmarks import define  # reads YAML

    spec = define(benchmark).spec
    if kind is None and "{" in spec.answer:
        raise RequestError(f"{benchmark} has several answer kinds; pass kind= for each problem")
    fields = {"qwen": {"name": spec.qwen.name if spec.qwen else benchmark}}
    switches = spec.policy if policy is None else _switches(policy)
    answer_kind: AnswerKind = kind or spec.answer  # type: ignore[assignment]  # read_spec checked it
    return Problem(benchmark, "", "", "", gold, answer_kind, policy=switches, grader_fields=fields)


def _switches(policy: Policy | Mapping[str, Any] | None) -> Mapping[str, Any]:
    if not isinstance(policy, Policy):
        return policy or {}
    return {name: getattr(policy, name) for name in policy.__struct_fields__}
