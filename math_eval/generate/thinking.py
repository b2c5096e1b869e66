"""Bounds the thought of a sample: closes it at a number of tokens, or makes the model think on below one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from math_eval.answers.thoughts import split_thought
from math_eval.engines import Engine
from math_eval.errors import EngineError
from math_eval.models import Tokenizer
from math_eval.records import Completion, Prompt, Sampling

_MAX_EXTENSIONS = 16
"""The most times that a thought is made to go on, for a model that stops at once each time."""

THINK_ON = "\nWait"
"""What a thought goes on with; in s1 (arXiv 2501.19393) this word helped most."""


@dataclass(frozen=True, slots=True)
class ThoughtBounds:
    """How thoughts are bounded.

    Attributes:
        start: The mark that opens a thought.
        end: The mark that closes it.
        closing: The text that closes a thought at its budget, with the mark.
        opened: Whether the prompt ends with the opening mark.
    """

    start: str
    end: str
    closing: str
    opened: bool

    def inside(self, text: str) -> bool:
        """Whether a response ends inside its thought."""
        return not split_thought(text, self.start, self.end, opened=self.opened).ended


async def think_within(
    engine: Engine, prompt: Prompt, sampling: Sampling, bounds: ThoughtBounds, tokenizer: Tokenizer | None
) -> tuple[Completion, tuple[int, ...]]:
    """Makes one sample whose thought has a budget or a least length.

    Args:
        engine: Makes the parts.
        prompt: The prompt of the problem.
        sampling: The sampling settings, with `thinking_budget` and `min_thinking` in tokens. `max_tokens` limits what
            the model writes in all parts; what is added between them is not counted.
        bounds: How the thought is bounded.
        tokenizer: Encodes what is added; None if the engine encodes prompts itself.

    Returns:
        The whole sample as one completion, and the tokens of each part.

    Raises:
        EngineError: The engine can make no more completions, or its server tells thoughts apart, so that the text as
            the model wrote it is not known.
    """
    parts = _Parts(engine, prompt, sampling, tokenizer)
    thought_limit = min(sampling.thinking_budget or sampling.max_tokens, sampling.max_tokens)
    while True:
        stops = (bounds.end.strip(),) if sampling.min_thinking else ()
        part = await parts.make(thought_limit - parts.spent, stops)
        inside = bounds.inside(parts.text)
        if part.finish != "stop" or not inside or not stops:
            break
        if parts.spent >= min(sampling.min_thinking, thought_limit) or len(parts.tokens) > _MAX_EXTENSIONS:
            break
        parts.add(THINK_ON)
    goes_on = part.finish == "length" or (part.finish == "stop" and inside and bool(stops))
    if goes_on and parts.spent < sampling.max_tokens:
        if inside:
            parts.add(bounds.closing if part.finish == "length" else f"\n{bounds.end}\n\n")
        part = await parts.make(sampling.max_tokens - parts.spent, ())
    return parts.completion(part), tuple(parts.tokens)


class _Parts:
    """A sample that is made in parts, while it grows."""

    def __init__(self, engine: Engine, prompt: Prompt, sampling: Sampling, tokenizer: Tokenizer | None) -> None:
        self._engine = engine
        self._prompt = prompt
        self._sampling = sampling
        self._tokenizer = tokenizer if prompt.token_ids else None
        self._ids: tuple[int, ...] = ()
        self._tokens_in: int | None = None
        self.text = ""
        self.tokens: list[int] = []

    @property
    def spent(self) -> int:
        """Tokens that the model has written."""
        return sum(self.tokens)

    async def make(self, max_tokens: int, stops: Sequence[str]) -> Completion:
        """Makes the next part, and returns it."""
        prompt = replace(self._prompt, stop=(*self._prompt.stop, *stops), transcript=self.text, turn=len(self.tokens))
        if self._tokenizer is not None:
            prompt = replace(prompt, token_ids=(*self._prompt.token_ids, *self._ids))
        part = await self._engine.complete(prompt, replace(self._sampling, max_tokens=max(max_tokens, 1)))
        if part.thought is not None:
            raise EngineError("the server tells thoughts apart, so they cannot be closed: no --thinking-budget there")
        self._tokens_in = part.tokens_in if self._tokens_in is None else self._tokens_in
        self.text += part.text
        self.tokens.append(part.tokens_out or 0)
        self._ids += part.token_ids
        return part

    def add(self, text: str) -> None:
        """Adds what the model did not write."""
        self.text += text
        if self._tokenizer is not None:
            self._ids += self._tokenizer.encode_marked(text)

    def completion(self, last: Completion) -> Completion:
        """Returns the sample as one completion, which ended as its last part did."""
        if last.finish not in {"stop", "length"}:
            return last
        return replace(last, text=self.text, tokens_in=self._tokens_in, tokens_out=self.spent, token_ids=self._ids)
