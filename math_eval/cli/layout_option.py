"""The --layout option of the commands that read files of other harnesses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def layout_option(function: F) -> F:
    """Names the row format of the files, which is otherwise recognised by its fields."""
    return click.option(
        "--layout",
        metavar="NAME|FILE",
        help="Files: their row format, by its name or its YAML file; by default recognised by the fields.",
    )(function)
