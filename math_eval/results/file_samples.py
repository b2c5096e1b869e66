"""Grades the responses in files that other harnesses wrote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from math_eval.answers.thoughts import tell_apart, whole_response
from math_eval.benchmarks import define, load_benchmark, parse_name
from math_eval.errors import DataError, UnknownNameError
from math_eval.external.row_format import StoredAnswer, read_stored
from math_eval.graders import Grader, Response, answer_of, response_for
from math_eval.records import AnswerKind, Completion, Problem, SampleKey
from math_eval.registry import names
from math_eval.results.graded import GradedSample

STORED_SET = "stored"
"""The name of the set that the samples of a file form."""


@dataclass(frozen=True, slots=True)
class FileBenchmark:
    """What is known about the benchmark that the rows of a file come from.

    Attributes:
        problems: Folded question (see `folded`) → the problem, which gives answer kind, options and policy.
        kind: The answer kind of rows whose question matches no problem.
        reference: The name of the benchmark in the reference harness, which the qwen grader follows.
    """

    problems: Mapping[str, Problem] = field(default_factory=dict)
    kind: AnswerKind = "expression"
    reference: str = ""


def file_benchmark(name: str | None, data_dir: Path | None = None, graders: Iterable[str] = ()) -> FileBenchmark:
    """Looks up the benchmark of a file. Its problems are loaded if a grader needs them; the qwen grader does not.

    Args:
        name: The benchmark's name, NAME:SPLIT or file; None if it is not known.
        data_dir: A folder with benchmark files that you already have.
        graders: The names of the graders that will be used.

    Raises:
        UnknownNameError: No benchmark has that name, and a grader needs its problems.
        MathEvalError: The problems cannot be loaded.
    """
    if name is None:
        return FileBenchmark()
    reference = reference_name(name)
    rows_needed = bool(set(graders) - {"qwen"})
    bare_name = parse_name(name)[0]
    exists = bare_name in names("benchmarks") or Path(bare_name).exists()
    if not rows_needed or (not exists and "qwen" in set(graders)):
        return FileBenchmark(reference=reference)
    problems = list(load_benchmark(name, data_dir=data_dir))
    kinds = {problem.kind for problem in problems}
    kind: AnswerKind = kinds.pop() if len(kinds) == 1 else "expression"
    return FileBenchmark({folded(problem.question): problem for problem in problems}, kind, reference)


def reference_name(benchmark: str | None) -> str:
    """Translates the name of a benchmark into its name in the reference harness.

    Returns:
        The name there; the name itself if we have no such benchmark, since only the reference may have it; "" for None.
    """
    if benchmark is None:
        return ""
    try:
        spec = define(parse_name(benchmark)[0]).spec
    except UnknownNameError:
        return benchmark
    return spec.qwen.name if spec.qwen else benchmark


@dataclass(frozen=True, slots=True)
class GradedFile:
    """The graded samples of a file, and the grader after it was fitted to the file (see `Grader.fit`)."""

    path: Path
    samples: list[GradedSample]
    grader: Grader


def file_samples(
    path: Path,
    grader: Grader,
    benchmark: FileBenchmark | None = None,
    skipped_rows: list[str] | None = None,
    row_format: str | None = None,
) -> GradedFile:
    """Grades every response of a file. Each row is one problem, and its responses are the samples of that problem.

    Args:
        path: The file, in any known row format.
        grader: Extracts and grades. Answers that the file gives already extracted are graded as they are.
        benchmark: What is known about the benchmark of the rows.
        skipped_rows: Receives the location of every row that lacks a field of the file's row format.
        row_format: The name of the row format, or the path of its YAML file; by default it is recognised by the fields.

    Raises:
        DataError: The file cannot be read, fits no row format, or holds no response.
        UnknownNameError: No row format has that name.
    """
    rows = list(read_stored(path, skipped_rows, row_format))
    if not rows:
        raise DataError(f"{path} holds no responses")
    benchmark = benchmark or FileBenchmark()
    problems = [_problem(path, row, benchmark) for row in rows]
    grader = grader.fit(
        [
            Response(
                whole_response(row.thought, row.text), problem, (row.prediction or "") if row.has_prediction else None
            )
            for row, problem in zip(rows, problems, strict=True)
        ]
    )
    samples = [_grade(path, row, problem, grader) for row, problem in zip(rows, problems, strict=True)]
    return GradedFile(path, samples, grader)


def _problem(path: Path, row: StoredAnswer, benchmark: FileBenchmark) -> Problem:
    qwen = {"name": benchmark.reference, "normalised_gold": row.reference_gold}
    fields = {"qwen": {key: value for key, value in qwen.items() if value is not None}}
    problem = benchmark.problems.get(folded(row.question))
    if problem is None:
        kind = row.kind or benchmark.kind
        problem = Problem("", "", "", row.question, row.gold, kind)
    return replace(
        problem,
        benchmark=path.stem,
        split="test",
        id=str(row.row),
        gold=row.gold,
        groups={},
        known_bad="",
        grader_fields=fields,
    )


def _grade(path: Path, row: StoredAnswer, problem: Problem, grader: Grader) -> GradedSample:
    apart = Completion(row.text, row.finish, None, None, thought="")
    if row.extracted:
        extraction = grader.read_answer(row.text, problem)
    else:
        apart = tell_apart(replace(apart, thought=row.thought or None))
        response = response_for(grader, apart.text, row.thought, apart.finish) if row.thought else row.text
        extraction = grader.extract(response, problem)
    answer = answer_of(extraction)
    return GradedSample(
        key=SampleKey(path.stem, "test", str(row.row), STORED_SET, row.n),
        problem=problem,
        text=apart.text,
        finish=apart.finish,
        answer=answer,
        verdict=grader.grade(answer, problem),
        vote_key=grader.vote_key(answer or ""),
        tokens_in=None,
        tokens_out=None,
        reward=row.reward,
        thought=apart.thought or "",
        stored=row,
    )


def folded(text: str) -> str:
    """Folds white space, so that questions match across files that lay it out differently."""
    return " ".join(text.split())
