"""math-eval benchmarks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from math_eval.benchmarks import Definition, define, is_available, load_split, parse_name
from math_eval.cli.output import json_option, print_json, print_rows
from math_eval.errors import MathEvalError, UnfinishedError
from math_eval.registry import names
from math_eval.reports import DownloadBar

data_dir_option = click.option(
    "--data-dir", type=click.Path(path_type=Path), help="Folder of benchmark files that are already there."
)


@click.group()
def command() -> None:
    """List, show, fetch and check benchmarks."""


@command.command("list")
@data_dir_option
@json_option
def list_(*, data_dir: Path | None, as_json: bool) -> None:
    """Every benchmark split: rows, language, licence, and whether its data is at hand."""
    found = [
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
        print_json(found)
        return
    headers = ["benchmark", "split", "rows", "language", "at hand", "title", "licence"]
    rows = [
        [
            str(one["benchmark"]),
            str(one["split"]),
            str(one["rows"]),
            str(one["language"]),
            "yes" if one["at_hand"] else "no",
            str(one["title"]),
            str(one["license"]),
        ]
        for one in found
    ]
    print_rows(headers, rows)


@command.command()
@click.argument("name")
@click.option("--limit", type=click.IntRange(min=0), default=1, show_default=True, help="How many problems to show.")
@data_dir_option
@json_option
def show(name: str, *, limit: int, data_dir: Path | None, as_json: bool) -> None:
    """What a benchmark's file says, and its first problems where the data is at hand."""
    bare, wanted = parse_name(name)
    definition = define(bare)
    spec = definition.spec
    splits = definition.splits(wanted)
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
        [f"split {split}", f"{f'{one.rows} rows; ' if one.rows else ''}{_origins(definition, split)}"]
        for split, one in spec.splits.items()
    ]
    rows += [["corrections", f"{len(spec.corrections)} golds"]] if spec.corrections else []
    rows += [["known bad", f"{len(spec.known_bad)} problems"]] if spec.known_bad else []
    for problem in problems:
        rows += [[f"problem {problem.id}", problem.question], ["gold", f"{problem.gold}   ({problem.kind})"]]
    print_rows(["key", "value"], rows)
    if not problems and limit:
        click.echo(f"the data is not at hand: math-eval benchmarks fetch {definition.name}")


def _origins(definition: Definition, split: str) -> str:
    sources = definition.spec.splits[split].sources
    return "; ".join(one.url or one.hub or one.file or f"sha256 {one.sha256[:12]}…" for one in sources)


@command.command()
@click.argument("wanted", nargs=-1, required=True)
@data_dir_option
def fetch(wanted: tuple[str, ...], *, data_dir: Path | None) -> None:
    """Fetch benchmarks into the cache ("all" for every one); downloads resume and are checked against their hashes."""
    for name, definition, split in _splits(names("benchmarks") if wanted == ("all",) else list(wanted)):
        benchmark = load_split(definition, split, data_dir=data_dir, progress=DownloadBar)
        click.echo(f"{name}:{split}  {len(benchmark)} problems  {benchmark.origin}")


@command.command()
@click.argument("wanted", nargs=-1)
@data_dir_option
@json_option
def check(wanted: tuple[str, ...], *, data_dir: Path | None, as_json: bool) -> None:
    """Load every row of the benchmarks that are at hand (or of those named) and say what is wrong."""
    found = []
    for name, definition, split in _splits(list(wanted) or names("benchmarks")):
        if not wanted and not is_available(definition.name, split, definition.spec.splits[split], data_dir):
            found.append({"benchmark": name, "split": split, "state": "not at hand", "problems": 0, "error": ""})
            continue
        try:
            problems = len(load_split(definition, split, data_dir=data_dir))
            found.append({"benchmark": name, "split": split, "state": "ok", "problems": problems, "error": ""})
        except MathEvalError as error:
            found.append({"benchmark": name, "split": split, "state": "bad", "problems": 0, "error": str(error)})
    if as_json:
        print_json(found)
    else:
        rows = [[str(one[key]) for key in ("benchmark", "split", "state", "problems", "error")] for one in found]
        print_rows(["benchmark", "split", "state", "problems", "error"], rows)
    bad = [one for one in found if one["state"] == "bad"]
    if bad:
        raise UnfinishedError(f"{len(bad)} of {len(found)} splits are bad: {bad[0]['error']}")


def _splits(wanted: list[str]) -> Iterator[tuple[str, Definition, str]]:
    for text in wanted:
        name, split = parse_name(text)
        definition = define(name)
        for one in definition.splits(split or "all"):
            yield definition.name, definition, one
