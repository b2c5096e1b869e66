"""Files of model outputs in other harnesses' layouts, read by small data files (data/layouts/NAME.yaml)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, cast, get_args

import msgspec

from math_eval.benchmarks.rows import Row
from math_eval.catalog import find, names
from math_eval.documents import read_document
from math_eval.errors import DataError
from math_eval.records import AnswerKind
from math_eval.templating import compiled_value


class Layout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A layout file: the fields that recognise a row, and Jinja expressions (over them and `row`) for its parts.

    responses are extracted from; answers are extracted already. labels: the file's own verdicts. label_by_name: a part
    of the file's name → the label of all its rows. root: the key under which a JSON object holds its rows. kind: an
    answer kind, or an expression for one. pattern: for logs that are no JSON, a regular expression whose named groups
    are the fields.
    """

    SCHEMA: ClassVar[int] = 1
    schema: int
    title: str
    fields: list[str]
    gold: str
    question: str = ""
    responses: str = ""
    answers: str = ""
    labels: str = ""
    label_by_name: dict[str, bool] = {}
    root: str = ""
    pattern: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """One response (or answer already extracted) of a file, with its gold and the label that the file gives it."""

    where: str
    question: str
    gold: str
    text: str
    extracted: bool
    label: bool | None
    kind: AnswerKind | None


def read_stored(path: Path) -> Iterator[StoredAnswer]:
    """Every response of a file, its layout recognised by its fields. DataError where no layout fits."""
    layout: Layout | None = None
    for number, row in enumerate(_rows(path), 1):
        if layout is None:
            layout = _recognised(row)
            if layout is None:
                if number > 5:
                    known = ", ".join(names("layouts"))
                    raise DataError(f"{path}: no known layout (known: {known}); its fields: {', '.join(row)[:200]}")
                continue  # files may begin with a header row
        if all(name in row for name in layout.fields):
            yield from _answers(layout, row, f"{path}: row {number}", path.name)
    if layout is None:
        raise DataError(f"{path}: no row of a known layout")


def _rows(path: Path) -> Iterator[Row]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    for pattern in (layout.pattern for layout in _layouts() if layout.pattern):
        rows = [found.groupdict() for found in re.finditer(pattern, content.decode("utf-8", "replace"), re.DOTALL)]
        if rows:
            yield from rows
            return
    try:
        whole = msgspec.json.decode(content)
    except msgspec.DecodeError:
        decoder = msgspec.json.Decoder()
        try:
            whole = [decoder.decode(line) for line in content.split(b"\n") if line.strip()]
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise DataError(f"{path}: neither JSON nor JSON lines: {error}") from error
    if isinstance(whole, dict):
        roots = [layout.root for layout in _layouts() if layout.root in whole]
        whole = whole[roots[0]] if roots else [whole]
        whole = list(whole.values()) if isinstance(whole, dict) else whole
    yield from (row for row in whole if isinstance(row, dict))


def _layouts() -> list[Layout]:
    return [read_document(find("layouts", name), Layout) for name in names("layouts")]


def _recognised(row: Row) -> Layout | None:
    fitting = [layout for layout in _layouts() if all(name in row for name in layout.fields)]
    return max(fitting, key=lambda layout: len(layout.fields), default=None)


def _answers(layout: Layout, row: Row, where: str, file_name: str) -> Iterator[StoredAnswer]:
    def value(expression: str) -> Any:
        if not expression:
            return None
        try:
            return compiled_value(expression)({**row, "row": row})
        except Exception as error:  # an expression over a row can fail in as many ways as Python
            raise DataError(f"{where}: {expression}: {type(error).__name__}: {error}") from error

    extracted = not layout.responses
    texts = _listed(value(layout.answers if extracted else layout.responses))
    labels = value(layout.labels)
    if labels is None:
        labels = next((label for part, label in layout.label_by_name.items() if part in file_name), None)
    labels = labels if isinstance(labels, list) else [labels] * len(texts)
    gold, question = value(layout.gold), value(layout.question)
    kind = layout.kind if layout.kind in get_args(AnswerKind) else value(layout.kind)
    for text, label in zip(texts, labels, strict=False):
        yield StoredAnswer(
            where=where,
            question=str(question or ""),
            gold=_text(gold),
            text=_text(text),
            extracted=extracted,
            label=label if isinstance(label, bool) else None,
            kind=cast("AnswerKind", kind) if kind in get_args(AnswerKind) else None,
        )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)
