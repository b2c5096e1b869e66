"""The process that asks SymPy: started on the first question, stopped softly at the limit, killed where that fails.

Questions and replies are JSON lines over its standard input and output. It is a plain child process, no fork, so it
may be used beside threads and GPUs, and from scripts without a `__main__` guard.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from math_eval.errors import MissingPackageError, RequestError

MEMORY_BYTES = 4 << 30
"""Address space of the worker."""
START_SECONDS = 120.0
GRACE_SECONDS = 1.0
"""Processor time past the soft limit after which the worker is killed: it sits in one long step of C."""
WALL_FACTOR = 10.0
"""Wall time, as a multiple of the limit, after which it is killed whatever its processor time."""
_POLL_SECONDS = 0.25


class OutOfTimeError(Exception):
    """The question was not answered; limit: "time", "memory", or "worker" where that died twice."""

    def __init__(self, limit: str = "time") -> None:
        super().__init__(limit)
        self.limit = limit


class _DiedError(Exception):
    """The worker's end of the pipe is closed."""


class _NoReplyError(Exception):
    """No reply before the deadline."""


class SympyWorker:
    """The caller's side: one question at a time; not thread-safe.

    task: a module with `warm()`, called once before any clock starts, and `answer(left, right, cached)`, which gives
    what JSON can carry. MissingPackageError without SymPy.
    """

    def __init__(self, task: str) -> None:
        if importlib.util.find_spec("sympy") is None:
            raise MissingPackageError("sympy", "", "a question that needs computer algebra")
        self._task = task
        self._process: subprocess.Popen[bytes] | None = None
        self._ready = False

    def start(self) -> None:
        """Starts the process, if none runs, without waiting for it."""
        if self._process is None:
            self._process, self._ready = self._started(), False

    def ask(self, left: str, right: str, seconds: float, *, cached: bool = True) -> tuple[Any, float]:
        """What the task answers for two texts, and the processor time in seconds that it took. OutOfTimeError.

        Whatever else ends the call, as Ctrl-C, ends the worker too: its late reply must not answer the next question.
        """
        question = json.dumps([left, right, seconds, cached]).encode() + b"\n"
        for again in (True, False):
            try:
                answer, used, state, last = self._asked(question, seconds)
                break
            except (_DiedError, OSError):  # killed by somebody else, or by a crash of its own: tried once more
                self.close()
                if not again:
                    raise OutOfTimeError("worker") from None
            except BaseException:
                self.close()
                raise
        if last:
            self.close()
        if state != "done":
            raise OutOfTimeError(state)
        return answer, used

    def _asked(self, question: bytes, seconds: float) -> tuple[Any, float, str, bool]:
        self.start()
        process = self._process
        assert process is not None and process.stdin is not None  # noqa: S101, PT018  for the type checker
        if not self._ready:
            self._await_ready(process)
        written = 0
        while written < len(question):
            written += process.stdin.write(question[written:]) or 0
        answer, used, state, last = json.loads(self._reply(process, seconds))
        return answer, float(used), str(state), bool(last)

    def close(self) -> None:
        """Ends the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def forget(self) -> None:
        """Drops the process without touching it: it belongs to the parent of a fork."""
        if self._process is not None:
            self._process.returncode = 0  # not ours to wait for
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    pipe.close()
            self._process = None

    def _started(self) -> subprocess.Popen[bytes]:
        path = [str(Path(one).resolve()) for one in sys.path if one]
        # the folder that the user works in is no place to import from: a random.py there is not Python's
        start = f"import sys; sys.path[:] = {path!r}; from {__name__} import serve; serve({self._task!r})"
        return subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", start],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONSAFEPATH": "1"},
        )

    def _await_ready(self, process: subprocess.Popen[bytes]) -> None:
        try:
            self._line(process, time.monotonic() + START_SECONDS)
        except _DiedError:
            self.close()
            raise RequestError(
                f"the SymPy process does not start; see what this says: python -c 'import {self._task}, sympy'"
            ) from None
        except _NoReplyError:
            self.close()
            raise RequestError(
                f"the SymPy process was not ready within {START_SECONDS:.0f} s; this machine may be too busy"
            ) from None
        self._ready = True

    def _reply(self, process: subprocess.Popen[bytes], seconds: float) -> bytes:
        before, end = _cpu_seconds(process.pid), time.monotonic() + WALL_FACTOR * seconds
        soft = time.monotonic() + seconds
        while True:
            now = time.monotonic()
            try:
                return self._line(process, min(end, max(soft, now + _POLL_SECONDS)))
            except _NoReplyError:
                used = _cpu_seconds(process.pid) - before
                if used > seconds + GRACE_SECONDS or time.monotonic() >= end:
                    raise OutOfTimeError from None

    @staticmethod
    def _line(process: subprocess.Popen[bytes], deadline: float) -> bytes:
        """The next line of the process, which writes whole lines; _NoReplyError, or _DiedError where it died."""
        assert process.stdout is not None  # noqa: S101  for the type checker: it is a pipe
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise _NoReplyError
        line = process.stdout.readline()
        if not line.endswith(b"\n"):
            raise _DiedError
        return bytes(line)


def _cpu_seconds(pid: int) -> float:
    """Processor time of a process so far; zero where the system does not tell."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:  # noqa: PTH123  read in a loop
            fields = stat.read().rpartition(b")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _held_bytes() -> int:
    """Memory that this process holds now. The peak of getrusage will not do: a child inherits its parent's."""
    try:
        with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123  read after every question
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


class _SoftLimit(BaseException):
    """Not an Exception, so that no parser's broad handler swallows it."""


def serve(task: str) -> None:
    """The worker's side: loads the task's module, says so, and answers questions until its input ends."""
    import resource

    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a library prints is no reply
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    memory = MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(MEMORY_BYTES, hard)
    resource.setrlimit(resource.RLIMIT_AS, (memory, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGPROF, _stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when a user interrupts
    from math_eval.graders.sympy_walls import disarm_sympy, raise_walls

    module = importlib.import_module(task)
    disarm_sympy()
    module.warm()  # what is imported on use is loaded before any clock starts
    disarm_sympy()  # once more, for the modules that came with it
    raise_walls()
    out.write(b'"ready"\n')
    for line in sys.stdin.buffer:
        left, right, seconds, cached = json.loads(line)
        started, state, answer = time.process_time(), "done", None
        try:
            signal.setitimer(signal.ITIMER_PROF, max(seconds, 0.001))
            answer = module.answer(left, right, cached=cached)
            signal.setitimer(signal.ITIMER_PROF, 0)
        except _SoftLimit:
            state = "time"
        except MemoryError:
            state = "memory"
        signal.setitimer(signal.ITIMER_PROF, 0)
        last = state == "memory" or _held_bytes() > memory // 3  # what one answer leaves must not decide the next
        out.write(json.dumps([answer, time.process_time() - started, state, last]).encode() + b"\n")
        if last:
            return


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    raise _SoftLimit
