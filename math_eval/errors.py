"""The errors that math-eval raises deliberately.

MathEvalError
├── RequestError               the request cannot be carried out as it is (exit code 2)
│   ├── UnknownNameError       no benchmark, prompt, suite, preset or engine has that name
│   ├── DataError              a file, row or field is not as it should be
│   │   └── HashMismatchError  a file's bytes are not the pinned ones
│   ├── ModelError             the model cannot be found or loaded
│   ├── MissingPackageError    an optional package is needed
│   ├── SandboxUnavailable     a model's programs cannot be isolated on this machine
│   └── RunConflictError       the run folder has other settings, or is in use
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
    """Base of all expected errors; the text is one line that says what is wrong and what would be right.

    `exit_code` is what the command line ends with. An error can be pickled, whatever arguments its class takes.
    """

    exit_code = 3

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: type[BaseException], args: tuple[Any, ...], attributes: dict[str, Any]) -> BaseException:
    """An error rebuilt from its parts, without its constructor, which may take other arguments than the message."""
    error = kind.__new__(kind, *args)
    error.__dict__.update(attributes)
    return error


class RequestError(MathEvalError):
    """The request cannot be carried out as it is."""

    exit_code = 2


class UnknownNameError(RequestError):
    """A name that nothing has; the text offers similar names, or lists the known ones.

    Args:
        kind: What was looked for, such as "benchmark".
        name: The name that was asked for.
        known: The names that exist.

    Attributes:
        name: The name that was asked for.
        near: Up to three similar names.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(names) or 'none'}"
        super().__init__(f"unknown {kind} {name!r}; {hint}")
        self.name = name
        self.near = near


class DataError(RequestError):
    """A file, row or field is not as it should be; the text names all three where they are known."""


class HashMismatchError(DataError):
    """A file's bytes are not the pinned ones; the text has the file and both hashes."""


class ModelError(RequestError):
    """The model cannot be found or loaded."""


class MissingPackageError(RequestError):
    """An optional package is needed; the text has the command that installs it.

    Args:
        package: The package's name.
        extra: The extra of math-eval that contains it; "" for none.
        feature: What needs it, as the subject of the sentence: "a GGUF model".
    """

    def __init__(self, package: str, extra: str, feature: str) -> None:
        super().__init__(f"{feature} needs the package {package}: {install_command(package, extra)}")


def install_command(package: str, extra: str) -> str:
    """The command that installs a missing package, in the way in which this copy of math-eval was installed.

    Args:
        package: The package's name.
        extra: The extra of math-eval that contains it; "" for none.

    Returns:
        A pip command: for the extra of the checkout or of the published package, or for `package` without an extra.
    """
    if not extra:
        return f"pip install {package}"
    checkout = Path(__file__).resolve().parents[1]
    if (checkout / "pyproject.toml").is_file():
        return f"pip install -e '{checkout}[{extra}]'"
    return f"pip install 'math-eval-harness[{extra}]'"


class SandboxUnavailable(RequestError):  # noqa: N818  the state of a machine, not an error of the user
    """A model's programs cannot be isolated on this machine, or not in the way asked for; the text says why."""


class RunConflictError(RequestError):
    """The run folder has other settings, or another process is writing to it."""


class UnfinishedError(MathEvalError):
    """A job that started could not finish; its results so far are kept."""


class FetchError(UnfinishedError):
    """A pinned source could not be downloaded."""


class EngineError(UnfinishedError):
    """The engine failed as a whole; the failure of one sample is recorded in the run instead."""


class StorageError(UnfinishedError):
    """The run folder could not be written (disk full, read-only)."""


class StoppedError(UnfinishedError):
    """The user stopped the job; the text says how to resume it."""
