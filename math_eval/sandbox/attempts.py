"""Running the escape attempts against a sandbox, with something for each of them to find."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import math_eval
from math_eval.sandbox.escapes import ESCAPED, ESCAPES, Escape
from math_eval.sandbox.limits import Limits, ToolResult
from math_eval.sandbox.sandbox import Sandbox

TRIAL_LIMITS = Limits(
    wall_seconds=2.0, cpu_seconds=4, memory_bytes=256 << 20, processes=6, file_bytes=8 << 20, output_bytes=1 << 16
)
"""Small, so that the attempts that reach a limit do so soon."""
_LATE_SECONDS = 2.0
"""Past the wall limit: a program that took longer was not ended in time."""


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """What came of one attempt."""

    name: str
    held: bool
    detail: str
    """How the program ended, or what it reached."""


class Targets:
    """What the attempts aim at: files, sockets, a process, a secret; a context manager."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._token = secrets.token_hex(16)
        self._secret = secrets.token_hex(16)
        self._name = f"me{secrets.token_hex(5)}"
        self._close = contextlib.ExitStack()

    def __enter__(self) -> Targets:  # noqa: PYI034  Self is not in typing before 3.11
        folder = Path(self._close.enter_context(tempfile.TemporaryDirectory(prefix="math-eval-targets-")))
        folder.chmod(0o777)  # all is open: it must be the sandbox that refuses
        self._folder, self._outside = folder, folder / "outside"
        self._outside.mkdir()
        self._outside.chmod(0o777)
        for name in ("run.json", "golds.jsonl"):
            (folder / name).write_text("{}", encoding="utf-8")
        self._sockets()
        self._state = self._marks()
        self._victim = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(900)"])
        self._close.callback(self._end_victim)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close.close()

    def _end_victim(self) -> None:
        self._victim.kill()
        self._victim.wait()

    def _sockets(self) -> None:
        self._tcp = self._close.enter_context(socket.create_server(("127.0.0.1", 0)))
        self._udp = self._close.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self._udp.bind(("127.0.0.1", 0))
        self._udp.setblocking(False)
        for address in (str(self._folder / "socket"), f"\0{self._name}"):
            one = self._close.enter_context(socket.socket(socket.AF_UNIX))
            one.bind(address)
            one.listen()
        (self._folder / "socket").chmod(0o777)

    @property
    def neighbour(self) -> str:
        """A program to run beside the one that reads memory: it holds the token."""
        return f"import time\ntoken = {self._token!r}\nopen('note', 'w').write(token)\ntime.sleep(1)\n"

    @property
    def secret(self) -> tuple[str, str]:
        """An environment variable that no program may see."""
        return "MATH_EVAL_TRIAL_KEY", self._secret

    def fill(self, program: str, scratch: str) -> str:
        """The program with its words replaced."""
        package = Path(math_eval.__file__).parent
        words: dict[str, object] = {
            "OUTSIDE": str(self._outside),
            "RUN": str(self._folder / "run.json"),
            "CACHE": [str(self._folder / "golds.jsonl"), *_files(package / "data"), *_files(package.parent / "data")],
            "HOME": _files(Path.home()),
            "IMPORTS": [str(package.parent), *filter(None, sys.path)],
            "TCP": self._tcp.getsockname()[1],
            "UDP": self._udp.getsockname()[1],
            "UNIX": str(self._folder / "socket"),
            "ABSTRACT": f"\0{self._name}",
            "VICTIM": self._victim.pid,
            "PARENT": os.getpid(),
            "NAME": self._name,
            "PROCESSES": self._limits.processes,
            "MEMORY": self._limits.memory_bytes,
            "FILES": self._limits.file_bytes,
            "SECRET": self._secret,
            "TOKEN": (self._token[:16], self._token[16:]),
            "SCRATCH": scratch,
            "USER": os.geteuid(),
        }
        for word, value in words.items():
            program = program.replace(f"@{word}@", repr(value))
        return program

    def reached(self, escape: Escape, result: ToolResult) -> str:
        """What the attempt reached outside; empty where nothing."""
        if escape.outside == "files" and self._marks() != self._state:
            return "files outside were changed"
        if escape.outside == "datagram":
            with contextlib.suppress(BlockingIOError):
                self._udp.recv(1)
                return "a datagram arrived"
        if escape.outside == "victim" and self._victim.poll() is not None:
            return "another process was ended"
        if escape.outside == "survivor" and _running(self._name):
            return "a process survived"
        if escape.outside == "output" and len(result.stdout) > self._limits.output_bytes:
            return f"{len(result.stdout)} bytes of output"
        if result.seconds > self._limits.wall_seconds + _LATE_SECONDS:
            return f"ran for {result.seconds:.1f} s"
        return ""

    def _marks(self) -> list[tuple[str, int, int, float]]:
        """The state of every file: its mode, owner and time."""
        found = [(path, path.lstat()) for path in sorted(self._folder.rglob("*"))]
        return [(str(path), one.st_mode, one.st_uid, one.st_mtime) for path, one in found]


async def run_attempts(sandbox: Sandbox, names: frozenset[str] | None = None) -> list[AttemptResult]:
    """Runs the attempts one after another, all or those named; the sandbox must not be the tier `none`."""
    outcomes: list[AttemptResult] = []
    with Targets(sandbox.limits) as targets:
        name, secret = targets.secret
        os.environ[name] = secret
        try:
            chosen = [escape for escape in ESCAPES if names is None or escape.name in names]
            outcomes = [await _attempt(sandbox, targets, escape) for escape in chosen]
        finally:
            del os.environ[name]
        after = await sandbox.run("print(6 * 7)")
        works = after.stdout == "42\n"
        outcomes.append(AttemptResult("the sandbox works afterwards", works, after.error))
    return outcomes


async def _attempt(sandbox: Sandbox, targets: Targets, escape: Escape) -> AttemptResult:
    beside = asyncio.ensure_future(sandbox.run(targets.neighbour)) if "@TOKEN@" in escape.program else None
    if beside is not None:
        await asyncio.sleep(0.3)
    result = await sandbox.run(targets.fill(escape.program, sandbox.scratch))
    if beside is not None:
        await beside
    said = next((line for line in result.stdout.splitlines() if line.startswith(ESCAPED)), "")
    reached = targets.reached(escape, result) or said
    ran = result.state != "unavailable" and "SyntaxError" not in result.error
    ended = f"{result.state}: {result.error}" if result.error else result.state
    return AttemptResult(escape.name, held=ran and not reached, detail=reached or ended)


def _files(folder: Path) -> list[str]:
    """A few files of a folder and of those in it, as things to read."""
    found: list[str] = []
    with contextlib.suppress(OSError):
        for path in sorted(folder.iterdir()):
            if len(found) < 5:
                inside = sorted(path.iterdir())[:1] if path.is_dir() and os.access(path, os.R_OK | os.X_OK) else [path]
                found += [str(one) for one in inside if one.is_file()]
    return found


def _running(name: str) -> bool:
    """Whether a process, or a thread of one, has this name."""
    for path in Path("/proc").glob("[0-9]*/task/*/comm"):
        with contextlib.suppress(OSError):
            if path.read_text(encoding="utf-8").strip() == name:
                return True
    return False
