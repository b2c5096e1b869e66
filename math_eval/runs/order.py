"""The order in which samples are begun: what is likely long first, so that nothing long is left for the end.

Lengths are not known beforehand. Each part of the plan (a set on a benchmark) is probed with its first samples; from
then on the next sample comes from the part whose finished samples took longest on average. Within a part the order
stays, the samples of a problem together: they share a prompt, which an engine with a prefix cache then reads once.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

PROBES = 16
"""Samples of each part that are begun, in turn, before lengths decide."""


@dataclass(slots=True)
class _Part(Generic[T]):
    items: Iterator[T]
    begun: int = 0
    finished: int = 0
    total: float = 0.0

    @property
    def mean(self) -> float:
        return self.total / self.finished if self.finished else float("inf")


class LongestFirst(Generic[T]):
    """Hands out items of several parts; `finished` tells it how long one took (tokens, or any one measure)."""

    def __init__(self, parts: Iterable[tuple[Hashable, Iterator[T]]]) -> None:
        self._parts = {name: _Part(items) for name, items in parts}

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        while self._parts:
            name = min(self._parts, key=self._rank)
            part = self._parts[name]
            found = next(part.items, None)
            if found is None:
                del self._parts[name]
                continue
            part.begun += 1
            return found
        raise StopIteration

    def finished(self, name: Hashable, length: float) -> None:
        """One item of that part is done; a part that has no more to begin is forgotten."""
        part = self._parts.get(name)
        if part is not None:
            part.finished += 1
            part.total += length

    def _rank(self, name: Hashable) -> tuple[int, float]:
        """Parts still being probed come first, the least probed foremost; then the longest."""
        part = self._parts[name]
        return (0, part.begun) if part.begun < PROBES else (1, -part.mean)
