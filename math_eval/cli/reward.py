"""The command `math-eval reward`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from math_eval.cli.declared_options import declared_options
from math_eval.cli.output import json_option, print_json
from math_eval.cli.shared_options import choice_option, quiet_option
from math_eval.engines import EngineSettings
from math_eval.errors import UnfinishedError
from math_eval.generate import RewardRequest, RewardSummary, score_rewards
from math_eval.models import Hub
from math_eval.options import declared
from math_eval.reports import RewardBar
from math_eval.rewards import REWARD_ENGINES, TooLong

_DECLARED = (
    "tensor_parallel pipeline_parallel gpu_memory dtype max_model_len trust_remote_code enforce_eager device "
    "request_timeout"
).split()
"""Engine settings whose options are those of `math-eval run`."""

_SETTINGS = (*_DECLARED, "batch_size", "concurrency", "base_urls")


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--model",
    "-m",
    default="",
    help="Reward model: a folder, a hub name, or the server's name for it; by default the one of the model family.",
)
@click.option(
    "--engine",
    "-e",
    help=f"One of {', '.join(REWARD_ENGINES)}; by default server with --base-url, else vllm if it is installed.",
)
@click.option(
    "--kind",
    type=click.Choice(["outcome", "process"]),
    help="Kind of the model; by default from its config.json or its preset.",
)
@click.option(
    "--preset", help="How the model is asked: a name in data/rewards, or a file; by default by the model's name."
)
@choice_option(
    "--too-long",
    choices=TooLong,
    default="cut",
    help="For conversations longer than the context: shorten the response, or give it no score.",
)
@click.option("--limit", type=int, help="Use only the first N problems of each benchmark.")
@click.option("--set", "sets", multiple=True, help="Score only this set; may be repeated.")
@choice_option("--hub", choices=Hub, default="huggingface", help="Hub on which model names are looked up.")
@click.option("--revision", help="Revision of the model on the hub.")
@click.option(
    "--tokenizer", help="For server: folder or hub name of the model's tokenizer, which --too-long cut needs."
)
@click.option(
    "--base-url",
    "base_urls",
    multiple=True,
    help="For server: URL of the pooling API of a vLLM server; may be repeated.",
)
@click.option("--concurrency", type=click.IntRange(min=1), help="For server: requests at a time; by default 64.")
@click.option(
    "--batch-size",
    type=click.IntRange(min=1),
    default=16,
    show_default=True,
    help="For transformers: conversations in a batch.",
)
@declared_options({name: declared(EngineSettings)[name] for name in _DECLARED})
@click.option("--retry-failed", is_flag=True, help="Score samples again whose scoring failed.")
@click.option("--remake", is_flag=True, help="Replace a rewards file that was made with other settings.")
@quiet_option
@json_option
def command(run: Path, **options: Any) -> None:
    """Score the samples of RUN (a run folder) with a reward model.

    The rewards are written to rewards.MODEL.jsonl in the run folder. Samples that have a reward are not scored again:
    the same command resumes.
    """
    as_json, quiet = options.pop("as_json"), options.pop("quiet")
    settings = EngineSettings(**{name: options.pop(name) for name in _SETTINGS})
    request = RewardRequest(folder=run, settings=settings, **options)
    summary = score_rewards(request, watch=lambda missing, existing: RewardBar(missing, existing, quiet=quiet))
    if as_json:
        print_json(summary)
    else:
        click.echo(summary_line(summary))
    if summary.samples and summary.failed == summary.samples:
        raise UnfinishedError(f"no sample could be scored; the errors are in {summary.file}")


def summary_line(summary: RewardSummary) -> str:
    """Returns one line about the rewards of a run, with the number of scored, shortened and failed samples."""
    speed = f" in {summary.seconds:.1f} s, {summary.tokens / summary.seconds:.0f} tokens/s" if summary.seconds else ""
    return (
        f"{summary.model} ({summary.kind}): {summary.samples} samples, {summary.cut} cut, {summary.failed} failed; "
        f"{summary.made} of them scored now{speed}; {summary.file}"
    )
