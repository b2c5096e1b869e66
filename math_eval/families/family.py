"""Model families: the default prompt, stop token ids and sampling with which a model is evaluated."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from math_eval.documents import read_document
from math_eval.registry import find, longest_match, names


class SamplingPreset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sampling settings of one kind of set.

    Attributes:
        temperature: 0 for greedy decoding.
        top_p: Probability mass that tokens are drawn from, 0 to 1; 1 for all.
        top_k: Number of tokens that are drawn from; -1 for all.
        max_tokens: The most new tokens of a completion.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = -1
    max_tokens: int = 2048


class Family(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A model family file; docs/formats.md describes its keys.

    Attributes:
        schema: The version of the file format.
        title: The family's name for readers.
        match: Shell patterns for the lower-cased model name; the longest pattern that matches decides.
        prompt: The prompt that is used unless another is asked for.
        fits: The prompts that the family may be evaluated with without a warning.
        greedy: Settings of the greedy set.
        sampled: Settings of the sampled set.
        stop_token_ids: Token ids that end a completion, in addition to the model's own.
        reward_model: The reward model of the family; "" for none.
        note: A remark for readers.
    """

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
    """Reads a family file.

    Args:
        name: The name of a family, or the path of a file.

    Returns:
        The family.

    Raises:
        UnknownNameError: There is no such family; the text offers similar names.
        DataError: The file is not a model family.
    """
    return read_document(find("models", name, label="model family"), Family)


def family_of(model: str, *, has_chat_template: bool | None = None) -> tuple[str, Family]:
    """Chooses the family for a model by the longest pattern that matches the model's name.

    Args:
        model: The model's name or folder.
        has_chat_template: Whether the tokenizer has a chat template, which decides between the generic families;
            None where that is not known.

    Returns:
        The family's name and the family; `generic-chat` or `generic-base` where no pattern matches.

    Raises:
        DataError: A family file is wrong.
    """
    patterns = {name: load_family(name).match for name in names("models")}
    best = longest_match(model, patterns) or "generic-base"
    if best.startswith("generic-") and has_chat_template is not None:
        best = "generic-chat" if has_chat_template else "generic-base"
    return best, load_family(best)
