"""math-eval grade."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from math_eval.cli.grader_names import GraderName
from math_eval.cli.output import json_option, print_json, print_rows
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
    help="Answer kinds, options and policy from this benchmark, by the question's text; for --grader qwen its name "
    "there, which may be one that only the file knows (aime25x8).",
)
@data_dir_option
@click.option(
    "--grader",
    "graders",
    multiple=True,
    default=(DEFAULT_GRADER,),
    show_default=True,
    type=GraderName(),
    help="Whose verdict; a second one is compared with the first, with examples.",
)
@layout_option
@click.option("--examples", type=click.IntRange(min=0), default=5, show_default=True, help="Differences to show.")
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
    """Grade FILES of model outputs, or run folders: row formats of other harnesses are recognised (data/layouts).

    Where a file has predictions and verdicts of its own, what differs from them is counted and shown.
    """
    if layout and any(path.is_dir() for path in files):
        raise RequestError("--layout is for files; a run folder has one layout")
    if benchmark and all(path.is_dir() for path in files):
        raise RequestError("--benchmark is for files; a run folder knows its own benchmarks")
    names_asked = list(dict.fromkeys(graders))
    known = file_benchmark(benchmark, data_dir, names_asked)
    if benchmark and not known.problems and "qwen" in names_asked and known.reference not in _reference_names():
        click.echo(f"note: no benchmark here is called {benchmark!r}; the reference's general rules are used", err=True)
    rejected: list[str] = []
    graded = [(path, _graded(path, names_asked, known, layout, rejected, data_dir)) for path in files]
    if rejected:
        click.echo(
            f"note: {len(rejected)} rows lack a field of their row format and are passed over, first {rejected[0]}",
            err=True,
        )
    shown = _summary(names_asked, [by_grader for _, (by_grader, _) in graded], examples)
    shown["editions"] = sorted({edition for _, (_, editions) in graded for edition in editions if edition})
    if len(files) > 1:
        shown["files"] = [{"file": str(path), **_summary(names_asked, [rows], 0)} for path, (rows, _) in graded]
    if as_json:
        print_json(shown)
    else:
        _print(shown)


_Samples = Mapping[str, Sequence[GradedSample]]
"""Grader → its samples of one file, in the file's order."""


def _reference_names() -> set[str]:
    return {reference_name(name) for name in names("benchmarks")}


def _graded(
    path: Path,
    graders: Sequence[str],
    benchmark: FileBenchmark,
    layout: str | None,
    rejected: list[str],
    data_dir: Path | None,
) -> tuple[_Samples, set[str]]:
    """The samples of a file or run folder under each grader, and the editions of graders that fit the file."""
    by_grader: dict[str, Sequence[GradedSample]] = {}
    editions = set()
    for name in graders:
        if path.is_dir():
            by_grader[name] = list(run_samples(path, load_grader(name), data_dir))
        else:
            counted = rejected if name == graders[0] else None
            file = file_samples(path, load_grader(name), benchmark, counted, layout)
            by_grader[name] = file.samples
            editions.add(file.grader.edition)
    return by_grader, editions


def _summary(graders: Sequence[str], files: Sequence[_Samples], examples: int) -> dict[str, Any]:
    """The figures of some files together, of the first grader; of a second, how it differs from the first."""
    rows = [sample for by_grader in files for sample in by_grader[graders[0]]]
    problems = [samples for by_grader in files for samples in _by_problem(by_grader[graders[0]])]
    labelled = [sample for sample in rows if _label(sample) is not None]
    changed = [sample for sample in labelled if _label(sample) != sample.verdict.correct]
    answers = [sample for sample in rows if _has_other_answer(sample)] if graders[0] == "qwen" else []
    shown: dict[str, Any] = {
        "accuracy": _accuracy(problems),
        "grader": graders[0],
        "responses": len(rows),
        "undecided": sum(sample.verdict.status == "undecided" for sample in rows),
        "accuracy by the file": _percent([bool(_label(sample)) for sample in labelled]) if labelled else None,
        "changed verdicts": len(changed),
        "changed predictions": len(answers) if graders[0] == "qwen" else None,
    }
    most = max(map(len, problems), default=0)
    if most > 1:
        reading = first_k_scores(problems, range(1, most + 1))
        shown["first k, votes by string"] = {name: round(value, 2) for name, value in reading.items()}
    shown["groups"] = group_scores(problems) if graders[0] == "qwen" else {}
    differing = {id(sample): sample for sample in [*answers, *changed]}
    shown["examples"] = [_example(sample) for sample in list(differing.values())[:examples]]
    for other in graders[1:]:
        second = [sample for by_grader in files for sample in by_grader[other]]
        pairs = [pair for pair in zip(rows, second, strict=True) if pair[0].verdict.correct != pair[1].verdict.correct]
        shown[f"accuracy by {other}"] = _accuracy([one for by_grader in files for one in _by_problem(by_grader[other])])
        for winner, name in ((1, other), (0, graders[0])):
            alone = [pair for pair in pairs if pair[winner].verdict.correct]
            shown[f"right by {name} alone, count"] = len(alone)
            shown[f"right by {name} alone"] = [_pair(pair) for pair in alone[:examples]]
    return shown


def _label(sample: GradedSample) -> bool | None:
    """What the file itself says of a sample."""
    return sample.stored.label if sample.stored else None


def _has_other_answer(sample: GradedSample) -> bool:
    """Whether the file says that another answer was extracted."""
    return bool(sample.stored and sample.stored.has_prediction and sample.stored.prediction != sample.answer)


def _by_problem(samples: Sequence[GradedSample]) -> list[list[FirstSample]]:
    problems: dict[tuple[str, ...], list[FirstSample]] = {}
    for sample in samples:
        group = sample.stored.group if sample.stored else next(iter(sample.problem.groups.values()), "")
        first = FirstSample(sample.answer, sample.verdict.correct, sample.reward, group)
        problems.setdefault((*sample.place, sample.key.problem), []).append(first)
    return list(problems.values())


def _accuracy(problems: Sequence[Sequence[FirstSample]]) -> float:
    """Percent: the mean over problems of the mean over their samples, as scores have it."""
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
