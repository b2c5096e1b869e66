"""The command `math-eval prompts`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from math_eval.benchmarks import load_benchmark
from math_eval.cli.declared_options import GroupedCommand, declared_options, parse_numbers, run_declarations
from math_eval.cli.output import json_option, print_json, print_named, print_rows
from math_eval.cli.shared_options import data_dir_option
from math_eval.engines import EngineSettings
from math_eval.errors import RequestError
from math_eval.generate import RunRequest
from math_eval.generate.prompt_check import as_rows, check_prompts
from math_eval.prompts import load_demonstrations, load_template
from math_eval.registry import names


@click.group()
def command() -> None:
    """List, show and check prompts."""


@command.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """List every prompt template with its kind and title."""
    specs = {name: load_template(name).spec for name in names("prompts")}
    headers = ["prompt", "kind", "programs", "title"]
    print_named(headers, specs, lambda spec: [spec.kind, spec.programs, spec.title], as_json=as_json)


@command.command()
@click.argument("name")
@click.option("--benchmark", "-b", help="Show the prompt for a problem of this benchmark.")
@click.option("--problem", help="Id of the problem; by default the first problem.")
@click.option(
    "--shots", type=click.IntRange(min=0), default=0, show_default=True, help="Demonstrations before the question."
)
@click.option(
    "--adapt-few-shot",
    is_flag=True,
    help="Use the reference's few-shot rule: demonstrations only if the gold is a letter.",
)
@click.option(
    "--demonstrations",
    type=click.Path(path_type=Path),
    help="File of demonstrations to use instead of the built-in ones.",
)
@data_dir_option
@json_option
def show(
    name: str,
    *,
    benchmark: str | None,
    problem: str | None,
    shots: int,
    adapt_few_shot: bool,
    demonstrations: Path | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Show a prompt template, or with --benchmark the whole prompt of one problem."""
    template = load_template(name, shots=shots, adaptive=adapt_few_shot)
    if benchmark is None:
        if as_json:
            print_json(template.spec)
            return
        fields = template.spec.__struct_fields__
        rows = [[key, repr(value)] for key in fields if key != "schema" and (value := getattr(template.spec, key))]
        print_rows(["key", "value"], rows)
        return
    problems = load_benchmark(benchmark, data_dir=data_dir)
    row = next((row for row in problems if problem is None or row.id == problem), None)
    if row is None:
        raise RequestError(
            f"{problems.name}/{problems.split} has no problem {problem!r}; the first one is {problems.problems[0].id!r}"
        )
    collection = load_demonstrations(demonstrations, data_dir) if shots or adapt_few_shot else None
    prompt = template.build(row, collection, key=problems.spec.demonstrations, adaptive=problems.spec.adaptive)
    if as_json:
        print_json({"text": prompt.text, "messages": prompt.messages, "stop": prompt.stop, "problem": row.id})
    elif prompt.messages:
        for message in prompt.messages:
            click.echo(f"[{message['role']}]\n{message['content']}\n")
    else:
        click.echo(prompt.text)


_CHECKED = (
    "benchmarks",
    "suite",
    "prompt",
    "shots",
    "demonstrations",
    "data_dir",
    "problems",
    "family",
    "mode",
    "hub",
    "revision",
    "system",
    "chat_template",
    "chat_template_kwargs",
    "reasoning_effort",
    "stop_token_ids",
    "tokenizer",
    "trust_remote_code",
)
"""The options of `math-eval run` that a prompt depends on."""


@command.command(cls=GroupedCommand)
@click.argument("model")
@declared_options({name: declaration for name, declaration in run_declarations().items() if name in _CHECKED})
@json_option
def check(model: str, *, as_json: bool, **options: Any) -> None:
    """Show the first prompt of a benchmark as MODEL receives it, and where it departs from what the family expects.

    The weights are not downloaded. Without a benchmark, a problem of the sampler is shown.
    """
    options["stop_token_ids"] = parse_numbers(run_declarations()["stop_token_ids"], options["stop_token_ids"])
    settings = EngineSettings(tokenizer=options.pop("tokenizer"), trust_remote_code=options.pop("trust_remote_code"))
    if not options["benchmarks"] and not options["suite"]:
        options["benchmarks"] = ("sampler",)
    request = RunRequest(model=model, engine="transformers", settings=settings, **options)
    checks = check_prompts(request, warn=lambda line: click.echo(f"warning: {line}", err=True))
    if as_json:
        print_json(checks)
        return
    for result in checks:
        print_rows(["", ""], as_rows(result))
        click.echo(f"\n{result.text}\n\ntoken ids: {' '.join(map(str, result.token_ids))}\n")
        for departure in result.departures:
            click.echo(f"departs: {departure}")
        if not result.departures:
            click.echo("nothing departs from what the family expects")
