"""Every error that math-eval raises on purpose.

MathEvalError
├── RequestError               what was asked cannot be done as asked (exit code 2)
│   ├── UnknownNameError       no benchmark, prompt, suite, preset or engine of that name
│   ├── DataError              a file, row or field does not say what it should
│   │   └── HashMismatchError  a file's bytes are not the pinned ones
│   ├── ModelError             the model cannot be found or loaded
│   ├── MissingPackageError    an optional package is needed
│   ├── SandboxUnavailable     programs of a model cannot be held on this machine
│   └── RunConflictError       the run folder holds other settings, or is in use
└── UnfinishedError            a job that started could not finish (exit code 3)
    ├── FetchError             a pinned source could not be downloaded
    ├── EngineError            the engine failed as a whole
    ├── StorageError           the run folder could not be written
    └── StoppedError           the user stopped it
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Any


class MathEvalError(Exception):
    """Base of every expected error; its text is one line that says what is wrong and what would be right.

    It can be pickled, whatever arguments a subclass takes.
    """

    exit_code = 3

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: type[BaseException], args: tuple[Any, ...], attributes: dict[str, Any]) -> BaseException:
    """An error out of its parts, without calling its constructor, which may want other arguments than the message."""
    error = kind.__new__(kind, *args)
    error.__dict__.update(attributes)
    return error


class RequestError(MathEvalError):
    """What was asked cannot be done as asked."""

    exit_code = 2


class UnknownNameError(RequestError):
    """A name that no data file has; the text offers near names."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(names) or 'none'}"
        super().__init__(f"unknown {kind} {name!r}; {hint}")
        self.name = name
        self.near = near


class DataError(RequestError):
    """A file, row or field does not say what it should; the text names all three where they are known."""


class HashMismatchError(DataError):
    """A file's bytes are not the pinned ones; the text gives the file and both hashes."""


class ModelError(RequestError):
    """The model cannot be found or loaded."""


class MissingPackageError(RequestError):
    """An optional package is needed; the text gives the command that installs it."""

    def __init__(self, package: str, extra: str, why: str) -> None:
        super().__init__(f"{why} needs the package {package}: {install_command(package, extra)}")


def install_command(package: str, extra: str) -> str:
    """The command that installs an extra, as this copy was installed; without an extra, the package itself."""
    if not extra:
        return f"pip install {package}"
    checkout = Path(__file__).resolve().parents[1]
    if (checkout / "pyproject.toml").is_file():
        return f"pip install -e '{checkout}[{extra}]'"
    return f"pip install 'math-eval-harness[{extra}]'"


class SandboxUnavailable(RequestError):  # noqa: N818  the state of a machine, not a mistake
    """Programs of a model cannot be held on this machine, or not in the way asked for; the text says why."""


class RunConflictError(RequestError):
    """The run folder holds other settings, or another process is writing it."""


class UnfinishedError(MathEvalError):
    """A job that started could not finish; what it had made is kept."""


class FetchError(UnfinishedError):
    """A pinned source could not be downloaded."""


class EngineError(UnfinishedError):
    """The engine failed as a whole; a failure of one sample is a recorded state instead."""


class StorageError(UnfinishedError):
    """The run folder could not be written (disk full, read-only)."""


class StoppedError(UnfinishedError):
    """The user stopped the job; the text says how to go on."""
