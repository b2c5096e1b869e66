"""How long completions are likely to be, from what is known before they are made.

Two things tell: completions of the same problem, in the run folder's other sets or in an earlier run of another
checkpoint (--lengths-from), and the size of the benchmark's row, its printed solution included. Either's logarithm
correlates with that of a response's length at about 0.5 on MATH-500 (`perf/schedule.py correlations`).
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

_MOST = 1 << 40


class Lengths:
    """Mean tokens of the finished samples of each problem."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, str, str], tuple[int, int]] = {}

    def add(self, benchmark: str, split: str, problem: str, tokens: int) -> None:
        """One more finished sample; where nobody counted its tokens, it tells nothing."""
        if not 0 < tokens < _MOST:
            return
        samples, total = self._sums.get((benchmark, split, problem), (0, 0))
        self._sums[benchmark, split, problem] = (samples + 1, total + tokens)

    def mean(self, problem: Problem) -> float | None:
        """Tokens of a completion of this problem; None where there is none."""
        samples, total = self._sums.get((problem.benchmark, problem.split, problem.id), (0, 0))
        return total / samples if samples else None


class _Line(msgspec.Struct, frozen=True):
    """What of a sample line is needed here."""

    benchmark: str
    split: str
    problem: str
    state: str
    tokens_out: int


def read_lengths(folders: Iterable[Path]) -> Lengths:
    """The lengths of run folders' samples. RequestError where a folder is none, DataError where one is damaged."""
    found = Lengths()
    for folder in folders:
        if not folder.is_dir() or read_run_info(folder) is None:
            raise RequestError(f"--lengths-from {folder}: expected a run folder")
        for segment in sorted((folder / "samples").glob("*.jsonl")):
            for line in read_lines(segment, _Line):
                if line.state == "done":
                    found.add(line.benchmark, line.split, line.problem, line.tokens_out)
    return found


@dataclass(frozen=True, slots=True)
class Forecast:
    """Expected lengths of a list of problems: tokens where some are measured, else in a unit of their own."""

    expected: tuple[float, ...]
    measured: bool


def forecast(problems: Sequence[Problem], known: Sequence[Lengths]) -> Forecast:
    """What to expect of each problem: the geometric mean of what is measured and what its row's size says.

    The first source that knows a problem counts. A problem without any has its row's size, in the others' scale.
    """
    measured = [next((mean for one in known if (mean := one.mean(problem)) is not None), None) for problem in problems]
    rows = [float(max(problem.row_chars, 1)) for problem in problems]
    pairs = [(mean, row) for mean, row in zip(measured, rows, strict=True) if mean is not None]
    if not pairs:
        return Forecast(tuple(rows), measured=False)
    scale = sum(mean for mean, _ in pairs) / sum(row for _, row in pairs)
    said = ((row * scale if mean is None else mean) * row * scale for mean, row in zip(measured, rows, strict=True))
    return Forecast(tuple(map(math.sqrt, said)), measured=True)
