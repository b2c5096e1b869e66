"""The command `math-eval run`."""

from __future__ import annotations

from typing import Any

import click

from math_eval.cli.declared_options import (
    GroupedCommand,
    declared_options,
    parse_numbers,
    run_declarations,
)
from math_eval.cli.invocation import Invocation
from math_eval.cli.output import json_option, print_json
from math_eval.cli.reward import summary_line
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
@click.option("--groups", is_flag=True, help="Break accuracy down by the groups of the benchmarks.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Print the table as Markdown.")
@quiet_option
@json_option
def command(model: str, **options: Any) -> None:
    """Evaluate MODEL: a folder, a hub name, a .gguf file, package:NAME, or the server's name for it.

    Samples that are in the run folder are not made again. The same command resumes a run, and a command with more
    samples or benchmarks extends it.
    """
    as_json, as_markdown = options.pop("as_json"), options.pop("as_markdown")
    groups, quiet = options.pop("groups"), options.pop("quiet")
    request = _request(model, options)
    run = evaluate(
        request,
        warn=lambda line: click.echo(f"warning: {line}", err=True),
        watch=lambda missing, existing: ProgressBar(missing, existing, quiet=quiet),
        progress=DownloadBar,
        watch_rewards=lambda missing, existing: RewardBar(missing, existing, quiet=quiet),
    )
    _show(run, groups=groups, as_json=as_json, as_markdown=as_markdown)


def _request(model: str, options: dict[str, Any]) -> RunRequest:
    context = click.get_current_context()
    stated = frozenset(
        name for name in options if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
    )
    declarations = run_declarations()
    options["stop_token_ids"] = parse_numbers(declarations["stop_token_ids"], options["stop_token_ids"])
    shard = parse_numbers(declarations["shard"], options["shard"])
    if shard is not None and len(shard) != 2:
        raise RequestError(f"--shard {options['shard']}: expected i/n, such as 2/8")
    options["shard"] = shard
    settings = EngineSettings(**{name: options.pop(name) for name in declared(EngineSettings)})
    command = tuple(without_credentials(part) for part in (context.obj or Invocation()).arguments)
    return RunRequest(model=model, settings=settings, command=command, stated=stated, **options)


def _show(run: Run, *, groups: bool, as_json: bool, as_markdown: bool) -> None:
    timing = run.timing
    if run.metrics is None and not as_json:
        click.echo(f"{timing.samples} samples of this shard made; math-eval score {run.folder} scores the whole run")
    if as_json:
        rewards = {"rewards": run.rewards} if run.rewards else {}
        result = {"run": str(run.folder), "made": timing.samples, "metrics": run.metrics, "timing": timing}
        print_json(result | rewards)
        return
    if run.metrics is None:
        return
    table = metrics_table(run.metrics, run.info.model, groups=groups)
    if as_markdown:
        click.echo(markdown(table))
    else:
        show(table)
    if timing.samples:
        speed = (
            f"{timing.tokens_out / max(timing.seconds, 1e-9):.0f} tokens/s" if timing.tokens_out else "tokens unknown"
        )
        click.echo(f"{timing.samples} samples made in {timing.seconds:.1f} s, {speed}", err=True)
    else:
        click.echo("nothing to make: the run folder has every sample", err=True)
    if run.rewards:
        click.echo(summary_line(run.rewards), err=True)
    click.echo(f"run folder: {run.folder}", err=True)
    if all(result.failed == 1.0 for result in run.metrics.benchmarks):
        raise UnfinishedError(f"every sample failed; the errors are in {run.folder}/samples")
