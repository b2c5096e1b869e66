"""Suites: named lists of benchmarks with their settings, evaluated in one run."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from math_eval.documents import read_document
from math_eval.registry import find


class SuiteEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Benchmarks with the same settings.

    Attributes:
        benchmarks: Their names, with or without ":SPLIT".
        shots: Number of demonstrations.
        adapt_few_shot: Whether the reference's rule applies: demonstrations only where the gold is a letter.
        prompt: The name of the prompt; "" for that of the run.
    """

    benchmarks: list[str]
    shots: int = 0
    adapt_few_shot: bool = False
    prompt: str = ""


class Suite(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A suite file; docs/formats.md describes its keys.

    Attributes:
        schema: The version of the file format.
        title: What the suite is for.
        entries: The benchmarks, by their settings.
        greedy: Whether the greedy set is made; None if the model family decides.
        samples: Size of the sampled set; 0 for none, None if the model family decides.
        k: The k of the @k figures, each 1 to `samples`.
        note: A remark for readers.
    """

    SCHEMA: ClassVar[int] = 1
    schema: int
    title: str
    entries: list[SuiteEntry]
    greedy: bool | None = None
    samples: int | None = None
    k: list[int] = []
    note: str = ""

    def __post_init__(self) -> None:
        if (self.samples or 0) < 0 or any(k < 1 or k > (self.samples or 0) for k in self.k):
            raise ValueError("samples must not be negative, and each k must lie between 1 and samples")


def load_suite(name: str) -> Suite:
    """Reads a suite file.

    Args:
        name: The name of a suite, or the path of a file.

    Returns:
        The suite.

    Raises:
        UnknownNameError: There is no such suite; the text offers similar names.
        DataError: The file is not a suite.
    """
    return read_document(find("suites", name), Suite)
