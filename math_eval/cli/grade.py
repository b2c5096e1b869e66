"""math-eval grade."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from math_eval.benchmarks import load_benchmark
from math_eval.cli.output import json_option, print_json, print_rows
from math_eval.judge import GRADERS, extract_answer, grade
from math_eval.records import AnswerKind, Problem, Verdict
from math_eval.runs.stored import StoredAnswer, read_stored


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--benchmark", "-b", help="Answer kinds, options and policy from this benchmark, by the question's text.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Folder of benchmark files that are already there.")
@click.option("--grader", default="equivalence", show_default=True, type=click.Choice(GRADERS), help="Whose verdict.")
@click.option("--examples", type=click.IntRange(min=0), default=5, show_default=True, help="Differences to show.")
@json_option
def command(
    files: tuple[Path, ...], *, benchmark: str | None, data_dir: Path | None, grader: str, examples: int, as_json: bool
) -> None:
    """Grade FILES of model outputs: layouts of other harnesses are recognised (data/layouts).

    Where a file has verdicts of its own, what differs from them is counted and shown. Golds are the file's.
    """
    loaded = load_benchmark(benchmark, data_dir=data_dir) if benchmark else ()
    problems = {_folded(problem.question): problem for problem in loaded}
    kinds = {problem.kind for problem in loaded}
    default: AnswerKind = kinds.pop() if len(kinds) == 1 else "expression"
    counts: Counter[str] = Counter()
    differences: list[dict[str, object]] = []
    for path in files:
        for one in read_stored(path):
            answer, verdict = _judge(one, problems.get(_folded(one.question)), default, grader)
            counts["responses"] += 1
            counts["correct"] += verdict.correct
            counts["undecided"] += verdict.status == "undecided"
            counts["labelled"] += one.label is not None
            counts["labelled correct"] += bool(one.label)
            if one.label is not None and one.label != verdict.correct:
                differences.append(
                    {
                        "where": one.where,
                        "answer": answer[:200],
                        "gold": one.gold[:200],
                        "label": one.label,
                        "verdict": verdict.status,
                        "rule": verdict.rule,
                    }
                )
    total = counts["responses"] or 1
    shown = {
        "accuracy": round(100 * counts["correct"] / total, 2),
        "responses": counts["responses"],
        "undecided": counts["undecided"],
        "accuracy by the file": round(100 * counts["labelled correct"] / (counts["labelled"] or 1), 2),
        "differences": len(differences),
    }
    if as_json:
        print_json({**shown, "examples": differences[:examples] if examples else differences})
        return
    print_rows(["", ""], [[key, str(value)] for key, value in shown.items()])
    if differences and examples:
        headers = ["answer", "gold", "label", "verdict", "rule"]
        print_rows(headers, [[str(one[key]) for key in headers] for one in differences[:examples]])


def _judge(one: StoredAnswer, problem: Problem | None, default: AnswerKind, grader: str) -> tuple[str, Verdict]:
    kind = problem.kind if problem else one.kind or default
    answer = one.text if one.extracted else extract_answer(one.text, kind=kind).text
    options = problem.options if problem else {}
    policy = problem.policy if problem else None
    return answer, grade(answer, gold=one.gold, kind=kind, options=options, policy=policy, grader=grader)


def _folded(text: str) -> str:
    return " ".join(text.split())
