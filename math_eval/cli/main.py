"""The command `math-eval`: one module for each command, imported when it is called."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from io import TextIOWrapper
from typing import Any

import click

from math_eval.cli.invocation import Invocation
from math_eval.errors import MathEvalError, UnknownNameError

COMMANDS = {
    "compare": "Compare two runs, or a run with published scores.",
    "benchmarks": "List, show, fetch and check benchmarks.",
    "explain": "Grade one answer and show why.",
    "export": "Write a run as the reference's rows, or as training rows.",
    "grade": "Grade files of model outputs.",
    "models": "List and show model families.",
    "prompts": "List and show prompt templates.",
    "reward": "Score a run with a reward model.",
    "run": "Evaluate a model.",
    "sandbox": "Check what holds programs written by models.",
    "score": "Grade and score a run folder again.",
    "suites": "List and show suites.",
    "version": "Print versions.",
}


class Lazy(click.Group):
    """A group whose commands live in modules of their own, imported only when one is called or its help is shown."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command's name, sorted."""
        del ctx
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now; a usage error with near names for another name."""
        if cmd_name not in COMMANDS:
            if ctx.resilient_parsing:
                return None
            raise UnknownNameError("command", cmd_name, COMMANDS)
        command = import_module(f"math_eval.cli.{cmd_name}").command
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands from their one-line summaries, without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


@click.group(
    cls=Lazy,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.option("--debug", is_flag=True, help="Show the traceback of an expected error.")
@click.option("--version", is_flag=True, help="Print the version.")
@click.pass_context
def cli(context: click.Context, *, debug: bool, version: bool) -> None:
    """Measure how well language models solve mathematics."""
    context.ensure_object(Invocation).debug = debug
    if version:
        from math_eval import __version__

        click.echo(f"math-eval {__version__}")
        context.exit()
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@contextmanager
def _termination_interrupts() -> Iterator[None]:
    """SIGTERM and SIGHUP act as Ctrl-C does, while a model loads as while it runs; an ignored one stays ignored."""
    numbers = [number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) is signal.SIG_DFL]
    if threading.current_thread() is not threading.main_thread():
        numbers = []
    for number in numbers:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line; an expected error becomes one line and exit code 2 (wrong request) or 3 (unfinished)."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot show × still shows the table
    invocation = Invocation(tuple(sys.argv[1:] if arguments is None else map(str, arguments)))
    try:
        with _termination_interrupts():
            code: Any = cli.main(args=arguments, prog_name="math-eval", standalone_mode=False, obj=invocation)
    except MathEvalError as error:
        if invocation.debug or os.environ.get("MATH_EVAL_DEBUG"):
            raise
        sys.exit(_say(str(error), error.exit_code))
    except click.ClickException as error:
        where = getattr(error, "ctx", None)
        hint = f" ({where.command_path} --help)" if where is not None and where.parent else ""
        sys.exit(_say(error.format_message() + hint, 2))
    except (click.Abort, KeyboardInterrupt):
        sys.exit(_say("stopped; run the same command again to go on", 3))
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        if invocation.debug or os.environ.get("MATH_EVAL_DEBUG"):
            raise
        sys.exit(_say(f"{error.filename or 'input or output'}: {error.strerror or error}", 3))
    sys.exit(code if isinstance(code, int) else 0)


def _say(message: str, code: int) -> int:
    click.echo(f"math-eval: {' '.join(message.split())}", err=True)
    return code
