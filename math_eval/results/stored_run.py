"""The samples of a run folder as stored responses, so that other graders can be laid beside each other on them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from math_eval.external.row_format import StoredAnswer, read_stored
from math_eval.graders.qwen import gold_of
from math_eval.records import Problem
from math_eval.results.score import problems_of
from math_eval.runfolder.layout import read_run
from math_eval.runfolder.store import RunStore


def read_answers(path: Path, passed_over: list[str] | None = None) -> Iterator[StoredAnswer]:
    """Every response of a file of any known layout, or of a run folder. DataError for anything else."""
    if path.is_dir():
        yield from _of_run(path)
    else:
        yield from read_stored(path, passed_over)


def _of_run(folder: Path) -> Iterator[StoredAnswer]:
    info = read_run(folder)
    store = RunStore(folder)
    problems = {
        (problem.benchmark, problem.split, problem.id): problem
        for rows in problems_of(info, store).values()
        for problem in rows
    }
    numbers: dict[tuple[str, ...], int] = {}
    for line in store.samples():
        place = (line.benchmark, line.split, line.problem)
        problem = problems.get(place)
        if problem is None:
            continue
        yield StoredAnswer(
            where=f"{folder}: {'/'.join(place)}/{line.set}",
            row=numbers.setdefault((*place, line.set), len(numbers)),
            n=line.n,
            question=problem.question,
            gold=problem.gold,
            text=line.text,
            extracted=False,
            label=None,
            kind=problem.kind,
            reference_gold=_gold(problem),
            reference_name=problem.qwen_name or problem.benchmark,
            group=next(iter(problem.groups.values()), ""),
            problem=problem,
        )


def _gold(problem: Problem) -> str:
    name = problem.qwen_name or problem.benchmark
    raw = problem.qwen_gold
    return gold_of(problem.gold, name, solved=False) if raw is None else gold_of(raw, name)
