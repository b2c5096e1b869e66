"""A problem and a response as the conversation that a reward model reads.

Responses are untrusted text: a step marker or control token in them is broken up by a space after its first character,
so that no response can add steps or close its turn.

A conversation longer than the context is shortened, where that is asked for, and still ends as the template ends it.
For an outcome model the middle of the response is removed, because the answer is at its end and the approach at its
beginning. For a process model whole steps are removed from its end: the remaining steps get the same scores as in the
full response, while a gap would be judged as a bad step.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from math_eval.models import Tokenizer
from math_eval.records import Message
from math_eval.rewards.base import Conversation, TooLong
from math_eval.rewards.preset import RewardPreset

_CONTROL = r"<\|\w+\|>"
"""The usual spelling of control tokens, which are broken up by this pattern where no tokenizer lists them."""

_PASSES = 50
"""Limit on the passes over a text: marks that overlap are broken up in separate passes, and few are needed."""

GAP = "\n…\n"
"""Takes the place of the removed middle of a response."""


def split_steps(response: str, separator: str) -> list[str]:
    """The steps of a response.

    Args:
        response: The text of a response.
        separator: What separates steps; of newlines alone, lines of spaces, tabs and carriage returns are blank too.

    Returns:
        The steps without surrounding white space; empty ones are dropped.
    """
    newlines_only = not separator.strip("\n")
    parts = re.split(r"\n[ \t\r]*" * (len(separator) - 1) + "\n" if newlines_only else re.escape(separator), response)
    return [step for part in parts if (step := part.strip())]


def neutralise(text: str, marks: Iterable[str], pattern: str = "") -> str:
    """The text with its marks broken up, so that a tokenizer does not read them as control tokens.

    Args:
        text: Untrusted text.
        marks: Strings that must not occur; a mark of one character is replaced with a space.
        pattern: A regular expression for further marks, "" for none.

    Returns:
        The text with a space after the first character of every mark.

    Example:
        >>> neutralise("a<|im_end|>b", ["<|im_end|>"])
        'a< |im_end|>b'
    """
    ordered = sorted(set(marks), key=len, reverse=True)
    alternatives = [re.escape(mark) for mark in ordered if len(mark) > 1] + ([pattern] if pattern else [])
    if alternatives:
        expression = re.compile("|".join(alternatives))
        for _ in range(_PASSES):
            before, text = text, expression.sub(lambda match: f"{match[0][0]} {match[0][1:]}", text)
            if text == before:
                break
    for mark in ordered:
        if len(mark) == 1:
            text = text.replace(mark, " ")
    return text


@dataclass(frozen=True, slots=True)
class Composer:
    """Makes the conversations for one reward model.

    Attributes:
        preset: How the model is shown a problem and a response.
        tokenizer: The model's tokenizer. Without one, conversations have messages only and are never shortened.
        context: The most tokens of a conversation; None for no limit.
        too_long: What happens to a longer conversation.

    Raises:
        ModelError: A process model's step marker is not one token of the tokenizer.
    """

    preset: RewardPreset
    tokenizer: Tokenizer | None = None
    context: int | None = None
    too_long: TooLong = "cut"
    _marks: tuple[str, ...] = field(init=False)
    _marker_id: int | None = field(init=False)

    def __post_init__(self) -> None:
        special = () if self.tokenizer is None else self.tokenizer.special_tokens
        marker = (self.preset.step_marker,) if self.preset.kind == "process" else ()
        object.__setattr__(self, "_marks", (*(mark for mark in special if len(mark) > 1), *marker))
        object.__setattr__(self, "_marker_id", self.marker_id() if marker and self.tokenizer else None)

    def marker_id(self) -> int | None:
        """The token id of the step marker.

        Returns:
            The id; None without a tokenizer.

        Raises:
            ModelError: The marker is not one token of the tokenizer.
        """
        return None if self.tokenizer is None else self.tokenizer.single_id(self.preset.step_marker)

    def compose(self, question: str, response: str) -> Conversation:
        """The conversation about one response.

        Args:
            question: The problem, as plain text.
            response: The model's response, untrusted.

        Returns:
            A conversation ready to be scored; one with `error` where that is impossible; one without messages and
            steps where a process model has no step to score.

        Raises:
            ModelError: The tokenizer has no chat template, or its template fails.
        """
        question = self._neutralise(question)
        if self.preset.kind == "outcome":
            text = self._neutralise(response)
            conversation = self._outcome(question, text)
            return self._fit(
                conversation, lambda: self._without_middle(text, lambda part: self._outcome(question, part))
            )
        steps = [
            text
            for step in split_steps(response, self.preset.step_separator)
            if (text := self._neutralise(step).strip())
        ]
        if not steps:
            return Conversation(())
        conversation = self._process(question, steps)
        return self._fit(conversation, lambda: self._without_last_steps(question, steps))

    def _neutralise(self, text: str) -> str:
        return neutralise(text, self._marks, _CONTROL if self.tokenizer is None else "")

    def _messages(self, question: str, content: str) -> tuple[Message, ...]:
        system: tuple[Message, ...] = ({"role": "system", "content": self.preset.system},) if self.preset.system else ()
        return (*system, {"role": "user", "content": question}, {"role": "assistant", "content": content})

    def _outcome(self, question: str, response: str) -> Conversation:
        messages = self._messages(question, response)
        return Conversation(messages, self.tokenizer.encode_conversation(messages) if self.tokenizer else ())

    def _process(self, question: str, steps: list[str]) -> Conversation:
        marker = self.preset.step_marker
        messages = self._messages(question, marker.join(steps) + marker)
        if self.tokenizer is None:
            return Conversation(messages, steps=len(steps))
        ids = self.tokenizer.encode_conversation(messages)
        markers = tuple(position for position, token in enumerate(ids) if token == self._marker_id)
        error = ""
        if len(markers) != len(steps):
            error = f"{len(markers)} step markers in the conversation of {len(steps)} steps"
        return Conversation(messages, ids, len(steps), markers, error=error)

    def _fits(self, conversation: Conversation) -> bool:
        return self.context is None or len(conversation.token_ids) <= self.context

    def _fit(self, conversation: Conversation, shorten: Callable[[], Conversation | None]) -> Conversation:
        if self._fits(conversation):
            return conversation
        length = len(conversation.token_ids)
        if self.too_long == "fail":
            return Conversation((), error=f"{length} tokens do not fit into a context of {self.context}")
        short = shorten()
        if short is None:
            return Conversation((), error=f"the problem leaves no room for a response in a context of {self.context}")
        return Conversation(short.messages, short.token_ids, short.steps, short.markers, cut=True, error=short.error)

    def _without_middle(self, text: str, build: Callable[[str], Conversation]) -> Conversation | None:
        def build_from(count: int) -> Conversation:
            head = (count + 1) // 2
            return build(text[:head] + GAP + text[len(text) - (count - head) :])

        return self._longest(1, len(text) - 1, build_from)

    def _without_last_steps(self, question: str, steps: list[str]) -> Conversation | None:
        conversation = self._longest(1, len(steps) - 1, lambda count: self._process(question, steps[:count]))
        return conversation or self._without_middle(steps[0], lambda part: self._process(question, [part]))

    def _longest(self, low: int, high: int, build: Callable[[int], Conversation]) -> Conversation | None:
        """The conversation of the largest size from low to high that fits, found by bisection; None where none fits."""
        best: Conversation | None = None
        while low <= high:
            size = (low + high) // 2
            candidate = build(size)
            if self._fits(candidate):
                best, low = candidate, size + 1
            else:
                high = size - 1
        return best
