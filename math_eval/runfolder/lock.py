"""One writer for a run folder: an advisory lock that the operating system drops with the process."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from math_eval.errors import RunConflictError, StorageError


@contextmanager
def locked(folder: Path, shard: str = "") -> Iterator[None]:
    """Holds the folder's lock (one for each shard); RunConflictError names the process that holds it already."""
    import fcntl

    wanted = [("lock", fcntl.LOCK_SH if shard else fcntl.LOCK_EX)]
    if shard:  # shards share the folder among themselves, and with nobody else
        wanted.append((f"lock-{shard}", fcntl.LOCK_EX))
    with ExitStack() as held:
        for name, kind in wanted:
            descriptor = _open(folder / name)
            held.callback(os.close, descriptor)
            try:
                fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
            except OSError as error:
                holder = os.pread(descriptor, 200, 0).decode("utf-8", "replace").strip() or "another process"
                raise RunConflictError(
                    f"{folder}: {holder} is writing this run; wait for it, use another --output, or give each a --shard"
                ) from error
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
        yield


def _open(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StorageError(f"{path}: cannot be written: {error.strerror}") from error
