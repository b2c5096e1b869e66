"""Runs the escape attempts against a sandbox, with a target for each of them to hit."""

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
"""Small limits, so that attempts which run into a limit do so quickly."""
_KILL_SECONDS = 2.0
"""Seconds beyond the wall limit after which a program counts as not ended in time."""


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """The outcome of one attempt.

    Attributes:
        name: The attempt, as `Escape.name` has it.
        held: Whether the sandbox withstood it.
        detail: The breach; where there is none, the program's final state and error.
    """

    name: str
    held: bool
    detail: str


class Targets:
    """The targets of the attempts: files, sockets, a process and a secret, which exist while this context is open.

    Args:
        limits: The sandbox's limits. The programs try to exceed them, and `breach` checks against them.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._token = secrets.token_hex(16)
        self._secret = secrets.token_hex(16)
        self._name = f"me{secrets.token_hex(5)}"
        self._close = contextlib.ExitStack()

    def __enter__(self) -> Targets:  # noqa: PYI034  Self is not in typing before 3.11
        folder = Path(self._close.enter_context(tempfile.TemporaryDirectory(prefix="math-eval-targets-")))
        folder.chmod(0o777)  # no permission is in the way: the refusal must come from the sandbox
        self._folder, self._outside_folder = folder, folder / "outside"
        self._outside_folder.mkdir()
        self._outside_folder.chmod(0o777)
        for name in ("run.json", "golds.jsonl"):
            (folder / name).write_text("{}", encoding="utf-8")
        self._open_sockets()
        self._initial_states = self._file_states()
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

    def _open_sockets(self) -> None:
        self._tcp = self._close.enter_context(socket.create_server(("127.0.0.1", 0)))
        self._udp = self._close.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self._udp.bind(("127.0.0.1", 0))
        self._udp.setblocking(False)
        for address in (str(self._folder / "socket"), f"\0{self._name}"):
            listener = self._close.enter_context(socket.socket(socket.AF_UNIX))
            listener.bind(address)
            listener.listen()
        (self._folder / "socket").chmod(0o777)

    @property
    def neighbour(self) -> str:
        """A program that holds the token while another call searches memory for it."""
        return f"import time\ntoken = {self._token!r}\nopen('note', 'w').write(token)\ntime.sleep(1)\n"

    @property
    def secret(self) -> tuple[str, str]:
        """Name and value of an environment variable that no program may see."""
        return "MATH_EVAL_TRIAL_KEY", self._secret

    def fill(self, program: str, scratch: str) -> str:
        """Replaces the placeholders of an attempt's program by the targets of this machine.

        Args:
            program: The text of an `Escape`, with placeholders such as `@OUTSIDE@`.
            scratch: The sandbox's scratch folder, for `@SCRATCH@`.

        Returns:
            The program with a Python literal in place of each placeholder.
        """
        package = Path(math_eval.__file__).parent
        literals: dict[str, object] = {
            "OUTSIDE": str(self._outside_folder),
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
        for placeholder, literal in literals.items():
            program = program.replace(f"@{placeholder}@", repr(literal))
        return program

    def breach(self, escape: Escape, result: ToolResult) -> str:
        """Describes what the attempt did outside the sandbox.

        Args:
            escape: The attempt.
            result: The result of its program.

        Returns:
            One phrase, such as "a process survived"; empty where nothing outside was touched.
        """
        if escape.evidence == "files" and self._file_states() != self._initial_states:
            return "files outside were changed"
        if escape.evidence == "datagram":
            with contextlib.suppress(BlockingIOError):
                self._udp.recv(1)
                return "a datagram arrived"
        if escape.evidence == "victim" and self._victim.poll() is not None:
            return "another process was ended"
        if escape.evidence == "survivor" and _process_exists(self._name):
            return "a process survived"
        if escape.evidence == "output" and len(result.stdout) > self._limits.output_bytes:
            return f"{len(result.stdout)} bytes of output"
        if result.seconds > self._limits.wall_seconds + _KILL_SECONDS:
            return f"ran for {result.seconds:.1f} s"
        return ""

    def _file_states(self) -> list[tuple[str, int, int, float]]:
        """Path, mode, owner and modification time of every file in the target folder."""
        statuses = [(path, path.lstat()) for path in sorted(self._folder.rglob("*"))]
        return [(str(path), status.st_mode, status.st_uid, status.st_mtime) for path, status in statuses]


async def run_attempts(sandbox: Sandbox, names: frozenset[str] | None = None) -> list[AttemptResult]:
    """Runs escape attempts one after another and checks that the sandbox still works afterwards.

    Args:
        sandbox: The sandbox under test. Its tier must not be `none`: the attempts would succeed and do harm.
        names: Names of the attempts to run; None runs all of them.

    Returns:
        One result for each attempt, then one that says whether an ordinary program still runs.
    """
    outcomes: list[AttemptResult] = []
    with Targets(sandbox.limits) as targets:
        name, secret = targets.secret
        os.environ[name] = secret
        try:
            selected = [escape for escape in ESCAPES if names is None or escape.name in names]
            outcomes = [await _attempt(sandbox, targets, escape) for escape in selected]
        finally:
            del os.environ[name]
        last_result = await sandbox.run("print(6 * 7)")
        usable = last_result.stdout == "42\n"
        outcomes.append(AttemptResult("the sandbox works afterwards", usable, last_result.error))
    return outcomes


async def _attempt(sandbox: Sandbox, targets: Targets, escape: Escape) -> AttemptResult:
    neighbour_call = asyncio.ensure_future(sandbox.run(targets.neighbour)) if "@TOKEN@" in escape.program else None
    if neighbour_call is not None:
        await asyncio.sleep(0.3)
    result = await sandbox.run(targets.fill(escape.program, sandbox.scratch))
    if neighbour_call is not None:
        await neighbour_call
    escape_line = next((line for line in result.stdout.splitlines() if line.startswith(ESCAPED)), "")
    breach = targets.breach(escape, result) or escape_line
    ran = result.state != "unavailable" and "SyntaxError" not in result.error
    outcome = f"{result.state}: {result.error}" if result.error else result.state
    return AttemptResult(escape.name, held=ran and not breach, detail=breach or outcome)


def _files(folder: Path) -> list[str]:
    """A few files in a folder and its subfolders, as targets to read."""
    paths: list[str] = []
    with contextlib.suppress(OSError):
        for path in sorted(folder.iterdir()):
            if len(paths) < 5:
                candidates = (
                    sorted(path.iterdir())[:1] if path.is_dir() and os.access(path, os.R_OK | os.X_OK) else [path]
                )
                paths += [str(candidate) for candidate in candidates if candidate.is_file()]
    return paths


def _process_exists(name: str) -> bool:
    """Whether a process or thread of this name exists."""
    for path in Path("/proc").glob("[0-9]*/task/*/comm"):
        with contextlib.suppress(OSError):
            if path.read_text(encoding="utf-8").strip() == name:
                return True
    return False
