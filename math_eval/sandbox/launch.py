"""Starts a zygote in a tier and sends it one program for each call."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from math_eval.errors import SandboxUnavailable
from math_eval.sandbox.containers import CONTAINERS, Container, find_runtime
from math_eval.sandbox.interpreter import Interpreter, readable_paths
from math_eval.sandbox.limits import Limits, Tier, ToolResult
from math_eval.sandbox.zygote.settings import PACKAGES, SANDBOX_ROOT, WORK

START_SECONDS = 60.0
"""Seconds that a zygote may take from its start until it is ready, imports included."""
GRACE_SECONDS = 10.0
"""Seconds beyond the wall limit after which a supervisor that has not answered counts as lost."""
_EXIT_SECONDS = 5.0
_POLL_SECONDS = 0.02
_FOLDER = Path(__file__).parent
_START_CODE = "import sys; sys.path.insert(0, {!r}); from zygote.main import main; main()"
_ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "PYTHONHASHSEED": "0",  # sets print in one order, run after run
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
_SHARED_TIERS: tuple[Tier, ...] = ("landlock", "none")
"""Tiers whose programs share the machine's file system and need a folder in it."""
_LOADER_VARIABLES = ("LD_LIBRARY_PATH",)
"""Variables that some interpreters need in order to start; programs do not see them."""


class ZygoteLost(Exception):  # noqa: N818  an event for the caller to handle, not a mistake
    """The zygote or the supervisor of the call ended without an answer."""


class Zygote:
    """A warm interpreter that is confined in one tier and forks for each call; thread-safe.

    Args:
        interpreter: The interpreter and the paths that programs may read.
        tier: The isolation tier.
        limits: The limits of each call.
        concurrency: Calls that may run at the same time; a container gets as many folders.
        warm: Whether to import NumPy and SymPy before the first call.

    Raises:
        SandboxUnavailable: The tier does not work on this machine; the text says why.
    """

    def __init__(
        self, interpreter: Interpreter, tier: Tier, limits: Limits, *, concurrency: int = 1, warm: bool = True
    ) -> None:
        if sys.platform != "linux":
            raise SandboxUnavailable("the sandbox needs Linux; this is another system")
        self._limits = limits
        self._closing = threading.Lock()
        try:
            self.scratch = tempfile.mkdtemp(prefix="math-eval-tool-") if tier in _SHARED_TIERS else ""
        except OSError as error:
            raise SandboxUnavailable(f"no temporary folder can be created: {error.strerror}") from error
        self._container: Container | None = None
        if tier in CONTAINERS:
            self._container = Container(find_runtime(tier), interpreter, limits, concurrency)
            settings = _settings(interpreter, tier, limits, warm=warm) | self._container.zygote_settings
            settings_json, environment = json.dumps(settings).encode(), _environment()
            try:
                started = self._container.start(
                    _python_command(interpreter, SANDBOX_ROOT), settings_json, environment, START_SECONDS
                )
            except OSError as error:
                raise SandboxUnavailable(f"{error.filename or tier}: {error.strerror or error}") from error
            self.process, self._control = started
        else:
            self._start(interpreter, tier, limits, warm=warm)
        self._await_ready()

    def _start(self, interpreter: Interpreter, tier: Tier, limits: Limits, *, warm: bool) -> None:
        """Starts the zygote as a child that inherits its end of the control socket."""
        parent_end, child_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control = parent_end
        try:
            with child_end:
                descriptor = child_end.fileno()
                command, settings_json = _command(interpreter, tier, limits, self.scratch, descriptor, warm=warm)
                self.process = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env=_environment(),
                    cwd="/",
                    pass_fds=[descriptor],
                    start_new_session=True,
                )
            assert self.process.stdin is not None  # noqa: S101  for the type checker: it is a pipe
            with contextlib.suppress(BrokenPipeError), self.process.stdin as stream:
                stream.write(settings_json)  # many paths would not fit on a command line
        except OSError as error:
            self._release()
            raise SandboxUnavailable(f"{error.filename or interpreter.python}: {error.strerror}") from error
        except BaseException:
            self._release()
            raise

    def _await_ready(self) -> None:
        self._control.settimeout(START_SECONDS)
        try:
            message = json.loads(self._control.recv(1 << 16) or b"{}")
        except OSError as error:
            message = {"reason": f"the interpreter does not start: {error.strerror or error}"}
        if not message.get("ok"):
            self.close()
            raise SandboxUnavailable(str(message.get("reason", "the interpreter ended at its start")))
        self._control.settimeout(None)

    def call(self, program: str, before: Sequence[str] = ()) -> ToolResult:
        """Runs a program after earlier ones and blocks until it has ended.

        Args:
            program: The text of the program.
            before: Earlier programs whose variables it may use, in their order.

        Returns:
            The result, whatever the program did.

        Raises:
            ZygoteLost: The zygote or the call's supervisor ended, or no answer came in time.
        """
        parent_end, child_end = socket.socketpair()
        with parent_end:
            try:
                with child_end:
                    socket.send_fds(self._control, [b"c"], [child_end.fileno()])
                parent_end.settimeout(self._limits.wall_seconds * (1 + len(before)) + GRACE_SECONDS)
                parent_end.sendall(json.dumps({"program": program, "before": list(before)}).encode() + b"\n")
                reply = bytearray()
                while data := parent_end.recv(1 << 16):
                    reply += data
                result: dict[str, Any] = json.loads(reply)
            except TimeoutError as error:
                self._kill()
                raise ZygoteLost from error
            except (OSError, ValueError) as error:
                raise ZygoteLost from error
        return ToolResult(**result)

    def wait_until_dead(self, seconds: float) -> bool:
        """Waits until the zygote has ended, at most `seconds`; returns whether it has."""
        end = time.monotonic() + seconds
        while self.process.poll() is None and not self._control_closed():
            if time.monotonic() > end:
                return False
            time.sleep(_POLL_SECONDS)
        return True

    def _control_closed(self) -> bool:
        """Whether the zygote closed its end of the control socket: a container's client outlives its zygote."""
        try:
            poll = select.poll()
            poll.register(self._control, 0)
            return bool(poll.poll(0))
        except (OSError, ValueError):  # this end is closed
            return True

    def _kill(self) -> None:
        if self._container is not None:
            self._container.remove()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def close(self) -> None:
        """Ends the zygote and every call that still runs; safe to call twice."""
        with self._closing:
            with contextlib.suppress(OSError):
                self._control.shutdown(socket.SHUT_RDWR)
            try:
                self.process.wait(_EXIT_SECONDS)
            except subprocess.TimeoutExpired:
                self._kill()
                self.process.wait()
            if self._container is not None and self.process.returncode != 0:
                self._container.remove()  # the client did not see the end of its container
            self._release()

    def _release(self) -> None:
        self._control.close()
        if self.scratch:
            shutil.rmtree(self.scratch, ignore_errors=True)


def _environment() -> dict[str, str]:
    """The environment variables of a zygote."""
    return {**_ENVIRONMENT, **{name: os.environ[name] for name in _LOADER_VARIABLES if name in os.environ}}


def _settings(interpreter: Interpreter, tier: Tier, limits: Limits, *, warm: bool) -> dict[str, Any]:
    """The settings that a zygote gets in every tier."""
    return {
        **asdict(limits),
        "tier": tier,
        "roots": list(interpreter.roots),
        "aliases": interpreter.aliases,
        "masks": list(interpreter.masks),
        "packages": interpreter.packages,
        "warm": warm,
    }


def _python_command(interpreter: Interpreter, folder: str) -> list[str]:
    """The command line that starts a zygote whose package lies in `folder`."""
    python = os.path.realpath(interpreter.python) if folder == SANDBOX_ROOT else interpreter.python
    # no site packages, no bytecode; no -E or -I, since the interpreter must read the variables of _environment
    return [python, "-s", "-S", "-B", "-c", _START_CODE.format(folder)]


def _command(
    interpreter: Interpreter, tier: Tier, limits: Limits, scratch: str, control: int, *, warm: bool
) -> tuple[list[str], bytes]:
    """The command line and the JSON input of a zygote; fills the scratch folder where the tier needs it."""
    settings = _settings(interpreter, tier, limits, warm=warm) | {"control": control}
    prefix: list[str] = []
    if tier == "bubblewrap":
        prefix, view_settings = _bubblewrap(interpreter)
        settings |= view_settings
    else:
        read_paths, list_paths = readable_paths(interpreter)
        settings |= {"scratch": scratch, "read_paths": read_paths, "list_paths": list_paths}
    if tier in _SHARED_TIERS:
        (Path(scratch) / "packages").mkdir()
        for name, path in interpreter.packages.items():
            (Path(scratch) / "packages" / name).symlink_to(path)
    return [*prefix, *_python_command(interpreter, SANDBOX_ROOT if prefix else str(_FOLDER))], json.dumps(
        settings
    ).encode()


def _bubblewrap(interpreter: Interpreter) -> tuple[list[str], dict[str, Any]]:
    """The command line of bwrap up to the interpreter, and the settings that differ inside its view."""
    program = shutil.which("bwrap")
    if program is None:
        raise SandboxUnavailable("the program bwrap is not on the PATH")
    arguments = [program, "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    arguments += ["--dev", "/dev", "--proc", "/proc", "--tmpfs", WORK]
    for path in interpreter.roots:
        arguments += ["--ro-bind", path, path]
    for path in interpreter.masks:
        arguments += ["--tmpfs", path]
    for name, path in interpreter.packages.items():
        arguments += ["--ro-bind", path, f"{PACKAGES}/{name}"]
    for alias, path in interpreter.aliases.items():
        arguments += ["--symlink", path, alias]
    python = os.path.realpath(interpreter.python)
    arguments += ["--ro-bind", python, python, "--ro-bind", str(_FOLDER / "zygote"), f"{SANDBOX_ROOT}/zygote"]
    reads = [*interpreter.roots, PACKAGES, "/dev/zero", "/dev/urandom"]
    return [*arguments, "--"], {"scratch": WORK, "read_paths": reads, "list_paths": []}
