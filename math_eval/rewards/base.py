"""What every reward engine promises: conversations become scores, in batches, written as they come."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from math_eval.records import Message

REWARD_ENGINES = ("vllm", "transformers", "server")

TooLong: TypeAlias = Literal["cut", "fail"]
"""What becomes of a conversation that is longer than the model's context."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """A problem and a response as a reward model reads them.

    token_ids: empty where no tokenizer is at hand, and then a server renders the messages. steps: how many step markers
    stand in it; markers: where, as positions in token_ids. error: why it cannot be scored; then nothing else counts.
    """

    messages: tuple[Message, ...]
    token_ids: Sequence[int] = ()
    steps: int = 0
    markers: tuple[int, ...] = ()
    cut: bool = False
    error: str = ""

    @property
    def length(self) -> int:
        """Tokens, or characters where the tokens are not known: what batches are sorted by."""
        return len(self.token_ids) or sum(len(message["content"]) for message in self.messages)


@dataclass(frozen=True, slots=True)
class Scored:
    """What a reward model says: one score (outcome), or one probability a step (process), or why there is neither."""

    score: float | None = None
    steps: tuple[float, ...] | None = None
    tokens: int = 0
    error: str = ""


class RewardEngine(Protocol):
    """A reward model that is ready. context: most tokens of a conversation, None where it is not known."""

    context: int | None

    def score(self, conversations: Sequence[Conversation]) -> Iterator[tuple[int, Scored]]:
        """Scores each, in any order, as (position, scored). EngineError where the engine as a whole is gone."""
        ...

    def close(self) -> None:
        """Frees what the engine holds (processes, memory, connections); called exactly once."""
        ...


def unscored(reason: str, tokens: int = 0) -> Scored:
    """The record of a conversation that could not be scored."""
    return Scored(tokens=tokens, error=" ".join(reason.split())[:500])


def outcome(value: float, tokens: int) -> Scored:
    """An outcome score; one that is no number (an overflow in half precision, say) is an error of the sample."""
    if not math.isfinite(value):
        return unscored(f"the model's score is {value}", tokens)
    return Scored(score=value, tokens=tokens)


def process(steps: Sequence[float], tokens: int) -> Scored:
    """Step scores, checked to be probabilities."""
    if not all(math.isfinite(step) and -1e-3 <= step <= 1 + 1e-3 for step in steps):
        return unscored(f"a step's score is no probability: {list(steps)[:8]}", tokens)
    return Scored(steps=tuple(min(max(step, 0.0), 1.0) for step in steps), tokens=tokens)
