"""The command `math-eval models`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click
import msgspec

from math_eval.cli.output import json_option, print_json, print_rows
from math_eval.families import Family, FamilyMatch, Mode, SamplingPreset, family_of, load_family
from math_eval.families.family import DEFAULT_SAMPLES
from math_eval.models import has_chat_template
from math_eval.registry import names, user_path

_PATTERNS_SHOWN = 8
_ALWAYS_SHOWN = ("temperature", "top_p", "max_tokens")


@click.group()
def command() -> None:
    """List and show model families: how their models are asked and sampled, by mode, and where that was read."""


@command.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """List every family with its modes, the default one first, and the set that is made by default."""
    families = {name: load_family(name) for name in names("models")}
    if as_json:
        print_json(families)
        return
    rows = [[name, ", ".join(_mode_names(family)), _default_set(family.mode())] for name, family in families.items()]
    print_rows(["family", "modes", "set"], rows)


@command.command()
@click.argument("name")
@click.option("--mode", default="", help="Show this mode alone.")
@json_option
def show(name: str, *, mode: str, as_json: bool) -> None:
    """Show a model family. NAME is the name of a family, a file, or the name or folder of a model."""
    names_family = name in names("models") or name.endswith((".yaml", ".yml"))
    folder = user_path(name)
    template = has_chat_template(folder) if (folder / "config.json").is_file() else None
    match = (
        FamilyMatch(name, load_family(name), known=True)
        if names_family
        else family_of(name, has_chat_template=template)
    )
    modes = {key: match.family.mode(key) for key in ([mode] if mode else _mode_names(match.family) or [""])}
    if as_json:
        print_json(_as_data(match, modes))
        return
    print_rows(["family", match.name], list(_general(match)))
    _print_sampling(modes)
    print_rows(["mode", "key", "value"], list(_forms(modes)))
    sources = [[source.date, "yes" if source.confirmed else "no", source.text] for source in match.family.sources]
    print_rows(["read", "confirmed", "source"], sources)


def _as_data(match: FamilyMatch, modes: dict[str, Mode]) -> dict[str, Any]:
    """The keys of the family's file with those of the chosen mode in place, and every shown mode in full."""
    chosen = next(iter(modes))
    return {
        "family": match.name,
        "known": match.known,
        "near": match.near,
        **msgspec.structs.asdict(match.family),
        **msgspec.structs.asdict(modes[chosen]),
        "mode": chosen,
        "modes": modes,
    }


def _mode_names(family: Family) -> list[str]:
    """The modes, the default one first."""
    return sorted(family.modes, key=lambda name: name != family.default_mode)


def _general(match: FamilyMatch) -> Iterator[list[str]]:
    family = match.family
    if not match.known:
        near = f"; similar names: {', '.join(match.near)}" if match.near else ""
        yield ["known", f"no: the name fits no pattern{near}"]
    yield ["models", family.title]
    shown = family.match[:_PATTERNS_SHOWN]
    more = [f"and {len(family.match) - len(shown)} more"] if len(family.match) > len(shown) else []
    yield ["names", ", ".join([*shown, *more])]
    yield ["prompt", ", ".join([family.prompt, *(prompt for prompt in family.fits if prompt != family.prompt)])]
    if family.stop_token_ids:
        yield ["stop token ids", ", ".join(map(str, family.stop_token_ids))]
    if family.reward_model:
        yield ["reward model", family.reward_model]
    if family.quantized:
        yield ["quantised weights", f"family {family.quantized}"]
    if family.note:
        yield ["note", family.note]


def _print_sampling(modes: dict[str, Mode]) -> None:
    """Prints the settings of every set that a mode makes or states, without columns that change nothing."""
    presets = {f"{name} sampled".strip(): mode.sampled for name, mode in modes.items()}
    for name, mode in modes.items():
        if mode.greedy is not None or mode.makes_greedy_set:
            presets[f"{name} greedy".strip()] = mode.greedy_settings
    neutral = SamplingPreset()
    shown = [
        key
        for key in neutral.__struct_fields__
        if key in _ALWAYS_SHOWN or any(getattr(preset, key) != getattr(neutral, key) for preset in presets.values())
    ]
    rows = [[name, *(_number(getattr(preset, key)) for key in shown)] for name, preset in presets.items()]
    headers = [key.replace("_penalty", "").replace("_", "-") for key in shown]
    print_rows(["set", *headers], rows, text_columns=1)


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def _default_set(mode: Mode) -> str:
    if mode.makes_greedy_set:
        return "greedy"
    return f"{mode.samples or DEFAULT_SAMPLES} samples at {mode.sampled.temperature:g}"


def _forms(modes: dict[str, Mode]) -> Iterator[list[str]]:
    """How the modes ask, key by key; what is the same in all of them stands once."""
    forms = {name: dict(_form(mode)) for name, mode in modes.items()}
    for key in dict.fromkeys(key for form in forms.values() for key in form):
        values = {form.get(key, "none") for form in forms.values()}
        if len(values) == 1:
            yield ["all" if len(modes) > 1 else next(iter(modes)), key, *values]
        else:
            yield from ([name, key, form.get(key, "none")] for name, form in forms.items())


def _form(mode: Mode) -> Iterator[tuple[str, str]]:
    """How a mode asks, key by key; what it does not use is left out."""
    yield ("set by default", _default_set(mode))
    yield ("greedy decoding", mode.greedy_decoding.replace("-", " "))
    yield ("samples of a contest", str(mode.samples or "not stated"))
    if mode.template_arguments:
        yield ("template arguments", ", ".join(f"{key}={value}" for key, value in mode.template_arguments.items()))
    if mode.reasoning_effort:
        yield ("reasoning effort", mode.reasoning_effort)
    if mode.system:
        yield ("system message", mode.system)
    if mode.prefix:
        yield ("answer begins with", mode.prefix.replace("\n", "⏎"))
    if mode.thought is None:
        yield ("thought", "none")
    else:
        opened = ", opened by the template" if mode.thought.opened_by_template else ""
        yield ("thought", f"{mode.thought.start} … {mode.thought.end}{opened}")
