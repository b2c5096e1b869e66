"""The command `math-eval models`."""

from __future__ import annotations

import click

from math_eval.cli.output import json_option, print_json, print_named, print_rows
from math_eval.families import SamplingPreset, family_of, load_family
from math_eval.models import has_chat_template
from math_eval.registry import names, user_path


@click.group()
def command() -> None:
    """List and show model families: the prompt, stop ids and sampling settings that their models are evaluated with."""


@command.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """List every family with its prompt and the name patterns of its models."""
    families = {name: load_family(name) for name in names("models")}
    headers = ["family", "prompt", "matches"]
    print_named(headers, families, lambda family: [family.prompt, " ".join(family.match)], as_json=as_json)


@command.command()
@click.argument("name")
@json_option
def show(name: str, *, as_json: bool) -> None:
    """Show a model family. NAME is the name of a family, a file, or the name or folder of a model."""
    names_family = name in names("models") or name.endswith((".yaml", ".yml"))
    folder = user_path(name)
    template = has_chat_template(folder) if (folder / "config.json").is_file() else None
    family_name, family = (name, load_family(name)) if names_family else family_of(name, has_chat_template=template)
    if as_json:
        print_json({"family": family_name, **{key: getattr(family, key) for key in family.__struct_fields__}})
        return
    rows = [[key, _text(getattr(family, key))] for key in family.__struct_fields__ if key != "schema"]
    print_rows(["key", "value"], [["family", family_name], *rows])


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, SamplingPreset):
        return ", ".join(f"{key} {getattr(value, key)}" for key in value.__struct_fields__)
    return str(value)
