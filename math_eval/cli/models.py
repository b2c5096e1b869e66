"""math-eval models."""

from __future__ import annotations

import click

from math_eval.cli.output import json_option, print_json, print_rows
from math_eval.families import SamplingPreset, family_of, load_family
from math_eval.models import has_chat_template
from math_eval.registry import names, user_path


@click.group()
def command() -> None:
    """List and show model families: the prompt, stop ids and sampling a model is evaluated with."""


@command.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """Every family with its prompt and its patterns."""
    families = {name: load_family(name) for name in names("models")}
    if as_json:
        print_json(families)
        return
    print_rows(
        ["family", "prompt", "matches"], [[name, one.prompt, " ".join(one.match)] for name, one in families.items()]
    )


@command.command()
@click.argument("name")
@json_option
def show(name: str, *, as_json: bool) -> None:
    """A family by its name, or the family of a model by the model's name or folder."""
    own = name in names("models") or name.endswith((".yaml", ".yml"))
    folder = user_path(name)
    template = has_chat_template(folder) if (folder / "config.json").is_file() else None
    family_name, family = (name, load_family(name)) if own else family_of(name, has_chat_template=template)
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
