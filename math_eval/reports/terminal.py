"""Tables on the terminal, fitted to the window; plain text where output is not a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from math_eval.reports.table import Table

_PLAIN_WIDTH = 140
_GAP = 3
"""The space between two columns."""
_FOLDED_WIDTH = 24
"""The room that a column of long text needs beside the others; it is folded."""


def show(table: Table, *, text_columns: int = 2, expendable: Sequence[str] = ()) -> None:
    """Prints a table on standard output.

    Numbers are never cut: a table that is wider than the window is printed in parts, each with the text columns.

    Args:
        table: The table.
        text_columns: How many columns, from the left, hold text; the others hold numbers and are aligned on the right.
        expendable: Headers of columns that are left out, the first one first, while the window is too narrow.
    """
    from rich.box import SIMPLE_HEAD
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    console = Console(width=None if sys.stdout.isatty() else _PLAIN_WIDTH, highlight=False)
    lines = [table.headers, *table.rows]
    widths = [max(cell_len(line[column]) for line in lines) for column in range(len(table.headers))]
    if left_out := _left_out(dict(zip(table.headers, widths, strict=True)), expendable, console.width):
        show(_without(table, left_out), text_columns=text_columns)
        return
    for part, columns in enumerate(_parts(widths, text_columns, console.width)):
        title = Text(table.title) if table.title and part == 0 else None
        rich_table = RichTable(title=title, box=SIMPLE_HEAD, title_justify="left", pad_edge=False)
        for column in columns:
            is_text = column < text_columns
            justify: Literal["left", "right"] = "left" if is_text else "right"
            rich_table.add_column(table.headers[column], justify=justify, overflow="fold", no_wrap=not is_text)
        for row in table.rows:
            if part == 0 or any(row[column] for column in columns if column >= text_columns):
                rich_table.add_row(*[Text(row[column]) for column in columns])
        console.print(rich_table)
    for note in table.notes:
        console.print(Text(f"note: {note}"))


def _left_out(widths: Mapping[str, int], expendable: Sequence[str], window: int) -> list[str]:
    """The headers of the columns that the window has no room for; text that folds needs only so much room."""
    room = {header: min(width, _FOLDED_WIDTH) + _GAP for header, width in widths.items()}
    left_out: list[str] = []
    while sum(room.values()) > window and len(left_out) < len(expendable):
        left_out.append(expendable[len(left_out)])
        del room[left_out[-1]]
    return left_out


def _without(table: Table, left_out: Sequence[str]) -> Table:
    columns = [column for column, header in enumerate(table.headers) if header not in left_out]
    headers, *rows = [[line[column] for column in columns] for line in (table.headers, *table.rows)]
    note = f"no room for the columns {', '.join(left_out)}: a wider window or --json shows them"
    return Table(table.title, headers, rows, [*table.notes, note])


def _parts(widths: Sequence[int], text_columns: int, window: int) -> Iterator[list[int]]:
    """The columns of each part: all text columns, and as many of the numbers as fit beside them."""
    texts = list(range(min(text_columns, len(widths))))
    # text folds where there is little room, but into no less than half of the window
    text_width = min(sum(widths[column] + _GAP for column in texts), window // 2) if len(widths) > text_columns else 0
    numbers: list[int] = []
    room = window - text_width
    for column in range(text_columns, len(widths)):
        if numbers and widths[column] + _GAP > room:
            yield texts + numbers
            numbers, room = [], window - text_width
        numbers.append(column)
        room -= widths[column] + _GAP
    yield texts + numbers
