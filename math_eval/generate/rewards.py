"""Scoring a run's samples with a reward model: what is missing is scored and appended, nothing is scored twice."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

import msgspec

from math_eval.errors import DataError, RunConflictError
from math_eval.files import LineWriter
from math_eval.generate.reward_request import RewardPlan, RewardRequest, plan_rewards
from math_eval.records import SampleKey
from math_eval.rewards import Composer, Conversation, RewardEngine, RewardScore, make_reward_engine, windows
from math_eval.runfolder.layout import SampleLine, read_run
from math_eval.runfolder.lock import locked
from math_eval.runfolder.reward_layout import RewardFile, RewardLine, read_head, rewards_path
from math_eval.runfolder.store import RunStore, SampleIndex

RewardWatcher = Callable[[RewardScore], None]
"""Is told of every sample that was scored; a progress bar, say."""

RewardWatcherFactory = Callable[[int, int], RewardWatcher]
"""Makes the watcher from the number of samples to score and the number already there."""


@dataclass(slots=True)
class RewardSummary:
    """What a rewards file holds after a session, and what the session cost.

    samples: lines that stand, of which `cut` were shortened and `failed` have an error instead of a score.
    made, tokens, seconds: of this session, without the time to load the model.
    """

    file: str
    model: str
    kind: str
    samples: int = 0
    cut: int = 0
    failed: int = 0
    made: int = 0
    tokens: int = 0
    seconds: float = 0.0

    def count(self, line: RewardLine) -> None:
        """One more line that stands."""
        self.samples += 1
        self.cut += line.cut
        self.failed += bool(line.error)


def score_rewards(
    request: RewardRequest, *, watch: RewardWatcherFactory | None = None, engine: RewardEngine | None = None
) -> RewardSummary:
    """Scores every finished sample of a run folder that has no reward yet; the same call again only reads.

    engine: one of the caller's own instead of the request's, for tests and embedding. Raises RequestError and
    UnfinishedError kinds; RunConflictError where the file's first line is another and `remake` is not asked for.
    """
    plan = plan_rewards(request, read_run(request.folder).family)
    with locked(request.folder):
        return make_rewards(plan, watch=watch, engine=engine)


def make_rewards(
    plan: RewardPlan, *, watch: RewardWatcherFactory | None = None, engine: RewardEngine | None = None
) -> RewardSummary:
    """The same for a plan, in a folder that the caller has locked."""
    job = _Job(plan)
    missing = sum(1 for _ in job.missing())
    if not missing:
        return job.summary
    free_memory()
    tokenizer = plan.tokenizer()
    marker = Composer(plan.preset, tokenizer).marker_id() if plan.kind == "process" else None
    made = engine or make_reward_engine(
        plan.engine, plan.model, plan.local, plan.form, plan.kind, plan.request.settings, marker
    )
    began = time.monotonic()
    try:
        composer = Composer(plan.preset, tokenizer, made.context, plan.request.too_long)
        job.run(made, composer, watch(missing, job.summary.samples) if watch else lambda _: None)
    finally:
        made.close()
        job.summary.seconds = time.monotonic() - began
    return job.summary


def free_memory() -> None:
    """Gives back what models of before held: a reward model of 72B needs the whole of every GPU."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()


class _Job:
    """One rewards file, read for what it has and appended to."""

    def __init__(self, plan: RewardPlan) -> None:
        self._plan = plan
        self._store = RunStore(plan.request.folder)
        self._scored = SampleIndex()
        path = rewards_path(plan.request.folder, plan.model)
        self._file = RewardFile(path, plan.head)
        self.summary = RewardSummary(str(path), plan.model, plan.kind)
        self._questions: dict[tuple[str, str, str], str] = {}
        numbers: dict[tuple[str, str], int] = {}
        for line in self._store.prompts():
            place = (line.benchmark, line.split)
            numbers[place] = numbers.get(place, 0) + 1
            if numbers[place] <= (plan.request.limit or numbers[place]):
                self._questions[line.benchmark, line.split, line.problem] = line.question
        self._load()

    def _load(self) -> None:
        path = self._file.path
        remake = self._plan.request.remake
        try:
            there = read_head(path)
        except DataError:
            if not remake:
                raise
            path.unlink()
            return
        if there is None:
            return
        differences = "; ".join(_differences(there, self._plan.head))
        if differences:
            if not remake:
                raise RunConflictError(f"{path}: holds other rewards: {differences}; --remake replaces them")
            path.unlink()
            return
        failed: dict[SampleKey, RewardLine] = {}
        for line in self._file.lines():
            failed.pop(line.key, None)
            if line.error:
                failed[line.key] = line
            else:
                self._scored.add(line.key)
                self.summary.count(line)
        for key, line in failed.items():
            if not self._plan.request.retry_failed:
                self._scored.add(key)
                self.summary.count(line)

    def missing(self) -> Iterator[SampleLine]:
        """Every finished sample without a reward, in the order of the samples' own files.

        A sample that generation failed at has no response and so no reward.
        """
        seen = SampleIndex()
        sets = self._plan.request.sets
        for line in self._store.samples():
            if line.state == "failed" or (sets and line.set not in sets):
                continue
            if (line.benchmark, line.split, line.problem) not in self._questions:
                continue
            key = line.key
            seen.add(key)
            if seen.times(key) > self._scored.times(key):
                yield line

    def run(self, engine: RewardEngine, composer: Composer, watcher: RewardWatcher) -> None:
        """Scores what is missing, window by window; every score is written as it comes."""
        writer = LineWriter(self._file.path)
        try:
            if writer.size == 0:
                writer.write(self._plan.head)
            composed = ((line.key, self._conversation(composer, line)) for line in self.missing())
            for window in windows(composed, lambda one: one[1].length):
                ready: list[tuple[SampleKey, Conversation]] = []
                for key, one in window:
                    if one.error:
                        self._write(writer, key, one, RewardScore(error=one.error), watcher)
                    elif not one.messages:
                        self._write(writer, key, one, RewardScore(steps=()), watcher)
                    else:
                        ready.append((key, one))
                for at, scored in engine.score([one for _, one in ready]) if ready else ():
                    self._write(writer, *ready[at], scored, watcher)
        finally:
            writer.close()

    def _conversation(self, composer: Composer, line: SampleLine) -> Conversation:
        return composer.compose(self._questions[line.benchmark, line.split, line.problem], line.text)

    def _write(
        self, writer: LineWriter, key: SampleKey, one: Conversation, scored: RewardScore, watcher: RewardWatcher
    ) -> None:
        line = RewardLine(
            **asdict(key),
            score=scored.score,
            steps=scored.steps,
            tokens=scored.tokens,
            cut=one.cut,
            error=scored.error,
        )
        writer.write(line)
        self.summary.count(line)
        self.summary.made += 1
        self.summary.tokens += scored.tokens
        watcher(scored)


def _differences(old: msgspec.Struct, new: msgspec.Struct) -> Iterator[str]:
    before, after = msgspec.structs.asdict(old), msgspec.structs.asdict(new)
    if before["revision"] and after["revision"]:
        del before["model"]  # the revision says whether it is the same; a folder may have moved
    for key, there in before.items():
        if there != after[key]:
            yield f"{key} {_short(there)} there, {_short(after[key])} asked"


def _short(value: object) -> str:
    text = "" if value is None else str(value)
    return text[:12] if len(text) == 64 else text or "none"
