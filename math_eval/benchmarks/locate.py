"""Where a split's rows are read from: the user's data folder, the project's own files, the cache, or the network."""

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


class SplitData(NamedTuple):
    """The rows of a split, the file or hub data set that they came from, and the sha256 of that file or of the rows."""

    rows: list[Row]
    origin: str
    sha256: str


def locate(
    name: str,
    split: str,
    spec: SplitSpec,
    *,
    folder: Path,
    data_dir: Path | None = None,
    progress: Callable[[str], Progress | None] | None = None,
) -> SplitData:
    """Reads the rows of a split from the first source that has them: a data folder, then the sources in order.

    Args:
        name: The benchmark's name.
        split: The split's name.
        spec: The split's sources, with their hashes.
        folder: The folder of the benchmark file, in which `file` sources are looked up.
        data_dir: A folder with benchmark files; None for MATH_EVAL_DATA.
        progress: Called with an URL before it is fetched; it may return a callback for the bytes received.

    Returns:
        The rows, with their hash checked.

    Raises:
        FetchError: No source works; the error is that of the last one.
        HashMismatchError: A file's bytes are not the pinned ones.
        DataError: A file does not hold rows.
        MissingPackageError: Reading the data needs a package that is not installed.
    """
    user_folder = data_folder(data_dir)
    if user_folder is not None and (data := _in_folder(user_folder, name, split, spec)):
        return data
    failure: MathEvalError = FetchError(
        f"{name}/{split}: cannot be fetched; put it into a data folder as {name}/{split}.jsonl (MATH_EVAL_DATA)"
    )
    for source in spec.sources:
        try:
            if data := _from_source(source, folder, progress):
                return data
        except FetchError as error:
            failure = error
    raise failure


def _from_source(source: Source, folder: Path, progress: Callable[[str], Progress | None] | None) -> SplitData | None:
    if source.file:
        path = next((base / source.file for base in (folder, data_root()) if (base / source.file).is_file()), None)
        if path is None:
            raise DataError(f"{folder / source.file}: no such file")
        return _read(path, source)
    if source.hub:
        rows = hub_rows(source)
        return SplitData(rows, f"hub:{source.hub}@{source.revision}", source.rows_sha256)
    if source.url:
        return _read(ensure(source.pinned(), progress(source.url) if progress else None), source)
    return None


def _read(path: Path, source: Source) -> SplitData:
    actual = sha256_of(path)
    if source.sha256 and actual != source.sha256:
        raise HashMismatchError(
            f"{path}: sha256 is {actual}, expected {source.sha256}; the file was changed, or is another file: delete it"
        )
    return SplitData(list(read_rows(path, source.rows)), str(path), actual)


def _candidates(folder: Path, name: str, split: str, spec: SplitSpec) -> list[Path]:
    paths = [folder / name / f"{split}{ending}" for ending in (".jsonl", ".json", ".csv", ".parquet")]
    for source in spec.sources:
        if source.url:
            parts = PurePosixPath(urlsplit(source.url).path).parts
            paths += [folder / name / parts[-1], folder / parts[-2] / parts[-1]]
    return paths


def _in_folder(folder: Path, name: str, split: str, spec: SplitSpec) -> SplitData | None:
    by_hash = {source.sha256: source for source in spec.sources if source.sha256}
    if not by_hash:
        return None
    for path in _candidates(folder, name, split, spec):
        if not path.is_file():
            continue
        actual = sha256_of(path)
        if source := by_hash.get(actual):
            return SplitData(list(read_rows(path, source.rows)), str(path), actual)
        raise HashMismatchError(
            f"{path}: sha256 is {actual}, expected {' or '.join(by_hash)}; the file was changed, or is another version"
        )
    return None


def is_available(name: str, split: str, spec: SplitSpec, data_dir: Path | None = None) -> bool:
    """Whether a split can be read without the network.

    Args:
        name: The benchmark's name.
        split: The split's name.
        spec: The split's sources.
        data_dir: A folder with benchmark files; None for MATH_EVAL_DATA.

    Returns:
        True where a file for it exists; the hash is only checked when the split is loaded.
    """
    folder = data_folder(data_dir)
    if folder is not None and any(path.is_file() for path in _candidates(folder, name, split, spec)):
        return True
    return any(source.file or (source.url and cached_path(source.pinned()).is_file()) for source in spec.sources)
