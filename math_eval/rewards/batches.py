"""The order in which conversations are scored: windows of bounded size, the longest first inside each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

WINDOW = 2048
"""Conversations held in memory at once: enough to make batches of similar length, and few however large the run is."""


def windows(items: Iterable[T], length: Callable[[T], int], size: int = WINDOW) -> Iterator[list[T]]:
    """Splits a stream into windows and sorts each, so that batches hold items of similar length.

    The longest items come first in a window, so that a batch that is too large for the memory fails early.

    Args:
        items: Any number of items; they are read as windows are asked for.
        length: The length of an item.
        size: Items a window.

    Yields:
        Windows of `size` items, the last one shorter; items of equal length keep their order.
    """
    source = iter(items)
    while window := list(islice(source, size)):
        window.sort(key=length, reverse=True)
        yield window
