"""Where data files lie: by name in the project's data and in the folders that a user adds, or by path.

Folders looked up by environment: MATH_EVAL_CACHE (default: the user's cache folder) for what was fetched or converted.
"""

from __future__ import annotations

import os
from functools import lru_cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

from math_eval.errors import DataError, RequestError, UnknownNameError

DATA_ENTRY_POINTS = "math_eval.data"


def data_root() -> Path:
    """The project's data folder: inside the package when installed from a wheel, beside it in a checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "data"
    return installed if installed.is_dir() else package.parent / "data"


def cache_root() -> Path:
    """The folder for fetched benchmarks and converted models, named by MATH_EVAL_CACHE; it need not exist yet."""
    if chosen := os.environ.get("MATH_EVAL_CACHE"):
        return user_path(chosen)
    return user_path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "math-eval"


def data_folders() -> list[Path]:
    """Where data files are looked up, in order: the project's own, the folders of MATH_EVAL_PATH, installed packages.

    Each holds subfolders named as in the project's data folder. A package names itself under the entry points of
    `math_eval.data`: the value is the package or module whose folder has those subfolders. RequestError for one that
    is missing.
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
    """The data folders of installed packages, read once a process: every look-up of a name asks for them."""
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
    """Sorted names of the data files of one kind ("benchmarks", "prompts", "models", "suites" ...)."""
    return sorted({path.stem for folder in data_folders() for path in (folder / kind).glob("*.yaml")})


def find(kind: str, name: str, *, what: str = "") -> Path:
    """The YAML file of that name, or the user's own file where `name` is a path.

    Raises UnknownNameError with near names, RequestError for a name that tries to leave the data folder or that two
    folders have.
    """
    if is_path(name):
        path = user_path(name)
        if path.is_file():
            return path
        raise DataError(f"{name[:200]}: no such file")
    if ".." in name or "\0" in name:
        raise RequestError(f"{name!r} is not a name: names are made of letters, digits, '_', '-' and '.'")
    candidates = (folder / kind / f"{name}.yaml" for folder in dict.fromkeys(data_folders()))
    files = [path for path in candidates if path.is_file()]
    if len(files) > 1:
        raise RequestError(f"{name}: two files have this name, {files[0]} and {files[1]}; rename one, or give its path")
    if files:
        return files[0]
    raise UnknownNameError(what or kind.removesuffix("s"), name, names(kind))


def user_path(text: str) -> Path:
    """A path that a user wrote, "~" expanded; RequestError where that or the path itself is not possible."""
    try:
        path = Path(text).expanduser()
        path.exists()
    except (OSError, RuntimeError, ValueError) as error:
        raise RequestError(f"{text[:200]}: not a usable path: {error}") from error
    return path


def data_folder(chosen: Path | None = None) -> Path | None:
    """The folder of benchmark files that are already there: `chosen`, else MATH_EVAL_DATA, else none."""
    if chosen is None and (named := os.environ.get("MATH_EVAL_DATA")):
        chosen = Path(named)
    if chosen is None:
        return None
    chosen = user_path(str(chosen))
    if not chosen.is_dir():
        raise DataError(f"{chosen}: no such folder (MATH_EVAL_DATA or --data-dir)")
    return chosen


def is_path(name: str) -> bool:
    """Whether the user means a file of their own: it has a folder in it, or a file ending that we read."""
    return any(mark in name for mark in ("/", os.sep)) or name.lower().endswith(
        (".yaml", ".yml", ".jsonl", ".json", ".csv", ".parquet")
    )
