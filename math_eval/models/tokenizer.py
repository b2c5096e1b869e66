"""A model's tokenizer: prompts to token ids, once per problem, with special tokens exactly once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from math_eval.errors import MissingPackageError, ModelError
from math_eval.records import Message, Prompt


class Tokenizer:
    """Wraps a Hugging Face tokenizer for the two kinds of prompt.

    Raw text gets the tokenizer's own beginning-of-text token unless it already starts with it; chat messages go through
    the tokenizer's template with a generation prompt, which writes every special token itself.
    """

    def __init__(self, folder: Path, *, trust_remote_code: bool = False) -> None:
        try:
            from transformers import AutoTokenizer
        except ImportError as error:
            raise MissingPackageError("transformers", "transformers", "a tokenizer") from error
        try:
            self._inner: Any = AutoTokenizer.from_pretrained(folder, trust_remote_code=trust_remote_code)
        except (OSError, ValueError, KeyError) as error:
            raise ModelError(f"{folder}: no tokenizer can be loaded: {' '.join(str(error).split())[:300]}") from error
        self.folder = folder

    def encode_plain(self, text: str) -> tuple[int, ...]:
        """The token ids of a text that goes on from others: no special token is added, nor read from what it says."""
        return tuple(self._inner(text, add_special_tokens=False, split_special_tokens=True)["input_ids"])

    def encode(self, prompt: Prompt) -> tuple[int, ...]:
        """The token ids of a prompt. ModelError for chat messages when the tokenizer has no template."""
        if not prompt.messages:
            bos = self._inner.bos_token
            has_bos = bool(bos) and prompt.text.startswith(bos)
            return tuple(self._inner(prompt.text, add_special_tokens=not has_bos)["input_ids"])
        if not self._inner.chat_template:
            raise ModelError(
                f"{self.folder}: the tokenizer has no chat template; use a raw prompt (math-eval prompts list)"
            )
        return self._templated(prompt.messages, generation_prompt=True)

    def encode_conversation(self, messages: Sequence[Message]) -> tuple[int, ...]:
        """The token ids of a conversation that is over: the template's own, with nothing opened for a further turn."""
        if not self._inner.chat_template:
            raise ModelError(f"{self.folder}: the tokenizer has no chat template, which a conversation needs")
        return self._templated(messages, generation_prompt=False)

    def _templated(self, messages: Sequence[Message], *, generation_prompt: bool) -> tuple[int, ...]:
        try:
            ids = self._inner.apply_chat_template(
                [dict(message) for message in messages],
                add_generation_prompt=generation_prompt,
                tokenize=True,
                return_dict=False,
            )
        except Exception as error:  # templates are programs of the model's maker
            raise ModelError(f"{self.folder}: its chat template fails: {type(error).__name__}: {error}") from error
        return tuple(ids)

    def single_id(self, text: str) -> int:
        """The id of a text that is one token; ModelError where it is several."""
        ids = self._inner(text, add_special_tokens=False)["input_ids"]
        if len(ids) != 1:
            raise ModelError(f"{self.folder}: {text!r} is {len(ids)} tokens of its tokenizer; it must be one")
        return int(ids[0])

    @property
    def special_tokens(self) -> tuple[str, ...]:
        """The texts that the tokenizer reads as control tokens wherever they stand, sorted."""
        added = self._inner.added_tokens_decoder.values()
        return tuple(sorted({*self._inner.all_special_tokens, *(token.content for token in added if token.special)}))


def has_chat_template(folder: Path) -> bool:
    """Whether the model folder carries a chat template, without loading the tokenizer."""
    if (folder / "chat_template.jinja").is_file() or (folder / "chat_template.json").is_file():
        return True
    try:
        config = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(isinstance(config, dict) and config.get("chat_template"))
