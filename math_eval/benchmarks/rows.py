"""Benchmark files as rows: JSON lines, JSON lists, JSON dicts keyed by id, CSV, parquet, and hub data sets."""

from __future__ import annotations

import csv
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from math_eval.benchmarks.spec import RowShape, Source
from math_eval.errors import DataError, FetchError, MissingPackageError
from math_eval.files import json_lines

Row = dict[str, Any]

_MAX_CSV_FIELD = 10_000_000
_OTHER_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}


def read_rows(path: Path, layout: RowShape = "lines") -> Iterator[Row]:
    """Reads the rows of a file, in the format that its ending names.

    Args:
        path: A .csv, .parquet or .json file; anything else holds JSON lines.
        layout: How a JSON file that does not end in .json holds its rows.

    Yields:
        One dict a row; rows of a dict keyed by id have that key as "_key".

    Raises:
        DataError: The file cannot be read, has no rows, or one of its rows is not an object; the text names the file
            and the row, counted from 1.
        MissingPackageError: The file is parquet and pyarrow is not installed.
    """
    ending = path.suffix.lower()
    if ending == ".csv":
        rows: Iterable[Any] = _csv_rows(path)
    elif ending == ".parquet":
        rows = _parquet_rows(path)
    elif ending == ".json" or layout != "lines":
        rows = _json_rows(path)
    else:
        rows = _line_rows(path)
    empty = True
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise DataError(f"{path}: row {number}: expected an object with fields, got {type(row).__name__}")
        empty = False
        yield row
    if empty:
        raise DataError(f"{path}: the file has no rows")


def _line_rows(path: Path) -> Iterator[Any]:
    with path.open("rb") as file:
        for _, row in json_lines(file, path):
            yield row


def _json_rows(path: Path) -> Iterator[Any]:
    try:
        content = msgspec.json.decode(path.read_bytes())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(f"{path}: not JSON: {error}") from error
    if isinstance(content, dict):
        for key, row in content.items():
            yield {"_key": key, **row} if isinstance(row, dict) else row
    elif isinstance(content, list):
        yield from content
    else:
        raise DataError(f"{path}: expected a list of rows or a dict of rows, got {type(content).__name__}")


def _csv_rows(path: Path) -> Iterator[Row]:
    csv.field_size_limit(_MAX_CSV_FIELD)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from _csv_records(csv.reader(file, strict=True), path)
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: bad CSV: not UTF-8: {error}") from error


def _csv_records(reader: Any, path: Path) -> Iterator[Row]:
    """The records of a CSV file as rows; an error names the line in which its record begins."""
    header: list[str] = []
    number = begin = 0
    try:
        begin = reader.line_num + 1
        for record in reader:
            if not header:
                header = record
                _refuse_other_delimiter(header, path)
            elif record:
                number += 1
                if len(record) != len(header):
                    raise DataError(
                        f"{path}: row {number} (line {begin}): its columns are not those of the header: "
                        f"{len(record)} in place of {len(header)}"
                    )
                yield dict(zip(header, record, strict=True))
            begin = reader.line_num + 1
    except csv.Error as error:
        unclosed = reader.line_num > begin or "end of data" in str(error)
        hint = "; a quote that opens there may not be closed" if unclosed else ""
        place = f"row {number + 1} (line {begin})" if header else f"header (line {begin})"
        raise DataError(f"{path}: {place}: bad CSV: {error}{hint}") from error


def _refuse_other_delimiter(header: list[str], path: Path) -> None:
    """Refuses a file whose header is one column because something else than a comma separates its columns."""
    for delimiter, name in _OTHER_DELIMITERS.items():
        if len(header) == 1 and delimiter in header[0]:
            raise DataError(
                f"{path}: its header, {header[0][:80]!r}, is separated by {name}; "
                "a CSV file needs commas: save it with commas, or as .jsonl"
            )


def _parquet_rows(path: Path) -> Iterator[Row]:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError as error:
        raise MissingPackageError("pyarrow", "hub", "reading a parquet file") from error
    try:
        yield from parquet.read_table(path).to_pylist()
    except (ArrowException, OSError) as error:
        raise DataError(f"{path}: bad parquet: {error}") from error


def rows_hash(rows: Iterable[Row]) -> str:
    """A hash of rows that does not depend on how they are stored.

    Args:
        rows: The rows, in order.

    Returns:
        The sha256 over each row as JSON (keys sorted, UTF-8, no spaces) followed by a newline, in hexadecimal.
    """
    digest = hashlib.sha256()
    for row in rows:
        text = json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
        digest.update(text.encode("utf-8", "surrogatepass") + b"\n")
    return digest.hexdigest()


def hub_rows(source: Source) -> list[Row]:
    """Reads a data set from the Hugging Face hub at its pinned revision.

    Args:
        source: A source with `hub`, `config`, `split`, `revision` and `rows_sha256`.

    Returns:
        Its rows, with their hash checked.

    Raises:
        MissingPackageError: The package `datasets` is not installed.
        FetchError: The hub or its library failed.
        DataError: The rows do not have the pinned hash.
    """
    try:
        import datasets
    except ImportError as error:
        raise MissingPackageError("datasets", "hub", f"the hub source {source.hub}") from error
    if not sys.stderr.isatty():
        datasets.disable_progress_bars()  # in a log, a bar is hundreds of lines
    try:
        dataset = datasets.load_dataset(source.hub, source.config, split=source.split, revision=source.revision)
    except Exception as error:  # the library raises dozens of kinds, network ones included
        raise FetchError(f"hub:{source.hub}: {type(error).__name__}: {' '.join(str(error).split())[:300]}") from error
    rows = [dict(row) for row in dataset]
    actual = rows_hash(rows)
    if actual != source.rows_sha256:
        raise DataError(f"hub:{source.hub}: rows hash to {actual}, expected {source.rows_sha256}")
    return rows
