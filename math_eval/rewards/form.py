"""The class, kind and head of a reward model, from the config.json of its folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from math_eval.errors import ModelError
from math_eval.rewards.preset import RewardKind

Head: TypeAlias = Literal["reward", "sequence", "token"]
"""reward: one output a token (classes …RewardModel). sequence, token: transformers' generic classification heads."""

_HEADS: tuple[tuple[str, Head, RewardKind], ...] = (
    ("ForProcessRewardModel", "reward", "process"),
    ("ForRewardModel", "reward", "outcome"),
    ("ForSequenceClassification", "sequence", "outcome"),
    ("ForTokenClassification", "token", "process"),
)
_LABELS = {"sequence": 1, "token": 2}


@dataclass(frozen=True, slots=True)
class RewardForm:
    """How a reward model computes its scores.

    Attributes:
        architecture: The class that config.json names.
        head: The kind of output layer.
        kind: Whether it scores responses or steps.
    """

    architecture: str
    head: Head
    kind: RewardKind


def form_of(folder: Path, kind: RewardKind | None = None) -> RewardForm:
    """Reads from config.json how a reward model computes its scores.

    Args:
        folder: The model's folder.
        kind: The kind that the user expects; None for either.

    Returns:
        The model's class, head and kind.

    Raises:
        ModelError: The folder has no readable config.json, its class is not a reward model, its kind is not the
            expected one, or its head has another number of labels than such a model has.
    """
    path = folder / "config.json"
    try:
        config = msgspec.json.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{path}: not the config.json of a model: {error}") from error
    names = config.get("architectures") if isinstance(config, dict) else None
    architecture = str(names[0]) if isinstance(names, list) and names else ""
    match = next((row for row in _HEADS if architecture.endswith(row[0])), None)
    if match is None:
        raise ModelError(
            f"{folder}: {architecture or 'a model without a class'} is not a reward model; "
            f"expected a class that ends in {', '.join(ending for ending, _, _ in _HEADS)}"
        )
    _, head, model_kind = match
    if kind is not None and kind != model_kind:
        raise ModelError(f"{folder}: {architecture} is of kind {model_kind}, not {kind}")
    expected = _LABELS.get(head)
    labels = _labels(config)
    if expected is not None and labels != expected:
        raise ModelError(f"{folder}: {architecture} has {labels} labels; a reward model of this class has {expected}")
    return RewardForm(architecture, head, model_kind)


def _labels(config: dict[str, object]) -> int:
    names = config.get("id2label")
    if isinstance(names, dict):
        return len(names)
    count = config.get("num_labels")
    return count if isinstance(count, int) else 2  # transformers' default, which it does not write into config.json
