"""Recognises a response that repeats itself to its end, as models do that decode greedily or run out of ideas."""

from __future__ import annotations

_TAIL_CHARS = 8_000
_MIN_REPEATS = 4
_MIN_CHARS = 400


def repeats_to_end(text: str) -> bool:
    r"""Whether the end of a text is one piece, repeated at least 4 times over at least 400 characters.

    The last repetition may be incomplete. Only the last 8,000 characters are looked at, so a piece of over 2,000
    characters is not found.

    Args:
        text: The text; its trailing white space does not count.

    Example:
        >>> repeats_to_end("So x = 2. " + "Wait, let me check again. " * 30), repeats_to_end("So x = 2.")
        (True, False)
    """
    tail = text.rstrip()[-_TAIL_CHARS:][::-1]
    if len(tail) < _MIN_CHARS:
        return False
    borders = [0] * len(tail)  # of each beginning of the reversed tail, the longest proper beginning that is its end
    for end in range(1, len(tail)):
        border = borders[end - 1]
        while border and tail[border] != tail[end]:
            border = borders[border - 1]
        borders[end] = border + (tail[border] == tail[end])
        length = end + 1
        if length >= max(_MIN_CHARS, _MIN_REPEATS * (length - borders[end])):
            return True
    return False
