"""Metrics as one table: for the terminal, as Markdown, as plain rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from math_eval.scoring import Average, Figure, Metrics, SetResult


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
    at = list(dict.fromkeys(n for one in metrics.benchmarks for n in one.at if n.endswith(f"@{one.fewest}")))
    headers = ["benchmark", "set", "problems", "accuracy", "95 %", *at]
    headers += ["undecided", "empty", "truncated", "failed", "tokens"]
    rows: list[list[str]] = []
    for one in metrics.benchmarks:
        rows.append(_row(one, at))
        if groups:
            for column, values in one.groups.items():
                for value, got in values.items():
                    blank = [""] * (len(headers) - 4)
                    rows.append(
                        [f"  {column} {value}", "", f"{got['problems']:.0f}", _percent(got["accuracy"]), *blank]
                    )
    rows += [row for average in metrics.averages for row in _average_rows(average, len(headers))]
    return Table(title, headers, rows, _notes(metrics))


def _row(one: SetResult, at: Sequence[str]) -> list[str]:
    name = one.benchmark if one.split == "test" else f"{one.benchmark}:{one.split}"
    label = one.set if one.fewest <= 1 else f"{one.set} ×{one.fewest}"
    cells = [name, label, str(one.problems), _percent(one.accuracy), _range(one.at.get("mean"))]
    cells += [_percent(one.at[name].value) if name in one.at else "" for name in at]
    rates = [_percent(rate) for rate in (one.undecided, one.empty, one.truncated, one.failed)]
    return [*cells, *rates, f"{one.tokens_out:.0f}"]


def _range(figure: Figure | None) -> str:
    return "" if figure is None else f"{_percent(figure.low)}–{_percent(figure.high)}"


def _average_rows(average: Average, width: int) -> list[list[str]]:
    blank = [""] * (width - 5)
    count = str(len(average.over))
    between = f"{_percent(average.low)}–{_percent(average.high)}"
    return [
        [f"mean over {count} benchmarks", average.set, "", _percent(average.macro), between, *blank],
        ["mean over their problems", average.set, "", _percent(average.micro), "", *blank],
    ]


def curve_table(metrics: Metrics, title: str) -> Table:
    """Every figure with its interval and methods, one a row: the curve over k of each benchmark and set."""
    rows = []
    for one in metrics.benchmarks:
        for name, figure in one.at.items():
            drawn = f" ± {100 * figure.drawn:.2f}" if figure.drawn else ""
            label = f"{one.benchmark}:{one.split} {one.set}"
            value = f"{_percent(figure.value)}{drawn}"
            rows.append([label, name, value, _range(figure), f"{figure.estimate}; {figure.interval}"])
    return Table(title, ["set", "figure", "value", "95 %", "methods"], rows, [])


def _notes(metrics: Metrics) -> list[str]:
    notes = []
    for one in metrics.benchmarks:
        name = f"{one.benchmark}:{one.split}, {one.set}"
        if too_large := [k for k in metrics.options.ks if k > one.fewest]:
            wanted = ", ".join(map(str, too_large))
            notes.append(f"{name}: no figures at k = {wanted}: some problems have {one.fewest} samples only")
        if one.samples < one.expected:
            notes.append(f"{name}: {one.samples} of {one.expected} samples are there")
        if one.failed:
            notes.append(f"{name}: {round(one.failed * one.samples)} samples failed and count as wrong")
        if one.unexecuted:
            count = round(one.unexecuted * one.samples)
            notes.append(f"{name}: {count} samples asked for a program to be executed, and none was (--tools none)")
        if one.unrewarded:
            notes.append(f"{name}: {round(one.unrewarded * one.samples)} samples have no reward and are never the best")
        if one.known_bad:
            without = _percent(one.accuracy_without_known_bad)
            notes.append(f"{name}: {one.known_bad} known-bad problems; {without} without them")
        notes += [
            f"{name}: {figure}: drawn subsets add a standard error of {100 * made.drawn:.2f} points"
            for figure, made in one.at.items()
            if made.drawn
        ]
        if one.split_classes:
            notes.append(f"{name}: {_percent(one.split_classes)} % of the classes of equal answers are right and wrong")
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
