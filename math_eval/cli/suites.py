"""The command `math-eval suites`."""

from __future__ import annotations

import click

from math_eval.cli.output import json_option, print_json, print_named, print_rows
from math_eval.registry import names
from math_eval.suites import Suite, load_suite


@click.group()
def command() -> None:
    """List and show suites."""


@command.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """List every suite with its title."""
    suites = {name: load_suite(name) for name in names("suites")}

    def cells(suite: Suite) -> list[str]:
        return [str(sum(len(entry.benchmarks) for entry in suite.entries)), suite.title]

    print_named(["suite", "benchmarks", "title"], suites, cells, as_json=as_json)


@command.command()
@click.argument("name")
@json_option
def show(name: str, *, as_json: bool) -> None:
    """Show the benchmarks of a suite with their settings."""
    suite = load_suite(name)
    if as_json:
        print_json(suite)
        return
    click.echo(suite.title)
    if suite.note:
        click.echo(suite.note)
    sets = (["greedy"] if suite.greedy else []) + ([f"{suite.samples} samples"] if suite.samples else [])
    decided = suite.greedy is None and suite.samples is None
    click.echo(f"sets: {'as the family of the model has them' if decided else ', '.join(sets) or 'none'}")
    rows = [
        [benchmark, entry.prompt or "as requested", "adaptive" if entry.adapt_few_shot else str(entry.shots)]
        for entry in suite.entries
        for benchmark in entry.benchmarks
    ]
    print_rows(["benchmark", "prompt", "shots"], rows)
