"""Forecasts the lengths of completions before they are made.

There are two predictors: completions of the same problem, in other sets of the run folder or in an earlier run
(--lengths-from), and the size of the problem's row in the benchmark, solution included. The logarithm of either
correlates with the logarithm of a response's length at about 0.5 on MATH-500 (`perf/schedule.py correlations`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from math_eval.errors import RequestError
from math_eval.files import read_lines
from math_eval.records import Problem
from math_eval.runfolder.layout import read_run_info

_MAX_TOKENS = 1 << 40
"""A line that claims more tokens than this is damaged and is ignored."""


class Lengths:
    """The mean number of tokens of each problem's finished samples."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, str, str], tuple[int, int]] = {}

    def add(self, benchmark: str, split: str, problem: str, tokens: int) -> None:
        """Counts one finished sample.

        Args:
            benchmark: The sample's benchmark.
            split: Its split.
            problem: The problem's id.
            tokens: New tokens of the sample. 0, which some engines report, is ignored.
        """
        if not 0 < tokens < _MAX_TOKENS:
            return
        samples, total = self._sums.get((benchmark, split, problem), (0, 0))
        self._sums[benchmark, split, problem] = (samples + 1, total + tokens)

    def mean(self, problem: Problem) -> float | None:
        """Returns the mean number of tokens of the problem's samples, None if there is no sample."""
        samples, total = self._sums.get((problem.benchmark, problem.split, problem.id), (0, 0))
        return total / samples if samples else None


class _Line(msgspec.Struct, frozen=True):
    """The fields of a sample line that are read here."""

    benchmark: str
    split: str
    problem: str
    state: str
    tokens_out: int | None


def read_lengths(folders: Iterable[Path]) -> Lengths:
    """Reads the lengths of all finished samples of some run folders.

    Raises:
        RequestError: One of the paths is not a run folder.
        DataError: A file of a run folder is damaged.
    """
    lengths = Lengths()
    for folder in folders:
        if not folder.is_dir() or read_run_info(folder) is None:
            raise RequestError(f"--lengths-from {folder}: expected a run folder")
        for segment in sorted((folder / "samples").glob("*.jsonl")):
            for line in read_lines(segment, _Line):
                if line.state == "done" and line.tokens_out is not None:
                    lengths.add(line.benchmark, line.split, line.problem, line.tokens_out)
    return lengths


@dataclass(frozen=True, slots=True)
class Forecast:
    """The expected length of a completion of each problem in a list.

    Attributes:
        lengths: One length for each problem, in the order of the problems.
        in_tokens: Whether the lengths are in tokens. If no problem has a sample, they are in characters of its row.
    """

    lengths: tuple[float, ...]
    in_tokens: bool


def forecast(problems: Sequence[Problem], sources: Sequence[Lengths]) -> Forecast:
    """Forecasts completion lengths: the geometric mean of the measured length and the scaled size of the row.

    Args:
        problems: The problems to forecast.
        sources: Measured lengths. For each problem the first source that has it is used; for a problem that none has,
            the scaled size of its row stands for the measured length.

    Returns:
        The forecast. The scale is the ratio of tokens to row characters over the problems with a measured length.
    """
    means = [
        next((mean for lengths in sources if (mean := lengths.mean(problem)) is not None), None) for problem in problems
    ]
    row_sizes = [float(max(problem.row_chars, 1)) for problem in problems]
    pairs = [(mean, size) for mean, size in zip(means, row_sizes, strict=True) if mean is not None]
    if not pairs:
        return Forecast(tuple(row_sizes), in_tokens=False)
    scale = sum(mean for mean, _ in pairs) / sum(size for _, size in pairs)
    squares = (
        (size * scale if mean is None else mean) * size * scale for mean, size in zip(means, row_sizes, strict=True)
    )
    return Forecast(tuple(map(math.sqrt, squares)), in_tokens=True)
