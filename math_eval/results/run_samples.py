"""Grades the samples of a run folder and joins them with their problems, verdicts and rewards."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from math_eval.benchmarks import define, is_available, load_split
from math_eval.errors import DataError, MathEvalError
from math_eval.graders import Grader, answer_of, grade_sample
from math_eval.records import Extraction, Problem, Verdict
from math_eval.results.graded import GradedSample
from math_eval.runfolder.layout import FORMAT, BenchmarkInfo, RunInfo, VerdictHead, read_run
from math_eval.runfolder.lock import locked
from math_eval.runfolder.reward_layout import SampleRewards
from math_eval.runfolder.store import RunStore, SampleIndex

Problems = Mapping[tuple[str, str], Sequence[Problem]]
"""Benchmark and split → the problems of the run."""

_UNGRADED = Verdict("undecided", "ungraded")


class _StoredVerdict(NamedTuple):
    """A line of a verdicts file, reduced to save memory: a run can have millions."""

    answer: str | None
    verdict: Verdict


class RunSamples:
    """The graded samples of a run folder under one grader.

    Call `complete` first, which grades the samples without a verdict. Iterating then reads the samples from the folder;
    of several lines of one sample, only the last one counts.
    """

    def __init__(
        self,
        store: RunStore,
        info: RunInfo,
        problems: Problems,
        grader: Grader,
        rewards: SampleRewards | None = None,
    ) -> None:
        """Reads nothing yet.

        Args:
            store: The run folder.
            info: The contents of run.json.
            problems: The problems of each benchmark split. Samples of other problems are lines_read over.
            grader: Gives the verdicts.
            rewards: The rewards that the samples get, if any.
        """
        self.info = info
        self.problems = problems
        self.grader = grader
        self.rewards = rewards
        self._store = store
        self._by_key = {(row.benchmark, row.split, row.id): row for rows in problems.values() for row in rows}
        self._line_counts = SampleIndex()

    def complete(self) -> None:
        """Grades every sample that the grader's verdicts file lacks; the caller must hold the folder's lock.

        Raises:
            StorageError: The verdicts file cannot be written.
            DataError: A sample file is damaged.
        """
        self._store.open_verdicts(verdict_head(self.grader, self.problems))
        for line in self._store.samples():
            key = line.key
            self._line_counts.add(key)
            problem = self._by_key.get((line.benchmark, line.split, line.problem))
            if problem is not None and self._line_counts.times(key) > self._store.verdict_index.times(key):
                graded = grade_sample(self.grader, line.text, problem, thought=line.thought, finish=line.finish)
                self._store.write_verdict(key, *graded)

    def __iter__(self) -> Iterator[GradedSample]:
        verdicts = self._verdicts()
        rewards = self.rewards.rewards if self.rewards else {}
        lines_read = SampleIndex()
        for line in self._store.samples():
            key = line.key
            problem = self._by_key.get((line.benchmark, line.split, line.problem))
            if problem is None:
                continue
            lines = self._line_counts.times(key)
            if lines > 1:
                lines_read.add(key)
                if lines_read.times(key) < lines:
                    continue
            stored = verdicts.get((line.benchmark, line.split, line.problem, line.set), {}).pop(line.n, None)
            answer, verdict = stored or (None, _UNGRADED)
            yield GradedSample(
                key=key,
                problem=problem,
                text=line.text,
                finish=line.finish,
                answer=answer,
                verdict=verdict,
                vote_key=sys.intern(self.grader.vote_key(answer or "")),
                tokens_in=line.tokens_in,
                tokens_out=line.tokens_out,
                reward=rewards.get(key),
                thought=line.thought,
                tokens_thought=line.tokens_thought,
                unexecuted=any(turn.get("tool") == "none" for turn in line.turns),
            )

    def _verdicts(self) -> dict[tuple[str, str, str, str], dict[int, _StoredVerdict]]:
        verdicts: dict[tuple[str, str, str, str], dict[int, _StoredVerdict]] = {}
        distinct_verdicts: dict[Verdict, Verdict] = {}
        for line in self._store.verdicts(self.grader.name):
            place = verdicts.setdefault((line.benchmark, line.split, line.problem, line.set), {})
            verdict = Verdict(line.status, line.rule, line.detail)
            answer = answer_of(Extraction(sys.intern(line.answer), line.found_by))
            place[line.n] = _StoredVerdict(answer, distinct_verdicts.setdefault(verdict, verdict))
        return verdicts


def run_samples(
    folder: Path, grader: Grader, data_dir: Path | None = None, rewards: SampleRewards | None = None
) -> RunSamples:
    """Completes the verdicts of a run folder and returns its graded samples.

    Args:
        folder: The run folder.
        grader: Gives the verdicts.
        data_dir: A folder with benchmark files that you already have.
        rewards: The rewards that the samples get, if any.

    Raises:
        DataError: The folder is not a run folder, or a file in it is damaged.
        RunConflictError: Another process is writing the run.
        StorageError: The verdicts file cannot be written.
    """
    info = read_run(folder)
    with locked(folder):
        store = RunStore(folder)
        try:
            samples = RunSamples(store, info, problems_of(info, store, data_dir), grader, rewards)
            samples.complete()
        finally:
            store.close()
    return samples


def verdict_head(grader: Grader, problems: Problems) -> VerdictHead:
    """Returns the first line that a grader's verdicts file must have for these problems."""
    fingerprint = grader.fingerprint(problem for rows in problems.values() for problem in rows)
    return VerdictHead(FORMAT, grader.name, grader.version, fingerprint)


def problems_of(info: RunInfo, store: RunStore, data_dir: Path | None = None) -> dict[tuple[str, str], list[Problem]]:
    """Loads the problems of each benchmark split of a run.

    They come from the benchmark's files if these have the hash that the run recorded, and otherwise from the run's own
    prompts.jsonl: on another machine the files may be missing, or of another version.

    Args:
        info: The contents of run.json.
        store: The run folder.
        data_dir: A folder with benchmark files that you already have.

    Returns:
        Benchmark and split → its problems, as many as the largest set covers.

    Raises:
        DataError: Neither source has a problem of a benchmark.
    """
    stored: dict[tuple[str, str], list[Problem]] = {}
    for line in store.prompts():
        stored.setdefault((line.benchmark, line.split), []).append(line.as_problem())
    problems: dict[tuple[str, str], list[Problem]] = {}
    for benchmark in info.benchmarks:
        place = (benchmark.benchmark, benchmark.split)
        extent = max((extent.problems for extent in benchmark.sets.values()), default=0)
        problems[place] = (_problems_from_data(benchmark, data_dir) or stored.get(place, []))[:extent]
        if not problems[place]:
            raise DataError(
                f"{store.folder}: no problems of {'/'.join(place)}: its data is missing, and prompts.jsonl has none"
            )
    return problems


def _problems_from_data(benchmark: BenchmarkInfo, data_dir: Path | None) -> list[Problem]:
    try:
        definition = define(benchmark.definition)
        if not is_available(definition.name, benchmark.split, definition.spec.splits[benchmark.split], data_dir):
            return []
        data = load_split(definition, benchmark.split, data_dir=data_dir)
    except (MathEvalError, KeyError):
        return []  # prompts.jsonl is used instead
    if data.sha256 != benchmark.data_sha256:
        return []
    return benchmark.selection.apply(data.problems, benchmark.benchmark)
