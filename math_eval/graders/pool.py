"""Many pairs at once: worker processes beside the caller, replaced when they die, with SymPy for what is undecided."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from concurrent.futures.process import BrokenProcessPool
from typing import Literal, TypeAlias

from math_eval.graders.equivalence.cas import SECONDS, ask_sympy, limit_worker
from math_eval.graders.equivalence.policy import DEFAULT, Policy
from math_eval.graders.equivalence.verdict import grade
from math_eval.records import AnswerKind, Verdict

Pair: TypeAlias = tuple[str, str]
"""An answer and its gold."""

CHUNK = 256
_GRACE_S = 30.0
_TRIES = 3


def grade_many(
    pairs: Iterable[Pair],
    *,
    kind: AnswerKind = "expression",
    policy: Policy = DEFAULT,
    workers: int | None = None,
    cas: Literal["worker", "none"] = "worker",
) -> list[Verdict]:
    """Verdicts in the order of the pairs. workers: processes (the number of cores); 0 grades here, without SymPy.

    cas: "worker" asks SymPy, in a worker with limits on time and address space, where the grader itself is undecided
    for want of algebra; the verdict then says "sympy". A worker that dies is replaced and its pairs are tried again;
    one that kills three workers is undecided ("limit:worker").
    """
    wanted = list(pairs)
    if workers == 0:
        return [grade(answer, gold=gold, kind=kind, policy=policy) for answer, gold in wanted]
    chunks = [wanted[start : start + CHUNK] for start in range(0, len(wanted), CHUNK)]
    pool = _Pool(workers or os.cpu_count() or 1)
    try:
        verdicts = [verdict for chunk in pool.chunks(chunks, kind, policy) for verdict in chunk]
        if cas == "worker":
            for at, verdict in enumerate(verdicts):
                if verdict.rule == "needs_cas":
                    verdicts[at] = pool.ask(wanted[at])
    finally:
        pool.close()
    return verdicts


def _grade_chunk(chunk: Sequence[Pair], kind: AnswerKind, policy: Policy) -> list[Verdict]:
    return [grade(answer, gold=gold, kind=kind, policy=policy) for answer, gold in chunk]


def _ask(pair: Pair) -> Verdict:
    outcome = ask_sympy(*pair)
    return Verdict(outcome.status, outcome.rule)


class _Pool:
    """A process pool that is made again when a worker dies or hangs."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._executor = self._made()

    def _made(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")  # forking a process with threads or a GPU is asking for trouble
        return ProcessPoolExecutor(self._workers, mp_context=context, initializer=limit_worker)

    def _renew(self) -> None:
        for process in list((self._executor._processes or {}).values()):  # noqa: SLF001  no public way to kill them
            process.kill()
        self._executor.shutdown(wait=False, cancel_futures=True)
        self._executor = self._made()

    def chunks(self, chunks: Sequence[list[Pair]], kind: AnswerKind, policy: Policy) -> list[list[Verdict]]:
        """The verdicts of every chunk; a chunk whose worker dies is tried again, at last pair by pair."""
        futures: list[Future[list[Verdict]]] = [
            self._executor.submit(_grade_chunk, chunk, kind, policy) for chunk in chunks
        ]
        found: list[list[Verdict]] = []
        for chunk, future in zip(chunks, futures, strict=True):
            try:
                found.append(future.result())
            except BrokenProcessPool:
                found.append(self._again(chunk, kind, policy))
        return found

    def _again(self, chunk: list[Pair], kind: AnswerKind, policy: Policy) -> list[Verdict]:
        found: list[Verdict] = []
        for _ in range(_TRIES - 1):
            self._renew()
            try:
                return self._executor.submit(_grade_chunk, chunk, kind, policy).result()
            except BrokenProcessPool:
                continue
        for pair in chunk:
            self._renew()
            try:
                found += self._executor.submit(_grade_chunk, [pair], kind, policy).result()
            except BrokenProcessPool:
                found.append(Verdict("undecided", "limit:worker"))
        return found

    def ask(self, pair: Pair) -> Verdict:
        """SymPy's word on one pair; a worker that hangs past its alarm is killed."""
        for _ in range(_TRIES):
            try:
                return self._executor.submit(_ask, pair).result(timeout=SECONDS + _GRACE_S)
            except BrokenProcessPool:
                self._renew()
            except FutureTimeoutError:
                self._renew()
                return Verdict("undecided", "limit:cas-time")
        return Verdict("undecided", "limit:worker")

    def close(self) -> None:
        """Ends the workers."""
        self._executor.shutdown(wait=True, cancel_futures=True)
