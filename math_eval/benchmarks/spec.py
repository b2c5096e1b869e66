"""The content of a benchmark YAML file; docs/formats.md describes every key."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Annotated, Any, ClassVar, Literal, get_args

import msgspec

from math_eval.documents import read_document
from math_eval.errors import DataError
from math_eval.records import AnswerKind
from math_eval.sources import PinnedFile

RowShape = Literal["lines", "list", "dict"]


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One source of a split's rows: an URL, a data set on the Hugging Face hub, or a file.

    A source with a sha256 alone is a file that cannot be fetched but that the user's data folder may hold.

    Attributes:
        url: An https URL.
        hub: The name of a data set on the Hugging Face hub.
        file: A path below the folder of the benchmark file, or below the project's data folder.
        sha256: The hash of the file in hexadecimal; optional only with `file`.
        bytes: The size of the file at `url`, for the progress bar; 0 where it is not known.
        rows: How a JSON file holds its rows.
        config: The hub's name of the data set's configuration.
        split: The hub's name of the split.
        revision: The commit on the hub.
        rows_sha256: The hash of the hub's rows; see `rows_hash`.
    """

    url: str = ""
    hub: str = ""
    file: str = ""
    sha256: str = ""
    bytes: int = 0
    rows: RowShape = "lines"
    config: str | None = None
    split: str = "test"
    revision: str = ""
    rows_sha256: str = ""

    def __post_init__(self) -> None:
        kinds = [name for name in ("url", "hub", "file") if getattr(self, name)]
        if len(kinds) > 1:
            raise ValueError(f"a source has one of url, hub and file, not {' and '.join(kinds)}")
        if not kinds and not self.sha256:
            raise ValueError("a source needs an url, a hub name, a file or a sha256")
        if self.hub and not (self.revision and self.rows_sha256):
            raise ValueError("a hub source needs a revision and a rows_sha256")
        if self.url:
            self.pinned()
        path = PurePosixPath(self.file)
        if self.file and (path.is_absolute() or ".." in path.parts or "\\" in self.file):
            raise ValueError("file must be a path below the folder of the YAML file")

    def pinned(self) -> PinnedFile:
        """The `url` of the source as a pinned file."""
        return PinnedFile(url=self.url, sha256=self.sha256, bytes=self.bytes)


class SplitSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One split: the number of its rows, where that is fixed, and its sources in the order in which they are tried."""

    sources: list[Source]
    rows: Annotated[int, msgspec.Meta(ge=1)] | None = None

    def __post_init__(self) -> None:
        if not self.sources:
            raise ValueError("a split needs at least one source")


class Correction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The right gold of a row whose published gold is wrong or incomplete, other correct golds, and the reason."""

    gold: str
    reason: str
    accepted: list[str] = []


class KnownBad(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A defective row: it is asked and counted like any other, and reported with the reason."""

    id: str
    reason: str


class AdaptiveShots(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The reference's rule "adapt few shot": rows whose gold is a letter A to E get `shots` demonstrations of `key`."""

    key: str
    shots: int


class QwenReading(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the reference reads this benchmark: its name there, and question and gold templates that differ from ours."""

    name: str
    question: str = ""
    gold: str = ""
    adaptive: AdaptiveShots | None = None


class BenchmarkSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A benchmark file; docs/formats.md describes its keys.

    Attributes:
        schema: The version of the file format.
        title: The benchmark's full name.
        splits: Name → split.
        question: Template of a problem's question.
        gold: Template of its gold.
        language: Language of rows without a `language` column.
        license: The data's licence, as far as known.
        answer: The answer kind, or a template of it.
        id: Template of a problem's id; "" for the row number from 0.
        options: Jinja expression for the options of a choice problem; "" for none.
        policy: Switches of the grader's policy for this benchmark.
        corrections: Problem id → correction of its gold.
        known_bad: The defective rows.
        qwen: How the reference reads the benchmark; None where it does not have it.
        demonstrations: The key of its few-shot demonstrations; "" for none.
        groups: The columns by which accuracy is broken down.
        note: A remark for readers.
    """

    SCHEMA: ClassVar[int] = 1
    schema: int
    title: str
    splits: dict[str, SplitSpec]
    question: str
    gold: str
    language: Literal["en", "zh"] = "en"
    license: str = "unknown"
    answer: str = "expression"
    id: str = ""
    options: str = ""
    policy: dict[str, Any] = {}
    corrections: dict[str, Correction] = {}
    known_bad: list[KnownBad] = []
    qwen: QwenReading | None = None
    demonstrations: str = ""
    groups: list[str] = []
    note: str = ""

    @property
    def adaptive(self) -> tuple[str, int]:
        """Key and number of demonstrations under "adapt few shot"; ("", 0) where the benchmark has no such rule."""
        rule = self.qwen.adaptive if self.qwen else None
        return (rule.key, rule.shots) if rule else ("", 0)

    def __post_init__(self) -> None:
        if self.schema < 1:
            raise ValueError("schema must be 1")
        if not self.splits:
            raise ValueError("splits must name at least one split")


def read_spec(path: Path) -> BenchmarkSpec:
    """Reads a benchmark file.

    Args:
        path: A YAML file.

    Returns:
        Its content.

    Raises:
        DataError: The file is not a benchmark; the text names the file and the key that is wrong.
    """
    spec = read_document(path, BenchmarkSpec)
    kinds = get_args(AnswerKind)
    if "{" not in spec.answer and spec.answer not in kinds:
        raise DataError(f"{path}: answer is {spec.answer!r}; it must be one of {', '.join(sorted(kinds))}")
    return spec


def bare_spec(path: Path, fields: list[str]) -> BenchmarkSpec:
    """A benchmark for a user's file of rows that has no YAML file, from its column names.

    The question is the first column among question, problem, Question, prompt and input; the gold is the first among
    answer, gold, Answer, target and final_answer; the id is id, idx, unique_id or the row number.

    Args:
        path: The .jsonl, .json, .csv or .parquet file.
        fields: Its column names.

    Returns:
        A benchmark with the single split `test`.

    Raises:
        DataError: No column holds the question or the gold; the text lists the existing columns.
    """
    columns_by_role: dict[str, str] = {}
    candidates = {
        "question": ("question", "problem", "Question", "prompt", "input"),
        "gold": ("answer", "gold", "Answer", "target", "final_answer"),
    }
    for role, columns in candidates.items():
        match = next((column for column in columns if column in fields), None)
        if match is None:
            raise DataError(
                f"{path}: row 1: no {role} column; it has {', '.join(fields) or 'none'}, "
                f"but needs one of {', '.join(columns)} (or write a benchmark YAML)"
            )
        columns_by_role[role] = match
    return BenchmarkSpec(
        schema=1,
        title=path.stem,
        splits={"test": SplitSpec(sources=[Source(file=path.name)])},
        question="{{ " + columns_by_role["question"] + " }}",
        gold="{{ " + columns_by_role["gold"] + " | number }}",
        id=next(("{{ " + column + " }}" for column in ("id", "idx", "unique_id") if column in fields), ""),
    )
