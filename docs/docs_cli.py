"""Writes docs/cli.md from the commands: python docs/docs_cli.py."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import click

from math_eval.cli.main import COMMANDS, cli

INTRODUCTION = """\
# Command line

Made from the commands by `python docs/docs_cli.py`; a test checks that it is current.

"The reference" is the evaluation harness of Qwen2.5-Math,
[`evaluation/` of QwenLM/Qwen2.5-Math][reference]
at commit `a45202b`; [reproducing.md](reproducing.md) compares it with math-eval.
[glossary.md](glossary.md) explains the other terms.

[reference]: https://github.com/QwenLM/Qwen2.5-Math/tree/a45202bd16f1ec06f433442dc1152d0074773465/evaluation
"""


def reference() -> str:
    """The page: an introduction, then the help of every command, 110 characters wide."""
    parts = [INTRODUCTION]
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
