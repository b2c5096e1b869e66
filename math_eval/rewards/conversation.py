r"""A problem and a response as the conversation that a reward model reads.

Responses are untrusted text: what in them would be read as a step marker or a control token is broken up by a space
after its first character, so that no response adds steps of its own or closes its turn.

A conversation longer than the context is cut, where that is asked for, so that it still closes properly. For an outcome
model the response loses its middle: the answer stands at its end, the approach at its beginning. For a process model it
loses its last steps, whole ones: the scores of those that stay are the same as in the whole response, while a gap would
be judged as a bad step.
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
"""How control tokens are mostly spelt: broken up where no tokenizer is at hand to name them."""

_PASSES = 50
"""Marks that overlap in a text are broken up one after the other; a few passes are enough."""

GAP = "\n…\n"
"""Stands where a response lost its middle."""


def split_steps(response: str, separator: str) -> list[str]:
    """The steps of a response, stripped, empty ones dropped; between blank lines, spaces do not count."""
    blank = not separator.strip("\n")
    parts = re.split(r"\n[ \t\r]*" * (len(separator) - 1) + "\n" if blank else re.escape(separator), response)
    return [step for part in parts if (step := part.strip())]


def neutralise(text: str, marks: Iterable[str], pattern: str = "") -> str:
    """The text with every mark, and what fits the pattern, broken up by a space; one character becomes a space."""
    ordered = sorted(set(marks), key=len, reverse=True)
    alternatives = [re.escape(mark) for mark in ordered if len(mark) > 1] + ([pattern] if pattern else [])
    if alternatives:
        broken = re.compile("|".join(alternatives))
        for _ in range(_PASSES):
            before, text = text, broken.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text)
            if text == before:
                break
    for mark in ordered:
        if len(mark) == 1:
            text = text.replace(mark, " ")
    return text


@dataclass(frozen=True, slots=True)
class Composer:
    """Makes conversations for one model; without a tokenizer only their messages, whatever their length.

    context: most tokens of a conversation, None for no bound.
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
        needed = marker and self.tokenizer is not None
        object.__setattr__(self, "_marker_id", self.marker_id() if needed else None)

    def marker_id(self) -> int | None:
        """The id of the step marker; ModelError where the tokenizer has no such token."""
        return None if self.tokenizer is None else self.tokenizer.only_id(self.preset.step_marker)

    def compose(self, question: str, response: str) -> Conversation:
        """The conversation about one response; its error says why it cannot be scored.

        A process model gets no conversation about a response without steps: check `steps` before scoring.
        """
        question = self._clean(question)
        if self.preset.kind == "outcome":
            text = self._clean(response)
            whole = self._outcome(question, text)
            return self._fitting(whole, lambda: self._middle_cut(text, lambda part: self._outcome(question, part)))
        steps = [
            clean for step in split_steps(response, self.preset.step_separator) if (clean := self._clean(step).strip())
        ]
        if not steps:
            return Conversation(())
        whole = self._process(question, steps)
        return self._fitting(whole, lambda: self._steps_cut(question, steps))

    def _clean(self, text: str) -> str:
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
        markers = tuple(at for at, token in enumerate(ids) if token == self._marker_id)
        error = ""
        if len(markers) != len(steps):
            error = f"{len(markers)} step markers in the conversation of {len(steps)} steps"
        return Conversation(messages, ids, len(steps), markers, error=error)

    def _fits(self, one: Conversation) -> bool:
        return self.context is None or len(one.token_ids) <= self.context

    def _fitting(self, whole: Conversation, cut: Callable[[], Conversation | None]) -> Conversation:
        if self._fits(whole):
            return whole
        length = len(whole.token_ids)
        if self.too_long == "fail":
            return Conversation((), error=f"{length} tokens do not fit into a context of {self.context}")
        shorter = cut()
        if shorter is None:
            return Conversation((), error=f"the problem leaves no room for a response in a context of {self.context}")
        return Conversation(
            shorter.messages, shorter.token_ids, shorter.steps, shorter.markers, cut=True, error=shorter.error
        )

    def _middle_cut(self, text: str, build: Callable[[str], Conversation]) -> Conversation | None:
        def kept(count: int) -> Conversation:
            head = (count + 1) // 2
            return build(text[:head] + GAP + text[len(text) - (count - head) :])

        return self._longest(1, len(text) - 1, kept)

    def _steps_cut(self, question: str, steps: list[str]) -> Conversation | None:
        found = self._longest(1, len(steps) - 1, lambda count: self._process(question, steps[:count]))
        return found or self._middle_cut(steps[0], lambda part: self._process(question, [part]))

    def _longest(self, low: int, high: int, build: Callable[[int], Conversation]) -> Conversation | None:
        """The conversation of the largest size that fits, sizes growing from low to high; None where none does."""
        best: Conversation | None = None
        while low <= high:
            middle = (low + high) // 2
            candidate = build(middle)
            if self._fits(candidate):
                best, low = candidate, middle + 1
            else:
                high = middle - 1
        return best
