"""The graded samples of a file that another harness wrote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from math_eval.benchmarks import define, load_benchmark
from math_eval.errors import DataError, UnknownNameError
from math_eval.external.row_format import StoredAnswer, read_stored
from math_eval.graders import Grader, Response, answer_of
from math_eval.records import AnswerKind, Problem, SampleKey
from math_eval.registry import names
from math_eval.results.graded import GradedSample

STORED_SET = "stored"
"""The set that the samples of a file belong to."""


@dataclass(frozen=True, slots=True)
class FileBenchmark:
    """What is known of the benchmark that a file's rows belong to.

    problems: by folded question; they give kind, options and policy. kind: of rows that match none. reference: the
    benchmark's name in the harness that the qwen grader follows.
    """

    problems: Mapping[str, Problem] = field(default_factory=dict)
    kind: AnswerKind = "expression"
    reference: str = ""


def file_benchmark(name: str | None, data_dir: Path | None = None, graders: Iterable[str] = ()) -> FileBenchmark:
    """The benchmark named for a file. Its rows are loaded unless only the qwen grader, which needs none, is asked.

    UnknownNameError where no benchmark has that name and a grader needs its rows.
    """
    if name is None:
        return FileBenchmark()
    reference = reference_name(name)
    rows_needed = bool(set(graders) - {"qwen"})
    known = name.partition(":")[0] in names("benchmarks") or Path(name).exists()
    if not rows_needed or (not known and "qwen" in set(graders)):
        return FileBenchmark(reference=reference)
    problems = list(load_benchmark(name, data_dir=data_dir))
    kinds = {problem.kind for problem in problems}
    kind: AnswerKind = kinds.pop() if len(kinds) == 1 else "expression"
    return FileBenchmark({folded(problem.question): problem for problem in problems}, kind, reference)


def reference_name(benchmark: str | None) -> str:
    """The name that the qwen grader's harness knows a benchmark by; a name that we do not know stays as it is."""
    if benchmark is None:
        return ""
    try:
        spec = define(benchmark).spec
    except UnknownNameError:
        return benchmark
    return spec.qwen.name if spec.qwen else benchmark


@dataclass(frozen=True, slots=True)
class GradedFile:
    """A file's samples, and the grader as it was fitted to the file."""

    path: Path
    samples: list[GradedSample]
    grader: Grader


def file_samples(
    path: Path,
    grader: Grader,
    benchmark: FileBenchmark | None = None,
    rejected: list[str] | None = None,
    row_format: str | None = None,
) -> GradedFile:
    """Every response of a file, graded; a row is a problem, its responses are that problem's samples.

    Args:
        path: The file, in any known row format.
        grader: Extracts and grades; answers that the file has extracted already are graded as they stand.
        benchmark: What is known of the benchmark.
        rejected: Gets the place of every row that lacks a field of the file's row format.
        row_format: The row format's name or YAML file; by default it is recognised by the fields.

    Raises:
        DataError: No row format fits, or the file holds no response.
    """
    rows = list(read_stored(path, rejected, row_format))
    if not rows:
        raise DataError(f"{path}: no responses")
    known = benchmark or FileBenchmark()
    problems = [_problem(path, row, known) for row in rows]
    fitted = grader.fit(
        [
            Response(row.text, problem, (row.prediction or "") if row.has_prediction else None)
            for row, problem in zip(rows, problems, strict=True)
        ]
    )
    samples = [_graded(path, row, problem, fitted) for row, problem in zip(rows, problems, strict=True)]
    return GradedFile(path, samples, fitted)


def _problem(path: Path, row: StoredAnswer, benchmark: FileBenchmark) -> Problem:
    qwen = {"name": benchmark.reference, "normalised_gold": row.reference_gold}
    fields = {"qwen": {key: value for key, value in qwen.items() if value is not None}}
    known = benchmark.problems.get(folded(row.question))
    if known is None:
        kind = row.kind or benchmark.kind
        known = Problem("", "", "", row.question, row.gold, kind)
    return replace(
        known,
        benchmark=path.stem,
        split="test",
        id=str(row.row),
        gold=row.gold,
        groups={},
        known_bad="",
        grader_fields=fields,
    )


def _graded(path: Path, row: StoredAnswer, problem: Problem, grader: Grader) -> GradedSample:
    read = grader.read_answer if row.extracted else grader.extract
    answer = answer_of(read(row.text, problem))
    return GradedSample(
        key=SampleKey(path.stem, "test", str(row.row), STORED_SET, row.n),
        problem=problem,
        text=row.text,
        finish="stop",
        answer=answer,
        verdict=grader.grade(answer, problem),
        vote_key=grader.vote_key(answer or ""),
        reward=row.reward,
        stored=row,
    )


def folded(text: str) -> str:
    """A question's text as files are matched by: white space alone does not tell two apart."""
    return " ".join(text.split())
