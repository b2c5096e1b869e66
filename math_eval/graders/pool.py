"""Many pairs at once: worker processes beside the caller, replaced when they die, with SymPy for what is undecided."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Literal, TypeAlias

from math_eval.graders.equivalence.cas import SECONDS
from math_eval.graders.equivalence.policy import DEFAULT, Policy
from math_eval.graders.equivalence.verdict import grade
from math_eval.graders.sympy_worker import MEMORY_BYTES, OutOfTimeError, SympyWorker
from math_eval.records import AnswerKind, Verdict

Pair: TypeAlias = tuple[str, str]
"""An answer and its gold."""

CHUNK = 256
_FEW = 4 * CHUNK
"""Up to so many pairs, starting processes takes longer than grading them here."""
_TRIES = 3
_CAS_TASK = "math_eval.graders.equivalence.cas"


def grade_many(
    pairs: Iterable[Pair],
    *,
    kind: AnswerKind = "expression",
    policy: Policy = DEFAULT,
    workers: int | None = None,
    cas: Literal["worker", "none"] = "worker",
) -> list[Verdict]:
    """Verdicts in the order of the pairs.

    A worker that dies is replaced and its pairs are tried again; one that kills three workers is undecided
    ("limit:worker").

    Args:
        pairs: Answers and their golds.
        kind: What the golds are.
        policy: Switches of the grader.
        workers: Processes; by default one a core, and none for about a thousand pairs or fewer. 0 grades here.
        cas: "worker" asks SymPy, in a process with limits on time and address space, where the grader itself is
            undecided for want of algebra; the verdict then says "sympy". "none" leaves those undecided.

    Raises:
        MissingPackageError: SymPy is needed and not installed.
    """
    listed = list(pairs)
    if workers == 0 or (workers is None and len(listed) <= _FEW):
        verdicts = _grade_chunk(listed, kind, policy)
    else:
        chunks = [listed[start : start + CHUNK] for start in range(0, len(listed), CHUNK)]
        pool = _Pool(workers or os.cpu_count() or 1)
        try:
            verdicts = [verdict for chunk in pool.chunks(chunks, kind, policy) for verdict in chunk]
        finally:
            pool.close()
    return _ask_sympy(listed, verdicts) if cas == "worker" and workers != 0 else verdicts


def _ask_sympy(pairs: Sequence[Pair], verdicts: list[Verdict]) -> list[Verdict]:
    """The verdicts, with SymPy's word where the grader needed algebra."""
    open_questions = [at for at, verdict in enumerate(verdicts) if verdict.rule == "needs_cas"]
    if not open_questions:
        return verdicts
    worker = SympyWorker(_CAS_TASK)
    try:
        for at in open_questions:
            try:
                (status, rule), _seconds = worker.ask(*pairs[at], SECONDS)
            except OutOfTimeError as error:
                limit = error.limit if error.limit == "worker" else f"cas-{error.limit}"
                status, rule = "undecided", f"limit:{limit}"
            verdicts[at] = Verdict(status, rule)
    finally:
        worker.close()
    return verdicts


def _limit_memory() -> None:
    """Bounds the address space of a worker process."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def _grade_chunk(chunk: Sequence[Pair], kind: AnswerKind, policy: Policy) -> list[Verdict]:
    return [grade(answer, gold=gold, kind=kind, policy=policy) for answer, gold in chunk]


class _Pool:
    """A process pool that is made again when a worker dies or hangs."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._executor = self._made()

    def _made(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")  # forking a process with threads or a GPU is asking for trouble
        return ProcessPoolExecutor(self._workers, mp_context=context, initializer=_limit_memory)

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

    def close(self) -> None:
        """Ends the workers."""
        self._executor.shutdown(wait=True, cancel_futures=True)
