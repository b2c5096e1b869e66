"""The rewards files of a run folder: their lines as typed structures, and their scores. See docs/formats.md."""

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
    """The first line of a rewards file: the model and the settings that its rewards depend on."""

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
    """A line of rewards.<model>.jsonl after the first: the reward of one sample.

    An outcome model gives `score`, a process model gives `steps`; with an `error` both are None. `cut` means that the
    response was shortened to fit the model's context. `tokens` is the length of what the model read.
    """

    score: float | None = None
    steps: tuple[float, ...] | None = None
    tokens: int = 0
    cut: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class RewardFile:
    """A rewards file and its first line."""

    path: Path
    head: RewardHead

    def lines(self) -> Iterator[RewardLine]:
        """Yields the lines after the first.

        Raises:
            DataError: A line is damaged; the message names it.
        """
        return read_lines(self.path, RewardLine, skip=1)


def rewards_path(folder: Path, model: str) -> Path:
    """Returns the path of a model's rewards file.

    Args:
        folder: The run folder.
        model: The model's name or folder; the file is named after its last part.

    Example:
        >>> rewards_path(Path("run"), "Qwen/Qwen2.5-Math-RM-72B").name
        'rewards.Qwen2.5-Math-RM-72B.jsonl'
    """
    base = model.rstrip("/").rpartition("/")[2]
    return folder / f"rewards.{file_name(base) or 'model'}.jsonl"


def read_head(path: Path) -> RewardHead | None:
    """Reads the first line of a rewards file.

    Returns:
        The line, or None if there is no such file or the file is empty.

    Raises:
        DataError: The line is damaged, or the file has a newer format.
    """
    if not path.is_file():
        return None
    head = next(read_lines(path, RewardHead), None)
    if head is not None and head.format > REWARD_FORMAT:
        raise DataError(
            f"{path}: format {head.format} is newer than the format that this math-eval reads ({REWARD_FORMAT}); "
            "update math-eval"
        )
    return head


def reward_files(folder: Path) -> list[RewardFile]:
    """Returns the rewards files of a run folder, sorted by name and without empty ones."""
    heads = [(path, read_head(path)) for path in sorted(folder.glob("rewards.*.jsonl"))]
    return [RewardFile(path, head) for path, head in heads if head is not None]


def reward_file(folder: Path, model: str | None = None) -> RewardFile:
    """Finds the rewards file of a model, or the only one of the run.

    Args:
        folder: The run folder.
        model: The model's name as the file states it, or a name that leads to the file's name (see `rewards_path`).

    Raises:
        DataError: There is no such file, or no model is named and the run has the rewards of several.
    """
    files = reward_files(folder)
    if model is not None:
        path = rewards_path(folder, model)
        matches = [file for file in files if file.head.model == model] or [file for file in files if file.path == path]
    else:
        matches = files
    if len(matches) == 1:
        return matches[0]
    models = ", ".join(file.head.model for file in files)
    if matches:
        raise DataError(f"{folder} has the rewards of several models: {models}; name one with --reward-model")
    raise DataError(
        f"{folder} has no rewards{f' of {model}' if model else ''}{f', only those of {models}' if models else ''} "
        "(math-eval reward RUN --model MODEL makes them)"
    )


def read_rewards(folder: Path, model: str | None = None) -> dict[SampleKey, float | tuple[float, ...]]:
    """Reads the rewards of a run as the model gave them.

    Args:
        folder: The run folder.
        model: As for `reward_file`.

    Returns:
        Sample key → score (outcome model) or step scores (process model, perhaps none). Samples that could not be
        scored are left out. Of several lines of one sample, the last counts.

    Raises:
        DataError: As for `reward_file`, or a line is damaged.
    """
    rewards: dict[SampleKey, float | tuple[float, ...]] = {}
    for line in reward_file(folder, model).lines():
        value = line.score if line.steps is None else line.steps
        if value is not None:
            rewards[line.key] = value
    return rewards


@dataclass(frozen=True, slots=True)
class SampleRewards:
    """The rewards of a run as one number for each sample.

    Attributes:
        rewards: Sample key → reward. A sample without a reward is left out.
        kind: Whether an outcome or a process model gave them.
        source: The name of the rewards file and, for a process model, the aggregation, as metrics.json records it.
    """

    rewards: dict[SampleKey, float]
    kind: RewardKind
    source: str


def sample_rewards(folder: Path, model: str | None = None, aggregation: Aggregation = "last") -> SampleRewards | None:
    """Reads the rewards of a run and aggregates step scores, as scoring and exports need them.

    Args:
        folder: The run folder.
        model: As for `reward_file`.
        aggregation: How the step scores of a process model become one number.

    Returns:
        The rewards, or None if no model is named and the run has no rewards.

    Raises:
        DataError: As for `read_rewards`.
    """
    if model is None and not reward_files(folder):
        return None
    file = reward_file(folder, model)
    rewards = {
        key: number
        for key, value in read_rewards(folder, model).items()
        if (number := aggregate(value, aggregation) if isinstance(value, tuple) else value) is not None
    }
    source = f"{file.path.name}, {aggregation}" if file.head.kind == "process" else file.path.name
    return SampleRewards(rewards, file.head.kind, source)
