"""math-eval score."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from math_eval.cli.grader_names import GraderName
from math_eval.cli.output import json_option, print_json
from math_eval.cli.reward_options import aggregate_option, reward_model_option
from math_eval.cli.shared_options import choice_option, data_dir_option, file_benchmark_option, layout_option
from math_eval.errors import RequestError
from math_eval.graders import DEFAULT_GRADER
from math_eval.reports import curve_table, markdown, metrics_table, show
from math_eval.results import file_benchmark, score_files, score_run
from math_eval.runfolder.layout import MAX_SAMPLES
from math_eval.scoring import Metrics, ScoreOptions
from math_eval.scoring.figures import Reading
from math_eval.scoring.majority import Ties


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--k", "ks", default="", help="The k of pass@k, maj@k, rm@k, as 1,8,64 or 1-8; a set's size is always there."
)
@click.option("--curve", is_flag=True, help="The k 1, 2, 4 … up to each set's size.")
@click.option("--grader", default=None, type=GraderName(), help="Whose verdicts.  [the run's; files: equivalence]")
@choice_option(
    "--compat",
    "--reading",
    "reading",
    choices=Reading,
    default="ours",
    help="qwen: the reference's grader, first sample as accuracy, the first k samples, votes by string.",
)
@click.option("--first-k", is_flag=True, help="Read the first k samples instead of averaging over all k-subsets.")
@choice_option(
    "--ties", choices=Ties, default="expected", help="A tied vote: mean of the tied, first seen, or highest reward."
)
@reward_model_option
@aggregate_option
@click.option("--undecided-vote", is_flag=True, help="Answers that could not be decided vote too.")
@file_benchmark_option
@layout_option
@click.option("--groups", is_flag=True, help="Break accuracy down by the benchmark's groups.")
@data_dir_option
@click.option("--markdown", "as_markdown", is_flag=True, help="Print Markdown.")
@json_option
def command(runs: tuple[Path, ...], **given: Any) -> None:
    """Score RUNS again: a run folder, whose ungraded samples are graded first, or files of stored responses.

    Every figure has a 95 % interval; with --k a second table gives them, with how each was found. Nothing is generated.
    """
    options = ScoreOptions(
        ks=_numbers(given["ks"]),
        curve=given["curve"],
        reading=given["reading"],
        first_k=given["first_k"],
        ties=given["ties"],
        undecided_vote=given["undecided_vote"],
    )
    grader: str | None = given["grader"] or ("qwen" if options.reading == "qwen" else None)
    metrics, title = _scored(runs, options, grader, given)
    if given["as_json"]:
        print_json(metrics)
        return
    tables = [metrics_table(metrics, title, groups=given["groups"])]
    if options.ks or options.curve:
        tables.append(curve_table(metrics, ""))
    for table in tables:
        if given["as_markdown"]:
            click.echo(markdown(table))
        else:
            show(table)


def _scored(
    runs: tuple[Path, ...], options: ScoreOptions, grader: str | None, given: dict[str, Any]
) -> tuple[Metrics, str]:
    for path in runs:
        if not path.exists():
            raise RequestError(f"{path}: no run folder and no file is there")
    if all(path.is_dir() for path in runs):
        if given["benchmark"]:
            raise RequestError("--benchmark is for files; a run folder knows its own benchmarks")
        if given["layout"]:
            raise RequestError("--layout is for files; a run folder has one layout")
        if len(runs) > 1:
            raise RequestError("score takes one run folder, or files; math-eval compare takes two runs")
        info, metrics = score_run(
            runs[0], options, given["data_dir"], grader, given["reward_model"], given["aggregate"]
        )
        title = f"{info.model}  ({runs[0]})"
    else:
        if given["reward_model"] or given["aggregate"] != "last":
            raise RequestError("--reward-model and --aggregate are for run folders; files hold rewards of their own")
        graded_by = grader or DEFAULT_GRADER
        benchmark = file_benchmark(given["benchmark"], given["data_dir"], [graded_by])
        metrics = score_files(runs, options, graded_by, benchmark, given["layout"])
        title = ""
    return metrics, title


def _numbers(text: str) -> tuple[int, ...]:
    found: set[int] = set()
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        low, dash, high = part.partition("-")
        try:
            first, last = int(low), int(high if dash else low)
        except ValueError as error:
            raise RequestError(f"--k {text}: expected whole numbers with commas between, as 1,8,64 or 1-8") from error
        if not 1 <= first <= last <= MAX_SAMPLES:
            raise RequestError(f"--k {text}: expected 1 to {MAX_SAMPLES}, the smaller first")
        found.update(range(first, last + 1))
    return tuple(sorted(found))
