"""A model's tokenizer: prompts to token ids, once per problem, with each special token exactly once."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from math_eval.errors import MissingPackageError, ModelError
from math_eval.records import ChatForm, Message, Prompt


class Tokenizer:
    """A Hugging Face tokenizer for the two kinds of prompt.

    Raw text gets the tokenizer's beginning-of-text token unless it already starts with it. Chat messages are rendered
    by the tokenizer's template, which adds every special token itself.

    Args:
        folder: The model's folder.
        trust_remote_code: Whether Python code in the folder may be executed.
        chat: How the messages of prompts become token ids, where that departs from the tokenizer's template.

    Raises:
        MissingPackageError: transformers is not installed.
        ModelError: The folder has no tokenizer that can be loaded.
    """

    def __init__(self, folder: Path, *, trust_remote_code: bool = False, chat: ChatForm = ChatForm()) -> None:  # noqa: B008  frozen
        try:
            from transformers import AutoTokenizer
        except ImportError as error:
            raise MissingPackageError("transformers", "transformers", "a tokenizer") from error
        try:
            self._inner: Any = AutoTokenizer.from_pretrained(folder, trust_remote_code=trust_remote_code)
        except (OSError, ValueError, KeyError) as error:
            raise ModelError(f"{folder}: no tokenizer can be loaded: {' '.join(str(error).split())[:300]}") from error
        self.folder = folder
        self._chat = chat

    def encode_plain(self, text: str) -> tuple[int, ...]:
        """The token ids of a text that continues a prompt.

        No special token is added, and none in the text is read as one.

        Args:
            text: Untrusted text, such as the output of a program.

        Returns:
            The token ids.
        """
        return tuple(self._inner(text, add_special_tokens=False, split_special_tokens=True)["input_ids"])

    def encode_marked(self, text: str) -> tuple[int, ...]:
        """The token ids of a text of ours that continues a prompt; special tokens in it are read as such."""
        return tuple(self._inner(text, add_special_tokens=False)["input_ids"])

    def encode(self, prompt: Prompt) -> tuple[int, ...]:
        """The token ids of a prompt, ready for a completion.

        Args:
            prompt: Raw text, or chat messages, which get a generation prompt.

        Returns:
            The token ids, with each special token exactly once.

        Raises:
            ModelError: The prompt has messages and the tokenizer has no chat template, or its template fails.
        """
        if not prompt.messages:
            bos = self._inner.bos_token
            has_bos = bool(bos) and prompt.text.startswith(bos)
            return tuple(self._inner(prompt.text, add_special_tokens=not has_bos)["input_ids"])
        if not (self._chat.template or self._inner.chat_template):
            raise ModelError(
                f"{self.folder}: the tokenizer has no chat template; use a raw prompt (math-eval prompts list)"
            )
        chat = self._chat
        arguments = dict(chat.arguments)
        if chat.reasoning_effort:
            arguments["reasoning_effort"] = chat.reasoning_effort
        if chat.template:
            arguments["chat_template"] = chat.template
        ids = self._templated(prompt.messages, generation_prompt=True, arguments=arguments)
        prefix = tuple(self._inner(chat.prefix, add_special_tokens=False)["input_ids"]) if chat.prefix else ()
        return ids if ids[len(ids) - len(prefix) :] == prefix else ids + prefix

    def encode_conversation(self, messages: Sequence[Message]) -> tuple[int, ...]:
        """The token ids of a finished conversation, as reward models read it.

        Args:
            messages: The chat turns.

        Returns:
            The token ids that the template gives, without a generation prompt.

        Raises:
            ModelError: The tokenizer has no chat template, or its template fails.
        """
        if not self._inner.chat_template:
            raise ModelError(f"{self.folder}: the tokenizer has no chat template, which a conversation needs")
        return self._templated(messages, generation_prompt=False, arguments={})

    def _templated(
        self, messages: Sequence[Message], *, generation_prompt: bool, arguments: Mapping[str, Any]
    ) -> tuple[int, ...]:
        try:
            ids = self._inner.apply_chat_template(
                [dict(message) for message in messages],
                add_generation_prompt=generation_prompt,
                tokenize=True,
                return_dict=False,
                **arguments,
            )
        except Exception as error:  # a template is a program from the model's publisher
            raise ModelError(f"{self.folder}: its chat template fails: {type(error).__name__}: {error}") from error
        return tuple(ids)

    def single_id(self, text: str) -> int:
        """The id of a text that must be one token, such as a step marker.

        Args:
            text: The text of the token.

        Returns:
            Its id.

        Raises:
            ModelError: The text is not exactly one token.
        """
        ids = self._inner(text, add_special_tokens=False)["input_ids"]
        if len(ids) != 1:
            raise ModelError(f"{self.folder}: {text!r} is {len(ids)} tokens in its tokenizer; it must be one")
        return int(ids[0])

    @property
    def bos_id(self) -> int | None:
        """The id of the beginning-of-text token; None if the tokenizer has none."""
        identity = self._inner.bos_token_id
        return None if identity is None else int(identity)

    @property
    def adds_bos(self) -> bool:
        """Whether the tokenizer begins a raw text with the beginning-of-text token."""
        return self.bos_id is not None and self.bos_id in self._inner("a")["input_ids"]

    @property
    def chat_template(self) -> str:
        """The tokenizer's chat template; "" if it has none."""
        template = self._inner.chat_template
        return "\n".join(template.values()) if isinstance(template, dict) else str(template or "")

    def end_ids(self, further: Sequence[int]) -> dict[int, str]:
        """The token ids that end a completion: those of the model folder, and further ones.

        Args:
            further: Token ids in addition to the model's own.

        Returns:
            Token id → the token's text; "" if the tokenizer has no such token.
        """
        ids: list[int] = []
        if self._inner.eos_token_id is not None:
            ids.append(int(self._inner.eos_token_id))
        try:
            content = json.loads((self.folder / "generation_config.json").read_text(encoding="utf-8"))
            configured = content.get("eos_token_id")
        except (OSError, ValueError, AttributeError):
            configured = None
        ids += [
            number
            for number in (configured if isinstance(configured, list) else [configured])
            if isinstance(number, int)
        ]
        tokens = {number: self._inner.convert_ids_to_tokens(number) for number in [*ids, *further]}
        return {number: str(token or "") for number, token in tokens.items()}

    @property
    def special_tokens(self) -> tuple[str, ...]:
        """The texts that the tokenizer reads as control tokens wherever they occur, sorted."""
        return tuple(sorted(special_tokens(self._inner).values()))

    def token_texts(self, ids: Sequence[int]) -> list[str]:
        """The tokens as the vocabulary spells them: printable ASCII characters and special tokens are themselves."""
        return [str(token) for token in self._inner.convert_ids_to_tokens(list(ids))]

    def decode(self, ids: Sequence[int], dropped: Collection[int] = ()) -> str:
        """The text of tokens, special ones included.

        Args:
            ids: The tokens.
            dropped: Tokens to leave out.
        """
        kept = [token for token in ids if token not in dropped] if dropped else list(ids)
        return str(self._inner.decode(kept, skip_special_tokens=False))

    def dropped_ids(self, kept: Collection[str]) -> frozenset[int]:
        """The special tokens without those of some texts, for `decode`."""
        return frozenset(token for token, text in special_tokens(self._inner).items() if text not in kept)


def special_tokens(tokenizer: Any) -> dict[int, str]:
    """Returns the special tokens of a tokenizer of transformers: id → text."""
    added = {token: entry.content for token, entry in tokenizer.added_tokens_decoder.items() if entry.special}
    named = dict(zip(tokenizer.all_special_ids, tokenizer.all_special_tokens, strict=True))
    return {**named, **added}


def has_chat_template(folder: Path) -> bool:
    """Whether a model folder has a chat template, read from its files without loading the tokenizer."""
    return bool(chat_template(folder))


def chat_template(folder: Path) -> str:
    """Returns the chat templates of a model folder as text, read without loading the tokenizer; "" if it has none."""
    try:
        return (folder / "chat_template.jinja").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        pass
    for name in ("chat_template.json", "tokenizer_config.json"):
        try:
            content = json.loads((folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        template = content.get("chat_template") if isinstance(content, dict) else None
        if isinstance(template, list):  # several templates, each with a name
            template = "\n".join(str(entry.get("template", "")) for entry in template if isinstance(entry, dict))
        if template:
            return str(template)
    return ""
