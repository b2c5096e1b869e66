"""The protocol of reward engines, and the conversations and scores that they exchange."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from math_eval.records import Message

REWARD_ENGINES = ("vllm", "transformers", "server")

TooLong: TypeAlias = Literal["cut", "fail"]
"""What happens to a conversation that is longer than the model's context: it is shortened, or it gets an error."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """A problem and a response in the form that a reward model reads.

    Attributes:
        messages: The chat turns; empty where a process model has no step to score.
        token_ids: The rendered messages; empty without a tokenizer, and then the server renders the messages.
        steps: The number of steps of the response; 0 for an outcome model.
        markers: Positions of the step markers in `token_ids`.
        cut: Whether the response was shortened to fit into the context.
        error: Why it cannot be scored, "" where it can.
    """

    messages: tuple[Message, ...]
    token_ids: Sequence[int] = ()
    steps: int = 0
    markers: tuple[int, ...] = ()
    cut: bool = False
    error: str = ""

    @property
    def length(self) -> int:
        """Length by which batches are sorted: tokens, or characters without a tokenizer."""
        return len(self.token_ids) or sum(len(message["content"]) for message in self.messages)


@dataclass(frozen=True, slots=True)
class RewardScore:
    """A reward model's result for one conversation.

    Attributes:
        score: The output of an outcome model, without bounds; None for a process model and on failure.
        steps: P(good) of each step from a process model, 0 to 1; None for an outcome model and on failure.
        tokens: Length of the conversation; 0 where it is not known.
        error: Why there is neither a score nor steps; "" on success.
    """

    score: float | None = None
    steps: tuple[float, ...] | None = None
    tokens: int = 0
    error: str = ""


class RewardEngine(Protocol):
    """A loaded reward model.

    Attributes:
        context: The most tokens that a conversation may have; None where the engine does not know.
    """

    context: int | None

    def score(self, conversations: Sequence[Conversation]) -> Iterator[tuple[int, RewardScore]]:
        """Scores a batch of conversations, each as soon as it is done.

        Args:
            conversations: Conversations without an error, and with steps for a process model.

        Yields:
            (position in the batch, score), in any order. A conversation that cannot be scored has its `error` set.

        Raises:
            EngineError: The engine failed as a whole.
        """
        ...

    def close(self) -> None:
        """Frees the engine's processes, memory and connections; called exactly once."""
        ...


def failed_score(reason: str, tokens: int = 0) -> RewardScore:
    """The record of a conversation that could not be scored; the reason becomes one line of at most 500 characters."""
    return RewardScore(tokens=tokens, error=" ".join(reason.split())[:500])


def outcome_score(value: float, tokens: int) -> RewardScore:
    """The record of an outcome model's output.

    Args:
        value: The output; infinity or NaN, as from an overflow in half precision, becomes an error.
        tokens: Length of the conversation.

    Returns:
        A score, or an error.
    """
    if not math.isfinite(value):
        return failed_score(f"the model's score is {value}", tokens)
    return RewardScore(score=value, tokens=tokens)


def process_score(steps: Sequence[float], tokens: int) -> RewardScore:
    """The record of a process model's output.

    Args:
        steps: P(good) of each step; a value outside 0 to 1 by more than 0.001 makes the whole an error.
        tokens: Length of the conversation.

    Returns:
        Scores of the steps, cut to 0 to 1, or an error.
    """
    if not all(math.isfinite(step) and -1e-3 <= step <= 1 + 1e-3 for step in steps):
        return failed_score(f"a step's score is not a probability: {list(steps)[:8]}", tokens)
    return RewardScore(steps=tuple(min(max(step, 0.0), 1.0) for step in steps), tokens=tokens)
