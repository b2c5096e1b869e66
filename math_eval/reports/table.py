"""Metrics as one table: for the terminal, as Markdown, as plain rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from math_eval.scoring import Average, Figure, Metrics, SetResult


class Table(NamedTuple):
    """A table as text: headers, rows with as many cells, and notes to print below it."""

    title: str
    headers: list[str]
    rows: list[list[str]]
    notes: list[str]


def metrics_table(metrics: Metrics, title: str, *, groups: bool = False) -> Table:
    """The table of a run's scores: one row for each benchmark split and set, then the averages.

    Args:
        metrics: The scores.
        title: The table's title; "" for none.
        groups: Whether each benchmark is followed by a row for each of its groups.

    Returns:
        A table with percentages to 0.1 and a note for everything that qualifies a score.
    """
    names = list(
        dict.fromkeys(n for result in metrics.benchmarks for n in result.at if n.endswith(f"@{result.fewest}"))
    )
    headers = ["benchmark", "set", "problems", "accuracy", "95 %", *names]
    headers += ["undecided", "empty", "truncated", "failed"]
    rates = [name for name in _RATES if any(getattr(result, name) for result in metrics.benchmarks)]
    headers += [*(_RATES[name] for name in rates), "tokens"]
    has_thoughts = any(result.tokens_thought for result in metrics.benchmarks)
    headers += ["of thoughts"] if has_thoughts else []
    rows: list[list[str]] = []
    for result in metrics.benchmarks:
        thoughts = [_tokens(result.tokens_thought)] if has_thoughts else []
        rows.append([*_row(result, names, rates), *thoughts])
        if groups:
            for column, values in result.groups.items():
                for value, group in values.items():
                    blank = [""] * (len(headers) - 4)
                    rows.append(
                        [f"  {column} {value}", "", f"{group['problems']:.0f}", _percent(group["accuracy"]), *blank]
                    )
    rows += [row for average in metrics.averages for row in _average_rows(average, len(headers))]
    return Table(title, headers, rows, _notes(metrics))


_RATES = {"cut_in_thought": "cut in thought", "filtered": "filtered", "refused": "refused"}
"""Rates that are shown only where one is not 0 → header."""


def _row(result: SetResult, names: Sequence[str], rates: Sequence[str]) -> list[str]:
    benchmark = result.benchmark if result.split == "test" else f"{result.benchmark}:{result.split}"
    label = result.set if result.fewest <= 1 else f"{result.set} ×{result.fewest}"
    cells = [benchmark, label, str(result.problems), _percent(result.accuracy), _range(result.at.get("mean"))]
    cells += [_percent(result.at[name].value) if name in result.at else "" for name in names]
    cells += [_percent(rate) for rate in (result.undecided, result.empty, result.truncated, result.failed)]
    return [*cells, *[_percent(getattr(result, name)) for name in rates], _tokens(result.tokens_out)]


def _tokens(count: float | None) -> str:
    return "unknown" if count is None else f"{count:.0f}"


def _range(figure: Figure | None) -> str:
    return "" if figure is None else f"{_percent(figure.low)}–{_percent(figure.high)}"


def _average_rows(average: Average, width: int) -> list[list[str]]:
    blank = [""] * (width - 5)
    count = str(len(average.over))
    interval = f"{_percent(average.low)}–{_percent(average.high)}"
    return [
        [f"mean over {count} benchmarks", average.set, "", _percent(average.macro), interval, *blank],
        ["mean over their problems", average.set, "", _percent(average.micro), "", *blank],
    ]


def curve_table(metrics: Metrics, title: str) -> Table:
    """The table of all figures: one row for each figure of each benchmark split and set.

    Args:
        metrics: The scores.
        title: The table's title; "" for none.

    Returns:
        A table with each value, its 95 % interval and the methods behind both; percentages.
    """
    rows = []
    for result in metrics.benchmarks:
        for name, figure in result.at.items():
            drawing_error = f" ± {100 * figure.drawn:.2f}" if figure.drawn else ""
            label = f"{result.benchmark}:{result.split} {result.set}"
            value = f"{_percent(figure.value)}{drawing_error}"
            rows.append([label, name, value, _range(figure), f"{figure.estimate}; {figure.interval}"])
    return Table(title, ["set", "figure", "value", "95 %", "methods"], rows, [])


def _notes(metrics: Metrics) -> list[str]:
    notes = []
    for result in metrics.benchmarks:
        name = f"{result.benchmark}:{result.split}, {result.set}"
        if too_large := [k for k in metrics.options.ks if k > result.fewest]:
            ks = ", ".join(map(str, too_large))
            notes.append(f"{name}: no figures at k = {ks}: some problems have only {result.fewest} samples")
        if result.samples < result.expected:
            notes.append(f"{name}: {result.samples} of {result.expected} samples exist")
        if result.failed:
            notes.append(f"{name}: {round(result.failed * result.samples)} samples failed and count as wrong")
        notes += [
            f"{name}: {round(rate * result.samples)} samples {what}"
            for rate, what in (
                (result.cut_in_thought, "were cut inside the thought, so that no answer follows it"),
                (result.looped, "were cut while they repeated themselves"),
                (result.filtered, "were stopped by a content filter"),
                (result.refused, "were refused"),
            )
            if rate
        ]
        if result.unexecuted:
            count = round(result.unexecuted * result.samples)
            notes.append(f"{name}: {count} samples asked for a program to be executed, and none was (--tools none)")
        if result.unrewarded:
            count = round(result.unrewarded * result.samples)
            notes.append(f"{name}: {count} samples have no reward and rank below all others")
        if result.known_bad:
            accuracy = _percent(result.accuracy_without_known_bad)
            notes.append(f"{name}: {result.known_bad} known-bad problems; {accuracy} without them")
        notes += [
            f"{name}: {label}: drawing subsets adds a standard error of {100 * figure.drawn:.2f} points"
            for label, figure in result.at.items()
            if figure.drawn
        ]
        if result.split_classes:
            share = _percent(result.split_classes)
            notes.append(f"{name}: {share} % of the classes of equal answers hold correct and wrong samples")
    return notes


def _percent(value: float) -> str:
    return f"{100 * value:.1f}"


def markdown(table: Table) -> str:
    """The table as GitHub-flavoured Markdown: two columns of text, then numbers; notes as a list, and no title."""
    lines = [
        f"| {' | '.join(table.headers)} |",
        f"|{'|'.join([' --- ', ' --- ', *[' ---: '] * (len(table.headers) - 2)])}|",
    ]
    lines += [f"| {' | '.join(cell.strip().replace('|', chr(92) + '|') for cell in row)} |" for row in table.rows]
    return "\n".join([*lines, *([""] if table.notes else []), *[f"- {note}" for note in table.notes]])
