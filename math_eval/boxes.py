r"""Finds `\boxed{…}` and `\fbox{…}` in LaTeX, with balanced braces; for gold templates and answer extraction."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_OPEN = re.compile(r"\\(?:boxed|fbox|framebox(?:\[[^\]\n]{0,20}\])?)[ \t\n]*(?:\{|(?=[\w+\-−(√]))")
_BRACE = re.compile(r"\\[\\{}]|[{}]")


class Box(NamedTuple):
    """One box: its content, its start and end in the text as offsets, and whether its brace is closed."""

    content: str
    start: int
    end: int
    closed: bool


def boxes(text: str) -> Iterator[Box]:
    r"""Yields the outermost boxes of a text in order, in time linear in its length.

    `\boxed 5` without braces holds the text up to a space or `$`. Boxes inside a closed box are not yielded. An
    unclosed box does not hide the boxes after it; the last unclosed one, if any, is yielded at the end.

    Args:
        text: LaTeX, or any text with LaTeX in it.
    """
    position, unclosed_start = 0, -1
    closings: dict[int, int] | None = None
    while opening := _OPEN.search(text, position):
        start, content_start = opening.start(), opening.end()
        if text[content_start - 1] != "{":
            bare_content = re.compile(r"[^\s$]+").match(text, content_start)
            end = bare_content.end() if bare_content else content_start
            yield Box(text[content_start:end].rstrip(".,;"), start, end, closed=True)
            position = end
            continue
        end = _closing(text, content_start) if closings is None else closings.get(content_start, -1)
        if end < 0:
            closings = _closings(text, content_start) if closings is None else closings
            unclosed_start = start
            position = content_start
            continue
        yield Box(text[content_start:end], start, end + 1, closed=True)
        position = end + 1
    if unclosed_start >= 0 and (opening := _OPEN.match(text, unclosed_start)):
        yield Box(text[opening.end() :], unclosed_start, len(text), closed=False)


def _closings(text: str, position: int) -> dict[int, int]:
    """Offset after each opening brace from `position` on, and the offset of the brace that closes it."""
    closings: dict[int, int] = {}
    openings: list[int] = []
    for brace in _BRACE.finditer(text, position):
        if brace.group() == "{":
            openings.append(brace.end())
        elif brace.group() == "}" and openings:
            closings[openings.pop()] = brace.start()
    return closings


def _closing(text: str, position: int) -> int:
    depth = 1
    for brace in _BRACE.finditer(text, position):
        if brace.group() == "{":
            depth += 1
        elif brace.group() == "}":
            depth -= 1
            if depth == 0:
                return brace.start()
    return -1


def last_box(text: str) -> str | None:
    r"""The content of the last closed box; None where there is none.

    Example:
        >>> last_box(r"so $x = \boxed{\frac{1}{2}}$")
        '\\frac{1}{2}'
    """
    content: str | None = None
    for box in boxes(text):
        if box.closed:
            content = box.content
    return content
