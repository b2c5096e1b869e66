"""Names of models → folders: a local folder, a hub (Hugging Face or ModelScope), or a GGUF file."""

from __future__ import annotations

import hashlib
import importlib.util
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from math_eval.errors import FetchError, MissingPackageError, ModelError
from math_eval.models.adapter import why_no_model
from math_eval.models.gguf import unpack
from math_eval.registry import user_path

Hub = Literal["huggingface", "modelscope"]

_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
_MAX_FULL_READ = 1 << 20
_EDGE_BYTES = 1 << 16
_SMALL_FILES = ("*.json", "*.jinja", "*.model", "*.txt", "*.tiktoken", "*.py")
"""The files of a model folder without its weights."""


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A model on this machine.

    Attributes:
        name: The name by which it was asked for.
        folder: The folder with its weights, configuration and tokenizer.
        revision: What identifies its content: a hub commit, or "files:" and a hash; see `fingerprint`.
    """

    name: str
    folder: Path
    revision: str


def resolve(name: str, *, hub: Hub = "huggingface", revision: str | None = None, weights: bool = True) -> LocalModel:
    """Finds a model, and downloads or unpacks it where that is needed.

    Args:
        name: A folder, a .gguf file, "package:NAME" for the only GGUF file in an installed package, or a hub name.
        hub: The hub that hub names refer to.
        revision: The hub's branch, tag or commit; None for the default branch.
        weights: Whether the weights are needed, or only the configuration and the tokenizer.

    Returns:
        The model's folder, with what identifies its content.

    Raises:
        ModelError: There is no such model, or the folder or file does not hold one.
        MissingPackageError: The hub's library or the GGUF reader is not installed.
        FetchError: The hub cannot be reached.
        StorageError: A GGUF file cannot be unpacked because the cache cannot be written.
    """
    path = user_path(name)
    if path.is_dir():
        if not (path / "config.json").is_file():
            raise ModelError(f"{name}: {why_no_model(path)}")
        return LocalModel(name, path, fingerprint(path))
    if name.startswith("package:"):
        file = packaged_gguf(name.removeprefix("package:"))
        return LocalModel(name, folder := unpack(file), fingerprint(folder))
    if path.suffix == ".gguf":
        if not path.is_file():
            raise ModelError(f"{name}: no such GGUF file")
        return LocalModel(name, folder := unpack(path), fingerprint(folder))
    if not _HUB_NAME.fullmatch(name) or name.startswith((".", "~")):
        raise ModelError(f"{name}: no such folder, and not a hub name of the form ORGANISATION/MODEL")
    patterns = None if weights else list(_SMALL_FILES)
    if hub == "modelscope":
        return _from_modelscope(name, revision, patterns)
    return _from_huggingface(name, revision, patterns)


def packaged_gguf(package: str) -> Path:
    """Finds the only .gguf file in an installed package, without importing the package.

    Args:
        package: The package's import name.

    Returns:
        The path of the file.

    Raises:
        ModelError: The package is not installed, or has no or several GGUF files.
    """
    try:
        spec = importlib.util.find_spec(package) if re.fullmatch(r"\w+", package) else None
    except (ImportError, ValueError):
        spec = None
    folders = [Path(location) for location in (spec.submodule_search_locations or [])] if spec else []
    files = sorted(file for folder in folders for file in folder.rglob("*.gguf"))
    if len(files) != 1:
        state = f"holds {len(files)} GGUF files" if spec else "is not installed"
        raise ModelError(f"package:{package}: the package {state}; give the path of one .gguf file")
    return files[0]


def fingerprint(folder: Path) -> str:
    """Identifies the content of a model folder that has no hub commit, without reading all weights.

    Args:
        folder: The model's folder; its subfolders and hidden files are ignored.

    Returns:
        "files:" and 40 hexadecimal digits of a sha256 over the files' names, sizes and bytes; of files over 1 MiB only
        the first and last 64 KiB are read.
    """
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")):
        size = file.stat().st_size
        digest.update(f"{file.name}\0{size}\0".encode())
        with file.open("rb") as content:
            if size <= _MAX_FULL_READ:
                digest.update(content.read())
            else:
                digest.update(content.read(_EDGE_BYTES))
                content.seek(-_EDGE_BYTES, 2)
                digest.update(content.read())
    return f"files:{digest.hexdigest()[:40]}"


def _from_huggingface(name: str, revision: str | None, patterns: list[str] | None) -> LocalModel:
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
        from huggingface_hub.utils import disable_progress_bars
    except ImportError as error:
        raise MissingPackageError("huggingface-hub", "hub", f"the hub model {name}") from error
    if not sys.stderr.isatty():
        disable_progress_bars()  # in a log, a bar is hundreds of lines
    try:
        unwanted = ["*.pth", "original/*", "*.gguf"]
        folder = Path(snapshot_download(name, revision=revision, allow_patterns=patterns, ignore_patterns=unwanted))
    except LocalEntryNotFoundError as error:
        raise FetchError(
            f"{name}: no such folder; the hub cannot be reached and the model is not in its cache"
        ) from error
    except (HfHubHTTPError, OSError, ValueError) as error:
        raise ModelError(f"{name}: the hub does not have this model: {' '.join(str(error).split())[:300]}") from error
    return LocalModel(name, folder, folder.name)


def _from_modelscope(name: str, revision: str | None, patterns: list[str] | None) -> LocalModel:
    try:
        from modelscope import snapshot_download
    except ImportError as error:
        raise MissingPackageError("modelscope", "hub", f"the ModelScope model {name}") from error
    try:
        folder = Path(snapshot_download(name, revision=revision, allow_patterns=patterns))
    except Exception as error:  # the library raises many kinds, network ones included
        raise FetchError(
            f"{name}: ModelScope does not have this model: {' '.join(str(error).split())[:300]}"
        ) from error
    return LocalModel(name, folder, fingerprint(folder))
