"""The command `math-eval score`."""

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
    "--k",
    "ks",
    default="",
    help="Values of k for pass@k, maj@k and rm@k, such as 1,8,64 or 1-8. The size of a set is always included.",
)
@click.option("--curve", is_flag=True, help="Use k = 1, 2, 4 … up to the size of each set.")
@click.option(
    "--grader",
    default=None,
    type=GraderName(),
    help="Grader that gives the verdicts.  [default: the run's; for files: equivalence]",
)
@choice_option(
    "--compat",
    "--reading",
    "reading",
    choices=Reading,
    default="ours",
    help="qwen: the grader of the reference, accuracy of the first sample, the first k samples, votes by string.",
)
@click.option(
    "--first-k", is_flag=True, help="Use the first k samples instead of averaging over all subsets of k samples."
)
@choice_option(
    "--ties",
    choices=Ties,
    default="expected",
    help="What decides a tied vote: the mean of the tied answers, the first one, or the highest reward.",
)
@reward_model_option
@aggregate_option
@click.option("--undecided-vote", is_flag=True, help="Let undecided answers vote too.")
@file_benchmark_option
@layout_option
@click.option("--groups", is_flag=True, help="Break accuracy down by the groups of the benchmarks.")
@data_dir_option
@click.option("--markdown", "as_markdown", is_flag=True, help="Print the tables as Markdown.")
@json_option
def command(runs: tuple[Path, ...], **options: Any) -> None:
    """Score RUNS again: one run folder, or files of stored responses.

    Samples without a verdict are graded first; no samples are made. Every figure has a 95 % interval. With --k, a
    second table lists all figures with their intervals and estimators.
    """
    score_options = ScoreOptions(
        ks=_numbers(options["ks"]),
        curve=options["curve"],
        reading=options["reading"],
        first_k=options["first_k"],
        ties=options["ties"],
        undecided_vote=options["undecided_vote"],
    )
    metrics, title = _score(runs, score_options, options)
    if options["as_json"]:
        print_json(metrics)
        return
    tables = [metrics_table(metrics, title, groups=options["groups"])]
    if score_options.ks or score_options.curve:
        tables.append(curve_table(metrics, ""))
    for table in tables:
        if options["as_markdown"]:
            click.echo(markdown(table))
        else:
            show(table)


def _score(runs: tuple[Path, ...], score_options: ScoreOptions, options: dict[str, Any]) -> tuple[Metrics, str]:
    """The metrics, and the title of their table."""
    for path in runs:
        if not path.exists():
            raise RequestError(f"{path}: no such run folder or file")
    grader: str | None = options["grader"] or ("qwen" if score_options.reading == "qwen" else None)
    data_dir, reward_model, aggregation = options["data_dir"], options["reward_model"], options["aggregate"]
    if all(path.is_dir() for path in runs):
        if options["benchmark"]:
            raise RequestError("--benchmark is only for files; a run folder has its own benchmarks")
        if options["layout"]:
            raise RequestError("--layout is only for files; run folders have one format")
        if len(runs) > 1:
            raise RequestError("expected one run folder, or files; math-eval compare compares two runs")
        info, metrics = score_run(runs[0], score_options, data_dir, grader, reward_model, aggregation)
        return metrics, f"{info.model}  ({runs[0]})"
    if reward_model or aggregation != "last":
        raise RequestError("--reward-model and --aggregate are only for run folders; files have their own rewards")
    grader = grader or DEFAULT_GRADER
    benchmark = file_benchmark(options["benchmark"], data_dir, [grader])
    return score_files(runs, score_options, grader, benchmark, options["layout"]), ""


def _numbers(text: str) -> tuple[int, ...]:
    numbers: set[int] = set()
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        low, dash, high = part.partition("-")
        try:
            first, last = int(low), int(high if dash else low)
        except ValueError as error:
            raise RequestError(
                f"--k {text}: expected whole numbers separated by commas, such as 1,8,64 or 1-8"
            ) from error
        if not 1 <= first <= last <= MAX_SAMPLES:
            raise RequestError(f"--k {text}: expected numbers from 1 to {MAX_SAMPLES}, in ranges the smaller one first")
        numbers.update(range(first, last + 1))
    return tuple(sorted(numbers))
