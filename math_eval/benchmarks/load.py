"""Rows → problems, by the templates of a benchmark file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_args

from math_eval.benchmarks.locate import locate
from math_eval.benchmarks.rows import Row, read_rows
from math_eval.benchmarks.spec import BenchmarkSpec, SplitSpec, bare_spec, read_spec
from math_eval.errors import DataError, RequestError, UnknownNameError
from math_eval.records import AnswerKind, Problem
from math_eval.registry import find, is_path, names, user_path
from math_eval.sources import Progress
from math_eval.templating import compile_expression, render

_KINDS = frozenset(get_args(AnswerKind))


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One split of a benchmark, loaded: iterate it for its problems."""

    name: str
    split: str
    spec: BenchmarkSpec
    problems: tuple[Problem, ...]
    origin: str
    sha256: str

    def __iter__(self) -> Iterator[Problem]:
        return iter(self.problems)

    def __len__(self) -> int:
        return len(self.problems)


@dataclass(frozen=True, slots=True)
class Definition:
    """A benchmark's name, what its file says, and the folder its own files are looked up in."""

    name: str
    spec: BenchmarkSpec
    beside: Path

    def splits(self, wanted: str | None = None) -> list[str]:
        """The split asked for; by default test, or all where there is no test. UnknownNameError for another name."""
        if wanted is None or wanted == "all":
            return ["test"] if wanted is None and "test" in self.spec.splits else list(self.spec.splits)
        if wanted not in self.spec.splits:
            raise UnknownNameError(f"split of {self.name}", wanted, self.spec.splits)
        return [wanted]


def define(name_or_path: str) -> Definition:
    """The definition behind a benchmark's name, a user's YAML, a folder with one, or a bare file of rows."""
    path = user_path(name_or_path)
    if path.is_dir() and (is_path(name_or_path) or name_or_path not in names("benchmarks")):
        files = sorted([*path.glob("*.yaml"), *path.glob("*.yml")])
        if len(files) != 1:
            raise DataError(f"{path}: a benchmark folder holds exactly one YAML file; this one holds {len(files)}")
        path = files[0]
    else:
        path = find("benchmarks", name_or_path)
    if path.suffix in {".yaml", ".yml"}:
        return Definition(path.stem, read_spec(path), path.parent)
    if path.suffix.lower() not in {".jsonl", ".json", ".csv", ".parquet"}:
        raise DataError(f"{path}: a benchmark is a .yaml, .jsonl, .json, .csv or .parquet file")
    first = next(iter(read_rows(path)))
    return Definition(path.stem, bare_spec(path, list(first)), path.parent)


def parse_name(text: str) -> tuple[str, str | None]:
    """Name and split of "olymmath:en-hard"; without a colon the split is None."""
    name, colon, split = text.rpartition(":")
    if colon and name and "/" not in split and "." not in split:
        return name, split
    return text, None


def load_benchmark(
    name_or_path: str,
    split: str | None = None,
    *,
    data_dir: Path | None = None,
    progress: Callable[[str], Progress | None] | None = None,
) -> Benchmark:
    """One split of a benchmark by name ("gsm8k", "olymmath:en-hard") or path, fetched first where it is missing.

    Raises UnknownNameError (with near names), DataError (file, row, field), HashMismatchError, FetchError.
    """
    name, named_split = parse_name(name_or_path)
    definition = define(name)
    splits = definition.splits(split or named_split)
    if len(splits) > 1:
        raise RequestError(f"{name} has the splits {', '.join(splits)}: say which, as {name}:{splits[0]}")
    return load_split(definition, splits[0], data_dir=data_dir, progress=progress)


def load_split(
    definition: Definition,
    split: str,
    *,
    data_dir: Path | None = None,
    progress: Callable[[str], Progress | None] | None = None,
) -> Benchmark:
    """One split of a defined benchmark; raises as load_benchmark does."""
    spec = definition.spec
    split_spec: SplitSpec = spec.splits[split]
    found = locate(definition.name, split, split_spec, beside=definition.beside, data_dir=data_dir, progress=progress)
    if split_spec.rows is not None and len(found.rows) != split_spec.rows:
        raise DataError(f"{found.origin}: {len(found.rows)} rows, expected {split_spec.rows}")
    bad = {row.id: row.reason for row in spec.known_bad}
    problems: list[Problem] = []
    seen: dict[str, int] = {}
    for number, row in enumerate(found.rows):
        problem = _problem(definition, split, number, row, bad, found.origin)
        if problem.id in seen:
            raise DataError(
                f"{found.origin}: row {number + 1}: id {problem.id!r} is also that of row {seen[problem.id] + 1}"
            )
        seen[problem.id] = number
        problems.append(problem)
    for listed, key in ((spec.corrections, "corrections"), (bad, "known_bad")):
        strangers = [name for name in listed if name not in seen and len(spec.splits) == 1]
        if strangers:
            raise DataError(f"{definition.name}: {key} names {strangers[0]!r}, which no row has as its id")
    return Benchmark(definition.name, split, spec, tuple(problems), found.origin, found.sha256)


def _problem(definition: Definition, split: str, number: int, row: Row, bad: dict[str, str], origin: str) -> Problem:
    spec = definition.spec
    where = f"{origin}: row {number + 1}"
    options = _options(spec.options, row, where)

    def text(template: str, what: str) -> str:
        return render(template, row, label=f"{where}: {what}")

    identity = text(spec.id, "id").strip() if spec.id else str(number)
    correction = spec.corrections.get(identity)
    gold = correction.gold if correction else text(spec.gold, "gold").strip()
    question = text(spec.question, "question").strip()
    kind = text(spec.answer, "answer").strip()
    if kind not in _KINDS:
        raise DataError(f"{where}: answer is {kind!r}; it must be one of {', '.join(sorted(_KINDS))}")
    if not identity:
        raise DataError(f"{where}: the id is empty")
    for what, value in (("question", question), ("gold", gold)):
        if not value and identity not in bad:
            raise DataError(f"{where}: the {what} is empty; correct the row, or list it under known_bad")
    return Problem(
        benchmark=definition.name,
        split=split,
        id=identity,
        question=question,
        gold=gold,
        kind=cast("AnswerKind", kind),
        language=str(row["language"]) if row.get("language") in {"en", "zh"} else spec.language,
        accepted=tuple(correction.accepted) if correction else (),
        options=options,
        groups={column: _column(row, column, where) for column in spec.groups},
        grader_fields=_grader_fields(spec, text),
        policy=spec.policy,
        known_bad=bad.get(identity, ""),
        row_chars=sum(len(str(value)) for value in row.values()),
    )


def _grader_fields(spec: BenchmarkSpec, text: Callable[[str, str], str]) -> dict[str, dict[str, str]]:
    """What single graders read of a row: the qwen grader the benchmark's name, gold and question in its harness."""
    if spec.qwen is None:
        return {}
    fields = {"name": spec.qwen.name, "gold": text(spec.qwen.gold or spec.gold, "qwen.gold").strip()}
    if spec.qwen.question:
        fields["question"] = text(spec.qwen.question, "qwen.question").strip()
    return {"qwen": fields}


def _options(expression: str, row: Row, where: str) -> dict[str, str]:
    if not expression:
        return {}
    try:
        value: Any = compile_expression(expression)(row)
    except Exception as error:  # an expression over a row can fail in as many ways as Python
        raise DataError(f"{where}: options: {error}") from error
    if not value:
        return {}
    if not isinstance(value, dict | list | tuple):
        raise DataError(f"{where}: options gives {type(value).__name__}; it must give a mapping of letters or a list")
    pairs = value.items() if isinstance(value, dict) else zip("ABCDEFGHIJ", value, strict=False)
    return {str(letter): str(body).strip() for letter, body in pairs}


def _column(row: Row, column: str, where: str) -> str:
    if column not in row:
        raise DataError(f"{where}: groups names {column!r}, which the row does not have; it has: {', '.join(row)}")
    value = row[column]
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
