"""Suites: named lists of benchmark settings, run with one model load."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from math_eval.documents import read_document
from math_eval.registry import find


class SuiteEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Benchmarks that share a setting; no prompt means the one the run was asked for."""

    benchmarks: list[str]
    shots: int = 0
    adapt_few_shot: bool = False
    prompt: str = ""


class Suite(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A suite file: its entries, and the sampled set (0: none) with the k at which it is read."""

    SCHEMA: ClassVar[int] = 1
    schema: int
    title: str
    entries: list[SuiteEntry]
    greedy: bool = True
    samples: int = 0
    k: list[int] = []
    note: str = ""

    def __post_init__(self) -> None:
        if self.samples < 0 or any(k < 1 or k > self.samples for k in self.k):
            raise ValueError("samples must not be negative, and each k must lie between 1 and samples")


def load_suite(name: str) -> Suite:
    """The suite file of that name or path; UnknownNameError offers near names."""
    return read_document(find("suites", name), Suite)
