"""The prompts of a run as token ids, each encoded once."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import replace

from math_eval.models import Tokenizer
from math_eval.records import Prompt
from math_eval.runfolder.layout import PromptLine


class EncodedPrompts:
    """Encodes prompts with a tokenizer that is loaded for the first of them; without one, prompts stay text.

    load: makes the tokenizer; None where the engine encodes prompts itself.
    """

    def __init__(self, load: Callable[[], Tokenizer] | None) -> None:
        self._load = load
        self._tokenizer: Tokenizer | None = None
        self._ids: dict[str, array[int]] = {}

    @property
    def tokenizer(self) -> Tokenizer | None:
        """The tokenizer, loaded now if it was not; None where there is none."""
        if self._tokenizer is None and self._load is not None:
            self._tokenizer = self._load()
        return self._tokenizer

    def count(self, line: PromptLine) -> int | None:
        """The number of tokens of a prompt; None without a tokenizer."""
        prompt = Prompt(line.text, tuple(line.messages), key=f"{line.benchmark}/{line.split}/{line.problem}")
        ids = self._encoded(prompt)
        return None if ids is None else len(ids)

    def encode(self, prompt: Prompt) -> Prompt:
        """The prompt with its token ids, where there is a tokenizer."""
        ids = self._encoded(prompt)
        return prompt if ids is None else replace(prompt, token_ids=tuple(ids))

    def _encoded(self, prompt: Prompt) -> array[int] | None:
        tokenizer = self.tokenizer
        if tokenizer is None:
            return None
        ids = self._ids.get(prompt.key)
        if ids is None:
            ids = self._ids[prompt.key] = array("I", tokenizer.encode(prompt))
        return ids
