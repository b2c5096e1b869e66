"""Reward presets: how a reward model is shown a problem and a response, by the model's name."""

from __future__ import annotations

import hashlib
from fnmatch import fnmatchcase
from typing import ClassVar, Literal, TypeAlias

import msgspec

from math_eval.documents import read_document
from math_eval.registry import find, names

RewardKind: TypeAlias = Literal["outcome", "process"]
"""Outcome: one number for a whole response. Process: the probability that a step is good, for each step."""


class RewardPreset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A reward preset file; `match` holds shell patterns for the lower-cased model name, the longest that fits wins.

    step_separator: what stands between the steps of a response. step_marker: the one token that ends each step in
    what the model reads, and at which its score is taken.
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
        """A hash over what changes scores: not the title, the patterns or the note."""
        said = [self.kind, self.system, self.step_marker, self.step_separator]
        return hashlib.sha256(msgspec.json.encode(said)).hexdigest()


def load_reward_preset(name: str) -> RewardPreset:
    """The reward preset of that name or path; UnknownNameError offers near names."""
    return read_document(find("rewards", name, label="reward preset"), RewardPreset)


def reward_preset_of(model: str, kind: RewardKind | None = None) -> tuple[str, RewardPreset] | None:
    """The preset whose longest pattern fits the model's name, of that kind where one is given.

    Where none fits, the generic preset of the kind; None where the kind is not known either.
    """
    name = model.rstrip("/").lower()
    best, length = f"generic-{kind}" if kind else "", -1
    for candidate in names("rewards"):
        preset = load_reward_preset(candidate)
        for pattern in preset.match if kind in {None, preset.kind} else ():
            if len(pattern) > length and fnmatchcase(name, pattern):
                best, length = candidate, len(pattern)
    return (best, load_reward_preset(best)) if best else None
