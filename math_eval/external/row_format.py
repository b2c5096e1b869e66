"""Files of model outputs in other harnesses' layouts, read by small data files (data/layouts/NAME.yaml)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, cast, get_args

import msgspec

from math_eval.benchmarks.rows import Row
from math_eval.documents import read_document
from math_eval.errors import DataError
from math_eval.records import AnswerKind
from math_eval.registry import find, names
from math_eval.templating import compile_expression


class RowFormat(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A layout file: the fields that recognise a row, and Jinja expressions (over them and `row`) for its parts.

    responses are extracted from; answers are extracted already. labels: the file's own verdicts. label_by_name: a part
    of the file's name → the label of all its rows. root: the key under which a JSON object holds its rows. kind: an
    answer kind, or an expression for one. pattern: for logs that are no JSON, a regular expression whose named groups
    are the fields. For the reference's rows: reference_gold, its own gold; predictions, what it extracted; rewards, a
    reward model's scores; group, the column it breaks accuracy down by.
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
    reference_gold: str = ""
    predictions: str = ""
    rewards: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """One response (or answer already extracted) of a file, with its gold and the label that the file gives it.

    row, n: the problem's place in the file and the sample's place in its problem, from 0.
    """

    where: str
    row: int
    n: int
    question: str
    gold: str
    text: str
    extracted: bool
    label: bool | None
    kind: AnswerKind | None
    reference_gold: str | None = None
    """The gold as the reference stored it, normalised."""
    prediction: str | None = None
    """What the file says was extracted."""
    has_prediction: bool = False
    reward: float | None = None
    group: str = ""


def read_stored(
    path: Path, passed_over: list[str] | None = None, row_format: str | None = None
) -> Iterator[StoredAnswer]:
    """Every response of a file.

    Args:
        path: The file.
        passed_over: Gets the place of every row that lacks a field of the file's row format.
        row_format: The name of a row format or the path of its YAML file; by default it is recognised by the fields.

    Raises:
        DataError: The file cannot be read, or no row fits a row format.
        UnknownNameError: No row format has that name.
    """
    formats = _row_formats() if row_format is None else [load_row_format(row_format)]
    layout: RowFormat | None = None
    row: Row = {}
    for number, row in enumerate(_rows(path, formats), 1):
        if layout is None:
            layout = _recognised(row, formats)
            if layout is None:
                if number > 5:
                    break
                continue  # files may begin with a header row
        if all(name in row for name in layout.fields):
            yield from _answers(layout, row, number - 1, path)
        elif passed_over is not None:
            passed_over.append(f"{path}: row {number}")
    if layout is None:
        raise DataError(f"{path}: {_unrecognised(row, formats, row_format)}")


def load_row_format(name: str) -> RowFormat:
    """The row format of that name, or of the YAML file at that path; UnknownNameError offers near names."""
    return read_document(find("layouts", name, label="row format"), RowFormat)


def _unrecognised(row: Row, formats: Sequence[RowFormat], row_format: str | None) -> str:
    if not row:
        return "no row in it is an object with fields"
    has = f"its fields: {', '.join(row)[:200]}"
    if row_format:
        return f"no row of the layout {row_format}, which needs {', '.join(formats[0].fields)}; {has}"
    known = ", ".join(names("layouts"))
    return f"no known layout (known: {known}); {has}; --layout FILE names one of your own (docs/formats.md)"


def _rows(path: Path, formats: Sequence[RowFormat]) -> Iterator[Row]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    content = content.removeprefix(b"\xef\xbb\xbf")
    for pattern in (layout.pattern for layout in formats if layout.pattern):
        rows = [match.groupdict() for match in re.finditer(pattern, content.decode("utf-8", "replace"), re.DOTALL)]
        if rows:
            yield from rows
            return
    try:
        whole = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        whole = list(_lines(content, path))
    if isinstance(whole, dict):
        roots = [layout.root for layout in formats if layout.root in whole]
        whole = whole[roots[0]] if roots else [whole]
        whole = list(whole.values()) if isinstance(whole, dict) else whole
    yield from (row for row in whole if isinstance(row, dict))


def _lines(content: bytes, path: Path) -> Iterator[Any]:
    decoder = msgspec.json.Decoder()
    for number, line in enumerate(content.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            yield decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise DataError(f"{path}: neither JSON nor JSON lines: line {number}: {error}") from error


def _row_formats() -> list[RowFormat]:
    return [load_row_format(name) for name in names("layouts")]


def _recognised(row: Row, formats: Sequence[RowFormat]) -> RowFormat | None:
    fitting = [layout for layout in formats if all(name in row for name in layout.fields)]
    return max(fitting, key=lambda layout: len(layout.fields), default=None)


def _answers(layout: RowFormat, row: Row, number: int, path: Path) -> Iterator[StoredAnswer]:
    where = f"{path}: row {number + 1}"

    def value(expression: str) -> Any:
        if not expression:
            return None
        try:
            return compile_expression(expression)({**row, "row": row})
        except Exception as error:  # an expression over a row can fail in as many ways as Python
            raise DataError(f"{where}: {expression}: {type(error).__name__}: {error}") from error

    extracted = not layout.responses
    texts = _listed(value(layout.answers if extracted else layout.responses))
    labels = value(layout.labels)
    if labels is None:
        labels = next((label for part, label in layout.label_by_name.items() if part in path.name), None)
    labels = labels if isinstance(labels, list) else [labels] * len(texts)
    gold, question, reference_gold = value(layout.gold), value(layout.question), value(layout.reference_gold)
    kind = layout.kind if layout.kind in get_args(AnswerKind) else value(layout.kind)
    predictions, rewards = value(layout.predictions), value(layout.rewards)
    group = value(layout.group)
    for n, (text, label) in enumerate(zip(texts, labels, strict=False)):
        prediction, has_prediction = _at(predictions, n)
        reward, _ = _at(rewards, n)
        reward = reward[0] if isinstance(reward, list) and len(reward) == 1 else reward
        yield StoredAnswer(
            where=where,
            row=number,
            n=n,
            question=str(question or ""),
            gold=_text(gold),
            text=_text(text),
            extracted=extracted,
            label=label if isinstance(label, bool) else None,
            kind=cast("AnswerKind", kind) if kind in get_args(AnswerKind) else None,
            reference_gold=None if reference_gold is None else str(reference_gold),
            prediction=None if prediction is None else str(prediction),
            has_prediction=has_prediction,
            reward=float(reward) if isinstance(reward, int | float) else None,
            group="" if group is None else str(group),
        )


def _at(values: Any, n: int) -> tuple[Any, bool]:
    """The n-th of a row's values, and whether there is one."""
    return (values[n], True) if isinstance(values, list) and n < len(values) else (None, False)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)
