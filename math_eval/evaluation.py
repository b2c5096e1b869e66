"""Carries out a run: plan, generation, grading and scoring."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from math_eval.engines import Engine, make_engine
from math_eval.engines.negotiation import ServerChange
from math_eval.engines.replay import ReplayEngine
from math_eval.engines.server import ServerEngine
from math_eval.errors import RequestError, SandboxUnavailable
from math_eval.generate.conversation import Executor
from math_eval.generate.encoded import EncodedPrompts
from math_eval.generate.pipeline import Pipeline, Timing, Watcher, stopped_by_signals, work
from math_eval.generate.plan import Plan, make_plan
from math_eval.generate.request import RunRequest
from math_eval.generate.reward_request import RewardPlan, run_plan
from math_eval.generate.rewards import RewardSummary, RewardWatcherFactory, make_rewards
from math_eval.graders import load_grader
from math_eval.models import Tokenizer
from math_eval.records import Problem
from math_eval.results.run_samples import Problems, RunSamples, problems_of
from math_eval.results.score import score_store
from math_eval.runfolder.layout import RunInfo, read_run, read_run_info, write_json
from math_eval.runfolder.lengths import Lengths, read_lengths
from math_eval.runfolder.lock import locked
from math_eval.runfolder.merge import merge, refuse_foreign
from math_eval.runfolder.reward_layout import reward_files, sample_rewards
from math_eval.runfolder.store import RunStore
from math_eval.sandbox import Limits, Sandbox
from math_eval.scoring import Metrics, ScoreOptions
from math_eval.sources import Progress


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run.

    Attributes:
        folder: The run folder.
        info: The contents of run.json.
        metrics: The metrics (shares are fractions from 0 to 1); None for a shard.
        timing: The cost of this session.
        made: Samples that were missing when the session began.
        rewards: The summary of the rewards file; None without a reward model.
    """

    folder: Path
    info: RunInfo
    metrics: Metrics | None
    timing: Timing
    made: int
    rewards: RewardSummary | None = None


_POLL_SECONDS = 0.2

WatcherFactory = Callable[[int, int], Watcher]
"""Makes the watcher from the number of samples to make and the number of samples made earlier."""


def evaluate(
    request: RunRequest,
    *,
    warn: Callable[[str], None] = lambda _: None,
    watch: WatcherFactory | None = None,
    progress: Callable[[str], Progress | None] | None = None,
    engine: Engine | None = None,
    executor: Executor | None = None,
    watch_rewards: RewardWatcherFactory | None = None,
) -> Run:
    """Carries out a request, or what is missing of it in its run folder, and returns the run.

    A shard only makes its samples; the whole run is scored afterwards. A reward model is loaded after the engine is
    closed.

    Args:
        request: The request.
        warn: Receives one line about a request that is allowed but probably a mistake.
        watch: Makes the watcher that receives every sample.
        progress: Makes the progress bar of a download.
        engine: An engine of the caller, used in place of the request's.
        executor: Executes programs in place of a sandbox.
        watch_rewards: Makes the watcher that receives every reward.

    Raises:
        RequestError: The request contradicts itself, or an option has no effect.
        UnfinishedError: The run could not be finished. The same request resumes it.
    """
    earlier = read_lengths(request.lengths_from)
    plan = make_plan(request, warn=warn, progress=progress, caller_engine=engine is not None)
    refuse_foreign(plan.folder)
    with locked(plan.folder, request.shard_name):
        before = read_run_info(plan.folder)
        info = merge(plan.folder, before, plan.info)
        reward_plan = _reward_plan(plan, info)  # a missing reward model must be refused before generation
        store = RunStore(plan.folder, request.shard_name)
        try:
            budgets = {name: settings.max_tokens for name, settings in plan.info.sets.items()}
            store.load_progress(
                retry_failed=request.retry_failed, retry_truncated=request.retry_truncated, budgets=budgets
            )
            _announce_cut(before, info, store, warn)
            missing = sum(1 for _ in work(plan, store))
            with _program_executor(plan, missing, executor, warn) as (program_executor, tier):
                info = msgspec.structs.replace(info, sandbox=_append_value(info.sandbox, tier))
                prompts = _prompts(plan, engine)
                problems = _write_request(plan, store, info, prompts)
                open_run = _OpenRun(store, info, missing, prompts, problems, (store.lengths, earlier))
                timing = _generate(plan, open_run, watch or _make_silent_watcher, engine, program_executor, warn)
        finally:
            store.close()
        info = read_run(plan.folder)  # with what only generation could tell
        if request.shard:
            return Run(plan.folder, info, None, timing, missing)
        if timing.samples:
            _record_timing(plan.folder, timing)
        rewards = make_rewards(reward_plan, watch=watch_rewards) if reward_plan else None
        metrics = _score(plan, info, problems)
        return Run(plan.folder, info, metrics, timing, missing, rewards)


def _announce_cut(before: RunInfo | None, info: RunInfo, store: RunStore, warn: Callable[[str], None]) -> None:
    """Says how many cut samples go on under a larger budget, and how many cannot; refuses where none rightly can."""
    for name in sorted({key.set for key in store.cut_samples}):
        settings = info.sets[name]
        if settings.presence_penalty or settings.frequency_penalty:
            raise RequestError(
                f"the cut samples of the set {name} cannot go on: its presence or frequency penalty would not count "
                "what they have; --retry-truncated makes them again from their beginning"
            )
        count = sum(key.set == name for key in store.cut_samples)
        warn(f"{count} samples of the set {name} that were cut go on, to at most {settings.max_tokens} tokens")
    raised = any(info.sets[name].max_tokens > old.max_tokens for name, old in (before.sets if before else {}).items())
    if raised and store.cut_for_good:
        warn(
            f"{store.cut_for_good} cut samples cannot go on, since their text is not known as the model wrote it; "
            "--retry-truncated makes them again"
        )


def _reward_plan(plan: Plan, info: RunInfo) -> RewardPlan | None:
    request = plan.request
    if request.reward_model is None:
        return None
    # parallelism belongs to the machine, so both models share it; the context length belongs to the model
    settings = replace(
        request.settings,
        base_urls=request.reward_base_urls,
        max_model_len=None,
        concurrency=None,
        engine_arguments={},
        lora=None,
        tokenizer=None,
        extra_body={},
        headers=(),
    )
    return run_plan(info, plan.folder, request.reward_model, request.reward_engine, settings)


def _prompts(plan: Plan, engine: Engine | None) -> EncodedPrompts:
    local = plan.local if engine is None else None
    if local is None:
        return EncodedPrompts(None)
    settings = plan.settings
    folder = settings.tokenizer or local.folder
    return EncodedPrompts(lambda: Tokenizer(folder, trust_remote_code=settings.trust_remote_code, chat=settings.chat))


def _write_request(plan: Plan, store: RunStore, info: RunInfo, prompts: EncodedPrompts) -> Problems:
    """Writes prompts.jsonl and run.json, and returns the problems of everything in the folder."""
    lines = (line for task in plan.tasks for line in task.prompt_lines())
    store.add_prompts(lines, prompts.count, prompts.rendered)
    write_json(plan.folder / RunInfo.NAME, info)
    return {} if plan.request.shard else _problems(plan, info, store)


@dataclass(frozen=True, slots=True)
class _OpenRun:
    """An open run folder with everything that generation needs."""

    store: RunStore
    info: RunInfo
    missing: int
    prompts: EncodedPrompts
    problems: Problems
    lengths: tuple[Lengths, ...]


def _generate(
    plan: Plan,
    open_run: _OpenRun,
    watch: WatcherFactory,
    engine: Engine | None,
    executor: Executor | None,
    warn: Callable[[str], None],
) -> Timing:
    """Makes the missing samples; each is stored and graded as it finishes."""
    if not open_run.missing:
        return Timing()
    store = open_run.store
    if not plan.request.shard:
        RunSamples(store, open_run.info, open_run.problems, load_grader(open_run.info.grader)).complete()
    engine = engine or make_engine(plan.engine, plan.request.model, plan.local, plan.settings)
    if dtype := getattr(engine, "dtype", None):  # a resumed run may have several types
        dtypes = _append_value(open_run.info.engine_settings.get("dtype_used", ""), dtype)
        settings = {**open_run.info.engine_settings, "dtype_used": dtypes}
        write_json(plan.folder / RunInfo.NAME, msgspec.structs.replace(open_run.info, engine_settings=settings))
    if isinstance(engine, ReplayEngine):
        engine.check(prompt for task in plan.tasks for prompt in task.prompts.values())
    if isinstance(engine, ServerEngine):
        engine.watch_changes(lambda change: _record_change(plan.folder, change, warn))
    watcher = watch(open_run.missing, len(store.sample_index))
    pipeline = Pipeline(plan, store, engine, open_run.prompts, watcher, executor, open_run.lengths)
    _run_async(pipeline)
    return pipeline.timing


def _record_change(folder: Path, change: ServerChange, warn: Callable[[str], None]) -> None:
    """Adds to run.json what a server wants otherwise than it says, and warns if completions may change by it."""
    info = read_run(folder)
    of_server = {**info.server_changes.get(change.base_url, {}), change.field: change.text}
    changes = {**info.server_changes, change.base_url: of_server}
    write_json(folder / RunInfo.NAME, msgspec.structs.replace(info, server_changes=changes))
    if change.warning:
        warn(change.warning)


@contextmanager
def _program_executor(
    plan: Plan, missing: int, executor: Executor | None, warn: Callable[[str], None]
) -> Iterator[tuple[Executor | None, str]]:
    """The executor of programs and its sandbox tier. A sandbox is made if programs are executed and none was passed."""
    sandbox = _sandbox(plan, warn) if missing and executor is None else None
    if sandbox is None:
        yield executor, ""
        return
    try:
        yield sandbox, sandbox.tier
    finally:
        sandbox.close_now()


def _sandbox(plan: Plan, warn: Callable[[str], None]) -> Sandbox | None:
    """The sandbox of the plan's programs; None if there are none. Without isolation they need --unsandboxed."""
    if not plan.executes:
        return None
    limits = Limits(wall_seconds=plan.tools.timeout)
    try:
        return Sandbox(limits)
    except SandboxUnavailable as error:
        if plan.request.unsandboxed:
            warn(f"programs run without isolation, with all of your permissions: {error}")
            return Sandbox(limits, tier="none")
        raise SandboxUnavailable(
            f"{error}; --tools none executes no programs, --unsandboxed executes them without isolation"
        ) from None


def _append_value(values: str, value: str) -> str:
    """Adds a value (a sandbox tier or number type) to those that earlier sessions of a run used."""
    return ", ".join(dict.fromkeys(filter(None, [*values.split(", "), value])))


def _run_async(pipeline: Pipeline) -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(pipeline.run())
        return
    # in a notebook, the loop of this thread is busy with the caller, so the pipeline gets a thread and a loop
    errors: list[BaseException] = []

    def target() -> None:
        try:
            asyncio.run(pipeline.run())
        except BaseException as error:  # noqa: BLE001  raised again in the caller's thread
            errors.append(error)

    thread = threading.Thread(target=target, name="math-eval-run")
    with stopped_by_signals(pipeline.stop):  # the thread must end before the folder is unlocked
        thread.start()
        while thread.is_alive():
            thread.join(_POLL_SECONDS)  # a signal that reaches another thread does not end a longer wait
    if errors:
        raise errors[0]


def _problems(plan: Plan, info: RunInfo, store: RunStore) -> Problems:
    requested = {(task.benchmark.name, task.benchmark.split): task.benchmark for task in plan.tasks}
    earlier = [part for part in info.benchmarks if (part.benchmark, part.split) not in requested]
    problems: dict[tuple[str, str], Sequence[Problem]] = {}
    if earlier:
        problems |= problems_of(msgspec.structs.replace(info, benchmarks=earlier), store, plan.request.data_dir)
    for part in info.benchmarks:
        if benchmark := requested.get((part.benchmark, part.split)):
            extent = max(extent.problems for extent in part.sets.values())
            chosen = part.selection.apply(benchmark.problems, part.benchmark)
            problems[part.benchmark, part.split] = chosen[:extent]
    return {(part.benchmark, part.split): problems[part.benchmark, part.split] for part in info.benchmarks}


def _score(plan: Plan, info: RunInfo, problems: Problems) -> Metrics:
    files = reward_files(plan.folder)
    rewards = sample_rewards(plan.folder) if len(files) == 1 else None
    return score_store(info, RunStore(plan.folder), problems, ScoreOptions(ks=plan.ks), info.grader, rewards)


def _record_timing(folder: Path, timing: Timing) -> None:
    path = folder / "timing.json"
    try:
        sessions = msgspec.json.decode(path.read_bytes(), type=list[Timing])
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        sessions = []  # no session yet, or a damaged file, which is no reason to fail
    write_json(path, [*sessions, timing])


class _SilentWatcher:
    def sample(self, completion: object, verdict: object) -> None:
        """Does nothing."""


def _make_silent_watcher(_missing: int, _existing: int) -> Watcher:
    return _SilentWatcher()
