"""Running one program to its end, in a child that is already held; what it did goes back as JSON."""

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

_NAME = "<program>"


def run(program: str, before: list[str], result: int, limit: int) -> NoReturn:
    """Runs the program in this process, which ends with it.

    Args:
        program: the text.
        before: earlier programs, whose names it finds; what they write or raise is dropped.
        result: a descriptor to write to: a line end when the earlier programs are over, then the JSON object of value,
            error, traceback, state, truncated.
        limit: characters after which value and traceback are cut.
    """
    sys.stdin = io.TextIOWrapper(io.FileIO(0, closefd=False), encoding="utf-8")
    out = io.FileIO(1, "w", closefd=False)
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(out), encoding="utf-8", errors="backslashreplace", line_buffering=True
    )
    sys.stderr = io.TextIOWrapper(io.FileIO(2, "w", closefd=False), encoding="utf-8", errors="backslashreplace")
    sys.argv = [_NAME]
    _reseed()
    gc.enable()
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    if before:
        _earlier(before, module.__dict__)
        os.write(result, b"\n")
    found = _outcome(program, module.__dict__)
    texts = {key: text[:limit] for key, text in found.items()}
    texts["error"] = texts["error"][:1000]
    cut = any(texts[key] != text for key, text in found.items())
    data = json.dumps({**texts, "truncated": cut}).encode()
    while data:
        data = data[os.write(result, data) :]
    os._exit(0)


def _earlier(programs: list[str], space: dict[str, Any]) -> None:
    """Runs earlier programs for the names that they leave; what they print goes where errors go, to nobody."""
    out, kept = sys.stdout, os.dup(1)
    os.dup2(2, 1)
    for program in programs:
        with contextlib.suppress(BaseException):
            exec(compile(program, "<earlier>", "exec", dont_inherit=True), space)  # noqa: S102  as below
    with contextlib.suppress(BaseException):
        out.flush()
    os.dup2(kept, 1)
    os.close(kept)
    sys.stdout = out


def _outcome(program: str, space: dict[str, Any]) -> dict[str, str]:
    try:
        value = _executed(program, space)
    except SystemExit as stop:
        if stop.code in {None, 0}:
            return _told("done")
        return _told("error", error=f"SystemExit: {_text(stop.code)}")
    except BaseException as error:  # noqa: BLE001  whatever the program raised
        return _failed(error)
    return _told("done", value=value)


def _executed(program: str, space: dict[str, Any]) -> str:
    tree = ast.parse(program, _NAME)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    body = compile(tree, _NAME, "exec", dont_inherit=True)
    lines = program.splitlines(keepends=True)
    linecache.cache[_NAME] = (len(program), None, lines, _NAME)
    try:
        exec(body, space)  # noqa: S102  the purpose of this process
        value: Any = None
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), _NAME, "eval", dont_inherit=True), space)  # noqa: S307  the same
        shown = "" if value is None else str(value)
        for thread in threading.enumerate():
            if thread is not threading.current_thread() and not thread.daemon:
                thread.join()
    finally:
        sys.stdout.flush()
    return shown


def _failed(error: BaseException) -> dict[str, str]:
    try:
        frames = error.__traceback__
        while frames is not None and frames.tb_frame.f_code.co_filename != _NAME:
            frames = frames.tb_next
        text = "".join(traceback.format_exception(type(error), error, frames)).rstrip()
        last = text.rsplit("\n", 1)[-1].strip()
    except BaseException:  # noqa: BLE001  an exception that cannot be shown
        text = last = type(error).__name__
    return _told("memory" if isinstance(error, MemoryError) else "error", error=last, trace=text)


def _told(state: str, *, value: str = "", error: str = "", trace: str = "") -> dict[str, str]:
    return {"state": state, "value": value, "error": error, "traceback": trace}


def _text(value: object) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001  whatever the program's object does
        return type(value).__name__


def _reseed() -> None:
    """The standard generator seeds itself again after a fork; NumPy's does not."""
    generators = sys.modules.get("numpy.random")
    if generators is not None:
        generators.seed(int.from_bytes(os.urandom(4), "little"))
