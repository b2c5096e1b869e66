"""Makes command-line options from their declarations, and commands whose help lists options in groups."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, cast, get_args, get_origin

import click

from math_eval.cli.grader_names import GraderName
from math_eval.cli.shared_options import Decorated
from math_eval.engines import EngineSettings
from math_eval.errors import RequestError
from math_eval.generate import RunRequest
from math_eval.options import Declaration, Group, declared


class GroupedOption(click.Option):
    """An option with a group, under which the help lists it."""

    group: Group = "output"


class GroupedCommand(click.Command):
    """A command whose help lists its options in groups. An option without a group belongs to "output"."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes one section of options for each group."""
        options = [parameter for parameter in self.get_params(ctx) if isinstance(parameter, click.Option)]
        for group in get_args(Group):
            records = [
                record
                for option in options
                if getattr(option, "group", "output") == group and (record := option.get_help_record(ctx)) is not None
            ]
            if records:
                with formatter.section(group.capitalize()):
                    formatter.write_dl(records)


def run_declarations() -> dict[str, Declaration]:
    """Returns the options that `math-eval run` and `evaluate` share: name → declaration."""
    return declared(RunRequest) | declared(EngineSettings)


def declared_options(declarations: Mapping[str, Declaration]) -> Callable[[Decorated], Decorated]:
    """Returns a decorator that adds options to a command, in the order of the declarations."""

    def decorate(command: Decorated) -> Decorated:
        for declaration in reversed(list(declarations.values())):
            command = _option(declaration)(command)
        return command

    return decorate


def parse_numbers(declaration: Declaration, text: str | None) -> tuple[int, ...] | None:
    """Parses the value of an option that takes several numbers.

    Args:
        declaration: The option, with its separator.
        text: The value on the command line; None if the option was not given.

    Raises:
        RequestError: The value is not a list of whole numbers.
    """
    if text is None:
        return None
    separator = declaration.option.separator
    try:
        return tuple(int(part) for part in text.split(separator) if part.strip())
    except ValueError as error:
        raise RequestError(f"{declaration.flag} {text}: expected whole numbers separated by {separator!r}") from error


def parse_object(declaration: Declaration, text: str | None) -> Mapping[str, Any] | None:
    """Parses the value of an option that is a JSON object.

    Args:
        declaration: The option.
        text: The value on the command line; None if the option was not given.

    Returns:
        The object; the option's default if it was not given.

    Raises:
        RequestError: The value is not a JSON object.
    """
    if text is None:
        return cast("Mapping[str, Any] | None", declaration.default)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RequestError(f"{declaration.flag} {text[:80]}: not JSON: {error}") from error
    if not isinstance(value, dict):
        raise RequestError(f'{declaration.flag} {text[:80]}: expected a JSON object, such as {{"key": true}}')
    return value


def parse_pairs(declaration: Declaration, texts: Sequence[str]) -> Mapping[str, Any]:
    """Parses the values of an option that is given as KEY=VALUE, each value as JSON or else as text.

    Args:
        declaration: The option.
        texts: The values on the command line.

    Raises:
        RequestError: A value has no "=", or a key is given twice.
    """
    pairs: dict[str, Any] = {}
    for text in texts:
        key, separator, value = text.partition("=")
        name = key.strip().lstrip("-").replace("-", "_")
        if not separator or not name:
            raise RequestError(f"{declaration.flag} {text[:80]}: expected KEY=VALUE")
        if name in pairs:
            raise RequestError(f"{declaration.flag} {name}: given twice")
        try:
            pairs[name] = json.loads(value)
        except (ValueError, RecursionError):
            pairs[name] = value
    return pairs


def _option(declaration: Declaration) -> Callable[[Decorated], Decorated]:
    option, kind = declaration.option, _drop_none(declaration.kind)
    flags, settings = declaration.flag, _settings(declaration, kind)
    if kind is bool and declaration.default is None:
        flags = f"{flags}/--no-{flags.removeprefix('--')}"
    names = [flags, *filter(None, [option.short]), declaration.name]
    return click.option(*names, cls=_in_group(option.group), help=option.help, **settings)


def _settings(declaration: Declaration, kind: Any) -> dict[str, Any]:
    default = declaration.default
    if get_origin(kind) is Mapping:
        if default is None or not declaration.option.pairs:
            return {"metavar": "JSON", "callback": lambda _context, _option, text: parse_object(declaration, text)}
        pairs = {"multiple": True, "metavar": "KEY=VALUE"}
        return pairs | {"callback": lambda _context, _option, texts: parse_pairs(declaration, texts)}
    if kind is bool:
        return {"default": default, "is_flag": True}
    if get_origin(kind) is tuple:
        if declaration.option.separator:
            return {"type": str}
        return {"type": _value_type(declaration, get_args(kind)[0]), "multiple": True}
    return {"type": _value_type(declaration, kind), "default": default, "show_default": default is not None}


def _value_type(declaration: Declaration, kind: Any) -> Any:
    if declaration.name == "grader":
        return GraderName()
    if get_origin(kind) is Literal:
        return click.Choice(get_args(kind))
    return click.Path(path_type=Path) if kind is Path else kind


def _drop_none(kind: Any) -> Any:
    if get_origin(kind) in {Union, UnionType}:
        kinds = [part for part in get_args(kind) if part is not type(None)]
        return kinds[0] if len(kinds) == 1 else str  # a number or a text arrives as text
    return kind


def _in_group(name: Group) -> type[GroupedOption]:
    return type("GroupedOption", (GroupedOption,), {"group": name})
