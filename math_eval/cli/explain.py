"""The command `math-eval explain`."""

from __future__ import annotations

from typing import Any, get_args

import click

from latex2sympy import MathTextError, parse
from math_eval.benchmarks import define
from math_eval.cli.grader_names import GraderName
from math_eval.cli.output import json_option, print_json, print_rows
from math_eval.graders import DEFAULT_GRADER, load_grader
from math_eval.graders.equivalence import DEFAULT, Policy
from math_eval.graders.equivalence.policy import policy_of
from math_eval.graders.equivalence.show import shown
from math_eval.graders.pool import grade_many
from math_eval.grading import grade
from math_eval.records import AnswerKind, Verdict


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("answer", type=click.UNPROCESSED)
@click.argument("gold", type=click.UNPROCESSED)
@click.option("--benchmark", "-b", help="Benchmark whose policy is used.")
@click.option(
    "--kind",
    type=click.Choice(get_args(AnswerKind)),
    default="expression",
    show_default=True,
    help="Answer kind of the gold.",
)
@click.option(
    "--grader", type=GraderName(), default=DEFAULT_GRADER, show_default=True, help="Grader that gives the verdict."
)
@click.option("--cas/--no-cas", default=True, help="Ask SymPy, in a worker process, if the grader cannot decide.")
@json_option
def command(answer: str, gold: str, *, benchmark: str | None, kind: Any, grader: str, cas: bool, as_json: bool) -> None:
    """Grade ANSWER against GOLD, and show how both were read and which rule decided.

    A negative number such as -5 needs no escaping.
    """
    policy: Policy = policy_of(define(benchmark).spec.policy) if benchmark else DEFAULT
    verdict: Verdict = grade(answer, gold=gold, kind=kind, policy=policy, grader=grader)
    if verdict.rule == "needs_cas" and cas:
        [verdict] = grade_many([(answer, gold)], kind=kind, policy=policy)
    vote_key = load_grader(grader).vote_key
    explanation = {
        "status": verdict.status,
        "rule": verdict.rule,
        **({"tried": ", ".join(_stages_until(verdict.rule))} if grader == DEFAULT_GRADER else {"grader": grader}),
        "answer": _reading(answer),
        "gold": _reading(gold),
        "same vote": vote_key(answer) == vote_key(gold),
    }
    if as_json:
        print_json(explanation)
        return
    print_rows(["what", "value"], [[key, str(value)] for key, value in explanation.items()])


_STAGES = {
    "text": ("text", "option-text", "choice", "empty"),
    "exact numbers": ("exact",),
    "shape": tuple("list set tuple interval matrix relation equation ratio clock base words unit same".split()),
    "values": ("ball", "rounded", "infinite", "needs_cas"),
    "sympy": ("sympy",),
}


def _stages_until(rule: str) -> list[str]:
    """The stages of grading, up to the one that the rule belongs to; all stages for a rule of none of them."""
    names = list(_STAGES)
    last = next((index for index, name in enumerate(names) if rule in _STAGES[name]), len(names) - 1)
    return names[: last + 1]


def _reading(text: str) -> str:
    try:
        return shown(parse(text))
    except MathTextError as error:
        return f"not read: {error}"
