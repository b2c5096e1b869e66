"""Append-only files of JSON lines that survive a crash: whole lines only, a torn last line dropped on opening."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from math_eval.errors import DataError, StorageError

T = TypeVar("T")

_LONE_SURROGATES = dict.fromkeys(range(55296, 57344), 65533)


class LineWriter:
    """Appends JSON lines to one file. A write that fails half-way is taken back, and raises StorageError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._encoder = msgspec.json.Encoder()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StorageError(f"{path}: cannot be written: {error.strerror}") from error
        self.size = drop_torn_line(self._descriptor)

    def write(self, record: Any) -> None:
        """Appends one line; StorageError when the disk is full or gone, and then nothing of the line is left behind."""
        line = self._encoder.encode(record) + b"\n"
        done = 0
        try:
            while done < len(line):
                done += os.write(self._descriptor, line[done:])
        except OSError as error:
            os.ftruncate(self._descriptor, self.size)
            os.lseek(self._descriptor, self.size, os.SEEK_SET)
            raise StorageError(
                f"{self.path}: cannot be written: {error.strerror}; every line before is kept, run the same command "
                "again to go on when there is room"
            ) from error
        self.size += len(line)

    def close(self) -> None:
        """Closes the file; what was written is flushed to the disk first."""
        try:
            os.fsync(self._descriptor)
        finally:
            os.close(self._descriptor)


def drop_torn_line(descriptor: int) -> int:
    """Cuts a file after its last newline, moves to its end, and returns its size."""
    size = os.fstat(descriptor).st_size
    end = size
    while end > 0:
        start = max(0, end - 65536)
        block = os.pread(descriptor, end - start, start)
        newline = block.rfind(b"\n")
        if newline >= 0:
            end = start + newline + 1
            break
        end = start
    if end != size:
        os.ftruncate(descriptor, end)
    os.lseek(descriptor, end, os.SEEK_SET)
    return end


def read_lines(path: Path, shape: type[T], *, skip: int = 0) -> Iterator[T]:
    """The whole lines of a file as `shape`, after `skip` of them; a last line without its newline is left out.

    DataError names a bad line.
    """
    decoder = msgspec.json.Decoder(shape)
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                return
            if number <= skip:
                continue
            try:
                yield decoder.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise DataError(f"{path}: line {number}: {error}") from error


def clean_text(text: str) -> str:
    """The text without lone surrogates, which no UTF-8 file can hold."""
    return text if text.isascii() or text.isprintable() else text.translate(_LONE_SURROGATES)


def file_name(text: str) -> str:
    """A name as part of a file's name: letters, digits, "." and "_" stay, anything else becomes "-"."""
    return "".join(char if char.isalnum() or char in "._" else "-" for char in text).strip(".-")


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Waits until no other process makes `path`, through a lock file beside it; where locks do not work, at once.

    What is made must be written under a name of its own and renamed, so that readers never see a part of it.
    """
    import fcntl

    lock = path.with_name(f".{path.name}.lock")
    lock.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
