"""Model families: the prompt, stop ids and sampling a model is evaluated with unless the user says otherwise."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import ClassVar

import msgspec

from math_eval.documents import read_document
from math_eval.registry import find, names


class SamplingPreset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of one kind of set; temperature 0 is greedy. max_tokens bounds a completion's new tokens."""

    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = -1
    max_tokens: int = 2048


class Family(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A model family file; `match` holds shell patterns for the lower-cased model name, the longest that fits wins."""

    SCHEMA: ClassVar[int] = 1
    schema: int
    title: str
    match: list[str]
    prompt: str
    fits: list[str]
    greedy: SamplingPreset
    sampled: SamplingPreset
    stop_token_ids: list[int] = []
    reward_model: str = ""
    note: str = ""


def load_family(name: str) -> Family:
    """The family file of that name or path; UnknownNameError offers near names."""
    return read_document(find("models", name, label="model family"), Family)


def family_of(model: str, *, has_chat_template: bool | None = None) -> tuple[str, Family]:
    """The family whose longest pattern fits the name; a chat template, where known, decides among the generic ones."""
    name = model.rstrip("/").lower()
    best, length = "generic-base", -1
    for candidate in names("models"):
        for pattern in load_family(candidate).match:
            if len(pattern) > length and fnmatchcase(name, pattern):
                best, length = candidate, len(pattern)
    if best.startswith("generic-") and has_chat_template is not None:
        best = "generic-chat" if has_chat_template else "generic-base"
    return best, load_family(best)
