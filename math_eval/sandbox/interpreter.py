"""What of an interpreter a program may see: its standard library, a few packages, the system's libraries."""

from __future__ import annotations

import functools
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from math_eval.errors import SandboxUnavailable

PACKAGES = ("numpy", "sympy", "mpmath", "scipy", "gmpy2")
"""What programs may import beside the standard library, where it is installed."""

_SECONDS = 60.0
_SYSTEM = ("/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64")
_FILES = ("/etc/ld.so.cache", "/etc/localtime", "/usr/share/zoneinfo")
_SITE = ("site-packages", "dist-packages")

_ASK = """
import importlib.util, json, os, sys
found = {}
for name in sys.argv[1:]:
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        continue
    for place in (spec and spec.submodule_search_locations) or []:
        found[name] = place
        for libraries in (place + ".libs", os.path.join(os.path.dirname(place), name + ".libs")):
            if os.path.isdir(libraries):
                found[os.path.basename(libraries)] = libraries
    if spec and not spec.submodule_search_locations and spec.origin and os.path.isfile(spec.origin):
        found[os.path.basename(spec.origin)] = spec.origin
print(json.dumps({
    "packages": found,
    "libraries": [os.path.join(sys.base_prefix, name) for name in ("lib", "lib64")]
    + [os.path.dirname(os.__file__)] + [path for path in sys.path if path.endswith("lib-dynload")],
}))
"""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """An interpreter and the paths that a program run by it may read, all resolved."""

    python: str
    roots: tuple[str, ...]
    """Files and folders, none below another."""
    aliases: dict[str, str]
    """Names of those that are links, and where they lead."""
    masks: tuple[str, ...]
    """Folders of other packages below the roots: not to be seen."""
    packages: dict[str, str]
    """Name in the packages folder, and the package's own place."""


@functools.cache
def interpreter(python: str) -> Interpreter:
    """What this interpreter says of itself. SandboxUnavailable where it does not run."""
    try:
        done = subprocess.run(
            [python, "-I", "-c", _ASK, *PACKAGES], capture_output=True, text=True, timeout=_SECONDS, check=True
        )
        told = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise SandboxUnavailable(f"{python}: cannot be asked for its libraries: {error}") from error
    aliases, roots = {}, []
    for name in [*_SYSTEM, *_FILES, *told["libraries"]]:
        path = os.path.realpath(name)
        if os.path.exists(path):  # noqa: PTH110  links are followed on purpose
            roots.append(path)
            if path != name:
                aliases[name] = path
    kept = tuple(sorted(path for path in set(roots) if not any(_below(path, other) for other in roots)))
    packages = {name: os.path.realpath(path) for name, path in told["packages"].items()}
    shown = {name: target for name, target in aliases.items() if not any(_below(name, root) for root in kept)}
    return Interpreter(python, kept, shown, tuple(sorted(_masks(kept))), packages)


def readable(found: Interpreter) -> tuple[list[str], list[str]]:
    """The roots without what the masks hide, as paths to read and folders that may only be listed."""
    read, listed = list(found.packages.values()), []
    waiting = list(found.roots)
    while waiting:
        path = waiting.pop()
        if path in found.masks:
            continue
        if any(_below(mask, path) for mask in found.masks):
            listed.append(path)
            waiting += [entry.path for entry in os.scandir(path) if not entry.is_symlink()]
        else:
            read.append(path)
    return sorted(read), sorted(listed)


def _below(path: str, folder: str) -> bool:
    return path != folder and path.startswith(folder.rstrip("/") + "/")


def _masks(roots: tuple[str, ...]) -> set[str]:
    """The package folders of every interpreter below the roots; a private one is at most two levels down."""
    found = set()
    for root in map(Path, roots):
        if root.is_dir():
            for pattern in ("", "*/", "*/*/"):
                for name in _SITE:
                    found |= {os.path.realpath(path) for path in root.glob(pattern + name) if path.is_dir()}
    return {path for path in found if any(_below(path, root) for root in roots)}
