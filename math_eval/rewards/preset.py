"""Reward presets: how a problem and a response are put to a reward model, chosen by the model's name."""

from __future__ import annotations

import hashlib
from typing import ClassVar, Literal, TypeAlias

import msgspec

from math_eval.documents import read_document
from math_eval.registry import find, longest_match, names

RewardKind: TypeAlias = Literal["outcome", "process"]
"""outcome: one number for a response. process: for each step of a response, the probability that it is good."""


class RewardPreset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A reward preset file; docs/formats.md describes its keys.

    Attributes:
        schema: The version of the file format.
        title: The models it is for.
        match: Shell patterns for the lower-cased model name; the longest pattern that matches decides.
        kind: Whether the models score responses or steps.
        system: The system message; "" for none.
        step_marker: The token that is put after each step, and at which its score is taken.
        step_separator: The text that separates the steps of a response.
        note: A remark for readers.
    """

    SCHEMA: ClassVar[int] = 1
    schema: int
    title: str
    match: list[str]
    kind: RewardKind
    system: str = ""
    step_marker: str = ""
    step_separator: str = "\n\n"
    note: str = ""

    def __post_init__(self) -> None:
        if self.kind == "process" and not (self.step_marker.strip(" ") and self.step_separator):
            raise ValueError("a process preset needs a step_marker (not only spaces) and a step_separator")

    def sha256(self) -> str:
        """A sha256 over the keys that change scores, which the title, the patterns and the note do not."""
        content = [self.kind, self.system, self.step_marker, self.step_separator]
        return hashlib.sha256(msgspec.json.encode(content)).hexdigest()


def load_reward_preset(name: str) -> RewardPreset:
    """Reads a reward preset.

    Args:
        name: The name of a preset, or the path of a file.

    Returns:
        The preset.

    Raises:
        UnknownNameError: There is no such preset; the text offers similar names.
        DataError: The file is not a reward preset.
    """
    return read_document(find("rewards", name, label="reward preset"), RewardPreset)


def reward_preset_of(model: str, kind: RewardKind | None = None) -> tuple[str, RewardPreset] | None:
    """Chooses the preset for a model by the longest pattern that matches the model's name.

    Args:
        model: The model's name or folder.
        kind: The kind that the preset must have; None for either.

    Returns:
        The preset's name and the preset. Where no pattern matches: the generic preset of `kind`, or None without one.

    Raises:
        DataError: A preset file is wrong.
    """
    presets = {name: load_reward_preset(name) for name in names("rewards")}
    patterns = {name: preset.match for name, preset in presets.items() if kind in {None, preset.kind}}
    best = longest_match(model, patterns) or (f"generic-{kind}" if kind else "")
    return (best, presets[best]) if best else None
