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
    """One loaded split of a benchmark; iterating over it gives its problems.

    Attributes:
        name: The benchmark's name.
        split: The split's name.
        spec: The content of the benchmark file.
        problems: The problems, in the order of the rows.
        origin: The file or hub data set that the rows were read from.
        sha256: The hash of that file, or of the hub data set's rows.
    """

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
    """A benchmark that is not loaded yet.

    Attributes:
        name: The benchmark's name.
        spec: The content of the benchmark file.
        folder: The folder of that file, in which `file` sources are looked up.
    """

    name: str
    spec: BenchmarkSpec
    folder: Path

    def splits(self, name: str | None = None) -> list[str]:
        """The names of the splits that a user's choice stands for.

        Args:
            name: A split, "all", or None for the default: `test`, or all where there is no `test`.

        Returns:
            At least one name.

        Raises:
            UnknownNameError: There is no such split; the text offers similar names.
        """
        if name is None or name == "all":
            return ["test"] if name is None and "test" in self.spec.splits else list(self.spec.splits)
        if name not in self.spec.splits:
            raise UnknownNameError(f"split of {self.name}", name, self.spec.splits)
        return [name]


def define(name_or_path: str) -> Definition:
    """The definition of a benchmark; no data is fetched.

    Args:
        name_or_path: A benchmark's name, or the path of a benchmark YAML, of a folder with one, or of a bare .jsonl,
            .json, .csv or .parquet file with a question and an answer column.

    Returns:
        The benchmark's name, specification and folder.

    Raises:
        UnknownNameError: There is no such benchmark; the text offers similar names.
        DataError: The file is not a benchmark; the text names the key or column that is wrong.
    """
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
    """Splits a benchmark name from the split that a user put after a colon.

    Args:
        text: A name or path, with or without ":SPLIT".

    Returns:
        (name, split); the split is None where none is named.

    Example:
        >>> parse_name("olymmath:en-hard")
        ('olymmath', 'en-hard')
    """
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
    """Loads one split of a benchmark; its data is fetched first where it is not in the cache.

    Args:
        name_or_path: A name ("gsm8k", "olymmath:en-hard") or a path, as in `--benchmark`.
        split: The split; None for the one after the colon, or for the default split.
        data_dir: A folder with benchmark files, which is searched first; None for MATH_EVAL_DATA.
        progress: Called with an URL before it is fetched; it may return a callback for the bytes received.

    Returns:
        The problems of the split.

    Raises:
        UnknownNameError: No such benchmark or split; the text offers similar names.
        RequestError: The benchmark has several splits and none was chosen.
        DataError: A file, row or field is wrong; the text names it.
        HashMismatchError: A file's bytes are not the pinned ones.
        FetchError: No source of the data can be reached.

    Example:
        >>> problems = load_benchmark("gsm8k")
        >>> len(problems)
        1319
    """
    name, named_split = parse_name(name_or_path)
    definition = define(name)
    splits = definition.splits(split or named_split)
    if len(splits) > 1:
        raise RequestError(f"{name} has the splits {', '.join(splits)}: choose one, as in {name}:{splits[0]}")
    return load_split(definition, splits[0], data_dir=data_dir, progress=progress)


def load_split(
    definition: Definition,
    split: str,
    *,
    data_dir: Path | None = None,
    progress: Callable[[str], Progress | None] | None = None,
) -> Benchmark:
    """Loads one split of a benchmark from its definition.

    Args:
        definition: The benchmark.
        split: The name of one of its splits.
        data_dir: As for `load_benchmark`.
        progress: As for `load_benchmark`.

    Returns:
        The problems of the split.

    Raises:
        DataError: A file, row or field is wrong, ids repeat, or the number of rows is not the expected one.
        HashMismatchError: A file's bytes are not the pinned ones.
        FetchError: No source of the data can be reached.
        MissingPackageError: Reading the data needs a package that is not installed.
    """
    spec = definition.spec
    split_spec: SplitSpec = spec.splits[split]
    data = locate(definition.name, split, split_spec, folder=definition.folder, data_dir=data_dir, progress=progress)
    if split_spec.rows is not None and len(data.rows) != split_spec.rows:
        raise DataError(f"{data.origin}: {len(data.rows)} rows, expected {split_spec.rows}")
    bad = {row.id: row.reason for row in spec.known_bad}
    problems: list[Problem] = []
    row_numbers: dict[str, int] = {}
    for number, row in enumerate(data.rows):
        problem = _problem(definition, split, number, row, bad, data.origin)
        if problem.id in row_numbers:
            raise DataError(
                f"{data.origin}: row {number + 1}: id {problem.id!r} is also that of row {row_numbers[problem.id] + 1}"
            )
        row_numbers[problem.id] = number
        problems.append(problem)
    for listed, key in ((spec.corrections, "corrections"), (bad, "known_bad")):
        unknown = [name for name in listed if name not in row_numbers and len(spec.splits) == 1]
        if unknown:
            raise DataError(f"{definition.name}: {key} names {unknown[0]!r}, which is not the id of any row")
    return Benchmark(definition.name, split, spec, tuple(problems), data.origin, data.sha256)


def _problem(definition: Definition, split: str, number: int, row: Row, bad: dict[str, str], origin: str) -> Problem:
    spec = definition.spec
    place = f"{origin}: row {number + 1}"
    options = _options(spec.options, row, place)

    def text(template: str, key: str) -> str:
        return render(template, row, label=f"{place}: {key}")

    identity = text(spec.id, "id").strip() if spec.id else str(number)
    correction = spec.corrections.get(identity)
    gold = correction.gold if correction else text(spec.gold, "gold").strip()
    question = text(spec.question, "question").strip()
    kind = text(spec.answer, "answer").strip()
    if kind not in _KINDS:
        raise DataError(f"{place}: answer is {kind!r}; it must be one of {', '.join(sorted(_KINDS))}")
    if not identity:
        raise DataError(f"{place}: the id is empty")
    for key, value in (("question", question), ("gold", gold)):
        if not value and identity not in bad:
            raise DataError(f"{place}: the {key} is empty; correct the row, or list it under known_bad")
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
        groups={column: _column(row, column, place) for column in spec.groups},
        grader_fields=_grader_fields(spec, text),
        policy=spec.policy,
        known_bad=bad.get(identity, ""),
        row_chars=sum(len(str(value)) for value in row.values()),
    )


def _grader_fields(spec: BenchmarkSpec, text: Callable[[str, str], str]) -> dict[str, dict[str, str]]:
    """The fields that only some grader reads: for `qwen` the benchmark's name, gold and question in the reference."""
    if spec.qwen is None:
        return {}
    fields = {"name": spec.qwen.name, "gold": text(spec.qwen.gold or spec.gold, "qwen.gold").strip()}
    if spec.qwen.question:
        fields["question"] = text(spec.qwen.question, "qwen.question").strip()
    return {"qwen": fields}


def _options(expression: str, row: Row, place: str) -> dict[str, str]:
    if not expression:
        return {}
    try:
        value: Any = compile_expression(expression)(row)
    except Exception as error:  # an expression over a row can raise anything
        raise DataError(f"{place}: options: {error}") from error
    if not value:
        return {}
    if not isinstance(value, dict | list | tuple):
        raise DataError(f"{place}: options gives {type(value).__name__}; it must give a mapping of letters or a list")
    pairs = value.items() if isinstance(value, dict) else zip("ABCDEFGHIJ", value, strict=False)
    return {str(letter): str(body).strip() for letter, body in pairs}


def _column(row: Row, column: str, place: str) -> str:
    if column not in row:
        raise DataError(f"{place}: groups names {column!r}, which the row does not have; it has: {', '.join(row)}")
    value = row[column]
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
