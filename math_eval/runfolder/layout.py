"""The run folder: names of its files, and run.json as typed structures. docs/formats.md documents every key."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import msgspec

from math_eval.documents import decode
from math_eval.errors import DataError, StorageError
from math_eval.records import AnswerKind, Finish, Problem, Prompt, SampleKey, Status

FORMAT = 1

MAX_SAMPLES = 100_000
"""Most samples of one problem in a set."""

SampleNumber = Annotated[int, msgspec.Meta(ge=0, lt=MAX_SAMPLES)]


class SetInfo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A set's sampling settings; max_tokens bounds the new tokens of a completion."""

    temperature: float
    top_p: float
    top_k: int
    max_tokens: int
    stop_token_ids: list[int] = []


class Extent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far a set goes on one benchmark: its first `problems` problems, `samples` of each."""

    problems: int
    samples: int


class BenchmarkInfo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One benchmark split of a run: what was asked of it, and the hash of its data."""

    benchmark: str
    split: str
    rows: int
    prompt: str
    prompt_sha256: str
    shots: int
    adapt_few_shot: bool
    demonstrations_sha256: str
    data_sha256: str
    definition: str
    sets: dict[str, Extent]
    tools: str = ""


class RunInfo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """run.json: what was asked, resolved."""

    format: int
    model: str
    model_revision: str
    family: str
    engine: str
    engine_settings: dict[str, Any]
    seed: int
    seeding: str
    sets: dict[str, SetInfo]
    benchmarks: list[BenchmarkInfo]
    versions: dict[str, str]
    hardware: dict[str, Any]
    git_commit: str = ""
    grader: str = "equivalence"
    sandbox: str = ""
    created: str = ""
    command: list[str] = []
    base_urls: list[str] = []

    NAME: ClassVar[str] = "run.json"


class KeyedLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line about one sample. Its first fields are the sample's key."""

    benchmark: str
    split: str
    problem: str
    set: str
    n: SampleNumber

    @property
    def key(self) -> SampleKey:
        """The key of the sample that the line is about."""
        return SampleKey(self.benchmark, self.split, self.problem, self.set, self.n)


class SampleLine(KeyedLine, frozen=True, forbid_unknown_fields=True):
    """One line of samples/*.jsonl: what generation produced, written once and never edited."""

    state: Literal["done", "failed"]
    text: str
    finish: Finish
    tokens_in: int
    tokens_out: int
    turns: list[dict[str, Any]] = []
    error: str = ""


class PromptLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of prompts.jsonl: a problem's prompt as the model got it, and what grading needs of the problem.

    With it a run folder can be graded again where the benchmark's own data is not at hand. Older folders hold
    qwen_gold and qwen_name, which grader_fields replaces.
    """

    benchmark: str
    split: str
    problem: str
    question: str
    gold: str
    text: str = ""
    messages: list[dict[str, str]] = []
    tokens: int | None = None
    kind: AnswerKind = "expression"
    language: str = "en"
    accepted: tuple[str, ...] = ()
    options: dict[str, str] = {}
    groups: dict[str, str] = {}
    policy: dict[str, Any] = {}
    known_bad: str = ""
    grader_fields: dict[str, dict[str, Any]] = {}
    qwen_gold: str | None = None
    qwen_name: str = ""

    @classmethod
    def of(cls, problem: Problem, prompt: Prompt) -> PromptLine:
        """The line of a problem and its prompt, without the prompt's token count."""
        return cls(
            **{name: getattr(problem, name) for name in _PROBLEM_FIELDS},
            problem=problem.id,
            text=prompt.text,
            messages=[dict(message) for message in prompt.messages],
        )

    def as_problem(self) -> Problem:
        """The problem as the line stores it; its row_chars are not stored and count as 0."""
        fields = dict(self.grader_fields)
        if self.qwen_gold is not None and "qwen" not in fields:
            fields["qwen"] = {"name": self.qwen_name, "gold": self.qwen_gold}
        stored = {name: getattr(self, name) for name in _PROBLEM_FIELDS}
        return Problem(**{**stored, "grader_fields": fields}, id=self.problem)


_PROBLEM_FIELDS = (
    "benchmark split question gold kind language accepted options groups policy known_bad grader_fields"
).split()
"""The fields that a PromptLine and a Problem share under the same name."""


class VerdictLine(KeyedLine, frozen=True, forbid_unknown_fields=True):
    """A line of verdicts.<grader>.jsonl after its first: the answer found in a sample, and what the grader says."""

    answer: str
    found_by: str
    status: Status
    rule: str
    truncated: bool = False
    detail: str = ""


class VerdictHead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first line of a verdicts file: what the verdicts depend on; on a mismatch they are remade."""

    format: int
    grader: str
    version: str
    fingerprint: str


def read_run_info(folder: Path) -> RunInfo | None:
    """The run.json of a folder, None where there is none. DataError for one from the future or not ours."""
    path = folder / RunInfo.NAME
    try:
        content = msgspec.json.decode(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: not a run's JSON: {error}") from error
    found = content.get("format") if isinstance(content, dict) else None
    if not isinstance(found, int):
        raise DataError(f"{path}: no format number; this folder is not a run of math-eval")
    if found > FORMAT:
        raise DataError(
            f"{path}: format {found} is newer than this math-eval reads ({FORMAT}); a newer release would read it"
        )
    return decode(content, RunInfo, str(path))


def read_run(folder: Path) -> RunInfo:
    """The run.json of a run folder; DataError where the folder holds none."""
    if folder.is_file():
        raise DataError(f"{folder}: a file; this needs a run folder, which math-eval run --output makes")
    info = read_run_info(folder)
    if info is None:
        raise DataError(f"{folder}: no run.json; a run folder is what math-eval run --output made")
    return info


def write_json(path: Path, value: Any) -> None:
    """Writes a JSON file whole or not at all, keys in their own order; StorageError where it cannot."""
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")
        part.replace(path)
    except OSError as error:
        raise StorageError(f"{path}: cannot be written: {error.strerror or error}") from error
