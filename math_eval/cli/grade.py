"""The command `math-eval grade`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from math_eval.cli.grade_table import FIRST_K, print_summary
from math_eval.cli.grader_names import GraderName
from math_eval.cli.output import json_option, print_json
from math_eval.cli.shared_options import data_dir_option, layout_option
from math_eval.errors import RequestError
from math_eval.graders import DEFAULT_GRADER, load_grader
from math_eval.registry import names
from math_eval.results import FileBenchmark, GradedSample, file_benchmark, file_samples, run_samples
from math_eval.results.file_samples import reference_name
from math_eval.scoring.first_k import FirstSample, first_k_scores, group_scores


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--benchmark",
    "-b",
    help="Benchmark that answer kinds, options and policy come from, matched by the text of the question. "
    "With --grader qwen, its name in the reference, which may be one that we do not have (aime25x8).",
)
@data_dir_option
@click.option(
    "--grader",
    "graders",
    multiple=True,
    default=(DEFAULT_GRADER,),
    show_default=True,
    type=GraderName(),
    help="Grader that gives the verdicts. Repeat it to compare a second grader with the first, with examples.",
)
@layout_option
@click.option(
    "--examples", type=click.IntRange(min=0), default=5, show_default=True, help="Number of differences to show."
)
@json_option
def command(
    files: tuple[Path, ...],
    *,
    benchmark: str | None,
    data_dir: Path | None,
    graders: tuple[str, ...],
    layout: str | None,
    examples: int,
    as_json: bool,
) -> None:
    """Grade FILES with responses, or run folders.

    The row formats of several other harnesses are recognised (data/layouts). If a file has its own predictions and
    verdicts, differences from them are counted and shown.
    """
    if layout and any(path.is_dir() for path in files):
        raise RequestError("--layout is only for files; run folders have one format")
    if benchmark and all(path.is_dir() for path in files):
        raise RequestError("--benchmark is only for files; a run folder has its own benchmarks")
    grader_names = list(dict.fromkeys(graders))
    rows_benchmark = file_benchmark(benchmark, data_dir, grader_names)
    if (
        benchmark
        and not rows_benchmark.problems
        and "qwen" in grader_names
        and rows_benchmark.reference not in _reference_names()
    ):
        click.echo(f"note: there is no benchmark {benchmark!r}; the general rules of the reference are used", err=True)
    skipped_rows: list[str] = []
    graded_files = [
        (path, _grade(path, grader_names, rows_benchmark, layout, skipped_rows, data_dir)) for path in files
    ]
    if skipped_rows:
        click.echo(
            f"note: {len(skipped_rows)} rows lack a field of their row format and are skipped, first {skipped_rows[0]}",
            err=True,
        )
    summary = _summary(grader_names, [by_grader for _, (by_grader, _) in graded_files], examples)
    summary["editions"] = sorted({edition for _, (_, editions) in graded_files for edition in editions if edition})
    if len(files) > 1:
        summary["files"] = [
            {"file": str(path), **_summary(grader_names, [by_grader], 0)} for path, (by_grader, _) in graded_files
        ]
    if as_json:
        print_json(summary)
    else:
        samples = [sample for _, (by_grader, _) in graded_files for sample in by_grader[grader_names[0]]]
        predictions = any(sample.stored and sample.stored.has_prediction for sample in samples)
        print_summary(summary, grader_names, predictions=predictions)


_Samples = Mapping[str, Sequence[GradedSample]]
"""Grader → its samples of one file, in the file's order."""


def _reference_names() -> set[str]:
    return {reference_name(name) for name in names("benchmarks")}


def _grade(
    path: Path,
    graders: Sequence[str],
    benchmark: FileBenchmark,
    layout: str | None,
    skipped_rows: list[str],
    data_dir: Path | None,
) -> tuple[_Samples, set[str]]:
    """Grades a file or run folder with each grader; also returns the editions of the graders that fit the file."""
    by_grader: dict[str, Sequence[GradedSample]] = {}
    editions = set()
    for name in graders:
        if path.is_dir():
            by_grader[name] = list(run_samples(path, load_grader(name), data_dir))
        else:
            first_only = skipped_rows if name == graders[0] else None
            file = file_samples(path, load_grader(name), benchmark, first_only, layout)
            by_grader[name] = file.samples
            editions.add(file.grader.edition)
    return by_grader, editions


def _summary(graders: Sequence[str], files: Sequence[_Samples], examples: int) -> dict[str, Any]:
    """The figures of all files together under the first grader, and how other graders differ from it."""
    rows = [sample for by_grader in files for sample in by_grader[graders[0]]]
    problems = [samples for by_grader in files for samples in _by_problem(by_grader[graders[0]])]
    with_label = [sample for sample in rows if _label(sample) is not None]
    other_verdicts = [sample for sample in with_label if _label(sample) != sample.verdict.correct]
    other_answers = [sample for sample in rows if _has_other_answer(sample)] if graders[0] == "qwen" else []
    summary: dict[str, Any] = {
        "accuracy": _accuracy(problems),
        "grader": graders[0],
        "responses": len(rows),
        "undecided": sum(sample.verdict.status == "undecided" for sample in rows),
        "accuracy by the file": _percent([bool(_label(sample)) for sample in with_label]) if with_label else None,
        "changed verdicts": len(other_verdicts),
        "changed predictions": len(other_answers) if graders[0] == "qwen" else None,
    }
    largest = max(map(len, problems), default=0)
    if largest > 1:
        reading = first_k_scores(problems, range(1, largest + 1))
        summary[FIRST_K] = {name: round(value, 2) for name, value in reading.items()}
    summary["groups"] = group_scores(problems) if graders[0] == "qwen" else {}
    differences = {id(sample): sample for sample in [*other_answers, *other_verdicts]}
    summary["examples"] = [_example(sample) for sample in list(differences.values())[:examples]]
    for other in graders[1:]:
        second = [sample for by_grader in files for sample in by_grader[other]]
        pairs = [pair for pair in zip(rows, second, strict=True) if pair[0].verdict.correct != pair[1].verdict.correct]
        other_problems = [problem for by_grader in files for problem in _by_problem(by_grader[other])]
        summary[f"accuracy by {other}"] = _accuracy(other_problems)
        for winner, name in ((1, other), (0, graders[0])):
            only_winner = [pair for pair in pairs if pair[winner].verdict.correct]
            summary[f"right by {name} alone, count"] = len(only_winner)
            summary[f"right by {name} alone"] = [_pair(pair) for pair in only_winner[:examples]]
    return summary


def _label(sample: GradedSample) -> bool | None:
    """The verdict that the file gives."""
    return sample.stored.label if sample.stored else None


def _has_other_answer(sample: GradedSample) -> bool:
    """Whether the file gives another prediction than the extracted answer."""
    return bool(sample.stored and sample.stored.has_prediction and sample.stored.prediction != sample.answer)


def _by_problem(samples: Sequence[GradedSample]) -> list[list[FirstSample]]:
    problems: dict[tuple[str, ...], list[FirstSample]] = {}
    for sample in samples:
        group = sample.stored.group if sample.stored else next(iter(sample.problem.groups.values()), "")
        first = FirstSample(sample.answer, sample.verdict.correct, sample.reward, group)
        problems.setdefault((*sample.place, sample.key.problem), []).append(first)
    return list(problems.values())


def _accuracy(problems: Sequence[Sequence[FirstSample]]) -> float:
    """In percent: the mean over problems of the mean over their samples, as in metrics."""
    shares = [sum(sample.correct for sample in samples) / len(samples) for samples in problems]
    return round(100 * sum(shares) / (len(shares) or 1), 2)


def _percent(values: Sequence[bool]) -> float:
    return round(100 * sum(values) / (len(values) or 1), 2)


def _example(sample: GradedSample) -> dict[str, Any]:
    stored = sample.stored
    answer = {"prediction in the file": (stored.prediction or "")[:200]} if stored and stored.has_prediction else {}
    return {
        "where": f"{sample.location}, sample {sample.key.n}",
        "answer": (sample.answer or "")[:200],
        "gold": sample.problem.gold[:200],
        **answer,
        "label": _label(sample),
        "verdict": sample.verdict.status,
        "rule": sample.verdict.rule,
    }


def _pair(pair: tuple[GradedSample, GradedSample]) -> dict[str, Any]:
    first, second = pair
    return {
        "where": first.location,
        "answer": (first.answer or "")[:200],
        "gold": first.problem.gold[:200],
        "rules": f"{first.verdict.rule} / {second.verdict.rule}",
    }
