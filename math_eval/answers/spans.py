"""Formulas and sentences of a response: where mathematics stands, and where one statement ends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

FILLER = "\ue000"
"""What stands in `masked` text for every character of a formula."""

_OPEN = re.compile(
    r"\$\$|\\\[|\\\(|(?<!\\)\$|\\begin\{((?:equation|align|aligned|gather|gathered|multline|displaymath|cases)\*?)\}"
)
_CLOSE = {"$$": "$$", "\\[": "\\]", "\\(": "\\)", "$": "$"}
_PROSE = re.compile(r"(?<![\\A-Za-z{])[A-Za-z]{3,}(?:[ ,]+[A-Za-z]{2,}){2,}")
_MAX_FORMULA = 4000
_STOP = re.compile(
    r"\n+|；|;(?=\s*(?:[^\W\d_]{2,}|\ue000))|[。！？؟।]+[”」』)）*]*|(?<=[^.])[.!?]+[\"”')\]*_]*(?=\s|$)(?<!\bi\.e\.)(?<!\be\.g\.)(?<!\bvs\.)(?<!\bapprox\.)"
    r"(?<!\bNo\.)(?<!\bz\.B\.)(?<!\bd\.h\.)(?<!\bca\.)(?<!\bStd\.)(?<!\bMio\.)(?<!\bMr\.)(?<!\bMrs\.)(?<!\bDr\.)(?<!\bU\.S\.)"
    r"(?<!\bт\.е\.)(?<!\bруб\.)(?<!\bкг\.)(?<!\bм\.)(?<!\bсм\.)(?<!\bч\.)"
)
_ITEM = re.compile(r"\s*(?:[-*•]|\(?\d{1,2}[.)]|[a-h]\))\s*[.!?]*\s*")


class Formula(NamedTuple):
    """A formula: what stands between its marks, and where it starts and ends with them."""

    content: str
    start: int
    end: int


class Sentence(NamedTuple):
    """A statement of a text: from start to end, its closing mark left out; `closed` where it has one."""

    start: int
    end: int
    closed: bool
    tail: int
    """Where its closing mark ends."""


def formulas(text: str) -> list[Formula]:
    """The formulas of a text in order: between dollars, brackets, or as an environment of its own; linear in length."""
    spans: list[Formula] = []
    missing: set[str] = set()
    at = 0
    while opening := _OPEN.search(text, at):
        mark = opening.group()
        close = _CLOSE.get(mark) or f"\\end{{{opening.group(1)}}}"
        inside = opening.end()
        end = -1 if close in missing else text.find(close, inside)
        if end == -1:
            missing.add(close)
            at = inside
            continue
        content = text[inside:end]
        end += len(close)
        if not _is_formula(mark, content, text[end : end + 1]):
            at = inside
            continue
        spans.append(
            Formula(
                content.strip() if opening.group(1) is None else text[opening.start() : end],
                opening.start(),
                end,
            )
        )
        at = end
    return spans


def _is_formula(mark: str, content: str, behind: str) -> bool:
    formula = len(content) <= _MAX_FORMULA and bool(content.strip())
    if mark == "$":
        currency = "\n\n" in content or behind.isdigit() or (content[-1:].isspace() and content[:1].isdigit())
        prose = "\\" not in content and _PROSE.search(content) is not None
        formula = formula and not currency and not prose
    return formula


def masked(text: str, spans: list[Formula]) -> str:
    """The text with every character of its formulas replaced, so that patterns for prose pass over them."""
    parts: list[str] = []
    at = 0
    for span in spans:
        parts += [text[at : span.start], FILLER * (span.end - span.start)]
        at = span.end
    return "".join(parts) + text[at:]


def sentences(mask: str) -> list[Sentence]:
    """The statements of a masked text; a display formula belongs to the statement that it ends."""
    return [*_sentences(mask)]


def _sentences(mask: str) -> Iterator[Sentence]:
    start = 0
    for stop in _STOP.finditer(mask):
        blank = not mask[start : stop.start()].strip()
        if not blank and _ITEM.fullmatch(mask, start, stop.end()):
            continue
        if not blank:
            yield Sentence(start, stop.start(), closed=not stop.group().isspace(), tail=stop.end())
        start = stop.end()
    if mask[start:].strip():
        yield Sentence(start, len(mask), closed=False, tail=len(mask))
