"""Grading for notebooks and training loops: extraction and verdicts, without anything that is slow to import."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from math_eval.answers import extract_answer as extract
from math_eval.errors import RequestError, UnknownNameError
from math_eval.graders.equivalence import Policy, policy_of
from math_eval.graders.equivalence import grade as grade_equivalence
from math_eval.records import AnswerKind, Extraction, Verdict

GRADERS = ("equivalence", "qwen", "math-verify")
_KINDS = get_args(AnswerKind)


def _kind(benchmark: str | None) -> AnswerKind:
    if benchmark is None:
        return "expression"
    from math_eval.benchmarks import define  # reads YAML: only where a benchmark is named

    kind = define(benchmark).spec.answer
    if "{" in kind:
        raise RequestError(f"{benchmark} mixes answer kinds; say kind= for each problem")
    return kind  # type: ignore[return-value]  # read_spec checked it


def extract_answer(
    response: str,
    *,
    benchmark: str | None = None,
    kind: AnswerKind | None = None,
    grader: str = "equivalence",
    gold: str = "?",
) -> Extraction:
    """The answer in a response, as text with the rule that found it; `benchmark` or `kind` says what is looked for.

    grader "qwen": the prediction that the reference stores, for which a gold of choice letters matters.
    """
    if grader not in GRADERS:
        raise UnknownNameError("grader", grader, GRADERS)
    if grader == "qwen":
        from math_eval.graders.qwen import prediction

        found = prediction(response, reference_name(benchmark), gold)
        return Extraction(found or "", "none" if found is None else "qwen")
    return extract(response, kind or _kind(benchmark))


def reference_name(benchmark: str | None) -> str:
    """The name that the reference knows a benchmark by: its own for one of our data files, else the name as given."""
    if benchmark is None:
        return ""
    from math_eval.benchmarks import define  # reads YAML: only where a benchmark is named

    try:
        spec = define(benchmark).spec
    except UnknownNameError:
        return benchmark
    return spec.qwen.name if spec.qwen else benchmark


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
    grader "qwen": the reference's equality of the two strings as they are (grade_response normalises first); it asks
    SymPy in a child process of its own, for 3 s at most. MissingPackageError without the extra `qwen`.
    """
    if grader not in GRADERS:
        raise UnknownNameError("grader", grader, GRADERS)
    if kind not in _KINDS:
        raise RequestError(f"kind {kind!r}: expected one of {', '.join(_KINDS)}")
    if grader == "math-verify":
        from math_eval.graders.math_verify import grade_math_verify

        return grade_math_verify(answer, gold=gold)
    if grader == "qwen":
        from math_eval.graders.qwen import shared_grader

        return shared_grader().verdict(answer, gold)
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
    if grader == "qwen":
        from math_eval.graders.qwen import gold_of, prediction, shared_grader

        name = reference_name(benchmark)
        reference = gold_of(gold, name, solved=False)
        answer = prediction(response, name, reference)
        said = shared_grader().verdict(answer, reference)
        return Verdict(said.status, said.rule, said.detail, answer or "")
    wanted = kind or _kind(benchmark)
    if policy is None and benchmark is not None:
        from math_eval.benchmarks import define

        policy = define(benchmark).spec.policy
    found = extract(response, wanted)
    verdict = grade(found.text, gold=gold, kind=wanted, policy=policy, grader=grader)
    return Verdict(verdict.status, verdict.rule, verdict.detail, found.text)
