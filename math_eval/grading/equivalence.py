"""The default grader: is an answer the same as the gold? Pure, thread-safe, bounded, without SymPy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from math_eval.answers import last_letters
from math_eval.grading.clean import MAX_CHARS, cleaned, squeezed
from math_eval.grading.rational import Rational, parse_rational
from math_eval.records import AnswerKind, Verdict

GRADER_VERSION = "1"
"""Raised whenever a verdict can change, so that stored verdicts are remade."""


def grade(
    answer: str,
    *,
    gold: str,
    kind: AnswerKind = "expression",
    accepted: Sequence[str] = (),
    options: Mapping[str, str] | None = None,
) -> Verdict:
    """Whether `answer` is right, with the rule that decided.

    accepted: further golds that are right too. options: letter → text of a choice problem, so that an option's text
    counts for its letter where it identifies one option. A pair that no rule can settle is undecided.
    """
    if not answer.strip():
        return Verdict("wrong", "empty")
    verdict = _against(answer, gold, kind, options or {})
    for other in accepted:
        if verdict.correct:
            break
        verdict = _against(answer, other, kind, options or {})
    return verdict


def _against(answer: str, gold: str, kind: AnswerKind, options: Mapping[str, str]) -> Verdict:
    if len(answer) > MAX_CHARS:
        return Verdict("correct", "text") if answer.strip() == gold.strip() else Verdict("undecided", "limit:length")
    if kind in {"choice", "multiple-choice"}:
        return _choice(answer, gold, options, several=kind == "multiple-choice")
    if squeezed(answer).lower() == squeezed(gold).lower():
        return Verdict("correct", "text")
    left, right = parse_rational(answer), parse_rational(gold)
    if left is not None and right is not None:
        same = _same_value(left, right)
        return Verdict("correct" if same else "wrong", "exact", f"{left.value} against {right.value}")
    if kind == "text" or (right is not None and left is None and kind == "number"):
        return Verdict("wrong", "text")
    return Verdict("undecided", "unparsed", f"{cleaned(answer)[:80]} against {cleaned(gold)[:80]}")


def _same_value(answer: Rational, gold: Rational) -> bool:
    if answer.percent == gold.percent:
        return answer.value == gold.value
    if gold.percent:
        return answer.value in {gold.value, gold.value / 100}
    return answer.value in {gold.value, gold.value * 100}


def _choice(answer: str, gold: str, options: Mapping[str, str], *, several: bool) -> Verdict:
    wanted = last_letters(gold, several=several) or gold.strip()
    given = last_letters(answer, several=several)
    text = squeezed(answer).lower()
    named = [letter for letter, body in options.items() if body and squeezed(body).lower() == text]
    if not several and len(named) == 1 and len(text) > 1:
        return Verdict("correct" if named[0] == wanted else "wrong", "option-text", f"{named[0]} against {wanted}")
    return Verdict("correct" if given == wanted else "wrong", "choice", f"{given or answer[:40]} against {wanted}")
