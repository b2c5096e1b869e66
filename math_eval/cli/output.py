"""Prints results as JSON or as a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click
import msgspec

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


def json_option(function: F) -> F:
    """Adds the option --json to a command."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")(function)


def print_json(value: Any) -> None:
    """Prints a value as indented JSON."""
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def print_named(
    headers: Sequence[str], items: Mapping[str, T], cells: Callable[[T], Sequence[str]], *, as_json: bool
) -> None:
    """Prints things that have names, as JSON or as a table with one row for each.

    Args:
        headers: The headers of the columns; the first is the one of the names.
        items: Name → thing.
        cells: Gives the cells of a thing, without its name.
        as_json: Whether to print JSON.
    """
    if as_json:
        print_json(items)
    else:
        print_rows(headers, [[name, *cells(item)] for name, item in items.items()])


def print_rows(
    headers: Sequence[str], rows: Sequence[Sequence[str]], *, text_columns: int = 99, expendable: Sequence[str] = ()
) -> None:
    """Prints a table.

    Args:
        headers: The headers of the columns.
        rows: The cells of each row.
        text_columns: How many columns, from the left, are text; the others are numbers and are aligned to the right.
        expendable: Headers of columns that are left out, the first one first, while the window is too narrow.
    """
    from math_eval.reports import Table, show

    show(Table("", list(headers), [list(row) for row in rows], []), text_columns=text_columns, expendable=expendable)
