"""The sandbox: programs in, results out, as many at once as there are cores."""

from __future__ import annotations

import asyncio
import functools
import os
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from math_eval.errors import RequestError, SandboxUnavailable
from math_eval.sandbox.containers import CONTAINERS
from math_eval.sandbox.interpreter import interpreter
from math_eval.sandbox.launch import Zygote, ZygoteLost
from math_eval.sandbox.limits import Limits, State, Tier, TierReport, ToolResult

TIERS: tuple[Tier, ...] = ("namespaces", "bubblewrap", "landlock")
"""What holds a program, strongest first."""
VARIABLE = "MATH_EVAL_SANDBOX"
"""The environment variable that fixes the tier."""
NAMED: tuple[Tier, ...] = (*TIERS, *CONTAINERS)
"""What may be asked for by name: what is chosen unasked, and containers."""
_ATTEMPTS = 2
_DEATH_SECONDS = 0.5
"""After a lost call, in which a dying zygote is waited for."""


@functools.cache
def _offered(tier: Tier, python: str) -> TierReport:
    try:
        zygote = Zygote(interpreter(python), tier, Limits(), warm=False)
    except SandboxUnavailable as error:
        return TierReport(tier, available=False, reason=str(error))
    try:
        result = zygote.call("print('held')")
    except ZygoteLost:
        return TierReport(tier, available=False, reason="the interpreter does not answer")
    finally:
        zygote.close()
    if result.state != "done" or result.stdout != "held\n":
        return TierReport(tier, available=False, reason=result.error or result.state)
    return TierReport(tier, available=True, reason="")


def probe(python: Path | None = None) -> list[TierReport]:
    """What this machine offers, strongest first: each tier is tried with a small program, once in a process."""
    return [_offered(tier, str(python or sys.executable)) for tier in TIERS]


def configured() -> Tier | None:
    """The tier that the environment fixes; None where it fixes none. RequestError where there is no such tier."""
    chosen = os.environ.get(VARIABLE, "")
    if not chosen:
        return None
    for tier in NAMED:
        if tier == chosen:
            return tier
    raise RequestError(f"{VARIABLE}={chosen}: no such sandbox tier; possible: {', '.join(NAMED)}")


class Sandbox:
    """Runs programs that nobody has read; each in a fork of a warm interpreter, held apart from all else.

    Args:
        limits: of each program.
        tier: what holds them; where none is named, the one that MATH_EVAL_SANDBOX names, else the strongest that the
            machine offers. `none` holds nothing.
        python: the interpreter; this one where none is named.

    SandboxUnavailable where the tier, or every tier, does not work here. May be used from several threads and event
    loops at once.
    """

    def __init__(self, limits: Limits | None = None, tier: Tier | None = None, python: Path | None = None) -> None:
        self.limits = limits or Limits()
        self._python = str(python or sys.executable)
        tier = tier or configured()
        self.tier: Tier = tier or self._strongest()
        self._lock = threading.Lock()
        self._zygote: Zygote | None = None
        self._closed = False
        self._process = os.getpid()
        self._at_once = _cores()
        self._threads = ThreadPoolExecutor(self._at_once, thread_name_prefix="sandbox")
        if tier is not None and tier != "none":
            report = _offered(tier, self._python)
            if not report.available:
                raise SandboxUnavailable(f"sandbox tier {tier}: {report.reason}")

    def _strongest(self) -> Tier:
        reasons = []
        for tier in TIERS:
            report = _offered(tier, self._python)
            if report.available:
                return tier
            reasons.append(f"{tier}: {report.reason}")
        raise SandboxUnavailable(
            f"nothing on this machine can hold a program ({'; '.join(reasons)}); see docs/sandbox.md"
        )

    @property
    def scratch(self) -> str:
        """Where this machine keeps what the zygote needs; empty before the first call."""
        zygote = self._zygote
        return zygote.scratch if zygote is not None else ""

    async def run(self, program: str, before: Sequence[str] = ()) -> ToolResult:
        """Runs a program when a core is free. RequestError after close(), and in a process forked from the sandbox's.

        before: earlier programs whose names it goes on from; what they print or raise is dropped. They run again, each
        with the limits of time that the program has.
        """
        if self._closed:
            raise RequestError("the sandbox is closed")
        if os.getpid() != self._process:
            raise RequestError("the sandbox belongs to the process that this one was forked from: make one here")
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._run, program, tuple(before))

    async def close(self) -> None:
        """Ends every process; programs that still run are killed."""
        await asyncio.get_running_loop().run_in_executor(None, self._close)

    def close_now(self) -> None:
        """The same outside an event loop."""
        self._close()

    def _close(self) -> None:
        with self._lock:
            self._closed = True
            if self._zygote is not None:
                self._zygote.close()
                self._zygote = None
        self._threads.shutdown(wait=True)  # what still waits finds the sandbox closed and says so

    def _run(self, program: str, before: tuple[str, ...]) -> ToolResult:
        for _ in range(_ATTEMPTS):
            try:
                zygote = self._started()
            except SandboxUnavailable as error:
                return _without("unavailable", str(error))
            try:
                return zygote.call(program, before)
            except ZygoteLost:
                self._discard(zygote)
        return _without("killed", "the sandbox's interpreter was lost twice while the program ran")

    def _started(self) -> Zygote:
        with self._lock:
            if self._closed:
                raise SandboxUnavailable("the sandbox is closed")
            if self._zygote is None:
                self._zygote = Zygote(interpreter(self._python), self.tier, self.limits, at_once=self._at_once)
            return self._zygote

    def _discard(self, zygote: Zygote) -> None:
        """Forgets a zygote that did not answer, once it is dead: one lost supervisor does not take the others along."""
        dead = zygote.ended(_DEATH_SECONDS)
        with self._lock:
            if self._zygote is zygote and dead:
                zygote.close()
                self._zygote = None


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _without(state: State, error: str) -> ToolResult:
    return ToolResult("", "", error, "", state, 0.0, truncated=False)
