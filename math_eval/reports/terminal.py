"""Tables on the terminal, fitted to the window; plain text where output is not a terminal."""

from __future__ import annotations

import sys

from math_eval.reports.table import Table

_PLAIN_WIDTH = 140


def show(table: Table, *, left: int = 2) -> None:
    """Prints the table; the first `left` columns are text, the others numbers."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    drawn = RichTable(
        title=Text(table.title) if table.title else None, box=SIMPLE_HEAD, title_justify="left", pad_edge=False
    )
    for number, header in enumerate(table.headers):
        drawn.add_column(header, justify="left" if number < left else "right", overflow="fold", no_wrap=number >= left)
    for row in table.rows:
        drawn.add_row(*[Text(cell) for cell in row])
    console = Console(width=None if sys.stdout.isatty() else _PLAIN_WIDTH, highlight=False)
    console.print(drawn)
    for note in table.notes:
        console.print(Text(f"note: {note}"))
