"""What a benchmark's YAML file may say; every key is documented in docs/formats.md."""

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
    """One place the rows can come from: an URL with a sha256, a hub data set with a hash of its rows, or a file.

    A file is looked up beside the YAML, then in the project's data folder; its sha256 may be left out only there.
    An entry with a sha256 and nothing else is a file that a data folder may hold but that cannot be fetched.
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
        named = [name for name in ("url", "hub", "file") if getattr(self, name)]
        if len(named) > 1:
            raise ValueError(f"a source is one of url, hub and file, not {' and '.join(named)}")
        if not named and not self.sha256:
            raise ValueError("a source needs an url, a hub name, a file or a sha256")
        if self.hub and not (self.revision and self.rows_sha256):
            raise ValueError("a hub source needs a revision and a rows_sha256")
        if self.url:
            self.pinned()
        inside = PurePosixPath(self.file)
        if self.file and (inside.is_absolute() or ".." in inside.parts or "\\" in self.file):
            raise ValueError("file must be a path below the YAML's own folder")

    def pinned(self) -> PinnedFile:
        """The source as a pinned file on the web."""
        return PinnedFile(url=self.url, sha256=self.sha256, bytes=self.bytes)


class SplitSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One split: how many rows it has, and its sources in the order in which they are tried."""

    sources: list[Source]
    rows: Annotated[int, msgspec.Meta(ge=1)] | None = None

    def __post_init__(self) -> None:
        if not self.sources:
            raise ValueError("a split needs at least one source")


class Correction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The right gold of a row whose published one is wrong or cut short, other golds that are right too, and why."""

    gold: str
    reason: str
    accepted: list[str] = []


class KnownBad(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A defective row: kept, counted, and reported with its reason."""

    id: str
    reason: str


class AdaptiveShots(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The reference's "adapt few shot": `shots` demonstrations of `key`, on rows whose gold is one letter A to E."""

    key: str
    shots: int


class QwenReading(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the reference reads this benchmark: its key, and its question and gold where they differ from ours."""

    name: str
    question: str = ""
    gold: str = ""
    adaptive: AdaptiveShots | None = None


class BenchmarkSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A benchmark file."""

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
        """Key and number of demonstrations under "adapt few shot"; none where the benchmark has no such rule."""
        rule = self.qwen.adaptive if self.qwen else None
        return (rule.key, rule.shots) if rule else ("", 0)

    def __post_init__(self) -> None:
        if self.schema < 1:
            raise ValueError("schema must be 1")
        if not self.splits:
            raise ValueError("splits must name at least one split")


def read_spec(path: Path) -> BenchmarkSpec:
    """The benchmark file at `path`; DataError names the file and the key that is wrong."""
    spec = read_document(path, BenchmarkSpec)
    kinds = get_args(AnswerKind)
    if "{" not in spec.answer and spec.answer not in kinds:
        raise DataError(f"{path}: answer is {spec.answer!r}; it must be one of {', '.join(sorted(kinds))}")
    return spec


def bare_spec(path: Path, fields: list[str]) -> BenchmarkSpec:
    """A spec for a user's bare .jsonl, .json, .csv or .parquet file, by its column names.

    The question is the first column of question, problem, Question, prompt, input; the gold the first of answer, gold,
    Answer, target, final_answer. DataError names the columns that are there where none fits.
    """
    chosen: dict[str, str] = {}
    wanted = {
        "question": ("question", "problem", "Question", "prompt", "input"),
        "gold": ("answer", "gold", "Answer", "target", "final_answer"),
    }
    for role, columns in wanted.items():
        found = next((column for column in columns if column in fields), None)
        if found is None:
            raise DataError(
                f"{path}: row 1: no {role} column; it has {', '.join(fields) or 'none'}, "
                f"and one of {', '.join(columns)} would be right (or write a benchmark YAML)"
            )
        chosen[role] = found
    return BenchmarkSpec(
        schema=1,
        title=path.stem,
        splits={"test": SplitSpec(sources=[Source(file=path.name)])},
        question="{{ " + chosen["question"] + " }}",
        gold="{{ " + chosen["gold"] + " | number }}",
        id=next(("{{ " + column + " }}" for column in ("id", "idx", "unique_id") if column in fields), ""),
    )
