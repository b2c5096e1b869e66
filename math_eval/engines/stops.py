"""Cuts texts at stop strings, whatever the engine did with them."""

from __future__ import annotations

from collections.abc import Sequence


def cut_at_stop(text: str, stops: Sequence[str]) -> tuple[str, bool]:
    r"""Cuts a text before its first stop string.

    Returns:
        The text, and whether it was cut.

    Example:
        >>> cut_at_stop("x = 1\n\nQuestion:", ["Question:", "\n\n"])
        ('x = 1', True)
    """
    positions = [position for stop in stops if stop and (position := text.find(stop)) >= 0]
    return (text[: min(positions)], True) if positions else (text, False)
