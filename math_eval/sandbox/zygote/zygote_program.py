"""Runs one program to its end, in a child that is already confined, and writes its result as JSON."""

from __future__ import annotations

import ast
import contextlib
import gc
import io
import json
import linecache
import os
import sys
import threading
import traceback
import types
from typing import Any, NoReturn

_FILE_NAME = "<program>"


def run(program: str, before: list[str], result: int, limit: int) -> NoReturn:
    """Runs the program in this process, which ends with it.

    Args:
        program: The text of the program.
        before: Earlier programs, whose variables it may use; what they print or raise is dropped.
        result: Descriptor to write to: a newline when the earlier programs have ended, then a JSON object with `value`,
            `error`, `traceback`, `state` and `truncated`.
        limit: Characters after which value and traceback are cut.
    """
    sys.stdin = io.TextIOWrapper(io.FileIO(0, closefd=False), encoding="utf-8")
    out = io.FileIO(1, "w", closefd=False)
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(out), encoding="utf-8", errors="backslashreplace", line_buffering=True
    )
    sys.stderr = io.TextIOWrapper(io.FileIO(2, "w", closefd=False), encoding="utf-8", errors="backslashreplace")
    sys.argv = [_FILE_NAME]
    _reseed()
    gc.enable()
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    if before:
        _run_earlier(before, module.__dict__)
        os.write(result, b"\n")
    outcome = _outcome(program, module.__dict__)
    texts = {key: text[:limit] for key, text in outcome.items()}
    texts["error"] = texts["error"][:1000]
    truncated = any(texts[key] != text for key, text in outcome.items())
    data = json.dumps({**texts, "truncated": truncated}).encode()
    while data:
        data = data[os.write(result, data) :]
    os._exit(0)


def _run_earlier(programs: list[str], space: dict[str, Any]) -> None:
    """Runs earlier programs for the variables that they leave; what they print goes to the null device."""
    out, stdout_copy = sys.stdout, os.dup(1)
    os.dup2(2, 1)
    for program in programs:
        with contextlib.suppress(BaseException):
            exec(compile(program, "<earlier>", "exec", dont_inherit=True), space)  # noqa: S102  the purpose of this process
    with contextlib.suppress(BaseException):
        out.flush()
    os.dup2(stdout_copy, 1)
    os.close(stdout_copy)
    sys.stdout = out


def _outcome(program: str, space: dict[str, Any]) -> dict[str, str]:
    try:
        value = _execute(program, space)
    except SystemExit as stop:
        if stop.code in {None, 0}:
            return _result_texts("done")
        return _result_texts("error", error=f"SystemExit: {_safe_text(stop.code)}")
    except BaseException as error:  # noqa: BLE001  whatever the program raised
        return _describe_error(error)
    return _result_texts("done", value=value)


def _execute(program: str, space: dict[str, Any]) -> str:
    tree = ast.parse(program, _FILE_NAME)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    body = compile(tree, _FILE_NAME, "exec", dont_inherit=True)
    lines = program.splitlines(keepends=True)
    linecache.cache[_FILE_NAME] = (len(program), None, lines, _FILE_NAME)
    try:
        exec(body, space)  # noqa: S102  the purpose of this process
        value: Any = None
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), _FILE_NAME, "eval", dont_inherit=True), space)  # noqa: S307  as above
        text = "" if value is None else str(value)
        for thread in threading.enumerate():
            if thread is not threading.current_thread() and not thread.daemon:
                thread.join()
    finally:
        sys.stdout.flush()
    return text


def _describe_error(error: BaseException) -> dict[str, str]:
    try:
        frames = error.__traceback__
        while frames is not None and frames.tb_frame.f_code.co_filename != _FILE_NAME:
            frames = frames.tb_next
        text = "".join(traceback.format_exception(type(error), error, frames)).rstrip()
        last = text.rsplit("\n", 1)[-1].strip()
    except BaseException:  # noqa: BLE001  an exception that cannot be shown
        text = last = type(error).__name__
    return _result_texts("memory" if isinstance(error, MemoryError) else "error", error=last, trace=text)


def _result_texts(state: str, *, value: str = "", error: str = "", trace: str = "") -> dict[str, str]:
    return {"state": state, "value": value, "error": error, "traceback": trace}


def _safe_text(value: object) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001  whatever the program's object does
        return type(value).__name__


def _reseed() -> None:
    """Seeds NumPy's generator anew after the fork; the standard one does so itself."""
    generators = sys.modules.get("numpy.random")
    if generators is not None:
        generators.seed(int.from_bytes(os.urandom(4), "little"))
