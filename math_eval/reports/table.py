"""Metrics as one table: for the terminal, as Markdown, as plain rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from math_eval.scoring import Average, Metric, Metrics


class Table(NamedTuple):
    """A table ready to be shown: headers, rows of text, and notes below it."""

    title: str
    headers: list[str]
    rows: list[list[str]]
    notes: list[str]


def metrics_table(metrics: Metrics, title: str, *, groups: bool = False) -> Table:
    """One row for each benchmark split and set, then the averages; percentages to 0.1.

    With `groups`, a row for each group below its benchmark.
    """
    ks = sorted({int(name[4:]) for one in metrics.benchmarks for name in one.at if name.startswith("maj@")})
    headers = ["benchmark", "set", "problems", "accuracy"]
    headers += [name for k in ks for name in (f"maj@{k}", f"pass@{k}")]
    headers += ["undecided", "empty", "truncated", "failed", "tokens"]
    rows: list[list[str]] = []
    for one in metrics.benchmarks:
        rows.append(_row(one, ks))
        if groups:
            for column, values in one.groups.items():
                for value, got in values.items():
                    blank = [""] * (len(headers) - 4)
                    rows.append(
                        [f"  {column} {value}", "", f"{got['problems']:.0f}", _percent(got["accuracy"]), *blank]
                    )
    rows += [row for average in metrics.averages for row in _average_rows(average, len(headers))]
    return Table(title, headers, rows, _notes(metrics))


def _row(one: Metric, ks: Sequence[int]) -> list[str]:
    name = one.benchmark if one.split == "test" else f"{one.benchmark}:{one.split}"
    label = one.set if one.fewest <= 1 else f"{one.set} ×{one.fewest}"
    cells = [name, label, str(one.problems), _percent(one.accuracy)]
    for k in ks:
        cells += [_percent(one.at[name]) if name in one.at else "" for name in (f"maj@{k}", f"pass@{k}")]
    rates = [_percent(rate) for rate in (one.undecided, one.empty, one.truncated, one.failed)]
    return [*cells, *rates, f"{one.tokens_out:.0f}"]


def _average_rows(average: Average, width: int) -> list[list[str]]:
    blank = [""] * (width - 4)
    count = str(len(average.over))
    return [
        [f"mean over {count} benchmarks", average.set, "", _percent(average.macro), *blank],
        ["mean over their problems", average.set, "", _percent(average.micro), *blank],
    ]


def _notes(metrics: Metrics) -> list[str]:
    notes = []
    for one in metrics.benchmarks:
        name = f"{one.benchmark}:{one.split}, {one.set}"
        if one.samples < one.expected:
            notes.append(f"{name}: {one.samples} of {one.expected} samples are there")
        if one.failed:
            notes.append(f"{name}: {round(one.failed * one.samples)} samples failed and count as wrong")
        if one.known_bad:
            without = _percent(one.accuracy_without_known_bad)
            notes.append(f"{name}: {one.known_bad} known-bad problems; {without} without them")
        sampled = {method for method in one.methods.values() if "draws" in method}
        notes += [f"{name}: maj@k from {method} of subsets" for method in sorted(sampled)]
    return notes


def _percent(value: float) -> str:
    return f"{100 * value:.1f}"


def markdown(table: Table) -> str:
    """The table as GitHub-flavoured Markdown."""
    lines = [
        f"| {' | '.join(table.headers)} |",
        f"|{'|'.join([' --- ', ' --- ', *[' ---: '] * (len(table.headers) - 2)])}|",
    ]
    lines += [f"| {' | '.join(cell.strip().replace('|', chr(92) + '|') for cell in row)} |" for row in table.rows]
    return "\n".join([*lines, *([""] if table.notes else []), *[f"- {note}" for note in table.notes]])
