"""Prints what `math-eval grade` found, in words that say what is counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from math_eval.cli.output import print_rows

FIRST_K = "first k, votes by string"
"""The key of the figures over the first k responses."""

_LABELS = {
    "accuracy": "accuracy, mean over problems, %",
    "responses": "responses",
    "undecided": "undecided (counted as wrong)",
    "accuracy by the file": "accuracy by the file's own verdicts, %",
    "changed verdicts": "verdicts that differ from the file's",
    "changed predictions": "answers that differ from the file's",
}
"""Key of the summary → what the table calls it, in the order of the rows."""

_HEADERS = {
    "file": "file",
    "accuracy": "accuracy, %",
    "responses": "responses",
    "undecided": "undecided",
    "accuracy by the file": "by the file, %",
    "changed verdicts": "other verdicts",
    "changed predictions": "other answers",
}
"""The same for the columns of the table of files."""

_FIRST_LABELS = {"acc": "accuracy of each problem's first response, %", "mean": "share of right responses, %"}

_EXAMPLE_LABELS = {"prediction in the file": "answer in the file", "label": "verdict in the file"}


def print_summary(summary: Mapping[str, Any], graders: Sequence[str], *, predictions: bool) -> None:
    """Prints the figures of graded files as tables. What a file has nothing to say about is left out.

    Args:
        summary: The figures, as the command prints them with --json.
        graders: The graders; the first one gave the verdicts.
        predictions: Whether the files give the answers that another program extracted.
    """
    figures = _figures(summary, predictions=predictions)
    rows = [["grader", graders[0]], *([_LABELS[key], figures[key]] for key in _LABELS if key in figures)]
    first_k = summary.get(FIRST_K, {})
    # where every problem has as many responses, both kinds of mean are one number
    news = {key: value for key, value in first_k.items() if key != "mean" or value != summary["accuracy"]}
    rows += [[label, str(news[key])] for key, label in _FIRST_LABELS.items() if key in news]
    for other in graders[1:]:
        rows.append([f"accuracy by {other}, %", str(summary[f"accuracy by {other}"])])
        rows += [
            [f"responses that only {name} finds right", str(summary[f"right by {name} alone, count"])]
            for name in (other, graders[0])
        ]
    print_rows(["what", "value"], rows)
    _print_first_k(first_k)
    if summary["groups"]:
        click.echo("accuracy by group, of each problem's last response:")
        print_rows(["group", "percent"], [[group, str(value)] for group, value in summary["groups"].items()])
    _print_examples("where the file says something else", summary["examples"])
    for name in graders if len(graders) > 1 else ():
        _print_examples(f"found right only by {name}", summary.get(f"right by {name} alone", []))
    _print_files(summary.get("files", []), predictions=predictions)


def _figures(summary: Mapping[str, Any], *, predictions: bool) -> dict[str, str]:
    """The figures that say something about the files, by their keys."""
    silent = {
        "changed verdicts": summary["accuracy by the file"] is None,
        "changed predictions": not predictions,
    }
    return {key: str(summary[key]) for key in _HEADERS if summary.get(key) is not None and not silent.get(key)}


def _print_first_k(scores: Mapping[str, float]) -> None:
    ks = [name.removeprefix("maj@") for name in scores if name.startswith("maj@")]
    if not ks:
        return
    click.echo("with the first k responses of each problem, where answers of the same text vote together:")
    rewarded = f"rm@{ks[0]}" in scores
    headers = ["k", "maj@k: the most frequent answer is right, %"]
    headers += ["rm@k: the response of the highest reward is right, %"] if rewarded else []
    rows = [[k, str(scores[f"maj@{k}"]), *([str(scores[f"rm@{k}"])] if rewarded else [])] for k in ks]
    print_rows(headers, rows, text_columns=0)


def _print_examples(title: str, examples: Sequence[Mapping[str, Any]]) -> None:
    if not examples:
        return
    click.echo(f"{title}:")
    keys = list(examples[0])
    headers = [_EXAMPLE_LABELS.get(key, key) for key in keys]
    print_rows(headers, [[_cell(example.get(key)) for key in keys] for example in examples])


def _print_files(files: Sequence[Mapping[str, Any]], *, predictions: bool) -> None:
    if not files:
        return
    by_file = [_figures(summary, predictions=predictions) for summary in files]
    keys = [key for key in _HEADERS if any(key in figures for figures in by_file)]
    headers = [_HEADERS[key] for key in keys]
    print_rows(headers, [[figures.get(key, "") for key in keys] for figures in by_file], text_columns=1)


def _cell(value: object) -> str:
    if value is None:
        return ""
    return {True: "correct", False: "wrong"}[value] if isinstance(value, bool) else str(value)
