"""math-eval run."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import click

from math_eval.cli.grader_names import GraderName
from math_eval.cli.invocation import Invocation
from math_eval.cli.output import json_option, print_json
from math_eval.cli.reward import said
from math_eval.engines import ENGINES, EngineSettings
from math_eval.engines.urls import without_credentials
from math_eval.errors import RequestError, UnfinishedError
from math_eval.evaluation import Run, evaluate
from math_eval.generate import RunRequest
from math_eval.generate.conversation import ToolRules
from math_eval.graders import DEFAULT_GRADER
from math_eval.reports import DownloadBar, ProgressBar, RewardBar, markdown, metrics_table, show
from math_eval.rewards import REWARD_ENGINES

_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("model")
@click.option("--suite", "-s", help="A named list of benchmarks with their settings (math-eval suites list).")
@click.option(
    "--benchmark",
    "-b",
    "benchmarks",
    multiple=True,
    help="A benchmark by name, NAME:SPLIT, or your own file; may repeat.",
)
@click.option("--prompt", "-p", help="Prompt template; by default the one of the model's family.")
@click.option("--shots", type=int, help="Demonstrations before the question.")
@click.option("--adapt-few-shot/--no-adapt-few-shot", default=None, help="The reference's rule for the GaoKao sets.")
@click.option("--demonstrations", type=_PATH, help="A file of demonstrations instead of the pinned ones.")
@click.option("--limit", type=int, help="Only the first N problems of each benchmark.")
@click.option("--greedy/--no-greedy", default=None, help="Make the greedy set (the default).")
@click.option("--samples", type=int, help="Also make a sampled set with N samples of each problem.")
@click.option("--set", "set_name", default="sampled", show_default=True, help="Name of the sampled set.")
@click.option("--temperature", type=float, help="Of the sampled set; by default the family's.")
@click.option("--top-p", type=float, help="Of the sampled set; by default the family's.")
@click.option("--top-k", type=int, help="Of the sampled set; by default the family's.")
@click.option("--max-tokens", type=int, help="Most new tokens of a completion; by default the family's.")
@click.option("--stop-token-ids", help="Token ids that end a completion, as 1,2; by default the family's.")
@click.option("--family", help="Model family (math-eval models list); by default found from the model's name.")
@click.option(
    "--engine",
    "-e",
    type=str,
    help=f"One of {', '.join(ENGINES.ours)}, or package.module:Class; by default vllm, or transformers without it.",
)
@click.option(
    "--hub",
    type=click.Choice(["huggingface", "modelscope"]),
    default="huggingface",
    show_default=True,
    help="Where model names are looked up.",
)
@click.option("--revision", help="Commit of the model on its hub.")
@click.option("--seed", type=int, default=0, show_default=True, help="The run's seed.")
@click.option(
    "--seeding",
    type=click.Choice(["none", "request"]),
    default="none",
    show_default=True,
    help="request: a seed for each sample, slower in vLLM.",
)
@click.option(
    "--tensor-parallel", type=click.IntRange(min=1), default=1, show_default=True, help="GPUs that share each layer."
)
@click.option(
    "--pipeline-parallel",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="GPU groups that share the layers.",
)
@click.option(
    "--gpu-memory", type=click.FloatRange(min=0, max=1, min_open=True), help="Share of GPU memory that vLLM may use."
)
@click.option("--dtype", default="auto", show_default=True, help="Weights' type: auto, bfloat16, float16, float32.")
@click.option("--max-model-len", type=click.IntRange(min=1), help="Context length in tokens; by default the model's.")
@click.option("--trust-remote-code", is_flag=True, help="Let the model folder's own Python code run.")
@click.option("--enforce-eager", is_flag=True, help="vLLM without compiled graphs: starts sooner, runs slower.")
@click.option("--device", default="auto", show_default=True, help="transformers: auto, cpu, cuda, cuda:1 ...")
@click.option(
    "--batch-size", type=click.IntRange(min=1), default=16, show_default=True, help="transformers: prompts in a batch."
)
@click.option(
    "--concurrency", type=click.IntRange(min=1), help="Samples in flight; by default the engine's own number."
)
@click.option(
    "--base-url", "base_urls", multiple=True, help="server: an OpenAI-compatible URL ending in /v1; may repeat."
)
@click.option("--responses", type=_PATH, help="replay: file or run folder of completions; scripted: table of them.")
@click.option(
    "--tools",
    type=click.Choice(["python", "none"]),
    help="Execute the programs that completions ask for, in a sandbox.  [python for prompt types that ask for it]",
)
@click.option("--max-tool-calls", type=int, default=4, show_default=True, help="Executions a sample may ask for.")
@click.option("--tool-timeout", type=float, default=5.0, show_default=True, help="Seconds an execution may take.")
@click.option("--unsandboxed", is_flag=True, help="Execute programs without isolation, where the machine offers none.")
@click.option(
    "--reading",
    type=click.Choice(get_args(ToolRules)),
    default="ours",
    show_default=True,
    help="qwen: programs are executed by the reference's rules, under every prompt type but cot.",
)
@click.option("--output", "-o", type=_PATH, help="Run folder; by default runs/MODEL-PROMPT-ENGINE.")
@click.option("--data-dir", type=_PATH, help="Folder of benchmark files that are already there.")
@click.option("--shard", help="Make only part i of n, as 2/8; several processes may share one run folder.")
@click.option("--retry-failed", is_flag=True, help="Make failed samples again.")
@click.option(
    "--lengths-from",
    type=_PATH,
    multiple=True,
    help="An earlier run's folder (another checkpoint's, say): what took long there is begun first here; may repeat.",
)
@click.option("--grader", type=GraderName(), default=DEFAULT_GRADER, show_default=True, help="Whose verdicts.")
@click.option("--reward-model", help="Score the samples with this reward model afterwards; family: the family's own.")
@click.option(
    "--reward-engine", help=f"One of {', '.join(REWARD_ENGINES)}; by default vllm where installed, else transformers."
)
@click.option("--reward-base-url", "reward_base_urls", multiple=True, help="URL of a server of it; may repeat.")
@click.option("--groups", is_flag=True, help="Break accuracy down by the benchmark's groups.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Print the table as Markdown.")
@click.option("--quiet", "-q", is_flag=True, help="No progress.")
@json_option
def command(model: str, **options: Any) -> None:
    """Evaluate MODEL: a folder, a hub name, a .gguf file or package:NAME; for --engine server the server's model name.

    What is already in the run folder is not made again: the same command resumes, more samples or benchmarks extend.
    """
    as_json, as_markdown = options.pop("as_json"), options.pop("as_markdown")
    groups, quiet = options.pop("groups"), options.pop("quiet")
    request = _request(model, options)
    done = evaluate(
        request,
        warn=lambda line: click.echo(f"warning: {line}", err=True),
        watch=lambda missing, there: ProgressBar(missing, there, quiet=quiet),
        progress=DownloadBar,
        watch_rewards=lambda missing, there: RewardBar(missing, there, quiet=quiet),
    )
    _show(done, groups=groups, as_json=as_json, as_markdown=as_markdown)


def _request(model: str, options: dict[str, Any]) -> RunRequest:
    settings = EngineSettings(
        **{
            name: options.pop(name)
            for name in (
                "tensor_parallel",
                "pipeline_parallel",
                "gpu_memory",
                "dtype",
                "max_model_len",
                "trust_remote_code",
                "enforce_eager",
                "device",
                "batch_size",
                "concurrency",
                "seed",
                "base_urls",
                "responses",
            )
        }
    )
    options["stop_token_ids"] = _numbers("--stop-token-ids", options["stop_token_ids"], ",")
    shard = _numbers("--shard", options["shard"], "/")
    if shard is not None and len(shard) != 2:
        raise RequestError(f"--shard {options['shard']}: expected i/n, as 2/8")
    options["shard"] = shard
    context = click.get_current_context()
    command = tuple(without_credentials(part) for part in (context.obj or Invocation()).arguments)
    return RunRequest(model=model, settings=settings, command=command, **options)


def _numbers(flag: str, text: str | None, mark: str) -> tuple[int, ...] | None:
    if text is None:
        return None
    try:
        return tuple(int(part) for part in text.split(mark) if part.strip())
    except ValueError as error:
        raise RequestError(f"{flag} {text}: expected whole numbers with {mark!r} between") from error


def _show(done: Run, *, groups: bool, as_json: bool, as_markdown: bool) -> None:
    timing = done.timing
    if done.metrics is None and not as_json:
        click.echo(f"{timing.samples} samples of this shard made; math-eval score {done.folder} scores the whole run")
    if as_json:
        rewards = {"rewards": done.rewards} if done.rewards else {}
        made = {"run": str(done.folder), "made": timing.samples, "metrics": done.metrics, "timing": timing}
        print_json(made | rewards)
        return
    if done.metrics is None:
        return
    table = metrics_table(done.metrics, done.info.model, groups=groups)
    if as_markdown:
        click.echo(markdown(table))
    else:
        show(table)
    if timing.samples:
        speed = timing.tokens_out / max(timing.seconds, 1e-9)
        click.echo(f"{timing.samples} samples made in {timing.seconds:.1f} s, {speed:.0f} tokens/s", err=True)
    else:
        click.echo("nothing to make: every sample is there", err=True)
    if done.rewards:
        click.echo(said(done.rewards), err=True)
    click.echo(f"run folder: {done.folder}", err=True)
    if all(one.failed == 1.0 for one in done.metrics.benchmarks):
        raise UnfinishedError(f"every sample failed; the errors stand in {done.folder}/samples")
