"""Few-shot demonstrations: worked examples by key, from the pinned collection or a user's own file.

The pinned collection is a Python file. It is read as literals through the syntax tree and never executed.
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
from math_eval.registry import data_folder, find
from math_eval.sources import PinnedFile, check_hash, ensure, sha256_of

MAX_BYTES = 10_000_000


class Demonstration(NamedTuple):
    """A question and its worked answer."""

    question: str
    answer: str


class CollectionSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A demonstrations file of the project: where the collection comes from."""

    SCHEMA: ClassVar[int] = 1
    schema: int
    title: str
    sources: list[PinnedFile]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Demonstrations:
    """Demonstrations by key; a user's list without keys serves every benchmark."""

    origin: str
    sha256: str
    by_key: Mapping[str, Sequence[Demonstration]] = field(default_factory=dict)
    for_all: Sequence[Demonstration] = ()

    def of(self, key: str) -> Sequence[Demonstration]:
        """The demonstrations under `key`, or the list that serves every benchmark; empty where there are none."""
        return self.by_key.get(key, ()) or self.for_all


def load_demonstrations(path: Path | None = None, data_dir: Path | None = None) -> Demonstrations:
    """A user's file, or the pinned collection from a data folder (examples.py in it or above it) or the cache.

    Raises DataError for a file of another shape, HashMismatchError and FetchError for the pinned one.
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
    found = ensure(source)
    check_hash(found, source.sha256)
    return read_demonstrations(found)


def read_demonstrations(path: Path) -> Demonstrations:
    """A .json, .jsonl, .yaml or .py file: pairs by key, or one list of pairs; never executed. DataError otherwise."""
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    if path.stat().st_size > MAX_BYTES:
        raise DataError(f"{path}: more than {MAX_BYTES} bytes")
    content = _content(path)
    digest = sha256_of(path)
    if isinstance(content, dict):
        by_key = {
            str(key): [_pair(one, f"{path}: {key}") for one in _list(pairs, f"{path}: {key}")]
            for key, pairs in content.items()
        }
        return Demonstrations(str(path), digest, by_key)
    return Demonstrations(str(path), digest, for_all=[_pair(one, str(path)) for one in _list(content, str(path))])


def _content(path: Path) -> Any:
    ending = path.suffix.lower()
    try:
        if ending == ".py":
            return _literals(path)
        if ending in {".yaml", ".yml"}:
            return read_yaml(path)
        if ending == ".jsonl":
            return [msgspec.json.decode(line) for line in path.read_bytes().split(b"\n") if line.strip()]
        return msgspec.json.decode(path.read_bytes())
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: not JSON: {error}") from error


def _literals(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    try:
        tree = ast.parse(path.read_bytes())
        for node in ast.walk(tree):
            if isinstance(node, ast.Dict) and node.keys and all(isinstance(value, ast.List) for value in node.values):
                found.update(ast.literal_eval(node))
            if isinstance(node, ast.Assign) and isinstance(target := node.targets[0], ast.Subscript):
                found[ast.literal_eval(target.slice)] = ast.literal_eval(node.value)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError) as error:
        raise DataError(f"{path}: not one dict of literal strings: {error}") from error
    return found


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list | tuple) or not value:
        raise DataError(f"{where}: expected a list of [question, answer] pairs")
    return list(value)


def _pair(value: Any, where: str) -> Demonstration:
    if isinstance(value, dict):
        value = [value.get("question"), value.get("answer")]
    first, second = decode(list(value) if isinstance(value, tuple) else value, tuple[str, str], where)
    return Demonstration(first, second)
