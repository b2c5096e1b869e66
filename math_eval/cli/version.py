"""The command `math-eval version`."""

from __future__ import annotations

import click

from math_eval.cli.output import json_option, print_json
from math_eval.generate.environment import versions


@click.command()
@json_option
def command(*, as_json: bool) -> None:
    """Print the versions that can change a score."""
    installed = versions()
    if as_json:
        print_json(installed)
        return
    for name, version in installed.items():
        click.echo(f"{name} {version}")
