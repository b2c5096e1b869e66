"""math-eval score."""

from __future__ import annotations

from pathlib import Path

import click

from math_eval.cli.output import json_option, print_json
from math_eval.errors import RequestError
from math_eval.reports import markdown, metrics_table, show
from math_eval.runs import score_run


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--k", "ks", default="", help="The k of maj@k and pass@k, as 1,8,64; each set's own size is always there."
)
@click.option("--groups", is_flag=True, help="Break accuracy down by the benchmark's groups.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Folder of benchmark files that are already there.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Print Markdown.")
@json_option
def command(run: Path, *, ks: str, groups: bool, data_dir: Path | None, as_markdown: bool, as_json: bool) -> None:
    """Grade what is not graded yet, score RUN (a run folder) again, and print its table. Nothing is generated."""
    try:
        wanted = [int(k) for k in ks.split(",") if k.strip()]
    except ValueError as error:
        raise RequestError(f"--k {ks}: expected whole numbers with commas between, as 1,8,64") from error
    if any(k < 1 for k in wanted):
        raise RequestError(f"--k {ks}: expected 1 or more")
    info, metrics = score_run(run, wanted, data_dir)
    if as_json:
        print_json(metrics)
        return
    table = metrics_table(metrics, f"{info.model}  ({run})", groups=groups)
    if as_markdown:
        click.echo(markdown(table))
    else:
        show(table)
