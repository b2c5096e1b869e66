"""Reading the project's own data files (YAML) and lines (JSON) into typed structures with errors a user can act on."""

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
"""No data file of ours comes near this; a larger one is a mistake (or a bomb), and is refused unread."""

_UNKNOWN_FIELD = re.compile(r"Object contains unknown field `([^`]+)`(?: - at `\$?\.?([^`]*)`)?")


_LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader


def read_yaml(path: Path) -> Any:
    """The content of a YAML file; DataError names file, line and column of what does not parse."""
    try:
        size = path.stat().st_size
        if size > MAX_YAML_BYTES:
            raise DataError(f"{path}: {size} bytes is more than a data file may have ({MAX_YAML_BYTES})")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 at byte {error.start}") from error
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.AliasEvent):  # nested ones expand to any size, and no data file needs them
                line = event.start_mark.line + 1 if event.start_mark else 0
                raise DataError(f"{path}:{line}: bad YAML: aliases (*name) are not allowed")
        content = yaml.load(text, Loader=_LOADER)  # noqa: S506  a safe loader, in C where there is one
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise DataError(f"{path}{at}: bad YAML: {error.problem or error.context}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise DataError(f"{path}: bad YAML: {' '.join(str(error).split()) or 'nested too deeply'}") from error
    if content is None:
        raise DataError(f"{path}: the file is empty")
    return content


def decode(content: Any, shape: type[T], where: str) -> T:
    """`content` as `shape`, strictly: unknown or missing keys and wrong types are a DataError that names `where`."""
    if isinstance(content, dict) and isinstance(schema := content.get("schema"), int):
        newest = getattr(shape, "SCHEMA", schema)
        if schema > newest:
            raise DataError(
                f"{where}: schema {schema} is newer than this math-eval reads ({newest}); a newer release would read it"
            )
    try:
        return msgspec.convert(content, shape)
    except msgspec.ValidationError as error:
        raise DataError(f"{where}: {_in_words(str(error), shape)}") from error


def _in_words(message: str, shape: type[Any]) -> str:
    if found := _UNKNOWN_FIELD.search(message):
        name, inside = found.group(1), found.group(2)
        known = list(getattr(shape, "__struct_encode_fields__", ())) if not inside else []
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]}?" if near else f"; known keys: {', '.join(known)}" if known else ""
        return f"unknown key {name!r}{f' in {inside}' if inside else ''}{hint}"
    return message.replace("Object missing required field", "missing key").replace("`$.", "`")


def read_document(path: Path, shape: type[T]) -> T:
    """A YAML data file as `shape`; errors name the file and what in it is wrong."""
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise DataError(f"{path}: expected keys and values, got {type(content).__name__}")
    return decode(content, shape, str(path))
