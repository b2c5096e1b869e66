"""Finds data files: by name in the project's data and the folders that a user adds, or by path.

The environment variable MATH_EVAL_CACHE names the folder for fetched and converted files; by default it is a folder in
the user's cache.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

from math_eval.errors import DataError, RequestError, UnknownNameError

DATA_ENTRY_POINTS = "math_eval.data"
"""Group of the entry points by which installed packages add data files."""


def data_root() -> Path:
    """The project's data folder: inside the package when installed from a wheel, beside it in a checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "data"
    return installed if installed.is_dir() else package.parent / "data"


def cache_root() -> Path:
    """The folder for fetched benchmarks and converted models, named by MATH_EVAL_CACHE; it may not exist yet."""
    if folder := os.environ.get("MATH_EVAL_CACHE"):
        return user_path(folder)
    return user_path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "math-eval"


def data_folders() -> list[Path]:
    """Lists the folders in which data files are looked up: the project's, those of MATH_EVAL_PATH, installed packages'.

    Each has subfolders named as in the project's data folder. A package adds its folder by an entry point in the group
    `math_eval.data` whose value is the package or module that lies in it.

    Raises:
        RequestError: A folder of MATH_EVAL_PATH or the package of an entry point is missing.
    """
    folders = [data_root()]
    for text in filter(None, os.environ.get("MATH_EVAL_PATH", "").split(os.pathsep)):
        folder = user_path(text)
        if not folder.is_dir():
            raise RequestError(f"MATH_EVAL_PATH: {text}: no such folder")
        folders.append(folder)
    return [*folders, *_package_folders()]


@lru_cache(maxsize=1)
def _package_folders() -> tuple[Path, ...]:
    """The data folders of installed packages, read once in each process, since every look-up needs them."""
    folders: list[Path] = []
    for entry in entry_points(group=DATA_ENTRY_POINTS):
        try:
            spec = find_spec(entry.value)
        except (ImportError, ValueError):
            spec = None
        if spec is None or not (spec.submodule_search_locations or spec.has_location):
            raise RequestError(
                f"entry point {entry.name} of {DATA_ENTRY_POINTS}: {entry.value} is not an installed package or module"
            )
        locations = spec.submodule_search_locations or [str(Path(str(spec.origin)).parent)]
        folders += map(Path, locations)
    return tuple(folders)


def names(kind: str) -> list[str]:
    """The sorted names of the data files of one kind; the kind is a subfolder, such as "benchmarks" or "prompts"."""
    return sorted({path.stem for folder in data_folders() for path in (folder / kind).glob("*.yaml")})


def find(kind: str, name: str, *, label: str = "") -> Path:
    """Finds a YAML data file by its name, or the user's own file by its path.

    Args:
        kind: The subfolder, such as "benchmarks".
        name: A name, or a path (see `is_path`).
        label: What an error message calls the thing; empty derives it from `kind`.

    Raises:
        UnknownNameError: No file has this name; the text offers similar names.
        RequestError: The name contains "..", or two folders have a file of this name.
        DataError: The path is not a file.
    """
    if is_path(name):
        path = user_path(name)
        if path.is_file():
            return path
        raise DataError(f"{name[:200]}: no such file")
    if ".." in name or "\0" in name:
        raise RequestError(
            f"{name!r} is not a name: a name may contain letters, digits, '_', '-' and '.', but not '..'"
        )
    candidates = (folder / kind / f"{name}.yaml" for folder in dict.fromkeys(data_folders()))
    files = [path for path in candidates if path.is_file()]
    if len(files) > 1:
        raise RequestError(
            f"{name}: two files have this name, {files[0]} and {files[1]}; rename one of them or pass its path"
        )
    if files:
        return files[0]
    raise UnknownNameError(label or kind.removesuffix("s"), name, names(kind))


def longest_match(model: str, patterns: Mapping[str, Iterable[str]]) -> str:
    """The data file that is meant for a model: the one with the longest pattern that matches the model's name.

    Args:
        model: The model's name or folder.
        patterns: Name of a data file → shell patterns for lower-cased model names.

    Returns:
        The name of the data file, the first of equals; "" where no pattern matches.
    """
    name = model.rstrip("/").lower()
    matches = [
        (len(pattern), candidate)
        for candidate, own in patterns.items()
        for pattern in own
        if fnmatchcase(name, pattern)
    ]
    return max(matches, key=lambda match: match[0], default=(0, ""))[1]


def user_path(text: str) -> Path:
    """Turns a path that a user wrote into a Path, with "~" expanded; RequestError where the path is not possible."""
    try:
        path = Path(text).expanduser()
        path.exists()
    except (OSError, RuntimeError, ValueError) as error:
        raise RequestError(f"{text[:200]}: not a usable path: {error}") from error
    return path


def data_folder(folder: Path | None = None) -> Path | None:
    """The folder with benchmark files that the user has already: `folder`, else MATH_EVAL_DATA, else None.

    Raises:
        DataError: The folder does not exist.
    """
    if folder is None and (path := os.environ.get("MATH_EVAL_DATA")):
        folder = Path(path)
    if folder is None:
        return None
    folder = user_path(str(folder))
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder (MATH_EVAL_DATA or --data-dir)")
    return folder


def is_path(name: str) -> bool:
    """Whether `name` means a file of the user's own: it contains a folder, or ends like a data file."""
    return any(separator in name for separator in ("/", os.sep)) or name.lower().endswith(
        (".yaml", ".yml", ".jsonl", ".json", ".csv", ".parquet")
    )
