"""math-eval compare."""

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
@click.option("--reported", is_flag=True, help="Lay the run beside published scores of its model.")
@click.option("--model", help="--reported: the model whose scores are meant, where the run's name is another.")
@click.option("--set", "set_name", help="Compare this set alone.")
@click.option("--grader", type=GraderName(), help="Whose verdicts.  [equivalence; --reported: qwen]")
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
    """Compare run A with run B (run folders, or files of stored responses), or with --reported with published scores.

    Two runs: on the problems both have, paired. Published scores: whether generation noise on both sides explains it.
    """
    if reported == (b is not None):
        raise RequestError("compare takes two runs, or one run and --reported")
    if reported and (benchmark or data_dir or set_name):
        raise RequestError("--reported takes the run's own benchmarks and sets: no --benchmark, --data-dir or --set")
    if b is None:
        info, rows, causes = compare_reported(a, grader=grader or "qwen", model=model)
        if as_json:
            print_json({"model": info.model, "rows": rows, "causes": causes})
            return
        _show_reported(rows, causes)
        return
    if model:
        raise RequestError("--model is for --reported")
    if benchmark and a.is_dir() and b.is_dir():
        raise RequestError("--benchmark is for files; run folders know their own benchmarks")
    graded_by = grader or DEFAULT_GRADER
    known = file_benchmark(benchmark, data_dir, [graded_by])
    found = compare_runs(a, b, grader=graded_by, set_name=set_name, benchmark=known, data_dir=data_dir)
    if as_json:
        print_json(found)
        return
    _show_pairs(found)


def _show_reported(rows: list[BesideReported], causes: list[str]) -> None:
    headers = ["benchmark", "set", "metric", "measured", "reported", "difference", "by chance", "", "confidence"]
    print_rows(
        headers,
        [
            [
                one.benchmark,
                one.set,
                one.metric,
                f"{one.measured:.1f}",
                f"{one.reported:.1f}",
                f"{one.difference:+.1f}",
                f"±{one.allowed:.1f} ({one.noise})",
                one.verdict,
                one.confidence,
            ]
            for one in rows
        ],
        left=3,
    )
    if any(one.verdict != "consistent" for one in rows):
        click.echo("worth checking:")
    else:
        click.echo("recorded:")
    for cause in causes:
        click.echo(f"  {cause}")
    for source in dict.fromkeys(one.source for one in rows):
        click.echo(f"source: {source}")


def _show_pairs(rows: list[Comparison]) -> None:
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
                _label(one),
                one.set,
                str(one.problems),
                f"{100 * one.a:.1f}",
                f"{100 * one.b:.1f}",
                f"{100 * one.difference:+.1f}",
                f"{100 * one.low:+.1f} … {100 * one.high:+.1f}",
                f"{one.p:.3g}",
                f"{one.p_corrected:.3g}",
                str(one.wins),
                str(one.losses),
                f"{100 * one.detectable:.1f}",
            ]
            for one in rows
        ],
        left=2,
    )
    tests = ", ".join(sorted({one.test for one in rows}))
    click.echo(f"p: {tests}; corrected for {len(rows)} (Holm). detectable: the true difference found 4 times in 5.")
    for one in rows:
        if one.only_a or one.only_b:
            alone = f"{one.only_a} problems are in A alone and {one.only_b} in B alone"
            click.echo(f"{_label(one)} {one.set}: {alone}: not compared")


def _label(one: Comparison) -> str:
    return one.benchmark if one.split == "test" else f"{one.benchmark}:{one.split}"
