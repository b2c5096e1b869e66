"""Reads files of responses that other harnesses wrote. Row formats (data/layouts/NAME.yaml) describe them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, cast, get_args

import msgspec

from math_eval.benchmarks.rows import Row
from math_eval.documents import read_document
from math_eval.engines.reply import finish_of
from math_eval.errors import DataError
from math_eval.files import json_lines
from math_eval.records import AnswerKind, Finish
from math_eval.registry import find, names
from math_eval.templating import compile_expression

_HEADER_ROWS = 5
"""How many rows at the beginning of a file may fit no row format."""


class RowFormat(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row format: the fields by which rows are recognised, and Jinja expressions over the fields and `row`.

    Attributes:
        schema: The version of this structure.
        title: What the format is.
        fields: The fields that every row has.
        gold: Expression for the gold.
        question: Expression for the question.
        responses: Expression for the responses, a text or a list of texts.
        answers: Expression for answers that are extracted already, in place of responses.
        thoughts: Expression for the thoughts of the responses, where a file has them apart: a text or a list of texts.
        finishes: Expression for why the responses ended, as servers name it: a text or a list of texts.
        labels: Expression for the verdicts that the file gives.
        label_by_name: A part of the file's name → the label of all its rows.
        root: The key under which a JSON object holds the rows.
        pattern: For logs that are not JSON: a regular expression whose named groups are the fields.
        kind: An answer kind, or an expression for one.
        reference_gold: For files of the reference: expression for the gold as the reference normalised it.
        predictions: For files of the reference: expression for the answers that the reference extracted.
        rewards: For files of the reference: expression for the scores of a reward model.
        group: For files of the reference: expression for the value by which accuracy is broken down.
    """

    SCHEMA: ClassVar[int] = 1
    schema: int
    title: str
    fields: list[str]
    gold: str
    question: str = ""
    responses: str = ""
    answers: str = ""
    thoughts: str = ""
    finishes: str = ""
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
    """One response of a file, or one answer that is extracted already, with its gold and label.

    Attributes:
        location: The file and row, for messages.
        row: The number of the row, which is one problem; counted from 0.
        n: The number of the response in its row, counted from 0.
        question: The question; "" if the file has none.
        gold: The gold.
        text: The response, or the extracted answer.
        extracted: Whether `text` is an extracted answer.
        label: The verdict that the file gives, if any.
        kind: The answer kind, if the file gives one.
        reference_gold: The gold as the reference normalised it, if the file has it.
        prediction: The answer that the file says was extracted.
        has_prediction: Whether the file gives a prediction; it may be null.
        reward: The score that a reward model gave.
        group: The value by which the reference breaks accuracy down.
        thought: The thought, where the file has it apart from the response.
        finish: Why the response ended.
    """

    location: str
    row: int
    n: int
    question: str
    gold: str
    text: str
    extracted: bool
    label: bool | None
    kind: AnswerKind | None
    reference_gold: str | None = None
    prediction: str | None = None
    has_prediction: bool = False
    reward: float | None = None
    group: str = ""
    thought: str = ""
    finish: Finish = "stop"


def read_stored(
    path: Path, skipped_rows: list[str] | None = None, row_format: str | None = None
) -> Iterator[StoredAnswer]:
    """Reads every response of a file.

    Args:
        path: A file of JSON, JSON lines, or a log that a row format has a pattern for.
        skipped_rows: Receives the location of every row that lacks a field of the row format.
        row_format: The name of the row format, or the path of its YAML file; by default it is recognised by the fields
            of the first rows.

    Yields:
        The responses, row by row.

    Raises:
        DataError: The file cannot be read, or its rows fit no row format.
        UnknownNameError: No row format has that name.
    """
    formats = _row_formats() if row_format is None else [load_row_format(row_format)]
    layout: RowFormat | None = None
    row: Row = {}
    for number, row in enumerate(_rows(path, formats), 1):
        if layout is None:
            layout = _recognise(row, formats)
            if layout is None:
                if number > _HEADER_ROWS:
                    break
                continue
        if all(name in row for name in layout.fields):
            yield from _answers(layout, row, number - 1, path)
        elif skipped_rows is not None:
            skipped_rows.append(f"{path}: row {number}")
    if layout is None:
        raise DataError(f"{path}: {_unrecognised(row, formats, row_format)}")


def load_row_format(name: str) -> RowFormat:
    """Loads a row format.

    Args:
        name: The name of a row format, or the path of a YAML file.

    Raises:
        UnknownNameError: No row format has that name; the message offers similar names.
        DataError: The file is not a valid row format.
    """
    return read_document(find("layouts", name, label="row format"), RowFormat)


def _unrecognised(row: Row, formats: Sequence[RowFormat], row_format: str | None) -> str:
    if not row:
        return "no row in it is an object with fields"
    has = f"its fields: {', '.join(row)[:200]}"
    if row_format:
        return f"no row of the layout {row_format}, which needs {', '.join(formats[0].fields)}; {has}"
    known = ", ".join(names("layouts"))
    return (
        f"no known layout (known: {known}); {has}; --layout FILE names one of your own (docs/formats.md); completions "
        "without golds are scored by math-eval run NAME --engine replay --responses FILE --benchmark BENCHMARK"
    )


def _rows(path: Path, formats: Sequence[RowFormat]) -> Iterator[Row]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    content = content.removeprefix(b"\xef\xbb\xbf")
    for pattern in (layout.pattern for layout in formats if layout.pattern):
        matches = list(re.finditer(pattern, content.decode("utf-8", "replace"), re.DOTALL))
        if matches:
            yield from (match.groupdict() for match in matches)
            return
    try:
        rows = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        lines = json_lines(content.split(b"\n"), path, fault="neither JSON nor JSON lines")
        rows = [row for _, row in lines]
    if isinstance(rows, dict):
        roots = [layout.root for layout in formats if layout.root in rows]
        rows = rows[roots[0]] if roots else [rows]
        rows = list(rows.values()) if isinstance(rows, dict) else rows
    yield from (row for row in rows if isinstance(row, dict))


def _row_formats() -> list[RowFormat]:
    return [load_row_format(name) for name in names("layouts")]


def _recognise(row: Row, formats: Sequence[RowFormat]) -> RowFormat | None:
    """The format whose fields the row has; of several, the one with most fields."""
    candidates = [layout for layout in formats if all(name in row for name in layout.fields)]
    return max(candidates, key=lambda layout: len(layout.fields), default=None)


def _answers(layout: RowFormat, row: Row, number: int, path: Path) -> Iterator[StoredAnswer]:
    location = f"{path}: row {number + 1}"

    def value(expression: str) -> Any:
        if not expression:
            return None
        try:
            return compile_expression(expression)({**row, "row": row})
        except Exception as error:  # the expression is the user's: any exception is possible
            raise DataError(f"{location}: {expression}: {type(error).__name__}: {error}") from error

    extracted = not layout.responses
    texts = _as_list(value(layout.answers if extracted else layout.responses))
    labels = value(layout.labels)
    if labels is None:
        labels = next((label for part, label in layout.label_by_name.items() if part in path.name), None)
    labels = labels if isinstance(labels, list) else [labels] * len(texts)
    gold, question, reference_gold = value(layout.gold), value(layout.question), value(layout.reference_gold)
    kind = layout.kind if layout.kind in get_args(AnswerKind) else value(layout.kind)
    predictions, rewards = value(layout.predictions), value(layout.rewards)
    group = value(layout.group)
    thoughts, finishes = _as_list(value(layout.thoughts)), _as_list(value(layout.finishes))
    for n, (text, label) in enumerate(zip(texts, labels, strict=False)):
        prediction, has_prediction = _value_at(predictions, n)
        reward, _ = _value_at(rewards, n)
        reward = reward[0] if isinstance(reward, list) and len(reward) == 1 else reward
        yield StoredAnswer(
            location=location,
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
            thought=_text(_value_at(thoughts, n)[0]),
            finish=finish_of(_value_at(finishes, n)[0]),
        )


def _value_at(values: Any, n: int) -> tuple[Any, bool]:
    """The n-th value of a list, and whether the list has one."""
    return (values[n], True) if isinstance(values, list) and n < len(values) else (None, False)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)
