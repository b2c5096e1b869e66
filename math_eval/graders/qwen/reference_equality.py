"""Verdicts as the reference gives them: its equality, with the symbolic question put to a worker that can be killed."""

from __future__ import annotations

import atexit
import os
import threading
from collections import OrderedDict

from math_eval.graders.qwen.equality import equal
from math_eval.graders.qwen.packages import check_packages
from math_eval.graders.sympy_worker import OutOfTimeError, SympyWorker
from math_eval.records import Verdict

QWEN_VERSION = "1"
"""Raised whenever a verdict can change: part of the fingerprint of stored verdicts."""
SECONDS = 3.0
"""Processor time of one pair. The reference's limit is 3 s of wall time on a core of its own."""
MAX_CHARS = 1 << 20
_TASK = "math_eval.graders.qwen.symbolic"
_MAX_KEPT = 200_000
_MAX_KEPT_CHARS = 2_000


class ReferenceEquality:
    """Verdicts on normalised predictions and golds; thread-safe. cache: remember symbolic answers by pair."""

    def __init__(self, *, cache: bool = True) -> None:
        check_packages()
        self._worker = SympyWorker(_TASK)
        self._cache = cache
        self._kept: OrderedDict[tuple[str, str], tuple[bool | None, float]] = OrderedDict()
        self._lock = threading.Lock()

    def start(self) -> None:
        """Starts the worker ahead of the first question that needs it, without waiting."""
        with self._lock:
            self._worker.start()

    def verdict(self, prediction: str | None, gold: str) -> Verdict:
        """The reference's verdict; undecided (wrong there) past a limit: "limit:time", memory, length, or worker."""
        if max(len(prediction or ""), len(gold)) > MAX_CHARS:
            return Verdict("undecided", "limit:length")
        left = SECONDS

        def symbolic(one: str, other: str) -> bool:
            nonlocal left
            with self._lock:
                same, used = self._ask(one, other, left)
            left -= used
            if left <= 0:
                raise OutOfTimeError
            return same

        try:
            outcome = equal(prediction, gold, symbolic)
        except OutOfTimeError as error:
            return Verdict("undecided", f"limit:{error.limit}")
        return Verdict(outcome.status, outcome.rule)

    def close(self) -> None:
        """Ends the worker; a later question starts another."""
        with self._lock:
            self._worker.close()

    def forget(self) -> None:
        """For the child of a fork: leaves the parent's worker alone."""
        self._worker.forget()
        self._lock = threading.Lock()

    def _ask(self, one: str, other: str, left: float) -> tuple[bool, float]:
        if not self._cache:
            return self._worker.ask(one, other, left, cached=False)
        pair = one, other
        if pair in self._kept:
            self._kept.move_to_end(pair)
            known, used = self._kept[pair]
            if known is None:
                raise OutOfTimeError
            return known, used  # charged again: a verdict must not depend on what was graded before
        try:
            found, used = self._worker.ask(one, other, left)
        except OutOfTimeError as error:
            if error.limit == "time" and left >= SECONDS:
                self._keep(pair, None, SECONDS)
            raise
        self._keep(pair, found, used)
        return found, used

    def _keep(self, pair: tuple[str, str], known: bool | None, used: float) -> None:
        if len(pair[0]) + len(pair[1]) > _MAX_KEPT_CHARS:
            return
        self._kept[pair] = known, used
        if len(self._kept) > _MAX_KEPT:
            self._kept.popitem(last=False)


_shared: ReferenceEquality | None = None
_shared_lock = threading.Lock()


def shared_equality() -> ReferenceEquality:
    """The grader of this process, made on first use and ended with the process. MissingPackageError, RequestError."""
    global _shared  # noqa: PLW0603  one worker a process
    with _shared_lock:
        if _shared is None:
            _shared = ReferenceEquality()
            atexit.register(_shared.close)
        return _shared


def _forked() -> None:
    """For the child of a fork, where no thread is left that could release a lock."""
    global _shared_lock  # noqa: PLW0603  one a process
    _shared_lock = threading.Lock()
    if _shared is not None:
        _shared.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
