"""The parts of an interpreter that a program may read: standard library, a few packages, system libraries."""

from __future__ import annotations

import functools
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from math_eval.errors import SandboxUnavailable

PACKAGES = ("numpy", "sympy", "mpmath", "scipy", "gmpy2")
"""Packages that programs may import in addition to the standard library, where they are installed."""

_QUERY_SECONDS = 60.0
_SYSTEM_LIBRARIES = ("/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64")
_SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/localtime", "/usr/share/zoneinfo")
_PACKAGE_FOLDER_NAMES = ("site-packages", "dist-packages")

_QUERY = """
import importlib.util, json, os, sys
packages = {}
for name in sys.argv[1:]:
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        continue
    for folder in (spec and spec.submodule_search_locations) or []:
        packages[name] = folder
        for libraries in (folder + ".libs", os.path.join(os.path.dirname(folder), name + ".libs")):
            if os.path.isdir(libraries):
                packages[os.path.basename(libraries)] = libraries
    if spec and not spec.submodule_search_locations and spec.origin and os.path.isfile(spec.origin):
        packages[os.path.basename(spec.origin)] = spec.origin
print(json.dumps({
    "packages": packages,
    "libraries": [os.path.join(sys.base_prefix, name) for name in ("lib", "lib64")]
    + [os.path.dirname(os.__file__)] + [path for path in sys.path if path.endswith("lib-dynload")],
}))
"""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """An interpreter and the paths, all resolved, that a program run by it may read."""

    python: str
    roots: tuple[str, ...]
    """Readable files and folders; none lies below another."""
    aliases: dict[str, str]
    """Links to make in the view: path of the link, and its target."""
    masks: tuple[str, ...]
    """Folders of other packages below the roots, which programs must not see."""
    packages: dict[str, str]
    """Name in the packages folder, and the path where the package is installed."""


@functools.cache
def inspect_interpreter(python: str) -> Interpreter:
    """Asks an interpreter where its libraries and packages are, once in each process.

    Args:
        python: Path of the executable.

    Raises:
        SandboxUnavailable: It does not run, or does not answer within 60 seconds.
    """
    try:
        completed = subprocess.run(
            [python, "-I", "-c", _QUERY, *PACKAGES], capture_output=True, text=True, timeout=_QUERY_SECONDS, check=True
        )
        answer = json.loads(completed.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise SandboxUnavailable(f"{python}: cannot list its libraries: {error}") from error
    aliases, roots = {}, []
    for name in [*_SYSTEM_LIBRARIES, *_SYSTEM_FILES, *answer["libraries"]]:
        path = os.path.realpath(name)
        if os.path.exists(path):  # noqa: PTH110  links are followed on purpose
            roots.append(path)
            if path != name:
                aliases[name] = path
    top_roots = tuple(sorted(path for path in set(roots) if not any(_is_below(path, root) for root in roots)))
    packages = {name: os.path.realpath(path) for name, path in answer["packages"].items()}
    links = {name: path for name, path in aliases.items() if not any(_is_below(name, root) for root in top_roots)}
    return Interpreter(python, top_roots, links, tuple(sorted(_package_folders(top_roots))), packages)


def readable_paths(interpreter: Interpreter) -> tuple[list[str], list[str]]:
    """Resolves roots and masks into an allow-list, for tiers without a file system of their own.

    Returns:
        Sorted paths that may be read with everything below them, and sorted folders that may only be listed, since a
        mask lies below them.
    """
    read_paths, list_paths = list(interpreter.packages.values()), []
    pending = list(interpreter.roots)
    while pending:
        path = pending.pop()
        if path in interpreter.masks:
            continue
        if any(_is_below(mask, path) for mask in interpreter.masks):
            list_paths.append(path)
            pending += [entry.path for entry in os.scandir(path) if not entry.is_symlink()]
        else:
            read_paths.append(path)
    return sorted(read_paths), sorted(list_paths)


def _is_below(path: str, folder: str) -> bool:
    return path != folder and path.startswith(folder.rstrip("/") + "/")


def _package_folders(roots: tuple[str, ...]) -> set[str]:
    """The package folders of every interpreter below the roots; they lie at most two levels down."""
    folders = set()
    for root in map(Path, roots):
        if root.is_dir():
            for pattern in ("", "*/", "*/*/"):
                for name in _PACKAGE_FOLDER_NAMES:
                    folders |= {os.path.realpath(path) for path in root.glob(pattern + name) if path.is_dir()}
    return {path for path in folders if any(_is_below(path, root) for root in roots)}
