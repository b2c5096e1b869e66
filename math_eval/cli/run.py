"""math-eval run."""

from __future__ import annotations

from typing import Any

import click

from math_eval.cli.declared_options import GroupedCommand, declared_options, parse_numbers, run_declarations
from math_eval.cli.invocation import Invocation
from math_eval.cli.output import json_option, print_json
from math_eval.cli.reward import said
from math_eval.cli.shared_options import quiet_option
from math_eval.engines import EngineSettings
from math_eval.engines.urls import without_credentials
from math_eval.errors import RequestError, UnfinishedError
from math_eval.evaluation import Run, evaluate
from math_eval.generate import RunRequest
from math_eval.options import declared
from math_eval.reports import DownloadBar, ProgressBar, RewardBar, markdown, metrics_table, show


@click.command(cls=GroupedCommand)
@click.argument("model")
@declared_options(run_declarations())
@click.option("--groups", is_flag=True, help="Break accuracy down by the benchmark's groups.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Print the table as Markdown.")
@quiet_option
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
    context = click.get_current_context()
    stated = frozenset(
        name for name in options if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
    )
    declarations = run_declarations()
    options["stop_token_ids"] = parse_numbers(declarations["stop_token_ids"], options["stop_token_ids"])
    shard = parse_numbers(declarations["shard"], options["shard"])
    if shard is not None and len(shard) != 2:
        raise RequestError(f"--shard {options['shard']}: expected i/n, as 2/8")
    options["shard"] = shard
    settings = EngineSettings(**{name: options.pop(name) for name in declared(EngineSettings)})
    command = tuple(without_credentials(part) for part in (context.obj or Invocation()).arguments)
    return RunRequest(model=model, settings=settings, command=command, stated=stated, **options)


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
