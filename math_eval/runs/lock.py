"""One writer for a run folder: an advisory lock that the operating system drops with the process."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from math_eval.errors import RunConflictError, StorageError


@contextmanager
def locked(folder: Path, shard: str = "") -> Iterator[None]:
    """Holds the folder's lock (one for each shard); RunConflictError names the process that holds it already."""
    import fcntl

    path = folder / f"lock{'-' + shard if shard else ''}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StorageError(f"{path}: cannot be written: {error.strerror}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(descriptor, 200).decode("utf-8", "replace").strip() or "another process"
            raise RunConflictError(
                f"{folder}: {holder} is writing this run; wait for it, use another --output, or give each a --shard"
            ) from error
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode())
        yield
    finally:
        os.close(descriptor)
