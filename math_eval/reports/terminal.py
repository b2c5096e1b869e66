"""Tables on the terminal, fitted to the window; 140 characters wide where the output is not a terminal."""

from __future__ import annotations

import sys

from math_eval.reports.table import Table

_PLAIN_WIDTH = 140


def show(table: Table, *, text_columns: int = 2) -> None:
    """Prints a table on standard output.

    Args:
        table: The table.
        text_columns: How many columns, from the left, hold text; the others hold numbers and are aligned on the right.
    """
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    rich_table = RichTable(
        title=Text(table.title) if table.title else None, box=SIMPLE_HEAD, title_justify="left", pad_edge=False
    )
    for number, header in enumerate(table.headers):
        is_text = number < text_columns
        rich_table.add_column(header, justify="left" if is_text else "right", overflow="fold", no_wrap=not is_text)
    for row in table.rows:
        rich_table.add_row(*[Text(cell) for cell in row])
    console = Console(width=None if sys.stdout.isatty() else _PLAIN_WIDTH, highlight=False)
    console.print(rich_table)
    for note in table.notes:
        console.print(Text(f"note: {note}"))
