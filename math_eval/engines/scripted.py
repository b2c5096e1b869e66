"""An engine that takes completions from a table, for tests and for measuring the pipeline."""

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
    """Returns completions from a table, or from a function. Their tokens are counted as words.

    Attributes:
        concurrency: Calls to keep open.
        calls: Calls of `complete` so far.
    """

    settings_read = ("responses",)

    def __init__(
        self, script: Script, *, latency_s: float = 0.0, concurrency: int | None = None, pace: Pace | None = None
    ) -> None:
        """Makes the engine.

        Args:
            script: "benchmark/split/problem" → completion, or a function of prompt and sampling settings. A list holds
                the turns of a sample that uses tools; after its last turn, turns are empty. A problem that the table
                lacks is a failed sample.
            latency_s: Seconds that each completion takes.
            concurrency: Calls to keep open; by default 64, or as many as the slots of the pace need.
            pace: Simulates an accelerator, whose time is added to the latency.
        """
        self._script = script
        self._latency_s = latency_s
        self._slots = Slots(pace) if pace else None
        self.concurrency = concurrency or (backlog(pace.slots) if pace else 64)
        self.calls = 0

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        """Returns the text of the script, cut at the prompt's stop strings and at the token budget."""
        await asyncio.sleep(self._latency_s)
        self.calls += 1
        completion = self._completion(prompt, sampling)
        if self._slots is not None and completion.finish != "error":
            await self._slots.hold(completion.tokens_in or 0, completion.tokens_out or 0, prompt.turn)
        return completion

    def _completion(self, prompt: Prompt, sampling: Sampling) -> Completion:
        try:
            entry = self._script(prompt, sampling) if callable(self._script) else self._script[prompt.key]
        except KeyError:
            return failed(f"no scripted completion for {prompt.key}")
        raw = entry if isinstance(entry, str) else "".join(entry[prompt.turn : prompt.turn + 1])
        text, _ = cut_at_stop(raw, prompt.stop)
        words = text.split()
        tokens_in = len(prompt.token_ids) or len(prompt.text.split())
        if len(words) > sampling.max_tokens:
            return Completion(" ".join(words[: sampling.max_tokens]), "length", tokens_in, sampling.max_tokens)
        return Completion(text, "stop", tokens_in, len(words))

    async def close(self) -> None:
        """Does nothing; the engine holds no resources."""


def read_script(path: Path) -> dict[str, str | list[str]]:
    """Reads a table of completions for `ScriptedEngine`.

    Args:
        path: A JSON file that maps "benchmark/split/problem" to a completion, or to a list of turns.

    Raises:
        DataError: The file cannot be read, or holds something else.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, str | list[str]])
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: expected a JSON object of benchmark/split/problem to text: {error}") from error
