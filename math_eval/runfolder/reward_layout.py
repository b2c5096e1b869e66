"""Files of rewards in a run folder, as typed structures and as a mapping. docs/formats.md documents every key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from math_eval.errors import DataError
from math_eval.files import file_name, read_lines
from math_eval.records import SampleKey
from math_eval.rewards import Aggregation, TooLong, aggregate
from math_eval.rewards.preset import RewardKind
from math_eval.runfolder.layout import KeyedLine

REWARD_FORMAT = 1


class RewardHead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first line of a rewards file: what the rewards depend on."""

    format: int
    model: str
    revision: str
    kind: RewardKind
    preset: str
    preset_sha256: str
    too_long: TooLong
    engine: str
    dtype: str
    max_model_len: int | None = None


class RewardLine(KeyedLine, frozen=True, forbid_unknown_fields=True):
    """A line of rewards.<model>.jsonl after its first: one sample's score (outcome) or step scores (process).

    With an error there is neither. cut: the model did not read the whole response.
    """

    score: float | None = None
    steps: tuple[float, ...] | None = None
    tokens: int = 0
    cut: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class RewardFile:
    """A rewards file of a run and its first line."""

    path: Path
    head: RewardHead

    def lines(self) -> Iterator[RewardLine]:
        """Every whole line after the first; DataError names a bad one."""
        return read_lines(self.path, RewardLine, skip=1)


def rewards_path(folder: Path, model: str) -> Path:
    """Where a model's rewards lie: its name without folders or organisation, other characters as '-'."""
    base = model.rstrip("/").rpartition("/")[2]
    return folder / f"rewards.{file_name(base) or 'model'}.jsonl"


def read_head(path: Path) -> RewardHead | None:
    """The first line of a rewards file; None where the file or its first line is not there."""
    if not path.is_file():
        return None
    head = next(read_lines(path, RewardHead), None)
    if head is not None and head.format > REWARD_FORMAT:
        raise DataError(
            f"{path}: format {head.format} is newer than this math-eval reads ({REWARD_FORMAT}); "
            "a newer release would read it"
        )
    return head


def reward_files(folder: Path) -> list[RewardFile]:
    """The rewards files of a run folder, by name; one that holds nothing yet is left out."""
    found = [(path, read_head(path)) for path in sorted(folder.glob("rewards.*.jsonl"))]
    return [RewardFile(path, head) for path, head in found if head is not None]


def reward_file(folder: Path, model: str | None = None) -> RewardFile:
    """The rewards file of that model (its name, or the file's), or the only one there is.

    DataError where there is none, and where there are several and none is named.
    """
    files = reward_files(folder)
    if model is not None:
        path = rewards_path(folder, model)
        wanted = [one for one in files if one.head.model == model] or [one for one in files if one.path == path]
    else:
        wanted = files
    if len(wanted) == 1:
        return wanted[0]
    there = ", ".join(one.head.model for one in files)
    if wanted:
        raise DataError(f"{folder}: rewards of several models are there ({there}); name one")
    raise DataError(
        f"{folder}: no rewards{f' of {model}' if model else ''}{f'; there are those of {there}' if there else ''} "
        "(math-eval reward RUN --model M makes them)"
    )


def read_rewards(folder: Path, model: str | None = None) -> dict[SampleKey, float | tuple[float, ...]]:
    """Each scored sample's score (outcome) or step scores (process, not yet aggregated; may be empty).

    Samples that could not be scored are not in it. A later line of a sample stands for an earlier.
    """
    found: dict[SampleKey, float | tuple[float, ...]] = {}
    for line in reward_file(folder, model).lines():
        value = line.score if line.steps is None else line.steps
        if value is not None:
            found[line.key] = value
    return found


@dataclass(frozen=True, slots=True)
class SampleRewards:
    """One number a sample. said: the file and, for a process model, the aggregation. A sample left out has none."""

    rewards: dict[SampleKey, float]
    kind: RewardKind
    said: str


def sample_rewards(folder: Path, model: str | None = None, how: Aggregation = "last") -> SampleRewards | None:
    """The rewards that scoring reads: of the model named, or of the only one; None where the run has none at all.

    DataError where several are there and none is named.
    """
    if model is None and not reward_files(folder):
        return None
    file = reward_file(folder, model)
    found = {
        key: number
        for key, value in read_rewards(folder, model).items()
        if (number := aggregate(value, how) if isinstance(value, tuple) else value) is not None
    }
    return SampleRewards(found, file.head.kind, file.path.name + (f", {how}" if file.head.kind == "process" else ""))
