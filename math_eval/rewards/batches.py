"""The order in which conversations are scored: windows of bounded size, the longest first inside each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

WINDOW = 2048
"""Conversations held in memory at once: enough to sort into batches of like length, little whatever the run's size."""


def windows(items: Iterable[T], length: Callable[[T], int], size: int = WINDOW) -> Iterator[list[T]]:
    """The items in windows of `size`, the longest first in each; the order among equals is kept.

    A batch then holds rows of like length, and the one that needs most memory comes first.
    """
    source = iter(items)
    while window := list(islice(source, size)):
        window.sort(key=length, reverse=True)
        yield window
