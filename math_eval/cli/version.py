"""math-eval version."""

from __future__ import annotations

import click

from math_eval.cli.output import json_option, print_json
from math_eval.generate.environment import versions


@click.command()
@json_option
def command(*, as_json: bool) -> None:
    """Print the versions that can change a score."""
    found = versions()
    if as_json:
        print_json(found)
        return
    for name, version in found.items():
        click.echo(f"{name} {version}")
