"""The Python face: what the command line does, as functions for notebooks and training loops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from math_eval.answers import extract_answer as extract
from math_eval.benchmarks import define
from math_eval.engines import Engine, EngineSettings
from math_eval.errors import RequestError, UnknownNameError
from math_eval.grading import Policy, policy_of
from math_eval.grading import grade as grade_equivalence
from math_eval.records import AnswerKind, Extraction, Verdict
from math_eval.runs import Run, RunRequest
from math_eval.runs import evaluate as evaluate_request

_GRADERS = ("equivalence",)
_KINDS = get_args(AnswerKind)


def _kind(benchmark: str | None) -> AnswerKind:
    if benchmark is None:
        return "expression"
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
    if grader not in _GRADERS:
        raise UnknownNameError("grader", grader, _GRADERS)
    if kind not in _KINDS:
        raise RequestError(f"kind {kind!r}: expected one of {', '.join(_KINDS)}")
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
        policy = define(benchmark).spec.policy
    found = extract(response, wanted)
    verdict = grade(found.text, gold=gold, kind=wanted, policy=policy, grader=grader)
    return Verdict(verdict.status, verdict.rule, verdict.detail, found.text)


def evaluate(
    model: str,
    benchmarks: str | Sequence[str] = (),
    *,
    engine: str | Engine | None = None,
    settings: EngineSettings | None = None,
    **options: Any,
) -> Run:
    """What `math-eval run` does: evaluates a model on benchmarks (or a `suite=`) and returns the run.

    engine: a name, or an object with `complete`, `close` and `concurrency`. options: the fields of RunRequest (prompt,
    samples, temperature, limit, output, suite ...). Raises RequestError and UnfinishedError kinds.
    """
    names = (benchmarks,) if isinstance(benchmarks, str) else tuple(benchmarks)
    own = None if engine is None or isinstance(engine, str) else engine
    name = engine if isinstance(engine, str) else ("scripted" if own else None)
    for place in ("output", "demonstrations", "data_dir"):
        if isinstance(options.get(place), str):
            options[place] = Path(options[place])
    request = RunRequest(model, names, engine=name, settings=settings or EngineSettings(), **options)
    return evaluate_request(request, engine=own)
