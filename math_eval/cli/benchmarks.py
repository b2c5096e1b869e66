"""The command `math-eval benchmarks`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from math_eval.benchmarks import Definition, define, is_available, load_split, parse_name
from math_eval.cli.output import json_option, print_json, print_rows
from math_eval.cli.shared_options import data_dir_option
from math_eval.errors import MathEvalError, UnfinishedError
from math_eval.registry import names
from math_eval.reports import DownloadBar


@click.group()
def command() -> None:
    """List, show, fetch and check benchmarks."""


@command.command("list")
@data_dir_option
@json_option
def list_(*, data_dir: Path | None, as_json: bool) -> None:
    """List every benchmark split, and whether its data is on this machine.

    A narrow window has no room for the licence, then none for the language, then none for the title.
    """
    splits = [
        {
            "benchmark": definition.name,
            "split": split,
            "title": definition.spec.title,
            "rows": spec.rows,
            "language": definition.spec.language,
            "license": definition.spec.license,
            "at_hand": is_available(definition.name, split, spec, data_dir),
        }
        for definition in map(define, names("benchmarks"))
        for split, spec in definition.spec.splits.items()
    ]
    if as_json:
        print_json(splits)
        return
    headers = ["benchmark", "split", "rows", "on disk", "title", "language", "licence"]
    rows = [
        [
            str(split["benchmark"]),
            str(split["split"]),
            str(split["rows"]),
            "yes" if split["at_hand"] else "no",
            str(split["title"]),
            str(split["language"]),
            str(split["license"]),
        ]
        for split in splits
    ]
    print_rows(headers, rows, expendable=("licence", "language", "title"))


@command.command()
@click.argument("name")
@click.option("--limit", type=click.IntRange(min=0), default=1, show_default=True, help="Number of problems to show.")
@data_dir_option
@json_option
def show(name: str, *, limit: int, data_dir: Path | None, as_json: bool) -> None:
    """Show the definition of a benchmark, and its first problems if the data is on this machine."""
    base_name, split_name = parse_name(name)
    definition = define(base_name)
    spec = definition.spec
    splits = definition.splits(split_name)
    problems = [
        problem
        for split in splits
        if limit and is_available(definition.name, split, spec.splits[split], data_dir)
        for problem in load_split(definition, split, data_dir=data_dir).problems[:limit]
    ]
    if as_json:
        print_json({"name": definition.name, "spec": spec, "problems": problems})
        return
    rows = [
        [key, str(value)]
        for key in ("title", "language", "license", "answer", "question", "gold", "note")
        if (value := getattr(spec, key))
    ]
    rows += [
        [f"split {split}", f"{f'{split_spec.rows} rows; ' if split_spec.rows else ''}{_origins(definition, split)}"]
        for split, split_spec in spec.splits.items()
    ]
    rows += [["corrections", f"{len(spec.corrections)} golds"]] if spec.corrections else []
    rows += [["known bad", f"{len(spec.known_bad)} problems"]] if spec.known_bad else []
    for problem in problems:
        rows += [[f"problem {problem.id}", problem.question], ["gold", f"{problem.gold}   ({problem.kind})"]]
    print_rows(["key", "value"], rows)
    if not problems and limit:
        click.echo(f"the data is not on this machine: math-eval benchmarks fetch {definition.name}")


def _origins(definition: Definition, split: str) -> str:
    sources = definition.spec.splits[split].sources
    return "; ".join(source.url or source.hub or source.file or f"sha256 {source.sha256[:12]}…" for source in sources)


@command.command()
@click.argument("benchmarks", nargs=-1, required=True)
@data_dir_option
def fetch(benchmarks: tuple[str, ...], *, data_dir: Path | None) -> None:
    """Download benchmarks into the cache; "all" means every benchmark.

    An interrupted download is continued. Every file is checked against its hash.
    """
    for name, definition, split in _splits(names("benchmarks") if benchmarks == ("all",) else list(benchmarks)):
        benchmark = load_split(definition, split, data_dir=data_dir, progress=DownloadBar)
        click.echo(f"{name}:{split}  {len(benchmark)} problems  {benchmark.origin}")


@command.command()
@click.argument("benchmarks", nargs=-1)
@data_dir_option
@json_option
def check(benchmarks: tuple[str, ...], *, data_dir: Path | None, as_json: bool) -> None:
    """Load every row of BENCHMARKS, or of all benchmarks on this machine, and report what is wrong."""
    results = []
    for name, definition, split in _splits(list(benchmarks) or names("benchmarks")):
        if not benchmarks and not is_available(definition.name, split, definition.spec.splits[split], data_dir):
            results.append({"benchmark": name, "split": split, "state": "not at hand", "problems": 0, "error": ""})
            continue
        try:
            problems = len(load_split(definition, split, data_dir=data_dir))
            results.append({"benchmark": name, "split": split, "state": "ok", "problems": problems, "error": ""})
        except MathEvalError as error:
            results.append({"benchmark": name, "split": split, "state": "bad", "problems": 0, "error": str(error)})
    if as_json:
        print_json(results)
    else:
        headers = ["benchmark", "split", "state", "problems", "error"]
        print_rows(headers, [[str(result[key]) for key in headers] for result in results])
    bad = [result for result in results if result["state"] == "bad"]
    if bad:
        raise UnfinishedError(f"{len(bad)} of {len(results)} splits are bad: {bad[0]['error']}")


def _splits(benchmarks: list[str]) -> Iterator[tuple[str, Definition, str]]:
    for text in benchmarks:
        name, split_name = parse_name(text)
        definition = define(name)
        for split in definition.splits(split_name or "all"):
            yield definition.name, definition, split
