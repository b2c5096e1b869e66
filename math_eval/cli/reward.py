"""math-eval reward."""

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
    "tensor_parallel pipeline_parallel gpu_memory dtype max_model_len trust_remote_code enforce_eager device"
).split()
"""Engine settings whose options are those of `math-eval run`."""

_SETTINGS = (*_DECLARED, "batch_size", "concurrency", "base_urls")


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--model",
    "-m",
    default="",
    help="Reward model: a folder, a hub name, or the server's name for it; by default the run's family's.",
)
@click.option(
    "--engine",
    "-e",
    help=f"One of {', '.join(REWARD_ENGINES)}; by default server with --base-url, else vllm where installed.",
)
@click.option(
    "--kind",
    type=click.Choice(["outcome", "process"]),
    help="By default what the model's config.json, or its preset, says.",
)
@click.option("--preset", help="How the model is asked: a name in data/rewards or a file; by default from its name.")
@choice_option(
    "--too-long",
    choices=TooLong,
    default="cut",
    help="Conversations longer than the context: the response is shortened, or gets no score.",
)
@click.option("--limit", type=int, help="Only the first N problems of each benchmark.")
@click.option("--set", "sets", multiple=True, help="Only this set of samples; may repeat.")
@choice_option("--hub", choices=Hub, default="huggingface", help="Where model names are looked up.")
@click.option("--revision", help="Commit of the model on its hub.")
@click.option(
    "--tokenizer", help="server: folder or hub name of the model's tokenizer; only with it can --too-long cut."
)
@click.option("--base-url", "base_urls", multiple=True, help="server: URL of a vLLM server's pooling API; may repeat.")
@click.option("--concurrency", type=click.IntRange(min=1), help="server: requests at a time; by default 64.")
@click.option(
    "--batch-size", type=click.IntRange(min=1), default=16, show_default=True, help="transformers: rows in a batch."
)
@declared_options({name: declared(EngineSettings)[name] for name in _DECLARED})
@click.option("--retry-failed", is_flag=True, help="Score samples again whose scoring failed.")
@click.option("--remake", is_flag=True, help="Begin anew where the file holds rewards made with other settings.")
@quiet_option
@json_option
def command(run: Path, **options: Any) -> None:
    """Score the samples of RUN (a run folder) with a reward model, into rewards.MODEL.jsonl there.

    What is already scored is not scored again: the same command resumes.
    """
    as_json, quiet = options.pop("as_json"), options.pop("quiet")
    settings = EngineSettings(**{name: options.pop(name) for name in _SETTINGS})
    request = RewardRequest(folder=run, settings=settings, **options)
    done = score_rewards(request, watch=lambda missing, there: RewardBar(missing, there, quiet=quiet))
    if as_json:
        print_json(done)
    else:
        click.echo(said(done))
    if done.samples and done.failed == done.samples:
        raise UnfinishedError(f"no sample could be scored; the errors stand in {done.file}")


def said(done: RewardSummary) -> str:
    """One line about the rewards of a run: how many, how many of them shortened or failed, and where."""
    speed = f" in {done.seconds:.1f} s, {done.tokens / done.seconds:.0f} tokens/s" if done.seconds else ""
    return (
        f"{done.model} ({done.kind}): {done.samples} samples, {done.cut} cut, {done.failed} failed; "
        f"{done.made} of them now{speed}; {done.file}"
    )
