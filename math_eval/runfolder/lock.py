"""The lock that gives a run folder one writer. The operating system releases it when the process ends."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from math_eval.errors import RunConflictError, StorageError


@contextmanager
def locked(folder: Path, shard: str = "") -> Iterator[None]:
    """Holds the lock of a run folder while the block runs. The folder is made if it does not exist.

    Args:
        folder: The run folder.
        shard: The shard's name. Shards share the folder with each other, and each shard has a lock of its own. With ""
            the process is the folder's only writer.

    Raises:
        RunConflictError: Another process holds the lock; the message names it.
        StorageError: The lock file cannot be written.
    """
    import fcntl

    locks = [("lock", fcntl.LOCK_SH if shard else fcntl.LOCK_EX)]
    if shard:
        locks.append((f"lock-{shard}", fcntl.LOCK_EX))
    with ExitStack() as stack:
        for name, operation in locks:
            descriptor = _open(folder / name)
            stack.callback(os.close, descriptor)
            try:
                fcntl.flock(descriptor, operation | fcntl.LOCK_NB)
            except OSError as error:
                holder = os.pread(descriptor, 200, 0).decode("utf-8", "replace").strip() or "another process"
                raise RunConflictError(
                    f"{folder}: {holder} is writing this run; wait for it, "
                    "use another --output folder, or give each process a --shard"
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
