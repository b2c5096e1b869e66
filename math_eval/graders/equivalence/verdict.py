"""The default grader: is an answer the same as the gold? Pure, thread-safe, bounded, without SymPy or any subprocess.

In order: the same text; exact numbers; the same shape, part by part; values by ball arithmetic. What only a computer
algebra system could settle is undecided here; grade_many may ask one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from latex2sympy import LimitError, MathTextError, Node, parse
from latex2sympy.budget import READ, budget, spend
from latex2sympy.errors import BudgetError
from latex2sympy.nodes import Words
from latex2sympy.parser import parse_cached
from latex2sympy.plain import is_prose
from math_eval.answers import last_letters, short_letter
from math_eval.graders.equivalence.clean import MAX_CHARS, squeezed
from math_eval.graders.equivalence.conditions import unconditioned
from math_eval.graders.equivalence.match import Match, decided, undecided
from math_eval.graders.equivalence.phrases import restated
from math_eval.graders.equivalence.policy import DEFAULT, Policy
from math_eval.graders.equivalence.readings import portions, readings
from math_eval.graders.equivalence.sentences import same_sentence
from math_eval.graders.equivalence.shapes import Comparison
from math_eval.records import AnswerKind, Verdict

GRADER_VERSION = "6"
"""Raised whenever a verdict can change, so that stored verdicts are remade."""

_LETTERS = frozenset("ABCDEFGH")
_PLAIN = re.compile(r"0|-?[1-9]\d{0,17}")
_LEAD = re.compile(
    r"^(?:the )?(?:final |correct |only |unique )?(?:answer|solution|result|value)s?(?: is| are)? ?:? ", re.IGNORECASE
)
_BETWEEN_DOLLARS = re.compile(r"\$[^$]*\$")
_SEVERAL_LETTERS = re.compile(r"[A-J](?:\s*[,、;]?\s*[A-J])+")
"""A choice problem's gold with more than one letter."""
_TEXT_LEAD = re.compile(r"^\s*\\text\s*\{([^{}]*)\}")


def grade(
    answer: str,
    *,
    gold: str,
    kind: AnswerKind = "expression",
    accepted: Sequence[str] = (),
    options: Mapping[str, str] | None = None,
    policy: Policy = DEFAULT,
) -> Verdict:
    """Whether `answer` is right, with the rule that decided.

    accepted: further golds that are right too. options: letter → text of a choice problem, so that an option's text
    counts for its letter where it identifies one option. What no rule settles is undecided, with the reason.
    """
    if not answer.strip():
        return Verdict("wrong", "empty")
    with budget():
        outcome = _against(answer, gold, kind, options or {}, policy)
        for other in accepted:
            if outcome.correct:
                break
            outcome = _against(answer, other, kind, options or {}, policy)
    return Verdict(outcome.status, outcome.rule)


def _against(answer: str, gold: str, kind: AnswerKind, options: Mapping[str, str], policy: Policy) -> Match:
    try:
        return _compare(answer, gold, kind, options, policy)
    except RecursionError:
        return undecided("limit:depth")
    except (LimitError, BudgetError) as error:
        return undecided(f"limit:{error.limit}")


def _compare(answer: str, gold: str, kind: AnswerKind, options: Mapping[str, str], policy: Policy) -> Match:
    if _PLAIN.fullmatch(answer) and _PLAIN.fullmatch(gold) and not policy.tolerance:
        return decided(same=answer == gold, rule="exact")
    if len(answer) > MAX_CHARS:
        return decided(same=True, rule="text") if answer.strip() == gold.strip() else undecided("limit:length")
    if kind in {"choice", "multiple-choice"} and answer.strip() != gold.strip():
        return _choice(answer, gold, options, policy, several=kind == "multiple-choice")
    if gold in _LETTERS and len(answer) > 1 and (letter := short_letter(answer)):
        return decided(same=letter == gold, rule="choice")  # a letter gold among free answers: "(D) 12"
    text = squeezed(answer)
    if len(gold) <= MAX_CHARS and ((text and text == squeezed(gold)) or answer.strip() == gold.strip()):
        return decided(same=True, rule="text")
    return same_text(answer, gold, policy)


def same_text(answer: str, gold: str, policy: Policy = DEFAULT) -> Match:
    """Parses both texts, the gold with a memory, and compares their trees."""
    wanted = _read(gold, cached=True)
    if wanted is None:
        text = squeezed(answer).lower()
        same = (text and text == squeezed(gold).lower()) or same_sentence(answer, gold)
        if same or _by_name(answer, gold, policy):
            return decided(same=True, rule="text")
        return undecided("prose" if is_prose(gold) else "unparsed")
    if isinstance(wanted, str):
        return undecided(wanted)
    given = _read(answer, cached=False)
    if isinstance(given, str):
        return undecided(given)
    outcome = undecided("unparsed") if given is None else Comparison(policy).same(given, wanted)
    if outcome.correct:
        return outcome
    for reading in readings(answer, gold):
        again = _compared(*reading, policy)
        if again.correct:
            return again
    if _by_name(answer, gold, policy):
        return decided(same=True, rule="text")
    if _is_sentence(gold, wanted):
        if same_sentence(answer, gold):
            return decided(same=True, rule="text")
        return undecided("prose") if outcome.status == "wrong" or outcome.rule == "unparsed" else outcome
    return outcome


def _by_name(answer: str, gold: str, policy: Policy) -> bool:
    """Whether both sides give the same values by the same names, in any order: "3/4 switch, 1/4 stay"."""
    wanted = portions(gold)  # empty for nearly every gold
    given = portions(answer) if wanted else {}
    return (
        bool(wanted)
        and given.keys() == wanted.keys()
        and all(same_text(given[name], wanted[name], policy).correct for name in wanted)
    )


def _compared(answer: str, gold: str, policy: Policy) -> Match:
    given, wanted = _read(answer, cached=False), _read(gold, cached=True)
    if given is None or wanted is None or isinstance(given, str) or isinstance(wanted, str):
        return undecided("unparsed")
    return Comparison(policy).same(given, wanted)


def _is_sentence(gold: str, wanted: Node) -> bool:
    """Whether a gold is more than a value: three words or more, or words around mathematics between dollars."""
    if isinstance(wanted, Words):
        return len(wanted.text.split()) > 2
    return "$" in gold and is_prose(_BETWEEN_DOLLARS.sub(" ", gold))


def _read(text: str, *, cached: bool) -> Node | str | None:
    """The tree of a text, None where it cannot be parsed, "limit:…" where a limit was reached."""
    reader = parse_cached if cached else parse
    spend(READ * len(text))
    if (
        text.lstrip().startswith("\\text")
        and (lead := _TEXT_LEAD.match(text))
        and _LEAD.match(lead.group(1).strip() + " ")
    ):
        text = text[lead.end() :]
    text = unconditioned(restated(text))
    try:
        return reader(text)
    except LimitError as error:
        return f"limit:{error.limit}"
    except MathTextError:
        pass
    bare = _TEXT_LEAD.sub(r"\1 ", text)
    bare = _LEAD.sub("", " ".join(bare.replace("**", " ").split())).strip(" }")
    if bare and bare != text:
        try:
            return reader(bare)
        except LimitError as error:
            return f"limit:{error.limit}"
        except MathTextError:
            return None
    return None


def _choice(answer: str, gold: str, options: Mapping[str, str], policy: Policy, *, several: bool) -> Match:
    several = several or _SEVERAL_LETTERS.fullmatch(gold.strip()) is not None
    wanted = last_letters(gold, several=several) or gold.strip()
    given = last_letters(answer, several=True) if several else short_letter(answer)
    if given or several:
        return decided(same=given == wanted, rule="choice")
    if policy.choices == "letter-or-value":
        text = squeezed(answer)
        named = [letter for letter, body in options.items() if body and squeezed(body) == text]
        if not named:
            named = [letter for letter, body in options.items() if body and squeezed(body).lower() == text.lower()]
        if named:
            return decided(same=named == [wanted], rule="option-text")
        named = [letter for letter, body in options.items() if body and same_text(answer, body, policy).correct]
        if named:
            return decided(same=named == [wanted], rule="option-value")
    return decided(same=last_letters(answer) == wanted, rule="choice")
