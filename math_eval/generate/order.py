"""The order in which samples are begun: what is likely long first, so that nothing long is left for the end.

Within a part of the plan (a set on a benchmark) problems go by their expected length, the samples of a problem
together: they share a prompt, which an engine with a prefix cache then reads once. Between parts the longest next item
goes first, each part's expectations scaled by what its finished samples took; parts of which nothing is known yet take
turns before all others. Longest first is Graham's LPT rule (Bounds on Multiprocessing Timing Anomalies, 1969).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

ENOUGH = 8
"""Finished samples that tell a part's scale."""


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """Items with the length expected of each, longest first; measured: the expectations are in tokens already."""

    name: Hashable
    items: Iterator[tuple[float, T]]
    measured: bool


@dataclass(slots=True)
class _Queue(Generic[T]):
    items: Iterator[tuple[float, T]]
    measured: bool
    head: tuple[float, T]
    begun: int = 0
    finished: int = 0
    expected: float = 0.0
    taken: float = 0.0

    def rank(self) -> tuple[int, float]:
        """Queues are served in the order of this."""
        enough = self.finished >= ENOUGH and self.taken > 0
        if not (enough or self.measured):
            return (0, self.begun)
        scale = self.taken / self.expected if enough else 1.0
        return (1, -scale * self.head[0])


class LongestFirst(Generic[T]):
    """Hands out items of several parts; `finished` tells it how long one took (tokens, or any one measure)."""

    def __init__(self, parts: Iterable[Part[T]]) -> None:
        self._queues: dict[Hashable, _Queue[T]] = {}
        for part in parts:
            head = next(part.items, None)
            if head is not None:
                self._queues[part.name] = _Queue(part.items, part.measured, head)

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        if not self._queues:
            raise StopIteration
        name, queue = min(self._queues.items(), key=lambda one: one[1].rank())
        found = queue.head[1]
        queue.begun += 1
        head = next(queue.items, None)
        if head is None:
            del self._queues[name]
        else:
            queue.head = head
        return found

    def finished(self, name: Hashable, expected: float, taken: float) -> None:
        """One item is done, of which that length was expected; a part that has no more to begin is forgotten."""
        queue = self._queues.get(name)
        if queue is not None:
            queue.finished += 1
            queue.expected += expected
            queue.taken += taken
