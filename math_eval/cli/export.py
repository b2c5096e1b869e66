"""The command `math-eval export`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

import click

from math_eval.cli.grader_names import GraderName
from math_eval.cli.reward_options import aggregate_option, reward_model_option
from math_eval.errors import RequestError
from math_eval.graders import DEFAULT_GRADER
from math_eval.results.export import export_qwen, export_sft
from math_eval.rewards import Aggregation
from math_eval.runfolder.reward_layout import sample_rewards

Format = Literal["qwen", "sft"]


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--format", "format_name", required=True, type=click.Choice(get_args(Format)), help="Format to write.")
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    help="Folder (qwen) or file (sft) to write; by default inside RUN.",
)
@click.option(
    "--per-problem",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="For sft: maximum number of samples per problem.",
)
@click.option(
    "--grader",
    type=GraderName(),
    default=DEFAULT_GRADER,
    show_default=True,
    help="For sft: grader that decides which samples are correct.",
)
@reward_model_option
@aggregate_option
def command(
    run: Path,
    *,
    format_name: Format,
    output: Path | None,
    per_problem: int,
    grader: str,
    reward_model: str | None,
    aggregate: Aggregation,
) -> None:
    """Write RUN (a run folder) in another format.

    qwen: rows and metrics as the reference harness stores them, for scripts that read its files. sft: the correct
    samples with the highest rewards, as conversations for training, each with its origin.
    """
    rewards = sample_rewards(run, reward_model, aggregate)
    if format_name == "qwen":
        for path in export_qwen(run, output or run / "export-qwen", rewards):
            click.echo(path)
        return
    target = output or run / "sft.jsonl"
    count = export_sft(run, target, per_problem=per_problem, grader=grader, rewards=rewards)
    if not count:
        raise RequestError(f"{run} has no correct samples; {target} is empty")
    click.echo(f"{count} rows: {target}")
