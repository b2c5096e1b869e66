"""An engine that answers from a table, after a set latency: for tests and for measuring the pipeline."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from math_eval.engines.base import backlog, failed
from math_eval.engines.pace import Pace, Slots
from math_eval.engines.stops import cut_at_stop
from math_eval.errors import DataError
from math_eval.records import Completion, Prompt, Sampling

Script = Mapping[str, str | list[str]] | Callable[[Prompt, Sampling], str]


class ScriptedEngine:
    """Completions from a table keyed by benchmark/split/problem (or a function); a missing key is a failed sample.

    A list in the table holds the turns of a sample that uses tools; past its end a turn is empty.

    latency_s: how long each completion takes; pace: that of an engine with so many slots, on top. Tokens are counted
    as words, which is all a table can know. concurrency: 64, or what the pace's slots need.
    """

    settings_read = ("responses",)

    def __init__(
        self, script: Script, *, latency_s: float = 0.0, concurrency: int | None = None, pace: Pace | None = None
    ) -> None:
        self._script = script
        self._latency_s = latency_s
        self._slots = Slots(pace) if pace else None
        self.concurrency = concurrency or (backlog(pace.slots) if pace else 64)
        self.calls = 0

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        """The scripted text, cut at the prompt's stop strings and at the token budget."""
        await asyncio.sleep(self._latency_s)
        self.calls += 1
        made = self._made(prompt, sampling)
        if self._slots is not None and made.finish != "error":
            await self._slots.hold(made.tokens_in, made.tokens_out, prompt.turn)
        return made

    def _made(self, prompt: Prompt, sampling: Sampling) -> Completion:
        try:
            found = self._script(prompt, sampling) if callable(self._script) else self._script[prompt.key]
        except KeyError:
            return failed(f"no scripted completion for {prompt.key}")
        raw = found if isinstance(found, str) else "".join(found[prompt.turn : prompt.turn + 1])
        text, _ = cut_at_stop(raw, prompt.stop)
        words = text.split()
        tokens_in = len(prompt.token_ids) or len(prompt.text.split())
        if len(words) > sampling.max_tokens:
            return Completion(" ".join(words[: sampling.max_tokens]), "length", tokens_in, sampling.max_tokens)
        return Completion(text, "stop", tokens_in, len(words))

    async def close(self) -> None:
        """Nothing is held."""


def read_script(path: Path) -> dict[str, str | list[str]]:
    """A JSON file that maps benchmark/split/problem to a completion or a list of turns; DataError for another shape."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, str | list[str]])
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: expected a JSON object of benchmark/split/problem to text: {error}") from error
