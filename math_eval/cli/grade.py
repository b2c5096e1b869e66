"""math-eval grade."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from math_eval.benchmarks import load_benchmark
from math_eval.cli.output import json_option, print_json, print_rows
from math_eval.errors import RequestError
from math_eval.external.row_format import StoredAnswer
from math_eval.grading import GRADERS, reference_name
from math_eval.records import AnswerKind, Problem
from math_eval.registry import names
from math_eval.results.regrade import Regraded, folded, regrade, regrade_qwen
from math_eval.results.stored_run import read_answers
from math_eval.scoring.first_k import FirstSample, first_k_scores, group_scores


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--benchmark",
    "-b",
    help="Answer kinds, options and policy from this benchmark, by the question's text; for --grader qwen its name "
    "there, which may be one that only the file knows (aime25x8).",
)
@click.option("--data-dir", type=click.Path(path_type=Path), help="Folder of benchmark files that are already there.")
@click.option(
    "--grader",
    "graders",
    multiple=True,
    default=("equivalence",),
    show_default=True,
    type=click.Choice(GRADERS),
    help="Whose verdict; a second one is compared with the first, with examples.",
)
@click.option("--examples", type=click.IntRange(min=0), default=5, show_default=True, help="Differences to show.")
@json_option
def command(
    files: tuple[Path, ...],
    *,
    benchmark: str | None,
    data_dir: Path | None,
    graders: tuple[str, ...],
    examples: int,
    as_json: bool,
) -> None:
    """Grade FILES of model outputs, or run folders: layouts of other harnesses are recognised (data/layouts).

    Where a file has predictions and verdicts of its own, what differs from them is counted and shown.
    """
    wanted = list(dict.fromkeys(graders))
    judge = _Judge(benchmark, data_dir, wanted)
    passed_over: list[str] = []
    try:
        graded = [(path, judge.all(list(read_answers(path, passed_over)))) for path in files]
    finally:
        judge.close()
    if not any(rows for _, found in graded for rows, _ in found.values()):
        raise RequestError(f"{', '.join(map(str, files))}: no responses")
    if passed_over:
        click.echo(
            f"note: {len(passed_over)} rows lack a field of their layout and are passed over, first {passed_over[0]}",
            err=True,
        )
    pooled = [
        ({name: rows for name, (rows, _) in found.items()}, {name: edition for name, (_, edition) in found.items()})
        for _, found in graded
    ]
    shown = _summary(wanted, [rows for rows, _ in pooled], examples)
    shown["editions"] = sorted({edition for _, editions in pooled for edition in editions.values() if edition})
    if len(files) > 1:
        shown["files"] = [
            {"file": str(path), **_summary(wanted, [rows], 0)}
            for (path, _), (rows, _) in zip(graded, pooled, strict=True)
        ]
    if as_json:
        print_json(shown)
    else:
        _print(shown)


class _Judge:
    """Grades the responses of one file after another with the graders asked for."""

    def __init__(self, benchmark: str | None, data_dir: Path | None, graders: Sequence[str]) -> None:
        self._graders = graders
        self._name = reference_name(benchmark)
        self._problems: dict[str, Problem] = {}
        self._default: AnswerKind = "expression"
        self._qwen: Any = None
        if "qwen" in graders:
            from math_eval.graders.qwen import QwenGrader

            self._qwen = QwenGrader()
            self._qwen.start()
        ours = set(graders) - {"qwen"}
        known = benchmark is not None and (
            benchmark.partition(":")[0] in names("benchmarks") or Path(benchmark).exists()
        )
        if benchmark and not known and self._qwen is not None:
            click.echo(
                f"note: no benchmark here is called {benchmark!r}; the reference's general rules are used", err=True
            )
        if benchmark and ours and (known or self._qwen is None):
            loaded = load_benchmark(benchmark, data_dir=data_dir)
            self._problems = {folded(problem.question): problem for problem in loaded}
            kinds = {problem.kind for problem in loaded}
            self._default = kinds.pop() if len(kinds) == 1 else "expression"

    def all(self, answers: Sequence[StoredAnswer]) -> dict[str, tuple[list[Regraded], str]]:
        found: dict[str, tuple[list[Regraded], str]] = {}
        for grader in self._graders:
            if grader == "qwen":
                found[grader] = regrade_qwen(answers, self._name, self._qwen)
            elif grader == "math-verify":
                from math_eval.graders.math_verify import grade_math_verify

                found[grader] = regrade(answers, self._problems, self._default, grade_math_verify), ""
            else:
                found[grader] = regrade(answers, self._problems, self._default), ""
        return found

    def close(self) -> None:
        if self._qwen is not None:
            self._qwen.close()


def _summary(
    graders: Sequence[str], files: Sequence[Mapping[str, Sequence[Regraded]]], examples: int
) -> dict[str, Any]:
    """The figures of some files together, of the first grader; of a second, how it differs from the first."""
    rows = [one for found in files for one in found[graders[0]]]
    problems = [samples for found in files for samples in _by_problem(found[graders[0]])]
    labelled = [one for one in rows if one.stored.label is not None]
    scores = [one for one in labelled if one.stored.label != one.verdict.correct]
    answers = [one for one in rows if one.stored.has_prediction and one.stored.prediction != one.answer]
    shown: dict[str, Any] = {
        "accuracy": _share([one.verdict.correct for one in rows]),
        "grader": graders[0],
        "responses": len(rows),
        "undecided": sum(one.verdict.status == "undecided" for one in rows),
        "accuracy by the file": _share([bool(one.stored.label) for one in labelled]) if labelled else None,
        "changed verdicts": len(scores),
        "changed predictions": len(answers) if graders[0] == "qwen" else None,
    }
    most = max(map(len, problems), default=0)
    if most > 1:
        reading = first_k_scores(problems, range(1, most + 1))
        shown["first k, votes by string"] = {name: round(value, 2) for name, value in reading.items()}
    shown["groups"] = group_scores(problems) if graders[0] == "qwen" else {}
    shown["examples"] = [
        _example(one) for one in dict.fromkeys([*answers, *scores] if graders[0] == "qwen" else scores)
    ]
    for other in graders[1:]:
        second = [one for found in files for one in found[other]]
        pairs = [pair for pair in zip(rows, second, strict=True) if pair[0].verdict.correct != pair[1].verdict.correct]
        shown[f"accuracy by {other}"] = _share([one.verdict.correct for one in second])
        shown[f"right by {other} alone"] = [_pair(pair) for pair in pairs if pair[1].verdict.correct]
        shown[f"right by {graders[0]} alone"] = [_pair(pair) for pair in pairs if pair[0].verdict.correct]
        for key in (f"right by {other} alone", f"right by {graders[0]} alone"):
            shown[f"{key}, count"] = len(shown[key])
            shown[key] = shown[key][:examples]
    shown["examples"] = shown["examples"][:examples]
    return shown


def _by_problem(rows: Sequence[Regraded]) -> list[list[FirstSample]]:
    found: dict[int, list[FirstSample]] = {}
    for one in rows:
        sample = FirstSample(one.answer, one.verdict.correct, one.stored.reward, one.stored.group)
        found.setdefault(one.stored.row, []).append(sample)
    return list(found.values())


def _share(values: Sequence[bool]) -> float:
    return round(100 * sum(values) / (len(values) or 1), 2)


def _example(one: Regraded) -> dict[str, Any]:
    stored = {"prediction in the file": (one.stored.prediction or "")[:200]} if one.stored.has_prediction else {}
    return {
        "where": f"{one.stored.where}, sample {one.stored.n}",
        "answer": (one.answer or "")[:200],
        "gold": one.gold[:200],
        **stored,
        "label": one.stored.label,
        "verdict": one.verdict.status,
        "rule": one.verdict.rule,
    }


def _pair(pair: tuple[Regraded, Regraded]) -> dict[str, Any]:
    first, second = pair
    return {
        "where": first.stored.where,
        "answer": (first.answer or "")[:200],
        "gold": first.gold[:200],
        "rules": f"{first.verdict.rule} / {second.verdict.rule}",
    }


def _print(shown: dict[str, Any]) -> None:
    plain = {key: value for key, value in shown.items() if not isinstance(value, dict | list)}
    print_rows(["", ""], [[key, str(value)] for key, value in plain.items() if value is not None])
    for key, value in shown.items():
        if isinstance(value, dict) and value:
            print_rows([key, "percent"], [[name, str(figure)] for name, figure in value.items()], left=1)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            click.echo(f"{key}:")
            headers = [name for name in value[0] if name != "examples" and not isinstance(value[0][name], dict | list)]
            print_rows(headers, [[str(one.get(name, "")) for name in headers] for one in value])
