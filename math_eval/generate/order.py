"""Decides the order in which samples begin: long ones first, so that no long sample is left for the end of a run.

Within a part of the plan (a set on a benchmark), problems are ordered by expected length. The samples of a problem come
together: they share a prompt, which an engine with a prefix cache reads only once. Between parts, the one whose next
sample is longest goes first. The expected lengths of each part are scaled by the lengths of its finished samples; parts
that have no scale yet take turns before all others. "Longest first" is the LPT rule of Graham (Bounds on
Multiprocessing Timing Anomalies, 1969).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

MIN_FINISHED = 8
"""How many finished samples give a part its scale."""


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """A part of a plan.

    Attributes:
        name: Identifies the part.
        items: Pairs of expected length and item, longest first.
        in_tokens: Whether the expected lengths are in tokens, so that no scale is needed.
    """

    name: Hashable
    items: Iterator[tuple[float, T]]
    in_tokens: bool


@dataclass(slots=True)
class _Queue(Generic[T]):
    items: Iterator[tuple[float, T]]
    in_tokens: bool
    head: tuple[float, T]
    begin_count: int = 0
    finish_count: int = 0
    expected_total: float = 0.0
    total: float = 0.0

    def rank(self) -> tuple[int, float]:
        """The key by which queues are served, smallest first."""
        has_scale = self.finish_count >= MIN_FINISHED and self.total > 0
        if not (has_scale or self.in_tokens):
            return (0, self.begin_count)
        scale = self.total / self.expected_total if has_scale else 1.0
        return (1, -scale * self.head[0])


class LongestFirst(Generic[T]):
    """An iterator over the items of all parts, longest first.

    Call `record` when an item is finished, so that the expected lengths of its part are scaled.
    """

    def __init__(self, parts: Iterable[Part[T]]) -> None:
        """Takes the first item of every part; a part without items is dropped."""
        self._queues: dict[Hashable, _Queue[T]] = {}
        for part in parts:
            head = next(part.items, None)
            if head is not None:
                self._queues[part.name] = _Queue(part.items, part.in_tokens, head)

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        if not self._queues:
            raise StopIteration
        name, queue = min(self._queues.items(), key=lambda pair: pair[1].rank())
        item = queue.head[1]
        queue.begin_count += 1
        head = next(queue.items, None)
        if head is None:
            del self._queues[name]
        else:
            queue.head = head
        return item

    def record(self, name: Hashable, expected_length: float, length: float) -> None:
        """Records that an item is finished.

        Args:
            name: The name of its part.
            expected_length: The length that was expected of it.
            length: Its length, in tokens or any other unit that is the same in all parts.
        """
        queue = self._queues.get(name)
        if queue is not None:
            queue.finish_count += 1
            queue.expected_total += expected_length
            queue.total += length
