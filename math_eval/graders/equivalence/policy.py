"""Where conventions differ: every switch of the default grader in one place, its default, and the reason for it.

A benchmark's YAML sets switches under `policy`; an unknown one is an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How strict the grader is. The default is strict: it signs what a mathematician would.

    percent: "28%", "28 percent", "28" against a percent gold and 0.28 against "28%" are one answer, and "25%" answers a
        gold of 25, since questions ask "what percent"; "exact" takes a percentage for its value alone.
    units: "one-side" ignores a unit that only one side has, since golds are often bare; on both they must agree.
        "required" wants the gold's unit.
    decimals: "rounded": a decimal of at least answer_figures significant digits stands for the value it rounds, and an
        exact answer counts against a decimal gold of at least gold_figures when it rounds to its printed digits.
        "exact": a decimal is its value. Integers are never approximated.
    tolerance: relative error that is accepted between numbers, for benchmarks of measured quantities; 0 is none.
    order: "as-written": lists, "and", "or", ± and sets are unordered, tuples ordered. "any": tuples too.
    prefix: "optional": "x = 5" answers 5; "strict" wants both or neither.
    intervals: "relations": -2 ≤ x ≤ 7 and [-2, 7] are one answer; "strict" wants the same form.
    choices: "letter-or-value": an option's text counts for its letter where it names one option; "letter" alone else.
    unfinished_thoughts: "none": a response that ends inside its thought has no answer, since what it holds are drafts.
        "answer" is the old reading: the thought is read as if it were the response.
    """

    percent: Literal["same", "exact"] = "same"
    units: Literal["one-side", "required"] = "one-side"
    decimals: Literal["rounded", "exact"] = "rounded"
    answer_figures: int = 4
    gold_figures: int = 3
    tolerance: float = 0.0
    order: Literal["as-written", "any"] = "as-written"
    prefix: Literal["optional", "strict"] = "optional"
    intervals: Literal["relations", "strict"] = "relations"
    choices: Literal["letter-or-value", "letter"] = "letter-or-value"
    unfinished_thoughts: Literal["none", "answer"] = "none"


DEFAULT = Policy()


def policy_of(switches: Mapping[str, Any]) -> Policy:
    """The default policy with a benchmark's switches; DataError names an unknown switch or value."""
    if not switches:
        return DEFAULT
    from math_eval.documents import decode  # brings YAML along: only for policies that say something

    return decode(dict(switches), Policy, "policy")
