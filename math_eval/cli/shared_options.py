"""Options that several commands take."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, get_args

import click

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

quiet_option = click.option("--quiet", "-q", is_flag=True, help="Show no progress.")

data_dir_option = click.option(
    "--data-dir", type=click.Path(path_type=Path), help="Folder with benchmark files that you already have."
)

layout_option = click.option(
    "--layout",
    metavar="NAME|FILE",
    help="For files: their row format, by name or as a YAML file.  [default: recognised by the fields of the rows]",
)

file_benchmark_option = click.option(
    "--benchmark", "-b", help="For files: the benchmark that answer kinds, options and policy come from."
)


def choice_option(
    *names: str,
    choices: Any,
    default: str,
    help: str,  # noqa: A002  click's own word
) -> Callable[[Decorated], Decorated]:
    """An option that takes one of a few words, and shows its default in the help.

    Args:
        names: The option as `click.option` takes it.
        choices: The words, as a Literal.
        default: The word that holds where the option is not given.
        help: The help text.
    """
    return click.option(*names, type=click.Choice(get_args(choices)), default=default, show_default=True, help=help)
