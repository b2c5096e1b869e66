"""Reads from a server's refusal how many tokens its context, the prompt and a completion may have."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBER = r"[`'\"]?(\d{1,9})\b"
_CONTEXT = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"context limit: \d+ \+ \d+ > (\d{1,9})",
        rf"(?:context|model)[ _](?:length|size|limit|window|len)\D{{0,30}}?{_NUMBER}",
        rf"{_NUMBER},? (?:tokens? )?(?:maximum|max) context",
        rf"max_new_tokens`? must be <= {_NUMBER}",
    )
)
_PROMPT = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_NUMBER} (?:tokens )?(?:in|from|of) (?:the |your )?(?:messages|prompt|input|text input)",
        rf"{_NUMBER} (?:input|prompt) tokens",
        rf"(?:messages|prompt|input) (?:resulted in|contains?|has|of length|is) {_NUMBER} tokens",
        rf"Given: {_NUMBER} `?inputs",
        r"context limit: (\d{1,9}) \+",
        rf"(?:prompt|input) (?:\((?:length )?|is too long: ){_NUMBER}",
    )
)
_FIELD = r"max_(?:completion_)?tokens\W+"
_MOST = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"at most {_NUMBER} (?:completion|output|new) tokens",
        rf"{_FIELD}(?:\w+ )?{_NUMBER} > {_NUMBER}",
        rf"{_FIELD}(?:is|must be|should be) (?:less than or equal to|at most|<=) {_NUMBER}",
        rf"{_FIELD}(?:is|are|should be|must be) (?:in )?\[\d+, ?{_NUMBER}\]",
    )
)


@dataclass(frozen=True, slots=True)
class Room:
    """What a refusal says about the context.

    Attributes:
        context: The length of the context in tokens.
        prompt: The length of the prompt; 0 where the refusal does not say.
    """

    context: int
    prompt: int

    def left(self) -> int:
        """The tokens that the prompt leaves for the completion."""
        return self.context - self.prompt

    def is_bound(self, budget: int) -> bool:
        """Whether `prompt` may be too small.

        Some servers count no more than one token above what the budget allows, so that they cannot tell.
        """
        return self.prompt + budget == self.context + 1


def room_of(message: str) -> Room | None:
    """Reads the lengths of context and prompt; None where the message is not about the context.

    Example:
        >>> room_of("This model's maximum context length is 4096 tokens and your request has 1,000 input tokens")
        Room(context=4096, prompt=1000)
    """
    message = _plain_numbers(message)
    context = _first(_CONTEXT, message)
    return None if context is None else Room(context, _first(_PROMPT, message) or 0)


def most_tokens_of(message: str) -> int | None:
    """Reads the most tokens that a server gives a completion; None where the message does not say.

    Example:
        >>> most_tokens_of("max_tokens is too large: 99999. This model supports at most 16384 completion tokens")
        16384
    """
    return _first(_MOST, _plain_numbers(message))


def _plain_numbers(message: str) -> str:
    return re.sub(r"(?<=\d),(?=\d{3}\b)", "", message)


def _first(patterns: tuple[re.Pattern[str], ...], message: str) -> int | None:
    for pattern in patterns:
        if match := pattern.search(message):
            return int(match[match.lastindex or 1])
    return None
