"""Doing a plan: one bounded stream of samples over all benchmarks, graded and written as they finish."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from math_eval.engines import Engine
from math_eval.engines.base import failed
from math_eval.errors import ModelError, StoppedError
from math_eval.generate.conversation import Executor, ToolUse, converse
from math_eval.generate.encoded import EncodedPrompts
from math_eval.generate.order import LongestFirst, Part
from math_eval.generate.plan import BenchmarkTask, Plan, SamplingSet
from math_eval.graders import grade_sample, load_grader
from math_eval.records import Completion, Problem, SampleKey, Verdict
from math_eval.runfolder.lengths import Lengths, forecast
from math_eval.runfolder.store import RunStore

_AWAY_FACTOR = 4
"""How many times the engine's slots may be in flight while samples are away at tools."""


class Watcher(Protocol):
    """Is told of every finished sample; a progress bar, say."""

    def sample(self, completion: Completion, verdict: Verdict) -> None:
        """One more sample is stored."""
        ...


@dataclass(frozen=True, slots=True)
class Work:
    """One sample to be made."""

    key: SampleKey
    unit: BenchmarkTask
    problem: Problem
    set: SamplingSet
    expected: float
    """Its length, for the order; see lengths.py."""


@dataclass(slots=True)
class Timing:
    """What a session of generation cost."""

    samples: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    seconds: float = 0.0


def work(plan: Plan, store: RunStore) -> Iterator[Work]:
    """Every sample that the plan asks for and the store lacks."""
    for part in parts(plan, store):
        for _, item in part.items:
            yield item


def parts(plan: Plan, store: RunStore, known: Sequence[Lengths] = ()) -> Iterator[Part[Work]]:
    """The same by set and benchmark split, in each what is likely long first, the samples of one problem together."""
    for one in plan.sets:
        for unit in plan.units:
            told = forecast(unit.problems, known)
            name = (one.name, unit.benchmark.name, unit.benchmark.split)
            yield Part(name, _items(plan, store, one, unit, told.expected), told.measured)


def _items(
    plan: Plan, store: RunStore, one: SamplingSet, unit: BenchmarkTask, expected: Sequence[float]
) -> Iterator[tuple[float, Work]]:
    shard = plan.request.shard
    for number in sorted(range(len(expected)), key=lambda number: -expected[number]):
        if shard and number % shard[1] != shard[0] - 1:
            continue
        problem = unit.problems[number]
        for n in range(one.samples):
            key = SampleKey(problem.benchmark, problem.split, problem.id, one.name, n)
            if key not in store.done:
                yield expected[number], Work(key, unit, problem, one, expected[number])


def request_seed(seed: int, key: SampleKey) -> int:
    """The seed of one request under --seeding request: from the run's seed and the sample's key alone."""
    said = f"{seed}\0{key.benchmark}\0{key.split}\0{key.problem}\0{key.set}\0{key.n}"
    return int.from_bytes(hashlib.sha256(said.encode()).digest()[:4], "big") >> 1


_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C, and what a scheduler or a closed terminal sends."""


class Pipeline:
    """Keeps `engine.concurrency` samples in flight until the plan is done.

    Raises StoppedError after Ctrl-C, EngineError when the engine is gone, StorageError when the folder cannot be
    written; what had finished by then is stored. known: lengths of completions of the same problems.
    """

    def __init__(
        self,
        plan: Plan,
        store: RunStore,
        engine: Engine,
        prompts: EncodedPrompts,
        watcher: Watcher,
        executor: Executor | None = None,
        known: Sequence[Lengths] = (),
    ) -> None:
        self._plan = plan
        self._grader = load_grader(plan.info.grader)
        self._store = store
        self._engine = engine
        self._encoded = prompts
        self._watcher = watcher
        self._executor = executor
        self._news: asyncio.Queue[asyncio.Task[None] | None] = asyncio.Queue()
        self._away = 0
        self._order = LongestFirst(parts(plan, store, known))
        self.timing = Timing()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._stopped_early = False

    def stop(self) -> None:
        """Ends the run after what is finished; called by signal handlers and from other threads."""
        self._stopped_early = True
        with contextlib.suppress(RuntimeError):  # it has ended already
            if self._loop is not None and self._stop is not None:
                self._loop.call_soon_threadsafe(self._stop.set)

    async def run(self) -> None:
        """Makes, grades and stores every missing sample."""
        began = time.monotonic()
        self._stop = stop = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        if self._stopped_early:
            stop.set()
        with stopped_by_signals(self.stop):
            try:
                await self._stream(stop)
            finally:
                self.timing.seconds = time.monotonic() - began
                await self._engine.close()
        if stop.is_set():
            raise StoppedError("stopped; every finished sample is stored, run the same command again to go on")

    async def _stream(self, stop: asyncio.Event) -> None:
        """Keeps the engine's slots taken: a sample that is away at a tool leaves its slot to another."""
        stopping = asyncio.create_task(stop.wait())
        stopping.add_done_callback(lambda _: self._news.put_nowait(None))
        running: set[asyncio.Task[None]] = set()
        bound = self._engine.concurrency
        try:
            exhausted = False
            while not stop.is_set():
                while not exhausted and len(running) - self._away < bound and len(running) < _AWAY_FACTOR * bound:
                    item = next(self._order, None)
                    if item is None:
                        exhausted = True
                    else:
                        task = asyncio.create_task(self._sample(item))
                        running.add(task)
                        task.add_done_callback(self._news.put_nowait)
                if not running:
                    return
                done = await self._news.get()
                if done is None:
                    continue
                running.discard(done)
                failure = None if done.cancelled() else done.exception()
                if failure is not None:
                    raise failure
        finally:
            stopping.cancel()
            for task in running:
                task.cancel()
            await asyncio.gather(stopping, *running, return_exceptions=True)

    def _left(self, away: bool) -> None:
        self._away += 1 if away else -1
        if away:
            self._news.put_nowait(None)

    async def _sample(self, item: Work) -> None:
        prompt = self._encoded.encode(item.unit.prompt(item.problem))
        sampling = replace(item.set.sampling, number=item.key.n)
        if self._plan.request.seeding == "request":
            sampling = replace(sampling, seed=request_seed(self._plan.request.settings.seed, item.key))
        try:
            protocol = self._plan.protocol(item.unit)
            if protocol is None:
                completion = await self._engine.complete(prompt, sampling)
            else:
                tools = self._plan.tools
                use = ToolUse(protocol, tools.rules, tools.max_calls, self._executor if tools.python else None)
                completion = await converse(self._engine, prompt, sampling, use, self._encoded.tokenizer, self._left)
        except ModelError as error:
            completion = failed(str(error))
        self._store.write_sample(item.key, completion)  # before grading: a grader that fails must lose nothing
        extraction, verdict = grade_sample(self._grader, completion.text, item.problem)
        self._store.write_verdict(item.key, extraction, verdict)
        name = (item.set.name, item.key.benchmark, item.key.split)
        self._order.finished(name, item.expected, completion.tokens_out)
        self.timing.samples += 1
        self.timing.tokens_in += completion.tokens_in
        self.timing.tokens_out += completion.tokens_out
        self._watcher.sample(completion, verdict)


@contextlib.contextmanager
def stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """The first Ctrl-C, SIGTERM or SIGHUP calls `stop`; a second acts as ever. Only the main thread gets signals.

    A SIGHUP that is ignored stays so: under nohup a run outlives its terminal.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) or signal.SIG_DFL for number in _STOPPING}
    if before[signal.SIGHUP] is signal.SIG_IGN:
        del before[signal.SIGHUP]

    def interrupted(number: int, _frame: object) -> None:
        signal.signal(number, before[signal.Signals(number)])
        stop()

    for number in before:
        signal.signal(number, interrupted)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
