"""Few-shot demonstrations: worked examples by key, from the pinned collection or the user's own file.

The pinned collection is a Python file. Its literals are read from the syntax tree; it is never executed.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import msgspec

from math_eval.documents import decode, read_document, read_yaml
from math_eval.errors import DataError
from math_eval.files import json_lines
from math_eval.registry import data_folder, find
from math_eval.sources import PinnedFile, check_hash, ensure, sha256_of

MAX_BYTES = 10_000_000
"""Largest file of demonstrations that is read."""


class Demonstration(NamedTuple):
    """A question and its worked answer."""

    question: str
    answer: str


class CollectionSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A data file `data/demonstrations/NAME.yaml`: the sources of a pinned collection."""

    SCHEMA: ClassVar[int] = 1
    schema: int
    title: str
    sources: list[PinnedFile]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Demonstrations:
    """Demonstrations by key, or one list for every benchmark.

    Attributes:
        origin: Path of the file.
        sha256: Hash of the file's bytes.
        by_key: Key, such as "gsm8k", and its demonstrations in order.
        default: The demonstrations for every key that is not in `by_key`.
    """

    origin: str
    sha256: str
    by_key: Mapping[str, Sequence[Demonstration]] = field(default_factory=dict)
    default: Sequence[Demonstration] = ()

    def for_key(self, key: str) -> Sequence[Demonstration]:
        """The demonstrations under `key`, else the default ones; empty where there are none."""
        return self.by_key.get(key, ()) or self.default


def load_demonstrations(path: Path | None = None, data_dir: Path | None = None) -> Demonstrations:
    """Loads the user's file of demonstrations, or the pinned collection.

    Args:
        path: The user's file; None loads the pinned collection.
        data_dir: A folder that may have the pinned `examples.py` in it or in the folder above; None takes
            MATH_EVAL_DATA. Where neither has the file with the pinned hash, it comes from the cache or is downloaded.

    Raises:
        DataError: The user's file does not have the expected form, or `data_dir` does not exist.
        HashMismatchError: The downloaded file does not have the pinned hash.
        FetchError: The pinned collection could not be downloaded.
    """
    if path is not None:
        return read_demonstrations(path)
    spec = read_document(find("demonstrations", "qwen"), CollectionSpec)
    source = spec.sources[0]
    folder = data_folder(data_dir)
    if folder is not None:
        for candidate in (folder / "examples.py", folder.parent / "examples.py"):
            if candidate.is_file() and sha256_of(candidate) == source.sha256:
                return read_demonstrations(candidate)
    pinned = ensure(source)
    check_hash(pinned, source.sha256)
    return read_demonstrations(pinned)


def read_demonstrations(path: Path) -> Demonstrations:
    """Reads demonstrations from a file, which is never executed.

    Args:
        path: A .json, .jsonl, .yaml or .py file of at most 10 MB. It holds pairs of question and answer by key, or one
            list of pairs for every benchmark. A pair is a list of two strings, or a mapping with `question` and
            `answer`.

    Raises:
        DataError: The file is missing or too large, or does not have this form.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    if path.stat().st_size > MAX_BYTES:
        raise DataError(f"{path}: more than {MAX_BYTES} bytes")
    content = _parse_file(path)
    digest = sha256_of(path)
    if isinstance(content, dict):
        by_key = {
            str(key): [_pair(pair, f"{path}: {key}") for pair in _list(pairs, f"{path}: {key}")]
            for key, pairs in content.items()
        }
        return Demonstrations(str(path), digest, by_key)
    return Demonstrations(str(path), digest, default=[_pair(pair, str(path)) for pair in _list(content, str(path))])


def _parse_file(path: Path) -> Any:
    ending = path.suffix.lower()
    try:
        if ending == ".py":
            return _python_literals(path)
        if ending in {".yaml", ".yml"}:
            return read_yaml(path)
        if ending == ".jsonl":
            return [row for _, row in json_lines(path.read_bytes().split(b"\n"), path)]
        return msgspec.json.decode(path.read_bytes())
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: not JSON: {error}") from error


def _python_literals(path: Path) -> dict[str, Any]:
    examples: dict[str, Any] = {}
    try:
        tree = ast.parse(path.read_bytes())
        for node in ast.walk(tree):
            if isinstance(node, ast.Dict) and node.keys and all(isinstance(value, ast.List) for value in node.values):
                examples.update(ast.literal_eval(node))
            if isinstance(node, ast.Assign) and isinstance(target := node.targets[0], ast.Subscript):
                examples[ast.literal_eval(target.slice)] = ast.literal_eval(node.value)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError) as error:
        raise DataError(f"{path}: expected a dict of literal strings: {error}") from error
    return examples


def _list(value: Any, location: str) -> list[Any]:
    if not isinstance(value, list | tuple) or not value:
        raise DataError(f"{location}: expected a list of [question, answer] pairs")
    return list(value)


def _pair(value: Any, location: str) -> Demonstration:
    if isinstance(value, dict):
        value = [value.get("question"), value.get("answer")]
    first, second = decode(list(value) if isinstance(value, tuple) else value, tuple[str, str], location)
    return Demonstration(first, second)
