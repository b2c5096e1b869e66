"""Pinned sources: files with an URL and a sha256, fetched once into the cache, and checked whenever they are read.

Only https is used, also in redirects; a mirror (MATH_EVAL_MIRROR) may be a folder or plain http on loopback.
An interrupted download resumes where it stopped, and a file appears in the cache only when it is complete.
"""

from __future__ import annotations

import hashlib
import ipaddress
import os
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

import msgspec

from math_eval.errors import DataError, FetchError, HashMismatchError, StorageError
from math_eval.files import exclusive
from math_eval.registry import cache_root

MAX_FILE_BYTES = 2_000_000_000
_CHUNK = 1 << 18
_TIMEOUT_S = 30.0

Progress = Callable[[int, int], None]
"""Called with the bytes received and the total bytes, 0 where the total is not known."""


class PinnedFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file on the web, identified by the hash of its bytes.

    Attributes:
        url: An https URL.
        sha256: The hash in lower-case hexadecimal.
        bytes: The size, for the progress bar; 0 where it is not known. A longer reply is refused.
    """

    SCHEMA: ClassVar[int] = 1
    url: str
    sha256: str
    bytes: int = 0

    def __post_init__(self) -> None:
        if len(self.sha256) != 64 or set(self.sha256) - set("0123456789abcdef"):
            raise ValueError("sha256 must be 64 lower-case hexadecimal digits")
        parts = urlsplit(self.url)
        if parts.scheme != "https" or not parts.hostname:
            raise ValueError("url must begin with https://")
        if ".." in parts.path.split("/"):
            raise ValueError("url must not hold '..'")


def sha256_of(path: Path) -> str:
    """The sha256 of a file in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def check_hash(path: Path, expected: str) -> None:
    """Checks a file against its pinned hash.

    Args:
        path: The file.
        expected: Its sha256 in hexadecimal.

    Raises:
        HashMismatchError: The file has another hash; the text names the file and both hashes.
    """
    actual = sha256_of(path)
    if actual != expected:
        raise HashMismatchError(
            f"{path}: sha256 is {actual}, expected {expected}; the file was changed or is another file"
        )


def cached_path(pinned: PinnedFile) -> Path:
    """The path of a pinned file in the cache: a prefix of its hash and its name."""
    return cache_root() / "files" / f"{pinned.sha256[:16]}-{Path(urlsplit(pinned.url).path).name}"


def ensure(pinned: PinnedFile, progress: Progress | None = None) -> Path:
    """Makes sure that a pinned file is in the cache.

    A cached file is returned without a check; the reader checks its hash whenever it loads it.

    Args:
        pinned: The file.
        progress: Called as bytes arrive.

    Returns:
        Its path in the cache.

    Raises:
        FetchError: The file cannot be downloaded, or is not in the mirror folder.
        HashMismatchError: The downloaded bytes are not the pinned ones.
        DataError: MATH_EVAL_MIRROR is not a folder or an allowed URL.
        StorageError: The cache cannot be written.
    """
    path = cached_path(pinned)
    if path.is_file():
        return path
    try:
        with exclusive(path):
            if not path.is_file():  # another process may have fetched it meanwhile
                _fetch(pinned, path, progress)
    except OSError as error:
        raise StorageError(f"{path}: cannot be written: {error.strerror or error}") from error
    return path


def _fetch(pinned: PinnedFile, path: Path, progress: Progress | None) -> None:
    part = path.with_name(path.name + f".{pinned.sha256[-8:]}.part")
    folder = _mirror_folder(pinned)
    if folder is not None:
        part.write_bytes(folder.read_bytes())
    else:
        _download(_mirrored(pinned.url), part, pinned.bytes, progress)
    try:
        check_hash(part, pinned.sha256)
    except HashMismatchError as error:
        part.unlink(missing_ok=True)
        raise HashMismatchError(f"{pinned.url}: {str(error).partition(': ')[2]}") from error
    part.replace(path)


def _mirror_folder(pinned: PinnedFile) -> Path | None:
    mirror = os.environ.get("MATH_EVAL_MIRROR", "")
    if not mirror or "://" in mirror:
        return None
    parts = urlsplit(pinned.url)
    path = Path(mirror).expanduser() / (parts.hostname or "") / parts.path.lstrip("/")
    if not path.is_file():
        raise FetchError(
            f"{path}: not in the mirror; MATH_EVAL_MIRROR folders hold files under <host>/<path of the URL>"
        )
    return path


def _mirrored(url: str) -> str:
    mirror = os.environ.get("MATH_EVAL_MIRROR", "").rstrip("/")
    if not mirror:
        return url
    if not _may_contact(mirror):
        raise DataError("MATH_EVAL_MIRROR must be a folder, an https URL, or http on loopback")
    parts = urlsplit(url)
    return f"{mirror}/{parts.hostname}{parts.path}"


def _may_contact(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if parts.scheme == "https":
        return True
    if parts.scheme != "http":
        return False
    if parts.hostname == "localhost":
        return True
    try:
        return ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False


def _download(url: str, part: Path, size: int, progress: Progress | None) -> None:
    import httpx

    def refuse_plain_http(request: httpx.Request) -> None:
        if not _may_contact(str(request.url)):
            raise FetchError(f"{request.url}: refused: sources and their redirects must be https")

    size_before = part.stat().st_size if part.is_file() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={size_before}-"} if size_before else {})
    hooks = {"request": [refuse_plain_http]}
    try:
        with (
            httpx.Client(follow_redirects=True, timeout=_TIMEOUT_S, event_hooks=hooks) as client,
            client.stream("GET", url, headers=headers) as reply,
        ):
            if reply.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                return  # the part is already complete; its hash decides
            reply.raise_for_status()
            resumed = reply.status_code == httpx.codes.PARTIAL_CONTENT
            received = size_before if resumed else 0
            total = size or received + int(reply.headers.get("content-length") or 0)
            with part.open("ab" if resumed else "wb") as file:
                for chunk in reply.iter_bytes(_CHUNK):
                    file.write(chunk)
                    received += len(chunk)
                    if received > MAX_FILE_BYTES or (size and received > size):
                        part.unlink(missing_ok=True)
                        raise FetchError(
                            f"{url}: the reply is larger than the pinned file ({size or MAX_FILE_BYTES} bytes)"
                        )
                    if progress:
                        progress(received, total)
    except httpx.HTTPStatusError as error:
        raise FetchError(f"{url}: the server answered {error.response.status_code}") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise FetchError(
            f"{url}: {type(error).__name__}: {error}; run the command again to resume, "
            "or set MATH_EVAL_MIRROR or MATH_EVAL_DATA"
        ) from error
