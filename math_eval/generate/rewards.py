"""Scores the samples of a run with a reward model. Samples that have a reward already are not scored again."""

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
from math_eval.runfolder.difference import differences
from math_eval.runfolder.layout import SampleLine, read_run
from math_eval.runfolder.lock import locked
from math_eval.runfolder.reward_layout import RewardFile, RewardHead, RewardLine, read_head, rewards_path
from math_eval.runfolder.store import RunStore, SampleIndex

RewardWatcher = Callable[[RewardScore], None]
"""Receives every score, for example to show progress."""

RewardWatcherFactory = Callable[[int, int], RewardWatcher]
"""Makes the watcher from the number of samples to score and the number of samples scored earlier."""


@dataclass(slots=True)
class RewardSummary:
    """The contents of a rewards file after a session, and the cost of the session.

    Attributes:
        file: The path of the rewards file.
        model: The reward model.
        kind: outcome or process.
        samples: Samples in the file.
        cut: Those of them whose response was shortened.
        failed: Those of them with an error instead of a score.
        made: Samples scored in this session.
        tokens: Tokens of the conversations scored in this session.
        seconds: Duration of this session, without the time to load the model.
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
        """Counts a line of the file."""
        self.samples += 1
        self.cut += line.cut
        self.failed += bool(line.error)


def score_rewards(
    request: RewardRequest, *, watch: RewardWatcherFactory | None = None, engine: RewardEngine | None = None
) -> RewardSummary:
    """Scores the finished samples of a run folder that have no reward yet.

    Args:
        request: The request.
        watch: Makes the watcher that receives every score.
        engine: An engine of the caller, used in place of the request's.

    Raises:
        RequestError: The request contradicts itself, or the kind of the model is not known.
        RunConflictError: The rewards file was made with other settings and `remake` is not set, or another process is
            writing the run.
        UnfinishedError: The engine cannot score all samples. The same call resumes.
    """
    plan = plan_rewards(request, read_run(request.folder).family)
    with locked(request.folder):
        return make_rewards(plan, watch=watch, engine=engine)


def make_rewards(
    plan: RewardPlan, *, watch: RewardWatcherFactory | None = None, engine: RewardEngine | None = None
) -> RewardSummary:
    """Does what `score_rewards` does for a plan, in a run folder that the caller has locked.

    Args:
        plan: The plan.
        watch: As for `score_rewards`.
        engine: As for `score_rewards`.

    Raises:
        RunConflictError: The rewards file was made with other settings and `remake` is not set.
        UnfinishedError: As for `score_rewards`.
    """
    job = _Job(plan)
    missing = sum(1 for _ in job.missing())
    if not missing:
        return job.summary
    free_memory()
    tokenizer = plan.tokenizer()
    marker = Composer(plan.preset, tokenizer).marker_id() if plan.kind == "process" else None
    engine = engine or make_reward_engine(
        plan.engine, plan.model, plan.local, plan.form, plan.kind, plan.request.settings, marker
    )
    start = time.monotonic()
    try:
        composer = Composer(plan.preset, tokenizer, engine.context, plan.request.too_long)
        job.run(engine, composer, watch(missing, job.summary.samples) if watch else lambda _: None)
    finally:
        engine.close()
        job.summary.seconds = time.monotonic() - start
    return job.summary


def free_memory() -> None:
    """Frees the memory of models used before: a reward model of 72B needs all the memory of every GPU."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()


class _Job:
    """A rewards file: the samples that it has, and appending those that are missing."""

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
            head = read_head(path)
        except DataError:
            if not remake:
                raise
            path.unlink()
            return
        if head is None:
            return
        conflicts = "; ".join(_conflicts(head, self._plan.head))
        if conflicts:
            if not remake:
                raise RunConflictError(f"{path} was made with other settings: {conflicts}; --remake replaces it")
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
        """Yields the finished samples without a reward, in the order of the sample files.

        A sample whose generation failed, or that was filtered or refused, has no response, and gets no reward.
        """
        lines_read = SampleIndex()
        sets = self._plan.request.sets
        for line in self._store.samples():
            if line.state != "done" or (sets and line.set not in sets):
                continue
            if (line.benchmark, line.split, line.problem) not in self._questions:
                continue
            key = line.key
            lines_read.add(key)
            if lines_read.times(key) > self._scored.times(key):
                yield line

    def run(self, engine: RewardEngine, composer: Composer, watcher: RewardWatcher) -> None:
        """Scores the missing samples, window by window, and writes each score at once."""
        writer = LineWriter(self._file.path)
        try:
            if writer.size == 0:
                writer.write(self._plan.head)
            conversations = ((line.key, self._conversation(composer, line)) for line in self.missing())
            for window in windows(conversations, lambda pair: pair[1].length):
                batch: list[tuple[SampleKey, Conversation]] = []
                for key, conversation in window:
                    if conversation.error:
                        self._write(writer, key, conversation, RewardScore(error=conversation.error), watcher)
                    elif not conversation.messages:
                        self._write(writer, key, conversation, RewardScore(steps=()), watcher)
                    else:
                        batch.append((key, conversation))
                for index, score in engine.score([conversation for _, conversation in batch]) if batch else ():
                    self._write(writer, *batch[index], score, watcher)
        finally:
            writer.close()

    def _conversation(self, composer: Composer, line: SampleLine) -> Conversation:
        return composer.compose(self._questions[line.benchmark, line.split, line.problem], line.text)

    def _write(
        self, writer: LineWriter, key: SampleKey, conversation: Conversation, score: RewardScore, watcher: RewardWatcher
    ) -> None:
        line = RewardLine(
            **asdict(key),
            score=score.score,
            steps=score.steps,
            tokens=score.tokens,
            cut=conversation.cut,
            error=score.error,
        )
        writer.write(line)
        self.summary.count(line)
        self.summary.made += 1
        self.summary.tokens += score.tokens
        watcher(score)


def _conflicts(old: RewardHead, new: RewardHead) -> list[str]:
    stored, requested = msgspec.structs.asdict(old), msgspec.structs.asdict(new)
    if stored["revision"] and requested["revision"]:
        del stored["model"]  # the revision identifies the model, whose folder may have moved
    return differences(stored, requested)
