"""Walls around SymPy in the worker: nothing that a text leads to becomes Python code, writes, or starts anything."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from math_eval.graders.qwen.expression import computed

_REFUSED_EVENTS = (
    *("os.", "subprocess.", "socket.", "shutil.", "ctypes.", "pty.", "tempfile.", "urllib.", "ftplib.", "smtplib."),
    *("webbrowser.", "signal.pthread_kill", "fcntl.", "winreg.", "mmap."),
)
_ALLOWED_EVENTS = frozenset({"os.listdir", "os.scandir", "os.putenv", "os.unsetenv"})
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class WallError(Exception):
    """A step that grading never needs was tried."""


def disarm_sympy() -> None:
    """Replaces both ways by which SymPy makes Python of an expression, wherever its modules hold them.

    A text that it evaluates is computed by our own list instead; a function that it generates, as for the numerical
    value of an infinite sum, substitutes into the expression instead.
    """
    from sympy.parsing import sympy_parser

    def safe_eval_expr(code: str, local_dict: object = None, global_dict: object = None) -> Any:
        del local_dict, global_dict
        return computed(code)

    sympy_parser.eval_expr = safe_eval_expr
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] == "sympy" and callable(vars(module).get("lambdify")):
            module.lambdify = substitution  # type: ignore[attr-defined]  # the name is there


def substitution(arguments: Any, expression: Any, *_more: Any, **_options: Any) -> Callable[..., Any]:
    """What lambdify gives, without generating code: a function that substitutes its arguments' values."""
    names: Sequence[Any] = arguments if isinstance(arguments, list | tuple) else (arguments,)
    return lambda *values: expression.subs(dict(zip(names, values, strict=False)))


def raise_walls() -> None:
    """From here on this process opens nothing for writing, starts no process, opens no socket, runs no generated code.

    To be called once everything is imported that is needed; it cannot be undone.
    """
    sys.dont_write_bytecode = True
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open":
        _path, mode, flags = arguments
        writing = flags & _WRITING if isinstance(flags, int) else 0
        if writing or (isinstance(mode, str) and set(mode) & set("wax+")):
            raise WallError(event)
    elif event == "exec":
        if str(getattr(arguments[0], "co_filename", "")).startswith("<lambdifygenerated"):
            raise WallError(event)
    elif event.startswith(_REFUSED_EVENTS) and event not in _ALLOWED_EVENTS:
        raise WallError(event)
