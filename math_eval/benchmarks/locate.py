"""Which bytes a split is read from: a data folder that is already there, the project's own files, or the cache."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import urlsplit

from math_eval.benchmarks.rows import Row, hub_rows, read_rows
from math_eval.benchmarks.spec import Source, SplitSpec
from math_eval.errors import DataError, FetchError, HashMismatchError, MathEvalError
from math_eval.registry import data_folder, data_root
from math_eval.sources import Progress, cached_path, ensure, sha256_of


class Located(NamedTuple):
    """The rows of a split, where they came from, and the hash that stands for them."""

    rows: list[Row]
    origin: str
    sha256: str


def locate(
    name: str,
    split: str,
    spec: SplitSpec,
    *,
    beside: Path,
    data_dir: Path | None = None,
    progress: Callable[[str], Progress | None] | None = None,
) -> Located:
    """The rows of a split from the first source that has them, hash checked.

    A data folder goes first; then the sources in their order. The last source's error is raised when none works.
    """
    folder = data_folder(data_dir)
    if folder is not None and (found := _in_folder(folder, name, split, spec)):
        return found
    problem: MathEvalError = FetchError(
        f"{name}/{split}: cannot be fetched; put it into a data folder as {name}/{split}.jsonl (MATH_EVAL_DATA)"
    )
    for source in spec.sources:
        try:
            if found := _from_source(source, beside, progress):
                return found
        except FetchError as error:
            problem = error
    raise problem


def _from_source(source: Source, beside: Path, progress: Callable[[str], Progress | None] | None) -> Located | None:
    if source.file:
        path = next((base / source.file for base in (beside, data_root()) if (base / source.file).is_file()), None)
        if path is None:
            raise DataError(f"{beside / source.file}: no such file")
        return _read(path, source)
    if source.hub:
        rows = hub_rows(source)
        return Located(rows, f"hub:{source.hub}@{source.revision}", source.rows_sha256)
    if source.url:
        return _read(ensure(source.pinned(), progress(source.url) if progress else None), source)
    return None


def _read(path: Path, source: Source) -> Located:
    actual = sha256_of(path)
    if source.sha256 and actual != source.sha256:
        raise HashMismatchError(
            f"{path}: sha256 is {actual}, expected {source.sha256}; the file was changed, or is another one: delete it"
        )
    return Located(list(read_rows(path, source.rows)), str(path), actual)


def _candidates(folder: Path, name: str, split: str, spec: SplitSpec) -> list[Path]:
    found = [folder / name / f"{split}{ending}" for ending in (".jsonl", ".json", ".csv", ".parquet")]
    for source in spec.sources:
        if source.url:
            parts = PurePosixPath(urlsplit(source.url).path).parts
            found += [folder / name / parts[-1], folder / parts[-2] / parts[-1]]
    return found


def _in_folder(folder: Path, name: str, split: str, spec: SplitSpec) -> Located | None:
    by_hash = {source.sha256: source for source in spec.sources if source.sha256}
    if not by_hash:
        return None
    for path in _candidates(folder, name, split, spec):
        if not path.is_file():
            continue
        actual = sha256_of(path)
        if source := by_hash.get(actual):
            return Located(list(read_rows(path, source.rows)), str(path), actual)
        raise HashMismatchError(
            f"{path}: sha256 is {actual}, expected {' or '.join(by_hash)}; the file was changed, or is another version"
        )
    return None


def is_at_hand(name: str, split: str, spec: SplitSpec, data_dir: Path | None = None) -> bool:
    """Whether the split can be read without the network (its hash is checked only when it is read)."""
    folder = data_folder(data_dir)
    if folder is not None and any(path.is_file() for path in _candidates(folder, name, split, spec)):
        return True
    return any(source.file or (source.url and cached_path(source.pinned()).is_file()) for source in spec.sources)
