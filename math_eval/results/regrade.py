"""Grading stored responses again, by our rules or the reference's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from math_eval.answers import extract_answer
from math_eval.external.row_format import StoredAnswer
from math_eval.graders.equivalence import grade, policy_of
from math_eval.graders.qwen import Edition, QwenGrader, gold_of, normalise, prediction
from math_eval.records import AnswerKind, Problem, Verdict

EDITIONS: tuple[Edition, ...] = ("qwen2.5-math", "math-evaluation-harness")


@dataclass(frozen=True, slots=True)
class Regraded:
    """A stored response with the answer found in it (None: none) and a grader's verdict."""

    stored: StoredAnswer
    answer: str | None
    gold: str
    verdict: Verdict


def regrade_qwen(answers: Sequence[StoredAnswer], name: str, grader: QwenGrader) -> tuple[list[Regraded], Edition]:
    """The reference's predictions and verdicts, and which edition of its harness wrote the file.

    name: the benchmark's name in the reference. A stored gold is compared as it stands: it is what the stored scores
    were made with. The edition is the one whose predictions agree with more of the stored ones; without any, the newer.
    """
    named = [one.reference_name or name for one in answers]
    golds = [_reference_gold(one, own) for one, own in zip(answers, named, strict=True)]
    found = {
        edition: [_prediction(one, own, gold, edition) for one, own, gold in zip(answers, named, golds, strict=True)]
        for edition in EDITIONS
    }
    known = [at for at, one in enumerate(answers) if one.has_prediction]
    agreeing = {edition: sum(found[edition][at] == answers[at].prediction for at in known) for edition in EDITIONS}
    edition = max(EDITIONS, key=lambda one: agreeing[one])
    rows = zip(answers, found[edition], golds, strict=True)
    return [Regraded(one, answer, gold, grader.verdict(answer, gold)) for one, answer, gold in rows], edition


def _reference_gold(one: StoredAnswer, name: str) -> str:
    return gold_of(one.gold, name, solved=False) if one.reference_gold is None else one.reference_gold


def _prediction(one: StoredAnswer, name: str, gold: str, edition: Edition) -> str | None:
    return normalise(one.text, edition=edition) if one.extracted else prediction(one.text, name, gold, edition)


def regrade(
    answers: Sequence[StoredAnswer],
    problems: Mapping[str, Problem],
    default: AnswerKind,
    judge: Callable[..., Verdict] = grade,
) -> list[Regraded]:
    """Our extraction and a grader's verdicts. problems: by folded question; they give kind, options and policy."""
    found = []
    for one in answers:
        problem = one.problem or problems.get(folded(one.question))
        kind = problem.kind if problem else one.kind or default
        answer = one.text if one.extracted else extract_answer(one.text, kind).text
        if judge is grade:
            options = problem.options if problem else {}
            policy = policy_of(problem.policy if problem else {})
            accepted = problem.accepted if problem else ()
            verdict = grade(answer, gold=one.gold, kind=kind, options=options, policy=policy, accepted=accepted)
        else:
            verdict = judge(answer, gold=one.gold)
        found.append(Regraded(one, answer, one.gold, verdict))
    return found


def folded(text: str) -> str:
    """A question's text as files are matched by: white space alone does not tell two apart."""
    return " ".join(text.split())
