"""Simulates the time that an accelerator takes: a number of slots, each with a rate of tokens per second."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from dataclasses import dataclass

Watch = Callable[[int], None]
"""Receives the number of busy slots whenever it changes."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The speed of a simulated accelerator.

    Attributes:
        slots: Completions at a time.
        tokens_per_second: New tokens per second in each slot.
        prefill_tokens_per_second: Prompt tokens per second.
        watch: Receives the number of busy slots.
    """

    slots: int
    tokens_per_second: float
    prefill_tokens_per_second: float = float("inf")
    watch: Watch | None = None


class Slots:
    """The slots of a simulated accelerator. Time passes in the clock of the running event loop."""

    def __init__(self, pace: Pace) -> None:
        """Makes free slots, as many as the pace has."""
        self._pace = pace
        self._busy = 0
        self._count = 0
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []

    async def hold(self, tokens_in: int, tokens_out: int, turn: int = 0) -> None:
        """Waits for a free slot, and then for as long as one completion takes.

        Args:
            tokens_in: Prompt tokens.
            tokens_out: New tokens.
            turn: The turn of the sample. Later turns get a slot first, which is the priority that vLLM is given.
        """
        if self._busy < self._pace.slots:
            self._change_busy(1)
        else:
            self._count += 1
            slot: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            heapq.heappush(self._waiting, (-turn, self._count, slot))
            try:
                await slot
            except asyncio.CancelledError:
                if slot.done() and not slot.cancelled():
                    self._release()
                raise
        try:
            prefill_seconds = tokens_in / self._pace.prefill_tokens_per_second
            await asyncio.sleep(prefill_seconds + tokens_out / self._pace.tokens_per_second)
        finally:
            self._release()

    def _release(self) -> None:
        while self._waiting:
            slot = heapq.heappop(self._waiting)[2]
            if not slot.done():  # the waiting call was not cancelled
                slot.set_result(None)
                return
        self._change_busy(-1)

    def _change_busy(self, change: int) -> None:
        self._busy += change
        if self._pace.watch is not None:
            self._pace.watch(self._busy)
