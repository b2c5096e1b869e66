"""What a server wants otherwise in a request, learned from its own words when it refuses one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from math_eval.engines.server_words import Words
from math_eval.engines.token_room import most_tokens_of

OPTION_OF = {
    "model": "the argument MODEL",
    "messages": "--prompt",
    "prompt": "--prompt",
    "temperature": "--temperature",
    "top_p": "--top-p",
    "top_k": "--top-k",
    "min_p": "--min-p",
    "presence_penalty": "--presence-penalty",
    "frequency_penalty": "--frequency-penalty",
    "repetition_penalty": "--repetition-penalty",
    "max_tokens": "--max-tokens",
    "max_completion_tokens": "--max-tokens",
    "stop": "--stop",
    "stop_token_ids": "--stop-token-ids",
    "seed": "--seeding request",
    "n": "--samples",
    "chat_template": "--chat-template",
    "chat_template_kwargs": "--chat-template-kwargs",
    "reasoning_effort": "--reasoning-effort",
    "continue_final_message": "--tools",
    "add_generation_prompt": "--tools",
}
"""Field of a request → the option that sets it."""

_MAY_BE_LEFT_OUT = frozenset(
    "temperature top_p top_k min_p presence_penalty frequency_penalty repetition_penalty stop stop_token_ids "
    "stream_options".split()
)
"""Fields that a request can do without; the texts are cut at stop strings in any case."""

_WANTED = frozenset(
    "seed chat_template chat_template_kwargs reasoning_effort continue_final_message add_generation_prompt".split()
)
"""Fields without which a request would be another one."""

_ONE_OF_TWO = re.compile(r"\bboth\b|\bonly one\b", re.IGNORECASE)
_ONLY_VALUE = re.compile(r"default \((\d[\d.]*)\)|(?:fixed|set) (?:at|to) (\d[\d.]*)", re.IGNORECASE)
_STREAM = re.compile(r"\b(?:non-?)?stream(?:ing|ed)?\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a server wants the requests for a model.

    Attributes:
        renamed: Whether `max_tokens` is called `max_completion_tokens`.
        left_out: Fields that are not sent.
        stream: Whether only server-sent events are given.
        most_tokens: The most tokens of a completion; None for no bound.
        context: The length of the context in tokens; None where it is not known.
    """

    renamed: bool = False
    left_out: frozenset[str] = frozenset()
    stream: bool = False
    most_tokens: int | None = None
    context: int | None = None

    def budget(self, max_tokens: int, room: int | None = None) -> int:
        """Returns the most new tokens that a request may ask for.

        Args:
            max_tokens: The token budget of the run.
            room: The tokens that the prompt leaves of the context; None where they are not known.
        """
        fitting = room if room is not None or self.context is None else self.context - 1
        return max(1, min(bound for bound in (max_tokens, self.most_tokens, fitting) if bound is not None))

    def apply(self, body: Mapping[str, Any], room: int | None = None) -> dict[str, Any]:
        """Returns a request as this server wants it.

        Args:
            body: The request.
            room: The tokens that the prompt leaves of the context; None where they are not known.
        """
        budget = self.budget(body["max_tokens"], room)
        changed: dict[str, Any] = {}
        for name, value in body.items():
            if name == "max_tokens":
                changed["max_completion_tokens" if self.renamed else name] = budget
            else:
                changed[name] = value
        if self.stream:
            changed["stream"] = True
        if changed.get("stream"):
            changed.setdefault("stream_options", {"include_usage": True})
        return {name: value for name, value in changed.items() if name not in self.left_out}

    def joined(self, other: Dialect) -> Dialect:
        """Returns what this dialect and another one want, that of the other where both name a number."""
        return Dialect(
            self.renamed or other.renamed,
            self.left_out | other.left_out,
            self.stream or other.stream,
            self.most_tokens if other.most_tokens is None else other.most_tokens,
            self.context if other.context is None else other.context,
        )

    def changes(self) -> Iterator[tuple[str, str]]:
        """Yields what differs from the requests that run.json describes: field, and what became of it."""
        if self.renamed:
            yield "max_tokens", "sent as max_completion_tokens"
        for name in sorted(self.left_out):
            yield name, "left out"
        if self.stream:
            yield "stream", "true"
        if self.most_tokens is not None:
            yield "budget", f"at most {self.most_tokens} tokens"


@dataclass(frozen=True, slots=True)
class Refused:
    """A field that the server refuses and that cannot be left out, because the user asked for it.

    Attributes:
        field: The field of the request.
        advice: What to do instead.
    """

    field: str
    advice: str


def learn(dialect: Dialect, words: Words, sent: Mapping[str, Any], stated: frozenset[str]) -> Dialect | Refused | None:
    """Learns from the words with which a server refused a request, unless they are about the context.

    Args:
        dialect: The dialect in which the request was made.
        words: The server's words.
        sent: The body that was refused.
        stated: The fields that the user asked for, which are never left out.

    Returns:
        The dialect to try next; the field that stands in the way; None if the words are about something else.
    """
    most = most_tokens_of(words.message)
    if most is not None and most < sent.get("max_tokens", sent.get("max_completion_tokens", 0)):
        if "max_tokens" in stated:
            return Refused("max_tokens", f"type --max-tokens {most}")
        return replace(dialect, most_tokens=most)
    if "max_tokens" in sent and _names(words, "max_tokens"):
        return replace(dialect, renamed=True)
    named = [name for name in sent if name in _MAY_BE_LEFT_OUT | _WANTED | stated and _names(words, name)]
    if {"temperature", "top_p"} <= set(named) and _ONE_OF_TWO.search(words.message):
        named.remove("temperature")
    for name in named:
        if name in stated or name not in _MAY_BE_LEFT_OUT:
            return Refused(name, _advice(name, words, stated))
    if named:
        return replace(dialect, left_out=dialect.left_out | set(named))
    if "stream" not in sent and (words.param == "stream" or _STREAM.search(words.message)):
        return replace(dialect, stream=True)
    return None


def _advice(name: str, words: Words, stated: frozenset[str]) -> str:
    option = OPTION_OF.get(name)
    if option is None:
        return f"leave {name} out of --extra-body"
    only = _ONLY_VALUE.search(words.message)
    value = f"type {option} {(only[1] or only[2]).rstrip('.')}, or " if only and name in _MAY_BE_LEFT_OUT else ""
    if name in stated and name in _MAY_BE_LEFT_OUT:
        return f"{value}leave {option} out, and the server's own value applies, which run.json then says"
    return f"it is what {option} or the family's mode asks for"


_QUOTED_ONLY = frozenset({"stop", "seed"})
"""Fields whose names are words of every text, so that only a name in quotes is one."""


def _names(words: Words, name: str) -> bool:
    """Whether words are about a field of a request."""
    if words.param:
        return words.param.removeprefix("body.").partition(".")[0] == name
    if name in _QUOTED_ONLY or name not in OPTION_OF:
        pattern = rf"['\"`]{re.escape(name)}['\"`]|supplied: (?:\w+, )*{re.escape(name)}\b"
    else:
        pattern = rf"(?<![\w-]){re.escape(name).replace('_', '[-_ ]')}(?![\w-])"
    return re.search(pattern, words.message, re.IGNORECASE) is not None
