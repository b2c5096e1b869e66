"""Reads the project's YAML data files into typed structures, with errors that a user can act on."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from math_eval.errors import DataError

T = TypeVar("T")

MAX_YAML_BYTES = 4_000_000
"""Data files are far smaller; a larger one is a mistake, or an attack, and is refused unread."""

_UNKNOWN_FIELD = re.compile(r"Object contains unknown field `([^`]+)`(?: - at `\$?\.?([^`]*)`)?")


_LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader


def read_yaml(path: Path) -> Any:
    """Reads a YAML file with a safe loader.

    Args:
        path: The file: UTF-8, at most 4 MB, without aliases.

    Returns:
        Its content as dicts, lists and scalars; never None.

    Raises:
        DataError: The file cannot be read, is empty, too large or not valid; the text names the line and column.
    """
    try:
        size = path.stat().st_size
        if size > MAX_YAML_BYTES:
            raise DataError(f"{path}: {size} bytes is too large for a data file (at most {MAX_YAML_BYTES})")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 at byte {error.start}") from error
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.AliasEvent):  # nested aliases expand without bound, and no data file needs any
                line = event.start_mark.line + 1 if event.start_mark else 0
                raise DataError(f"{path}:{line}: bad YAML: aliases (*name) are not allowed")
        content = yaml.load(text, Loader=_LOADER)  # noqa: S506  a safe loader, in C where there is one
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        position = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise DataError(f"{path}{position}: bad YAML: {error.problem or error.context}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise DataError(f"{path}: bad YAML: {' '.join(str(error).split()) or 'nested too deeply'}") from error
    if content is None:
        raise DataError(f"{path}: the file is empty")
    return content


def decode(content: Any, shape: type[T], location: str) -> T:
    """Converts the content of a data file into a typed structure, strictly.

    Args:
        content: Dicts, lists and scalars, as a parser returns them.
        shape: The type to convert to. Its `SCHEMA`, where it has one, is the newest schema that this release reads.
        location: The file, or the row in it, for the error message.

    Raises:
        DataError: A key is unknown or missing, a value has the wrong type, or the schema is newer; the text names
            `location`.
    """
    if isinstance(content, dict) and isinstance(schema := content.get("schema"), int):
        newest_schema = getattr(shape, "SCHEMA", schema)
        if schema > newest_schema:
            raise DataError(
                f"{location}: schema {schema} is newer than the one that this math-eval reads ({newest_schema}); "
                "a newer release reads it"
            )
    try:
        return msgspec.convert(content, shape)
    except msgspec.ValidationError as error:
        raise DataError(f"{location}: {_explain(str(error), shape)}") from error


def _explain(message: str, shape: type[Any]) -> str:
    if match := _UNKNOWN_FIELD.search(message):
        name, parent = match.group(1), match.group(2)
        keys = list(getattr(shape, "__struct_encode_fields__", ())) if not parent else []
        similar = difflib.get_close_matches(name, keys, n=1, cutoff=0.5)
        hint = f"; did you mean {similar[0]}?" if similar else f"; known keys: {', '.join(keys)}" if keys else ""
        return f"unknown key {name!r}{f' in {parent}' if parent else ''}{hint}"
    return message.replace("Object missing required field", "missing key").replace("`$.", "`")


def read_document(path: Path, shape: type[T]) -> T:
    """Reads a YAML data file into a typed structure.

    Args:
        path: The file, whose content must be keys and values.
        shape: The type to convert to, usually a msgspec Struct.

    Raises:
        DataError: The file cannot be read or does not fit `shape`; the text names the file and the key.
    """
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise DataError(f"{path}: expected keys and values, got {type(content).__name__}")
    return decode(content, shape, str(path))
