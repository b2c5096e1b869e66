"""The command `math-eval compare`."""

from __future__ import annotations

from pathlib import Path

import click

from math_eval.cli.grader_names import GraderName
from math_eval.cli.output import json_option, print_json, print_rows
from math_eval.cli.shared_options import data_dir_option, file_benchmark_option
from math_eval.errors import RequestError
from math_eval.graders import DEFAULT_GRADER
from math_eval.results import file_benchmark
from math_eval.results.compare import BesideReported, Comparison, compare_reported, compare_runs


@click.command()
@click.argument("a", type=click.Path(path_type=Path))
@click.argument("b", required=False, type=click.Path(path_type=Path))
@click.option("--reported", is_flag=True, help="Compare the run with published scores of its model.")
@click.option("--model", help="With --reported: the model whose published scores to use; by default the run's.")
@click.option("--set", "set_name", help="Compare only this set.")
@click.option(
    "--grader", type=GraderName(), help="Grader that gives the verdicts.  [default: equivalence; with --reported: qwen]"
)
@file_benchmark_option
@data_dir_option
@json_option
def command(
    a: Path,
    b: Path | None,
    *,
    reported: bool,
    model: str | None,
    set_name: str | None,
    grader: str | None,
    benchmark: str | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Compare run A with run B, or with published scores (--reported).

    A and B are run folders, or files of stored responses. They are compared problem by problem, on the problems that
    both have. With --reported, the question is whether generation noise explains the differences.
    """
    if reported == (b is not None):
        raise RequestError("expected two runs, or one run and --reported")
    if reported and (benchmark or data_dir or set_name):
        raise RequestError("--reported excludes --benchmark, --data-dir and --set")
    if b is None:
        info, rows, causes = compare_reported(a, grader=grader or "qwen", model=model)
        if as_json:
            print_json({"model": info.model, "rows": rows, "causes": causes})
            return
        _show_reported(rows, causes)
        return
    if model:
        raise RequestError("--model needs --reported")
    if benchmark and a.is_dir() and b.is_dir():
        raise RequestError("--benchmark is only for files; a run folder has its own benchmarks")
    grader = grader or DEFAULT_GRADER
    rows_benchmark = file_benchmark(benchmark, data_dir, [grader])
    comparisons = compare_runs(a, b, grader=grader, set_name=set_name, benchmark=rows_benchmark, data_dir=data_dir)
    if as_json:
        print_json(comparisons)
        return
    _show_comparisons(comparisons, a, b)


def _show_reported(rows: list[BesideReported], causes: list[str]) -> None:
    headers = ["benchmark", "set", "metric", "measured", "reported", "difference", "by chance", "verdict", "confidence"]
    print_rows(
        headers,
        [
            [
                row.benchmark,
                row.set,
                row.metric,
                f"{row.measured:.1f}",
                f"{row.reported:.1f}",
                f"{row.difference:+.1f}",
                f"±{row.allowed:.1f} ({row.noise})",
                row.verdict,
                row.confidence,
            ]
            for row in rows
        ],
        text_columns=3,
    )
    if any(row.verdict != "consistent" for row in rows):
        click.echo("worth checking:")
    else:
        click.echo("recorded:")
    for cause in causes:
        click.echo(f"  {cause}")
    for source in dict.fromkeys(row.source for row in rows):
        click.echo(f"source: {source}")


def _show_comparisons(rows: list[Comparison], a: Path, b: Path) -> None:
    headers = [
        "benchmark",
        "set",
        "problems",
        "A",
        "B",
        "B - A",
        "95 %",
        "p",
        "p, corrected",
        "better",
        "worse",
        "detectable",
    ]
    print_rows(
        headers,
        [
            [
                _label(row),
                row.set,
                str(row.problems),
                f"{100 * row.a:.1f}",
                f"{100 * row.b:.1f}",
                f"{100 * row.difference:+.1f}",
                f"{100 * row.low:+.1f} … {100 * row.high:+.1f}",
                f"{row.p:.3g}",
                f"{row.p_corrected:.3g}",
                str(row.wins),
                str(row.losses),
                f"{100 * row.detectable:.1f}",
            ]
            for row in rows
        ],
        text_columns=2,
    )
    tests = ", ".join(sorted({row.test for row in rows}))
    click.echo(f"A: {a}, B: {b}; accuracies in percent. better, worse: problems on which B is better or worse than A.")
    click.echo(f"p: {tests}; corrected for {len(rows)} (Holm). detectable: a true difference found 4 times in 5.")
    for row in rows:
        if row.only_a or row.only_b:
            unshared = f"{row.only_a} problems only in A, {row.only_b} only in B"
            click.echo(f"{_label(row)} {row.set}: not compared: {unshared}")


def _label(row: Comparison) -> str:
    return row.benchmark if row.split == "test" else f"{row.benchmark}:{row.split}"
