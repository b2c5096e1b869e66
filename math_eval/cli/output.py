"""What commands share in showing things: JSON or a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click
import msgspec

F = TypeVar("F", bound=Callable[..., Any])


def json_option(function: F) -> F:
    """The --json flag of every command that shows something."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")(function)


def print_json(value: Any) -> None:
    """Prints a value as indented JSON."""
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def print_rows(headers: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 99) -> None:
    """Prints a table; the first `left` columns are text."""
    from math_eval.reports import Table, show

    show(Table("", list(headers), [list(row) for row in rows], []), text_columns=left)
