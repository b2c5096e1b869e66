"""The files of a run folder as typed structures. docs/formats.md documents every key."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import msgspec

from math_eval.benchmarks.selection import Selection
from math_eval.documents import decode
from math_eval.errors import DataError, StorageError
from math_eval.records import FAILED, AnswerKind, Finish, Problem, Prompt, SampleKey, Status

FORMAT = 1

MAX_SAMPLES = 100_000
"""The largest number of samples of one problem in a set."""

State = Literal["done", "failed", "filtered", "refused"]
"""Whether there is a completion: done, not made, stopped by a content filter, or refused."""

SampleNumber = Annotated[int, msgspec.Meta(ge=0, lt=MAX_SAMPLES)]


class SetInfo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The sampling settings of a set; `max_tokens` limits the new tokens of a completion."""

    temperature: float
    top_p: float
    top_k: int
    max_tokens: int
    stop_token_ids: list[int] = []
    min_p: float = 0.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    repetition_penalty: float = 1.0
    stop: list[str] = []
    thinking_budget: int | None = None
    min_thinking: int = 0


class Extent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much of one benchmark a set covers: the first `problems` problems of its selection, with `samples` each."""

    problems: int
    samples: int


class BenchmarkInfo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One benchmark split of a run: its prompt, the hash of its data, and the extent of each set."""

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
    selection: Selection = Selection()


class RunInfo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """run.json: the request of a run with every default resolved, and where the run was made."""

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
    mode: str = ""
    chat: dict[str, Any] = {}
    assumptions: list[str] = []
    server_changes: dict[str, dict[str, str]] = {}

    NAME: ClassVar[str] = "run.json"


class KeyedLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line about one sample; its first fields are the key of the sample."""

    benchmark: str
    split: str
    problem: str
    set: str
    n: SampleNumber

    @property
    def key(self) -> SampleKey:
        """The key of the sample that the line is about."""
        return SampleKey(self.benchmark, self.split, self.problem, self.set, self.n)


class Cut(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a sample that its budget cut needs to go on under a larger one.

    Attributes:
        text: The text as the model wrote it, marks of its thought included.
        budget: The token budget under which it was cut.
        token_ids: Its tokens; empty where the engine knows none.
    """

    text: str
    budget: int
    token_ids: list[int] = []


class SampleLine(KeyedLine, frozen=True, forbid_unknown_fields=True):
    """A line of samples/*.jsonl: the output of generation. It is written once and never edited."""

    state: State
    text: str
    finish: Finish
    tokens_in: int | None
    tokens_out: int | None
    turns: list[dict[str, Any]] = []
    error: str = ""
    thought: str = ""
    tokens_thought: int | None = None
    cut: Cut | None = None
    segments: list[int] = []


def state_of(finish: Finish) -> State:
    """Returns the state of a sample by why its completion ended."""
    if finish in FAILED:
        return "failed"
    return finish if finish in {"filtered", "refused"} else "done"


class PromptLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of prompts.jsonl: the prompt of a problem as the model received it, and what graders read of the problem.

    With these lines a run folder can be graded again on a machine without the benchmark's data. Older folders have
    `qwen_gold` and `qwen_name` in place of `grader_fields`.
    """

    benchmark: str
    split: str
    problem: str
    question: str
    gold: str
    text: str = ""
    messages: list[dict[str, str]] = []
    tokens: int | None = None
    rendered: str = ""
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
        """Makes the line of a problem and its prompt; `tokens` stays None until the prompt is encoded."""
        return cls(
            **{name: getattr(problem, name) for name in _PROBLEM_FIELDS},
            problem=problem.id,
            text=prompt.text,
            messages=[dict(message) for message in prompt.messages],
        )

    def as_problem(self) -> Problem:
        """Returns the problem; its `row_chars` are 0, because the line does not store them."""
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
    """A line of verdicts.<grader>.jsonl after the first: the answer extracted from a sample, and its verdict."""

    answer: str
    found_by: str
    status: Status
    rule: str
    truncated: bool = False
    detail: str = ""


class VerdictHead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first line of a verdicts file: what its verdicts depend on. If it no longer matches, they are made again."""

    format: int
    grader: str
    version: str
    fingerprint: str


def read_run_info(folder: Path) -> RunInfo | None:
    """Reads run.json if the folder has one.

    Args:
        folder: A folder that may or may not be a run folder.

    Returns:
        The contents of run.json, or None if the folder has no such file.

    Raises:
        DataError: The file is not valid, was not written by math-eval, or has a newer format.
    """
    path = folder / RunInfo.NAME
    try:
        content = msgspec.json.decode(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: not valid JSON: {error}") from error
    version = content.get("format") if isinstance(content, dict) else None
    if not isinstance(version, int):
        raise DataError(f"{path}: no format number; this is not a run folder of math-eval")
    if version > FORMAT:
        raise DataError(
            f"{path}: format {version} is newer than the format that this math-eval reads ({FORMAT}); update math-eval"
        )
    return decode(content, RunInfo, str(path))


def read_run(folder: Path) -> RunInfo:
    """Reads the run.json of a run folder.

    Raises:
        DataError: The path is a file, or `read_run_info` finds no run.json or cannot read it.
    """
    if folder.is_file():
        raise DataError(f"{folder} is a file; expected a run folder, as math-eval run makes it")
    info = read_run_info(folder)
    if info is None:
        raise DataError(f"{folder} has no run.json; expected a run folder, as math-eval run makes it")
    return info


def write_json(path: Path, value: Any) -> None:
    """Writes a JSON file atomically, with the keys in the order of the value.

    Raises:
        StorageError: The file cannot be written.
    """
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")
        part.replace(path)
    except OSError as error:
        raise StorageError(f"{path}: cannot be written: {error.strerror or error}") from error
