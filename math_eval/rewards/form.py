"""What a model folder's config.json says of a reward model: its kind and how its scores come out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from math_eval.errors import ModelError
from math_eval.rewards.preset import RewardKind

Head: TypeAlias = Literal["reward", "sequence", "token"]
"""reward: an output a token (class …RewardModel). sequence, token: transformers' generic classification heads."""

_HEADS: tuple[tuple[str, Head, RewardKind], ...] = (
    ("ForProcessRewardModel", "reward", "process"),
    ("ForRewardModel", "reward", "outcome"),
    ("ForSequenceClassification", "sequence", "outcome"),
    ("ForTokenClassification", "token", "process"),
)
_LABELS = {"sequence": 1, "token": 2}


@dataclass(frozen=True, slots=True)
class RewardForm:
    """A reward model's class, its head and its kind."""

    architecture: str
    head: Head
    kind: RewardKind


def form_of(folder: Path, kind: RewardKind | None = None) -> RewardForm:
    """The form that the folder's config.json tells; `kind` is what the user says.

    ModelError for a class that is no reward model, another kind than said, or a head with another number of labels.
    """
    path = folder / "config.json"
    try:
        config = msgspec.json.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{path}: no model's config.json: {error}") from error
    names = config.get("architectures") if isinstance(config, dict) else None
    architecture = str(names[0]) if isinstance(names, list) and names else ""
    known = next(((head, found) for mark, head, found in _HEADS if architecture.endswith(mark)), None)
    if known is None:
        raise ModelError(
            f"{folder}: {architecture or 'a model without a class'} is no reward model; expected a class that ends in "
            f"{', '.join(mark for mark, _, _ in _HEADS)}"
        )
    head, found = known
    if kind is not None and kind != found:
        raise ModelError(f"{folder}: {architecture} is of kind {found}, not {kind}")
    wanted = _LABELS.get(head)
    labels = _labels(config)
    if wanted is not None and labels != wanted:
        raise ModelError(f"{folder}: {architecture} has {labels} labels; a reward model of this class has {wanted}")
    return RewardForm(architecture, head, found)


def _labels(config: dict[str, object]) -> int:
    names = config.get("id2label")
    if isinstance(names, dict):
        return len(names)
    count = config.get("num_labels")
    return count if isinstance(count, int) else 2  # transformers' own default, which it does not write down
