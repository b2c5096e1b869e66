"""Encodes the prompts of a run, each one once."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import replace

from math_eval.models import Tokenizer
from math_eval.records import Prompt
from math_eval.runfolder.layout import PromptLine


class EncodedPrompts:
    """Encodes prompts and remembers their token ids. The tokenizer is loaded for the first prompt."""

    def __init__(self, load: Callable[[], Tokenizer] | None) -> None:
        """Loads nothing yet.

        Args:
            load: Loads the tokenizer; None if the engine encodes prompts itself.
        """
        self._load = load
        self._tokenizer: Tokenizer | None = None
        self._ids: dict[str, array[int]] = {}

    @property
    def tokenizer(self) -> Tokenizer | None:
        """The tokenizer, which is loaded now if necessary; None if the engine encodes prompts itself."""
        if self._tokenizer is None and self._load is not None:
            self._tokenizer = self._load()
        return self._tokenizer

    def count(self, line: PromptLine) -> int | None:
        """Returns the number of tokens of a prompt; None without a tokenizer."""
        ids = self._token_ids(_prompt(line))
        return None if ids is None else len(ids)

    def rendered(self, line: PromptLine) -> str:
        """Returns a prompt of messages as the text that the model receives; "" for raw text and without a tokenizer."""
        ids = self._token_ids(_prompt(line)) if line.messages else None
        return "" if ids is None or self.tokenizer is None else self.tokenizer.decode(ids)

    def encode(self, prompt: Prompt) -> Prompt:
        """Returns the prompt with its token ids; without a tokenizer, the prompt as it is."""
        ids = self._token_ids(prompt)
        return prompt if ids is None else replace(prompt, token_ids=tuple(ids))

    def _token_ids(self, prompt: Prompt) -> array[int] | None:
        tokenizer = self.tokenizer
        if tokenizer is None:
            return None
        ids = self._ids.get(prompt.key)
        if ids is None:
            ids = self._ids[prompt.key] = array("I", tokenizer.encode(prompt))
        return ids


def _prompt(line: PromptLine) -> Prompt:
    return Prompt(line.text, tuple(line.messages), key=f"{line.benchmark}/{line.split}/{line.problem}")
