"""Starting a zygote in a tier, and one conversation with it for each call."""

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
from math_eval.sandbox.containers import CONTAINERS, Container, find
from math_eval.sandbox.interpreter import Interpreter, readable
from math_eval.sandbox.limits import Limits, Tier, ToolResult
from math_eval.sandbox.zygote.settings import OURS, PACKAGES, WORK

START_SECONDS = 60.0
"""From the start of a zygote to its readiness, imports included."""
GRACE_SECONDS = 10.0
"""Past the wall limit, after which a supervisor that has not answered counts as lost."""
_END_SECONDS = 5.0
_LOOK_SECONDS = 0.02
_ROOM = Path(__file__).parent
_START = "import sys; sys.path.insert(0, {!r}); from zygote.main import main; main()"
_ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "PYTHONHASHSEED": "0",  # sets print in one order, run after run
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
_SHARED: tuple[Tier, ...] = ("landlock", "none")
"""Tiers whose programs are in the machine's own file system: they need a folder there."""
_LOADER = ("LD_LIBRARY_PATH",)
"""Variables without which some interpreters do not start; programs do not see them."""


class ZygoteLost(Exception):  # noqa: N818  an event for the caller to handle, not a mistake
    """The zygote, or the call's supervisor, is no more."""


class Zygote:
    """A warm interpreter that is held in one tier and forks for each call; thread-safe.

    Args:
        found: the interpreter.
        tier: what holds it.
        limits: of each call.
        at_once: calls that there may be at the same time; a container has as many folders.
        warm: import NumPy and SymPy before the first call.

    SandboxUnavailable, with the reason, where the machine does not offer the tier.
    """

    def __init__(self, found: Interpreter, tier: Tier, limits: Limits, *, at_once: int = 1, warm: bool = True) -> None:
        if sys.platform != "linux":
            raise SandboxUnavailable("programs are held by means of Linux; this is another system")
        self._limits = limits
        self._closing = threading.Lock()
        try:
            self.scratch = tempfile.mkdtemp(prefix="math-eval-tool-") if tier in _SHARED else ""
        except OSError as error:
            raise SandboxUnavailable(f"no folder for temporary files can be made: {error.strerror}") from error
        self._container = Container(find(tier), found, limits, at_once) if tier in CONTAINERS else None
        if self._container is not None:
            settings = _settings(found, tier, limits, warm=warm) | self._container.inside
            told, environment = json.dumps(settings).encode(), _environment()
            try:
                started = self._container.start(_python(found, OURS), told, environment, START_SECONDS)
            except OSError as error:
                raise SandboxUnavailable(f"{error.filename or tier}: {error.strerror or error}") from error
            self.process, self._control = started
        else:
            self._start(found, tier, limits, warm=warm)
        self._await_ready()

    def _start(self, found: Interpreter, tier: Tier, limits: Limits, *, warm: bool) -> None:
        """A child that inherits its end of the control socket."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control = ours
        try:
            with theirs:
                command, told = _command(found, tier, limits, self.scratch, theirs.fileno(), warm=warm)
                self.process = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env=_environment(),
                    cwd="/",
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,
                )
            assert self.process.stdin is not None  # noqa: S101  for the type checker: it is a pipe
            with contextlib.suppress(BrokenPipeError), self.process.stdin as stream:
                stream.write(told)  # a command line would be too short where the paths are many
        except OSError as error:
            self._remove()
            raise SandboxUnavailable(f"{error.filename or found.python}: {error.strerror}") from error
        except BaseException:
            self._remove()
            raise

    def _await_ready(self) -> None:
        self._control.settimeout(START_SECONDS)
        try:
            told = json.loads(self._control.recv(1 << 16) or b"{}")
        except OSError as error:
            told = {"reason": f"the interpreter does not start: {error.strerror or error}"}
        if not told.get("ok"):
            self.close()
            raise SandboxUnavailable(str(told.get("reason", "the interpreter ended at its start")))
        self._control.settimeout(None)

    def call(self, program: str, before: Sequence[str] = ()) -> ToolResult:
        """Runs a program after earlier ones; blocks until it has ended. ZygoteLost where no answer comes."""
        ours, theirs = socket.socketpair()
        with ours:
            try:
                with theirs:
                    socket.send_fds(self._control, [b"c"], [theirs.fileno()])
                ours.settimeout(self._limits.wall_seconds * (1 + len(before)) + GRACE_SECONDS)
                ours.sendall(json.dumps({"program": program, "before": list(before)}).encode() + b"\n")
                reply = bytearray()
                while data := ours.recv(1 << 16):
                    reply += data
                told: dict[str, Any] = json.loads(reply)
            except TimeoutError as error:
                self._kill()
                raise ZygoteLost from error
            except (OSError, ValueError) as error:
                raise ZygoteLost from error
        return ToolResult(**told)

    def ended(self, seconds: float) -> bool:
        """Whether the zygote is dead; waits at most so long, for one that was killed takes a moment to die."""
        end = time.monotonic() + seconds
        while self.process.poll() is None and not self._hung_up():
            if time.monotonic() > end:
                return False
            time.sleep(_LOOK_SECONDS)
        return True

    def _hung_up(self) -> bool:
        """Whether the other end of the control socket is closed: a container's client outlives its zygote."""
        try:
            poll = select.poll()
            poll.register(self._control, 0)
            return bool(poll.poll(0))
        except (OSError, ValueError):  # closed at this end
            return True

    def _kill(self) -> None:
        if self._container is not None:
            self._container.remove()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def close(self) -> None:
        """Ends the zygote and with it every call that still runs; safe to call twice."""
        with self._closing:
            with contextlib.suppress(OSError):
                self._control.shutdown(socket.SHUT_RDWR)
            try:
                self.process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                self._kill()
                self.process.wait()
            if self._container is not None and self.process.returncode != 0:
                self._container.remove()  # the client did not see the end of its container
            self._remove()

    def _remove(self) -> None:
        self._control.close()
        if self.scratch:
            shutil.rmtree(self.scratch, ignore_errors=True)


def _environment() -> dict[str, str]:
    """The variables of a zygote."""
    return {**_ENVIRONMENT, **{name: os.environ[name] for name in _LOADER if name in os.environ}}


def _settings(found: Interpreter, tier: Tier, limits: Limits, *, warm: bool) -> dict[str, Any]:
    """What a zygote is told in any tier."""
    return {
        **asdict(limits),
        "tier": tier,
        "roots": list(found.roots),
        "aliases": found.aliases,
        "masks": list(found.masks),
        "packages": found.packages,
        "warm": warm,
    }


def _python(found: Interpreter, room: str) -> list[str]:
    """The interpreter's command line, where the zygote's folder lies in `room`."""
    python = os.path.realpath(found.python) if room == OURS else found.python
    # no site, no user site, no bytecode written; the environment is ours, so none of it is ignored
    return [python, "-s", "-S", "-B", "-c", _START.format(room)]


def _command(
    found: Interpreter, tier: Tier, limits: Limits, scratch: str, control: int, *, warm: bool
) -> tuple[list[str], bytes]:
    """The command line of a zygote, and what its input tells it; makes what the tier needs in the scratch folder."""
    settings = _settings(found, tier, limits, warm=warm) | {"control": control}
    prefix: list[str] = []
    if tier == "bubblewrap":
        prefix, inside = _bubblewrap(found)
        settings |= inside
    else:
        read, listed = readable(found)
        settings |= {"scratch": scratch, "shared_reads": read, "shared_lists": listed}
    if tier in _SHARED:
        (Path(scratch) / "packages").mkdir()
        for name, path in found.packages.items():
            (Path(scratch) / "packages" / name).symlink_to(path)
    return [*prefix, *_python(found, OURS if prefix else str(_ROOM))], json.dumps(settings).encode()


def _bubblewrap(found: Interpreter) -> tuple[list[str], dict[str, Any]]:
    """The arguments of bwrap for the view, and the settings that differ inside it."""
    program = shutil.which("bwrap")
    if program is None:
        raise SandboxUnavailable("no program bwrap on the PATH")
    arguments = [program, "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    arguments += ["--dev", "/dev", "--proc", "/proc", "--tmpfs", WORK]
    for path in found.roots:
        arguments += ["--ro-bind", path, path]
    for path in found.masks:
        arguments += ["--tmpfs", path]
    for name, path in found.packages.items():
        arguments += ["--ro-bind", path, f"{PACKAGES}/{name}"]
    for alias, path in found.aliases.items():
        arguments += ["--symlink", path, alias]
    real = os.path.realpath(found.python)
    arguments += ["--ro-bind", real, real, "--ro-bind", str(_ROOM / "zygote"), f"{OURS}/zygote"]
    reads = [*found.roots, PACKAGES, "/dev/zero", "/dev/urandom"]
    return [*arguments, "--"], {"scratch": WORK, "shared_reads": reads, "shared_lists": []}
