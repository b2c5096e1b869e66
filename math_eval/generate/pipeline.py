"""Carries out a plan: makes the samples of all benchmarks in one stream, and stores and grades each as it finishes."""

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

from math_eval.answers.thoughts import opens_thought, tell_apart
from math_eval.engines import Engine
from math_eval.engines.base import failed
from math_eval.errors import ModelError, StoppedError
from math_eval.families import ThoughtMarks
from math_eval.generate.continuation import cut_of, joined, resumed_prompt
from math_eval.generate.conversation import Executor, ToolUse, converse
from math_eval.generate.encoded import EncodedPrompts
from math_eval.generate.model_settings import ASK_NO_MODEL
from math_eval.generate.order import LongestFirst, Part
from math_eval.generate.plan import BenchmarkTask, Plan
from math_eval.generate.sets import SamplingSet
from math_eval.generate.thinking import ThoughtBounds, think_within
from math_eval.graders import grade_sample, load_grader
from math_eval.records import Completion, Problem, Prompt, SampleKey, Verdict
from math_eval.runfolder.layout import SampleLine
from math_eval.runfolder.lengths import Lengths, forecast
from math_eval.runfolder.store import RunStore

_MAX_OVERCOMMIT = 4
"""The largest number of unfinished samples, as a multiple of the engine's concurrency, while some wait for tools."""

_USUAL_MARKS = ThoughtMarks("<think>", "</think>")
"""The marks of the thoughts of a model whose family states none."""

_TAIL_TOKENS = 32
"""Tokens at the end of a prompt that may hold the opening mark of a thought."""


class Watcher(Protocol):
    """Receives every finished sample, for example to show progress."""

    def sample(self, completion: Completion, verdict: Verdict) -> None:
        """Receives a sample that was stored."""
        ...


@dataclass(frozen=True, slots=True)
class Work:
    """One sample to make.

    Attributes:
        key: The key that the sample will have.
        task: The benchmark task that the problem belongs to.
        problem: The problem.
        set: The set that the sample belongs to.
        expected_length: Its expected length, which decides the order; see math_eval/runfolder/lengths.py.
        cut: The line of the sample, if it was cut and goes on; None for a new sample.
    """

    key: SampleKey
    task: BenchmarkTask
    problem: Problem
    set: SamplingSet
    expected_length: float
    cut: SampleLine | None = None


@dataclass(slots=True)
class Timing:
    """What one session of generation cost: known tokens, and `seconds` without the time to load the model."""

    samples: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    seconds: float = 0.0


def work(plan: Plan, store: RunStore) -> Iterator[Work]:
    """Yields the samples that the plan asks for and the run folder lacks."""
    for part in parts(plan, store):
        for _, item in part.items:
            yield item


def parts(plan: Plan, store: RunStore, lengths: Sequence[Lengths] = ()) -> Iterator[Part[Work]]:
    """Yields the missing samples in parts, one for each set and benchmark split, as `LongestFirst` needs them.

    Args:
        plan: The plan.
        store: The run folder.
        lengths: Measured lengths of completions of the same problems.
    """
    for sampling_set in plan.sets:
        for task in plan.tasks:
            prediction = forecast(task.problems, lengths)
            name = (sampling_set.name, task.benchmark.name, task.benchmark.split)
            yield Part(name, _items(plan, store, sampling_set, task, prediction.lengths), prediction.in_tokens)


def _items(
    plan: Plan, store: RunStore, sampling_set: SamplingSet, task: BenchmarkTask, expected_lengths: Sequence[float]
) -> Iterator[tuple[float, Work]]:
    shard = plan.request.shard
    for number in sorted(range(len(expected_lengths)), key=lambda number: -expected_lengths[number]):
        if shard and number % shard[1] != shard[0] - 1:
            continue
        problem = task.problems[number]
        for n in range(sampling_set.samples_of(task.benchmark)):
            key = SampleKey(problem.benchmark, problem.split, problem.id, sampling_set.name, n)
            cut = store.cut_samples.get(key)
            if key not in store.sample_index or cut is not None:
                expected_length = expected_lengths[number]
                yield expected_length, Work(key, task, problem, sampling_set, expected_length, cut)


def request_seed(seed: int, key: SampleKey, segment: int = 0) -> int:
    """Returns the seed of one request under --seeding request.

    It depends only on the seed of the run and the key of the sample, so that a resumed run makes the same samples.

    Args:
        seed: The seed of the run.
        key: The key of the sample.
        segment: The number of parts that the sample has already, if it goes on.

    Returns:
        A number of 31 bits.
    """
    text = f"{seed}\0{key.benchmark}\0{key.split}\0{key.problem}\0{key.set}\0{key.n}"
    if segment:
        text += f"\0{segment}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1


_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Sent by Ctrl-C, by a scheduler, and by a closed terminal."""


class Pipeline:
    """Makes the missing samples of a plan, `engine.concurrency` at a time.

    Attributes:
        timing: What the session has cost so far.
    """

    def __init__(
        self,
        plan: Plan,
        store: RunStore,
        engine: Engine,
        prompts: EncodedPrompts,
        watcher: Watcher,
        executor: Executor | None = None,
        lengths: Sequence[Lengths] = (),
    ) -> None:
        """Makes nothing yet.

        Args:
            plan: The plan.
            store: The run folder, locked by the caller.
            engine: Makes completions; it is closed at the end.
            prompts: Encodes prompts.
            watcher: Receives every finished sample.
            executor: Executes programs; None if the plan executes none.
            lengths: Measured lengths of completions of the same problems.
        """
        self._plan = plan
        self._grader = load_grader(plan.info.grader)
        self._store = store
        self._engine = engine
        self._prompts = prompts
        self._watcher = watcher
        self._executor = executor
        self._events: asyncio.Queue[asyncio.Task[None] | None] = asyncio.Queue()
        self._tool_calls = 0
        self._order = LongestFirst(parts(plan, store, lengths))
        self.timing = Timing()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._stop_requested = False

    def stop(self) -> None:
        """Stops the run; finished samples stay stored. Safe to call from signal handlers and other threads."""
        self._stop_requested = True
        with contextlib.suppress(RuntimeError):  # the loop has ended
            if self._loop is not None and self._stop is not None:
                self._loop.call_soon_threadsafe(self._stop.set)

    async def run(self) -> None:
        """Makes, stores and grades every missing sample. Whatever is raised, finished samples stay stored.

        Raises:
            StoppedError: The run was stopped by Ctrl-C, a signal, or `stop`.
            EngineError: The engine can make no more completions.
            StorageError: The run folder cannot be written.
        """
        start = time.monotonic()
        self._stop = stop = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        if self._stop_requested:
            stop.set()
        with stopped_by_signals(self.stop):
            try:
                await self._stream(stop)
            finally:
                self.timing.seconds = time.monotonic() - start
                await self._engine.close()
        if stop.is_set():
            raise StoppedError("stopped; finished samples are stored, run the same command again to continue")

    async def _stream(self, stop: asyncio.Event) -> None:
        """Keeps the engine busy: while a sample waits for a tool, another one uses its slot."""
        stopping = asyncio.create_task(stop.wait())
        stopping.add_done_callback(lambda _: self._events.put_nowait(None))
        running: set[asyncio.Task[None]] = set()
        try:
            exhausted = False
            while not stop.is_set():
                while not exhausted and self._has_slot(len(running)):
                    item = next(self._order, None)
                    if item is None:
                        exhausted = True
                    else:
                        task = asyncio.create_task(self._sample(item))
                        running.add(task)
                        task.add_done_callback(self._events.put_nowait)
                if not running:
                    return
                event = await self._events.get()
                if event is None:
                    continue
                running.discard(event)
                failure = None if event.cancelled() else event.exception()
                if failure is not None:
                    raise failure
        finally:
            stopping.cancel()
            for task in running:
                task.cancel()
            await asyncio.gather(stopping, *running, return_exceptions=True)

    def _has_slot(self, unfinished: int) -> bool:
        """Whether the engine has a free slot when this many samples are unfinished, waiting for tools or not."""
        concurrency = self._engine.concurrency
        return unfinished - self._tool_calls < concurrency and unfinished < _MAX_OVERCOMMIT * concurrency

    def _count_tool_call(self, begins: bool) -> None:
        self._tool_calls += 1 if begins else -1
        if begins:
            self._events.put_nowait(None)

    async def _sample(self, item: Work) -> None:
        prompt = self._prompts.encode(item.task.prompt(item.problem))
        sampling = replace(item.set.sampling, number=item.key.n)
        if sampling.stop:
            prompt = replace(prompt, stop=(*prompt.stop, *sampling.stop))
        segments = () if item.cut is None else tuple(item.cut.segments) or (item.cut.tokens_out or 0,)
        if self._plan.request.seeding == "request":
            sampling = replace(sampling, seed=request_seed(self._plan.request.settings.seed, item.key, len(segments)))
        cut = None
        budget = sampling.max_tokens
        try:
            protocol = self._plan.protocol(item.task)
            if item.cut is not None:
                rest = replace(sampling, max_tokens=budget - (item.cut.tokens_out or 0))
                more = await self._engine.complete(resumed_prompt(prompt, item.cut), rest)
                completion, cut = joined(item.cut, more, prompt, budget)
                segments = (*segments, more.tokens_out or 0)
            elif sampling.thinking_budget or sampling.min_thinking:
                completion, segments = await think_within(
                    self._engine, prompt, sampling, self._bounds(prompt), self._prompts.tokenizer
                )
                cut = cut_of(completion, budget)
            elif protocol is None:
                completion = await self._engine.complete(prompt, sampling)
                cut = cut_of(completion, budget)
            else:
                tools = self._plan.tools
                use = ToolUse(protocol, tools.rules, tools.max_calls, self._executor if tools.python else None)
                completion = await converse(
                    self._engine, prompt, sampling, use, self._prompts.tokenizer, self._count_tool_call
                )
        except ModelError as error:
            completion = failed(str(error))
        completion = self._told_apart(completion, prompt)
        self._store.write_sample(
            item.key, completion, cut, segments
        )  # before grading, so that a grader that fails loses no sample
        extraction, verdict = grade_sample(
            self._grader, completion.text, item.problem, thought=completion.thought or "", finish=completion.finish
        )
        self._store.write_verdict(item.key, extraction, verdict)
        name = (item.set.name, item.key.benchmark, item.key.split)
        if completion.tokens_out is not None:
            self._order.record(name, item.expected_length, completion.tokens_out)
        self.timing.samples += 1
        self.timing.tokens_in += completion.tokens_in or 0
        self.timing.tokens_out += (completion.tokens_out or 0) - (item.cut.tokens_out or 0 if item.cut else 0)
        self._watcher.sample(completion, verdict)

    def _told_apart(self, completion: Completion, prompt: Prompt) -> Completion:
        """The completion with its thought told from its answer."""
        marks, tokenizer = self._plan.model.mode.thought, self._prompts.tokenizer
        start, end = (marks.start, marks.end) if marks else ("", "")
        token_texts = tokenizer.token_texts if tokenizer else None
        return tell_apart(completion, start, end, opened=self._opened(prompt), token_texts=token_texts)

    def _opened(self, prompt: Prompt) -> bool:
        """Whether a prompt ends with the opening mark of a thought."""
        marks, tokenizer = self._plan.model.mode.thought, self._prompts.tokenizer
        start = marks.start if marks else ""
        if tokenizer is not None and prompt.token_ids:
            return opens_thought(tokenizer.decode(prompt.token_ids[-_TAIL_TOKENS:]), start)
        if prompt.text:
            return opens_thought(prompt.text, start)
        # the server renders the messages
        return marks is not None and marks.opened_by_template and self._plan.engine not in ASK_NO_MODEL

    def _bounds(self, prompt: Prompt) -> ThoughtBounds:
        mode = self._plan.model.mode
        marks = mode.thought or _USUAL_MARKS
        return ThoughtBounds(marks.start, marks.end, mode.closing or f"\n{marks.end}\n\n", self._opened(prompt))


@contextlib.contextmanager
def stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Makes the first Ctrl-C, SIGTERM or SIGHUP call `stop` while the block runs; a second one acts as usual.

    It does nothing outside the main thread, which alone receives signals. An ignored SIGHUP stays ignored, so that a
    run under nohup survives the end of its terminal.

    Args:
        stop: Called from the signal handler.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {number: signal.getsignal(number) or signal.SIG_DFL for number in _STOP_SIGNALS}
    if handlers[signal.SIGHUP] is signal.SIG_IGN:
        del handlers[signal.SIGHUP]

    def on_signal(number: int, _frame: object) -> None:
        signal.signal(number, handlers[signal.Signals(number)])
        stop()

    for number in handlers:
        signal.signal(number, on_signal)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
