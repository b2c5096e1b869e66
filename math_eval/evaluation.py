"""`math-eval run` as a function: plan, make what is missing, grade, score."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from math_eval.engines import NEEDS_MODEL_FOLDER, Engine, make_engine
from math_eval.engines.replay import ReplayEngine
from math_eval.errors import SandboxUnavailable
from math_eval.generate.conversation import Executor
from math_eval.generate.pipeline import Pipeline, Timing, Watcher, stopped_by_signals, work
from math_eval.generate.plan import Plan, make_plan
from math_eval.generate.request import RunRequest
from math_eval.generate.reward_request import RewardPlan, run_plan
from math_eval.generate.rewards import RewardSummary, RewardWatcherFactory, make_rewards
from math_eval.graders import load_grader
from math_eval.models import Tokenizer
from math_eval.records import Problem, Prompt
from math_eval.results.run_samples import RunSamples, problems_of
from math_eval.results.score import score_store
from math_eval.runfolder.layout import PromptLine, RunInfo, read_run_info, write_json
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
            own = _sandbox(plan, warn) if missing and executor is None else None  # refused before a model is loaded
            if own is not None:
                info = msgspec.structs.replace(info, sandbox=_tiers(info.sandbox, own.tier))
            try:
                timing = _make(plan, store, info, missing, watch or _quiet, engine, executor or own, earlier)
            finally:
                if own is not None:
                    own.close_now()
        finally:
            store.close()
        if request.shard:
            return Run(plan.folder, info, None, timing, missing)
        if timing.samples:
            _record_timing(plan.folder, timing)
        rewards = make_rewards(reward_plan, watch=watch_rewards) if reward_plan else None
        metrics = _score(plan, info)
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


def _make(
    plan: Plan,
    store: RunStore,
    info: RunInfo,
    missing: int,
    watch: WatcherFactory,
    engine: Engine | None,
    executor: Executor | None,
    earlier: Lengths,
) -> Timing:
    tokenizer: Tokenizer | None = None
    loaded = plan.local if plan.engine in NEEDS_MODEL_FOLDER and engine is None else None

    def encoder() -> Tokenizer | None:
        nonlocal tokenizer
        if loaded is not None and tokenizer is None:
            tokenizer = Tokenizer(loaded.folder, trust_remote_code=plan.request.settings.trust_remote_code)
        return tokenizer

    def count(line: PromptLine) -> int | None:
        known = encoder()
        return len(known.encode(Prompt(line.text, tuple(line.messages)))) if known else None

    for unit in plan.units:
        store.add_prompts(unit.prompt_lines(), count)
    write_json(plan.folder / RunInfo.NAME, info)
    if not missing:
        return Timing()
    if not plan.request.shard:
        RunSamples(store, info, _problems(plan, info, store), load_grader(info.grader)).complete()
    made = engine or make_engine(plan.engine, plan.request.model, plan.local, plan.request.settings)
    if isinstance(made, ReplayEngine):
        made.check(unit.prompt(problem) for unit in plan.units for problem in unit.problems)
    watcher = watch(missing, len(store.done))
    pipeline = Pipeline(plan, store, made, encoder(), watcher, executor, (store.lengths, earlier))
    _run_async(pipeline)
    return pipeline.timing


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


def _tiers(before: str, tier: str) -> str:
    """Every tier that programs of a run were held by, in the order of their first use."""
    return ", ".join(dict.fromkeys([*filter(None, before.split(", ")), tier]))


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


def _problems(plan: Plan, info: RunInfo, store: RunStore) -> dict[tuple[str, str], list[Problem]]:
    problems = problems_of(info, store, plan.request.data_dir)
    loaded = {(unit.benchmark.name, unit.benchmark.split): unit.benchmark for unit in plan.units}
    for one in info.benchmarks:
        if benchmark := loaded.get((one.benchmark, one.split)):
            wanted = max(extent.problems for extent in one.sets.values())
            problems[one.benchmark, one.split] = list(benchmark.problems[:wanted])
    return problems


def _score(plan: Plan, info: RunInfo) -> Metrics:
    store = RunStore(plan.folder)
    files = reward_files(plan.folder)
    rewards = sample_rewards(plan.folder) if len(files) == 1 else None
    return score_store(info, store, _problems(plan, info, store), ScoreOptions(ks=plan.ks), info.grader, rewards)


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
