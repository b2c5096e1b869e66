"""How long an engine with slots takes: so many completions at once, each at its own rate, after its prompt is read."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from dataclasses import dataclass

Watch = Callable[[int], None]
"""Is told how many slots are taken, whenever that changes."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The speed of an accelerator: `slots` completions at once, tokens per second of each, prompt tokens per second."""

    slots: int
    tokens_per_second: float
    prefill_tokens_per_second: float = float("inf")
    watch: Watch | None = None


class Slots:
    """Takes the time that a pace says, in the clock of the running event loop."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._taken = 0
        self._count = 0
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []

    async def hold(self, tokens_in: int, tokens_out: int, turn: int = 0) -> None:
        """Waits for a slot, then for the completion; later turns are served before earlier ones, as vLLM is told to."""
        if self._taken < self._pace.slots:
            self._tell(1)
        else:
            self._count += 1
            passed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            heapq.heappush(self._waiting, (-turn, self._count, passed))
            try:
                await passed
            except asyncio.CancelledError:
                if passed.done() and not passed.cancelled():
                    self._pass_on()
                raise
        try:
            reading = tokens_in / self._pace.prefill_tokens_per_second
            await asyncio.sleep(reading + tokens_out / self._pace.tokens_per_second)
        finally:
            self._pass_on()

    def _pass_on(self) -> None:
        while self._waiting:
            passed = heapq.heappop(self._waiting)[2]
            if not passed.done():  # who waited was not cancelled meanwhile
                passed.set_result(None)
                return
        self._tell(-1)

    def _tell(self, change: int) -> None:
        self._taken += change
        if self._pace.watch is not None:
            self._pace.watch(self._taken)
