"""Writes docs/cli.md from the commands themselves: python docs/docs_cli.py."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import click

from math_eval.cli.main import COMMANDS, cli


def reference() -> str:
    """The whole page: every command's help in one width."""
    parts = ["# Command line\n", "Made by `python docs/docs_cli.py` from the commands; a test holds it to them.\n"]
    top = _context(cli, "math-eval", None)
    parts.append(_help(top))
    for name in sorted(COMMANDS):
        command = import_module(f"math_eval.cli.{name}").command
        parts += _pages(command, name, top)
    return "\n".join(parts)


def _pages(command: click.Command, name: str, parent: click.Context) -> list[str]:
    context = _context(command, name, parent)
    level = "#" * context.command_path.count(" ")
    pages = [f"#{level} {context.command_path}\n", _help(context)]
    if isinstance(command, click.Group):
        for inner_name, inner in sorted(command.commands.items()):
            pages += _pages(inner, inner_name, context)
    return pages


def _context(command: click.Command, name: str, parent: click.Context | None) -> click.Context:
    settings = {"terminal_width": 110, "max_content_width": 110, **command.context_settings}
    return click.Context(command, info_name=name, parent=parent, **settings)


def _help(context: click.Context) -> str:
    return f"```text\n{context.get_help().rstrip()}\n```\n"


if __name__ == "__main__":
    Path(__file__).with_name("cli.md").write_text(reference(), encoding="utf-8")
