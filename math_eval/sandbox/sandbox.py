"""The sandbox: runs as many programs at the same time as there are cores."""

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
from math_eval.sandbox.interpreter import inspect_interpreter
from math_eval.sandbox.launch import Zygote, ZygoteLost
from math_eval.sandbox.limits import Limits, State, Tier, TierReport, ToolResult

TIERS: tuple[Tier, ...] = ("namespaces", "bubblewrap", "landlock")
"""Tiers that are chosen automatically, strongest first."""
TIER_VARIABLE = "MATH_EVAL_SANDBOX"
"""The environment variable that fixes the tier."""
SELECTABLE_TIERS: tuple[Tier, ...] = (*TIERS, *CONTAINERS)
"""Tiers that the user may name: those chosen automatically, and containers."""
_ATTEMPTS = 2
_DEATH_SECONDS = 0.5
"""Seconds to wait, after a lost call, for a dying zygote to end."""


@functools.cache
def _try_tier(tier: Tier, python: str) -> TierReport:
    try:
        zygote = Zygote(inspect_interpreter(python), tier, Limits(), warm=False)
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
    """Tries each automatic tier with a small program, once in each process.

    Args:
        python: The interpreter to run it with; None takes the one that runs this code.

    Returns:
        One report for each of `namespaces`, `bubblewrap` and `landlock`, strongest first.
    """
    return [_try_tier(tier, str(python or sys.executable)) for tier in TIERS]


def configured_tier() -> Tier | None:
    """Reads the tier that MATH_EVAL_SANDBOX fixes.

    Returns:
        The tier, or None where the variable is unset or empty.

    Raises:
        RequestError: The variable is set to a name that no tier has.
    """
    name = os.environ.get(TIER_VARIABLE, "")
    if not name:
        return None
    for tier in SELECTABLE_TIERS:
        if tier == name:
            return tier
    raise RequestError(f"{TIER_VARIABLE}={name}: no such sandbox tier; possible: {', '.join(SELECTABLE_TIERS)}")


class Sandbox:
    r"""Runs programs that nobody has read, each in a fork of a warm interpreter and isolated from everything else.

    Several threads and event loops may share one sandbox. Close it with `close`, or `close_now` outside an event loop.

    Args:
        limits: The limits of each program; None takes the defaults of `Limits`.
        tier: The isolation tier. None takes the one that MATH_EVAL_SANDBOX names, else the strongest that works on this
            machine. `none` isolates nothing.
        python: The interpreter that runs the programs; None takes the one that runs this code.

    Raises:
        SandboxUnavailable: The tier does not work on this machine or, where none was named, no tier does.
        RequestError: MATH_EVAL_SANDBOX is set to a name that no tier has.

    Example:
        >>> sandbox = Sandbox(Limits(wall_seconds=2.0))
        >>> asyncio.run(sandbox.run("print(6 * 7)")).stdout
        '42\n'
        >>> sandbox.close_now()
    """

    def __init__(self, limits: Limits | None = None, tier: Tier | None = None, python: Path | None = None) -> None:
        self.limits = limits or Limits()
        self._python = str(python or sys.executable)
        tier = tier or configured_tier()
        self.tier: Tier = tier or self._strongest_tier()
        self._lock = threading.Lock()
        self._zygote: Zygote | None = None
        self._closed = False
        self._owner_pid = os.getpid()
        self._concurrency = _cores()
        self._threads = ThreadPoolExecutor(self._concurrency, thread_name_prefix="sandbox")
        if tier is not None and tier != "none":
            report = _try_tier(tier, self._python)
            if not report.available:
                raise SandboxUnavailable(f"sandbox tier {tier}: {report.reason}")

    def _strongest_tier(self) -> Tier:
        reasons = []
        for tier in TIERS:
            report = _try_tier(tier, self._python)
            if report.available:
                return tier
            reasons.append(f"{tier}: {report.reason}")
        raise SandboxUnavailable(f"no sandbox tier works on this machine ({'; '.join(reasons)}); see docs/sandbox.md")

    @property
    def scratch(self) -> str:
        """Path of the zygote's folder on this machine; empty before the first call and in tiers that need none."""
        zygote = self._zygote
        return zygote.scratch if zygote is not None else ""

    async def run(self, program: str, before: Sequence[str] = ()) -> ToolResult:
        """Runs a program as soon as a core is free.

        Args:
            program: The text of the program.
            before: Earlier programs whose variables the program may use, in their order. They are executed again, each
                with the same limits of time as the program; what they print or raise is dropped.

        Returns:
            The result. A program that fails or is killed is a result, not an exception.

        Raises:
            RequestError: The sandbox is closed, or this process was forked from the one that created it.
        """
        if self._closed:
            raise RequestError("the sandbox is closed")
        if os.getpid() != self._owner_pid:
            raise RequestError("the sandbox was created before this process was forked: create another one here")
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._run, program, tuple(before))

    async def close(self) -> None:
        """Ends the interpreter and kills the programs that still run; safe to call twice."""
        await asyncio.get_running_loop().run_in_executor(None, self._close)

    def close_now(self) -> None:
        """Does what `close` does, outside an event loop."""
        self._close()

    def _close(self) -> None:
        with self._lock:
            self._closed = True
            if self._zygote is not None:
                self._zygote.close()
                self._zygote = None
        self._threads.shutdown(wait=True)  # programs that still wait get the result "unavailable"

    def _run(self, program: str, before: tuple[str, ...]) -> ToolResult:
        for _ in range(_ATTEMPTS):
            try:
                zygote = self._ensure_zygote()
            except SandboxUnavailable as error:
                return _failed_result("unavailable", str(error))
            try:
                return zygote.call(program, before)
            except ZygoteLost:
                self._discard(zygote)
        return _failed_result("killed", "the sandbox's interpreter was lost twice while the program ran")

    def _ensure_zygote(self) -> Zygote:
        with self._lock:
            if self._closed:
                raise SandboxUnavailable("the sandbox is closed")
            if self._zygote is None:
                self._zygote = Zygote(
                    inspect_interpreter(self._python), self.tier, self.limits, concurrency=self._concurrency
                )
            return self._zygote

    def _discard(self, zygote: Zygote) -> None:
        """Drops a zygote that did not answer, if it is dead: one lost supervisor must not end the other calls."""
        dead = zygote.wait_until_dead(_DEATH_SECONDS)
        with self._lock:
            if self._zygote is zygote and dead:
                zygote.close()
                self._zygote = None


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _failed_result(state: State, error: str) -> ToolResult:
    return ToolResult("", "", error, "", state, 0.0, truncated=False)
