"""The command `math-eval`. Each subcommand is a module, which is imported when it is called."""

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
    "export": "Export a run as rows of the reference, or as training rows.",
    "grade": "Grade files of responses.",
    "models": "List and show model families.",
    "prompts": "List and show prompt templates.",
    "reward": "Score a run with a reward model.",
    "run": "Evaluate a model.",
    "sandbox": "Check the isolation of programs written by models.",
    "score": "Score run folders or files again.",
    "suites": "List and show suites.",
    "version": "Print versions.",
}


class LazyGroup(click.Group):
    """A group whose commands are modules, each imported only when it is called or its help is shown."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the names of all commands, sorted."""
        del ctx
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports and returns a command; an unknown name is a usage error that offers similar names."""
        if cmd_name not in COMMANDS:
            if ctx.resilient_parsing:
                return None
            raise UnknownNameError("command", cmd_name, COMMANDS)
        command = import_module(f"math_eval.cli.{cmd_name}").command
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the list of commands with their summaries, without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.option("--debug", is_flag=True, help="Show the traceback of errors.")
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
    """Makes SIGTERM and SIGHUP act as Ctrl-C does, also while a model is loaded. An ignored signal stays ignored."""
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
    """Runs the command line and exits.

    An expected error is shown as one line. The exit code is 0 for success, 2 for a wrong request, and 3 for a run that
    could not be finished.

    Args:
        arguments: The arguments after `math-eval`; by default those of this process.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without the character × still shows the table
    invocation = Invocation(tuple(sys.argv[1:] if arguments is None else map(str, arguments)))
    try:
        with _termination_interrupts():
            code: Any = cli.main(args=arguments, prog_name="math-eval", standalone_mode=False, obj=invocation)
    except MathEvalError as error:
        if invocation.debug or os.environ.get("MATH_EVAL_DEBUG"):
            raise
        sys.exit(_print_error(str(error), error.exit_code))
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        hint = f" ({context.command_path} --help)" if context is not None and context.parent else ""
        sys.exit(_print_error(error.format_message() + hint, 2))
    except (click.Abort, KeyboardInterrupt):
        sys.exit(_print_error("stopped; run the same command again to continue", 3))
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        if invocation.debug or os.environ.get("MATH_EVAL_DEBUG"):
            raise
        sys.exit(_print_error(f"{error.filename or 'input or output'}: {error.strerror or error}", 3))
    sys.exit(code if isinstance(code, int) else 0)


def _print_error(message: str, code: int) -> int:
    click.echo(f"math-eval: {' '.join(message.split())}", err=True)
    return code
