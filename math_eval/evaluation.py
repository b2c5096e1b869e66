"""`math-eval run` as a function: plan, make what is missing, grade, score."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from math_eval.engines import Engine, make_engine
from math_eval.engines.replay import ReplayEngine
from math_eval.errors import SandboxUnavailable
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
from math_eval.runfolder.layout import RunInfo, read_run_info, write_json
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
    """A finished run: its folder, what run.json says, its metrics, what this session of it cost, its rewards."""

    folder: Path
    info: RunInfo
    metrics: Metrics | None
    timing: Timing
    made: int
    rewards: RewardSummary | None = None


_POLL_SECONDS = 0.2

WatcherFactory = Callable[[int, int], Watcher]
"""Makes the watcher from the number of samples to make and the number already there."""


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
    """Runs a request to its end and returns the run; the same request again only reads what is there.

    engine, executor: the caller's own instead of the request's, for tests and embedding. A shard makes its part and
    leaves scoring to whoever has them all (metrics None). A reward model is loaded when the engine is gone.
    Raises RequestError and UnfinishedError kinds; see errors.py.
    """
    earlier = read_lengths(request.lengths_from)
    plan = make_plan(request, warn=warn, progress=progress, own_engine=engine is not None)
    refuse_foreign(plan.folder)
    with locked(plan.folder, request.shard_name):
        info = merge(plan.folder, read_run_info(plan.folder), plan.info)
        reward_plan = _reward_plan(plan, info)  # a reward model that is not there is refused before generation begins
        store = RunStore(plan.folder, request.shard_name)
        try:
            store.load_progress(retry_failed=request.retry_failed)
            missing = sum(1 for _ in work(plan, store))
            with _programs(plan, missing, executor, warn) as (programs, tier):
                info = msgspec.structs.replace(info, sandbox=_listed(info.sandbox, tier))
                prompts = _prompts(plan, engine)
                problems = _open(plan, store, info, prompts)
                opened = _OpenRun(store, info, missing, prompts, problems, (store.lengths, earlier))
                timing = _generate(plan, opened, watch or _quiet, engine, programs)
        finally:
            store.close()
        if request.shard:
            return Run(plan.folder, info, None, timing, missing)
        if timing.samples:
            _record_timing(plan.folder, timing)
        rewards = make_rewards(reward_plan, watch=watch_rewards) if reward_plan else None
        metrics = _score(plan, info, problems)
        return Run(plan.folder, info, metrics, timing, missing, rewards)


def _reward_plan(plan: Plan, info: RunInfo) -> RewardPlan | None:
    request = plan.request
    if request.reward_model is None:
        return None
    # how a model is spread over GPUs is the machine's; its context is the model's own
    settings = replace(
        request.settings, base_urls=request.reward_base_urls, max_model_len=None, concurrency=None, extra={}
    )
    return run_plan(info, plan.folder, request.reward_model, request.reward_engine, settings)


def _prompts(plan: Plan, engine: Engine | None) -> EncodedPrompts:
    local = plan.local if engine is None else None
    if local is None:
        return EncodedPrompts(None)
    return EncodedPrompts(lambda: Tokenizer(local.folder, trust_remote_code=plan.request.settings.trust_remote_code))


def _open(plan: Plan, store: RunStore, info: RunInfo, prompts: EncodedPrompts) -> Problems:
    """Writes what the folder says of the run, and returns the problems of all that it holds."""
    lines = (line for unit in plan.units for line in unit.prompt_lines())
    store.add_prompts(lines, prompts.count)
    write_json(plan.folder / RunInfo.NAME, info)
    return {} if plan.request.shard else _problems(plan, info, store)


@dataclass(frozen=True, slots=True)
class _OpenRun:
    """An open run folder and what generation needs of it."""

    store: RunStore
    info: RunInfo
    missing: int
    prompts: EncodedPrompts
    problems: Problems
    lengths: tuple[Lengths, ...]


def _generate(
    plan: Plan, opened: _OpenRun, watch: WatcherFactory, engine: Engine | None, executor: Executor | None
) -> Timing:
    """Makes what is missing, each sample graded and stored as it finishes."""
    if not opened.missing:
        return Timing()
    store = opened.store
    if not plan.request.shard:
        RunSamples(store, opened.info, opened.problems, load_grader(opened.info.grader)).complete()
    engine = engine or make_engine(plan.engine, plan.request.model, plan.local, plan.request.settings)
    if dtype := getattr(engine, "dtype", None):  # what "auto" meant on this machine; a resumed run may have several
        used = _listed(opened.info.engine_settings.get("dtype_used", ""), dtype)
        settings = {**opened.info.engine_settings, "dtype_used": used}
        write_json(plan.folder / RunInfo.NAME, msgspec.structs.replace(opened.info, engine_settings=settings))
    if isinstance(engine, ReplayEngine):
        engine.check(prompt for unit in plan.units for prompt in unit.prompts.values())
    watcher = watch(opened.missing, len(store.done))
    pipeline = Pipeline(plan, store, engine, opened.prompts, watcher, executor, opened.lengths)
    _run_async(pipeline)
    return pipeline.timing


@contextmanager
def _programs(
    plan: Plan, missing: int, executor: Executor | None, warn: Callable[[str], None]
) -> Iterator[tuple[Executor | None, str]]:
    """What executes programs, and the tier that holds them: a sandbox where one is needed and none was passed."""
    sandbox = _sandbox(plan, warn) if missing and executor is None else None
    if sandbox is None:
        yield executor, ""
        return
    try:
        yield sandbox, sandbox.tier
    finally:
        sandbox.close_now()


def _sandbox(plan: Plan, warn: Callable[[str], None]) -> Sandbox | None:
    """Where the plan's programs run. RequestError where nothing here can hold them and that was not waived."""
    if not plan.executes:
        return None
    limits = Limits(wall_seconds=plan.tools.timeout)
    try:
        return Sandbox(limits)
    except SandboxUnavailable as error:
        if plan.request.unsandboxed:
            warn(f"programs run without isolation, with all that you may do: {error}")
            return Sandbox(limits, tier="none")
        raise SandboxUnavailable(f"{error}; --tools none asks without executing, --unsandboxed does without") from None


def _listed(before: str, value: str) -> str:
    """Every value that a run has had, in the order of first use: sandbox tiers, number types."""
    return ", ".join(dict.fromkeys(filter(None, [*before.split(", "), value])))


def _run_async(pipeline: Pipeline) -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(pipeline.run())
        return
    # a notebook: its loop is busy with the caller, so the pipeline gets a thread and a loop of its own
    caught: list[BaseException] = []

    def target() -> None:
        try:
            asyncio.run(pipeline.run())
        except BaseException as error:  # noqa: BLE001  handed to the caller's thread
            caught.append(error)

    thread = threading.Thread(target=target, name="math-eval-run")
    with stopped_by_signals(pipeline.stop):  # the thread must be gone before the folder's lock is
        thread.start()
        while thread.is_alive():
            thread.join(_POLL_SECONDS)  # a signal may reach another thread, and then does not end a wait
    if caught:
        raise caught[0]


def _problems(plan: Plan, info: RunInfo, store: RunStore) -> Problems:
    loaded = {(unit.benchmark.name, unit.benchmark.split): unit.benchmark for unit in plan.units}
    others = [part for part in info.benchmarks if (part.benchmark, part.split) not in loaded]
    problems: dict[tuple[str, str], Sequence[Problem]] = {}
    if others:  # in the folder from earlier, not asked for now
        problems |= problems_of(msgspec.structs.replace(info, benchmarks=others), store, plan.request.data_dir)
    for part in info.benchmarks:
        if benchmark := loaded.get((part.benchmark, part.split)):
            extent = max(extent.problems for extent in part.sets.values())
            problems[part.benchmark, part.split] = benchmark.problems[:extent]
    return {(part.benchmark, part.split): problems[part.benchmark, part.split] for part in info.benchmarks}


def _score(plan: Plan, info: RunInfo, problems: Problems) -> Metrics:
    files = reward_files(plan.folder)
    rewards = sample_rewards(plan.folder) if len(files) == 1 else None
    return score_store(info, RunStore(plan.folder), problems, ScoreOptions(ks=plan.ks), info.grader, rewards)


def _record_timing(folder: Path, timing: Timing) -> None:
    path = folder / "timing.json"
    try:
        before = msgspec.json.decode(path.read_bytes(), type=list[Timing])
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        before = []  # none yet, or damaged: what a session cost is no result
    write_json(path, [*before, timing])


class _Quiet:
    def sample(self, completion: object, verdict: object) -> None:
        """Says nothing."""


def _quiet(_missing: int, _there: int) -> Watcher:
    return _Quiet()
