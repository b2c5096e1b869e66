r"""Finding `\boxed{…}` and `\fbox{…}` in LaTeX, with balanced braces; for gold templates and answer extraction."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_OPEN = re.compile(r"\\(?:boxed|fbox|framebox(?:\[[^\]\n]{0,20}\])?)[ \t\n]*(?:\{|(?=[\w+\-−(√]))")
_BRACE = re.compile(r"\\[\\{}]|[{}]")


class Box(NamedTuple):
    """One box: its content, where it starts and ends in the text, and whether its brace was closed."""

    content: str
    start: int
    end: int
    closed: bool


def boxes(text: str) -> Iterator[Box]:
    r"""Every outermost box in order; `\boxed 5` without braces holds what stands up to a space or `$`.

    A box that is never closed does not hide those behind it; the last such one comes at the end. Linear in the length
    of the text: a box inside a closed box is not looked at again.
    """
    at, unclosed = 0, -1
    closings: dict[int, int] | None = None
    while opened := _OPEN.search(text, at):
        start, inside = opened.start(), opened.end()
        if text[inside - 1] != "{":
            bare = re.compile(r"[^\s$]+").match(text, inside)
            end = bare.end() if bare else inside
            yield Box(text[inside:end].rstrip(".,;"), start, end, closed=True)
            at = end
            continue
        end = _closing(text, inside) if closings is None else closings.get(inside, -1)
        if end < 0:
            closings = _closings(text, inside) if closings is None else closings
            unclosed = start
            at = inside
            continue
        yield Box(text[inside:end], start, end + 1, closed=True)
        at = end + 1
    if unclosed >= 0 and (opened := _OPEN.match(text, unclosed)):
        yield Box(text[opened.end() :], unclosed, len(text), closed=False)


def _closings(text: str, at: int) -> dict[int, int]:
    """For the place behind every opening brace from `at` on, the brace that closes it."""
    found: dict[int, int] = {}
    opened: list[int] = []
    for brace in _BRACE.finditer(text, at):
        if brace.group() == "{":
            opened.append(brace.end())
        elif brace.group() == "}" and opened:
            found[opened.pop()] = brace.start()
    return found


def _closing(text: str, at: int) -> int:
    depth = 1
    for brace in _BRACE.finditer(text, at):
        if brace.group() == "{":
            depth += 1
        elif brace.group() == "}":
            depth -= 1
            if depth == 0:
                return brace.start()
    return -1


def last_box(text: str) -> str | None:
    """The content of the last complete box, or None where there is none."""
    found: str | None = None
    for box in boxes(text):
        if box.closed:
            found = box.content
    return found
