"""The graded samples of a run folder: verdicts completed or remade, then joined with samples, problems and rewards."""

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
"""Benchmark and split → the problems that the run asks."""

_UNGRADED = Verdict("undecided", "ungraded")


class _Graded(NamedTuple):
    """A line of a verdicts file, as small as millions of them must be."""

    answer: str | None
    verdict: Verdict


class RunSamples:
    """A run folder's samples under one grader.

    complete() grades what has no verdict yet; it needs the folder's lock. Iterating streams the samples, the last line
    of each sample alone.
    """

    def __init__(
        self,
        store: RunStore,
        info: RunInfo,
        problems: Problems,
        grader: Grader,
        rewards: SampleRewards | None = None,
    ) -> None:
        self.info = info
        self.problems = problems
        self.grader = grader
        self.rewards = rewards
        self._store = store
        self._by_key = {(row.benchmark, row.split, row.id): row for rows in problems.values() for row in rows}
        self._lines = SampleIndex()

    def complete(self) -> None:
        """Opens the grader's verdicts file, or begins it anew, and grades every sample that has no verdict there."""
        self._store.open_verdicts(verdict_head(self.grader, self.problems))
        for line in self._store.samples():
            key = line.key
            self._lines.add(key)
            problem = self._by_key.get((line.benchmark, line.split, line.problem))
            if problem is not None and self._lines.times(key) > self._store.graded.times(key):
                self._store.write_verdict(key, *grade_sample(self.grader, line.text, problem))

    def __iter__(self) -> Iterator[GradedSample]:
        verdicts = self._verdicts()
        rewards = self.rewards.rewards if self.rewards else {}
        passed = SampleIndex()
        for line in self._store.samples():
            key = line.key
            problem = self._by_key.get((line.benchmark, line.split, line.problem))
            if problem is None:
                continue
            lines = self._lines.times(key)
            if lines > 1:
                passed.add(key)
                if passed.times(key) < lines:
                    continue
            graded = verdicts.get((line.benchmark, line.split, line.problem, line.set), {}).pop(line.n, None)
            answer, verdict = graded or (None, _UNGRADED)
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
                unexecuted=any(turn.get("tool") == "none" for turn in line.turns),
            )

    def _verdicts(self) -> dict[tuple[str, str, str, str], dict[int, _Graded]]:
        verdicts: dict[tuple[str, str, str, str], dict[int, _Graded]] = {}
        kept: dict[Verdict, Verdict] = {}
        for line in self._store.verdicts(self.grader.name):
            place = verdicts.setdefault((line.benchmark, line.split, line.problem, line.set), {})
            verdict = Verdict(line.status, line.rule, line.detail)
            answer = answer_of(Extraction(sys.intern(line.answer), line.found_by))
            place[line.n] = _Graded(answer, kept.setdefault(verdict, verdict))
        return verdicts


def run_samples(
    folder: Path, grader: Grader, data_dir: Path | None = None, rewards: SampleRewards | None = None
) -> RunSamples:
    """The graded samples of a run folder, its verdicts completed. DataError where the folder is no run."""
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
    """The first line of a verdicts file: what its verdicts depend on."""
    fingerprint = grader.fingerprint(problem for rows in problems.values() for problem in rows)
    return VerdictHead(FORMAT, grader.name, grader.version, fingerprint)


def problems_of(info: RunInfo, store: RunStore, data_dir: Path | None = None) -> dict[tuple[str, str], list[Problem]]:
    """The problems of each benchmark of a run, from the benchmark files where their hash is the run's.

    Where that data is not at hand (or another version), the problems come from the run's own prompts.jsonl.
    """
    stored: dict[tuple[str, str], list[Problem]] = {}
    for line in store.prompts():
        stored.setdefault((line.benchmark, line.split), []).append(line.as_problem())
    problems: dict[tuple[str, str], list[Problem]] = {}
    for benchmark in info.benchmarks:
        place = (benchmark.benchmark, benchmark.split)
        extent = max((extent.problems for extent in benchmark.sets.values()), default=0)
        problems[place] = (_loaded(benchmark, data_dir) or stored.get(place, []))[:extent]
        if not problems[place]:
            raise DataError(f"{store.folder}: prompts.jsonl holds no problem of {'/'.join(place)}, whose data is gone")
    return problems


def _loaded(benchmark: BenchmarkInfo, data_dir: Path | None) -> list[Problem]:
    try:
        definition = define(benchmark.definition)
        if not is_available(definition.name, benchmark.split, definition.spec.splits[benchmark.split], data_dir):
            return []
        loaded = load_split(definition, benchmark.split, data_dir=data_dir)
    except (MathEvalError, KeyError):
        return []  # the run's own prompts.jsonl stands in
    return list(loaded) if loaded.sha256 == benchmark.data_sha256 else []
