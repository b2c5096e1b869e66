"""Append-only files of JSON lines that survive a crash, file names, and locks.

Only whole lines are read; a torn last line is dropped when a file is opened for writing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from math_eval.errors import DataError, StorageError

T = TypeVar("T")

_LONE_SURROGATES = dict.fromkeys(range(55296, 57344), 65533)


class LineWriter:
    """Appends JSON lines to one file; a write that fails half-way is undone.

    The folder and the file are created where they are missing, and a torn last line is dropped.

    Args:
        path: The file.

    Raises:
        StorageError: The file cannot be opened for writing.
    """

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
        """Appends one line.

        Args:
            record: Any value that msgspec can encode.

        Raises:
            StorageError: The disk is full or gone; no part of the line stays in the file.
        """
        line = self._encoder.encode(record) + b"\n"
        written = 0
        try:
            while written < len(line):
                written += os.write(self._descriptor, line[written:])
        except OSError as error:
            os.ftruncate(self._descriptor, self.size)
            os.lseek(self._descriptor, self.size, os.SEEK_SET)
            raise StorageError(
                f"{self.path}: cannot be written: {error.strerror}; every earlier line is kept: make room and run the "
                "same command again to continue"
            ) from error
        self.size += len(line)

    def close(self) -> None:
        """Flushes every line to the disk and closes the file."""
        try:
            os.fsync(self._descriptor)
        finally:
            os.close(self._descriptor)


def drop_torn_line(descriptor: int) -> int:
    """Truncates a file after its last newline and moves to its end; returns its new size in bytes."""
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
    """Reads the whole lines of a file of JSON lines; a last line without a newline is ignored.

    Args:
        path: The file.
        shape: The type that each line is converted to.
        skip: Number of lines at the start to leave out, such as a fingerprint.

    Raises:
        DataError: A line is not JSON or does not fit `shape`; the text names the line.
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


def json_lines(lines: Iterable[bytes], path: Path, *, fault: str = "not JSON") -> Iterator[tuple[int, Any]]:
    """Decodes the JSON lines of a file that somebody else wrote, whatever they hold.

    Args:
        lines: The lines, such as an open file. A byte-order mark and blank lines are left out.
        path: The file, for the error message.
        fault: What the error message says of a line that cannot be decoded.

    Yields:
        The number of the line, counted from 1, and its value.

    Raises:
        DataError: A line is not JSON; the text names the line.
    """
    decoder = msgspec.json.Decoder()
    for number, line in enumerate(lines, 1):
        content = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
        if not content.strip():
            continue
        try:
            yield number, decoder.decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise DataError(f"{path}: line {number}: {fault}: {error}") from error


def clean_text(text: str) -> str:
    """Replaces lone surrogates, which UTF-8 cannot encode, by U+FFFD."""
    return text if text.isascii() or text.isprintable() else text.translate(_LONE_SURROGATES)


def file_name(text: str) -> str:
    """Makes a name safe for use in a file name: letters, digits, "." and "_" stay, anything else becomes "-".

    Example:
        >>> file_name("Qwen/Qwen2.5-Math-7B")
        'Qwen-Qwen2.5-Math-7B'
    """
    return "".join(char if char.isalnum() or char in "._" else "-" for char in text).strip(".-")


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Keeps other processes from creating the same file at the same time, through a lock file beside it.

    Waits until the lock is free; on a file system without locks it does not wait. The caller must write under a
    temporary name and rename the file, so that readers never see a part of it.

    Args:
        path: The file to create.
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
