"""A run in other shapes: the reference's rows and metrics, and training rows of its best correct samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from math_eval.errors import DataError
from math_eval.files import LineWriter
from math_eval.graders.qwen import gold_of
from math_eval.records import Problem, SampleKey
from math_eval.results.score import complete_verdicts, problems_of
from math_eval.runfolder.grader import NO_PREDICTION, RunGrader
from math_eval.runfolder.layout import BenchmarkInfo, RunInfo, SampleLine, VerdictLine, read_run, write_json
from math_eval.runfolder.lock import locked
from math_eval.runfolder.store import RunStore, key_of

_SOLVED = {"math", "minerva_math"}


@dataclass(frozen=True, slots=True)
class _Graded:
    info: RunInfo
    problems: Mapping[tuple[str, str], list[Problem]]
    samples: Mapping[tuple[str, str, str], Mapping[str, Mapping[int, SampleLine]]]
    verdicts: Mapping[SampleKey, VerdictLine]


def _graded(folder: Path, grader: RunGrader) -> _Graded:
    info = read_run(folder)
    with locked(folder):
        store = RunStore(folder)
        try:
            problems = problems_of(info, store)
            complete_verdicts(store, problems, grader)
            verdicts = {key_of(line): line for line in store.verdicts(grader)}
            samples: dict[tuple[str, str, str], dict[str, dict[int, SampleLine]]] = {}
            for line in store.samples():
                place = samples.setdefault((line.benchmark, line.split, line.set), {})
                place.setdefault(line.problem, {})[line.n] = line
        finally:
            store.close()
    return _Graded(info, problems, samples, verdicts)


def export_qwen(folder: Path, target: Path, rewards: Mapping[SampleKey, float] | None = None) -> list[Path]:
    """The run as the reference would have stored it: one row file and one metrics file a benchmark and set.

    Rows hold idx, question, gt_cot, gt, the groups, code, pred, report and score, and with rewards pred_score; verdicts
    are the qwen grader's.
    Returns the row files. DataError where a file is there already: nothing is overwritten.
    """
    graded = _graded(folder, "qwen")
    made = []
    for one in graded.info.benchmarks:
        for set_name in one.sets:
            samples = graded.samples.get((one.benchmark, one.split, set_name), {})
            rows = [
                _qwen_row(number, problem, samples[problem.id], graded.verdicts, rewards or {})
                for number, problem in enumerate(graded.problems[one.benchmark, one.split])
                if problem.id in samples
            ]
            if rows:
                made.append(_write_qwen(target, graded.info, one, set_name, rows))
    return made


def _qwen_row(
    number: int,
    problem: Problem,
    samples: Mapping[int, SampleLine],
    verdicts: Mapping[SampleKey, VerdictLine],
    rewards: Mapping[SampleKey, float],
) -> dict[str, Any]:
    name = problem.qwen_name or problem.benchmark
    raw = problem.qwen_gold
    lines = [samples[n] for n in sorted(samples)]
    found = [verdicts[key_of(line)] for line in lines]
    given = [rewards.get(key_of(line)) for line in lines]
    return {
        "idx": number,
        "question": problem.qwen_question or problem.question,
        "gt_cot": raw if name in _SOLVED else None,
        "gt": gold_of(problem.gold, name, solved=False) if raw is None else gold_of(raw, name),
        **problem.groups,
        "code": [line.text for line in lines],
        "pred": [None if verdict.found_by == NO_PREDICTION else verdict.answer for verdict in found],
        "report": [None for _ in lines],
        "score": [verdict.status == "correct" for verdict in found],
        **({"pred_score": [[reward] for reward in given]} if None not in given else {}),
        "rule": [verdict.rule for verdict in found],
    }


def _write_qwen(target: Path, info: RunInfo, one: BenchmarkInfo, set_name: str, rows: list[dict[str, Any]]) -> Path:
    asked = one.sets[set_name].problems
    count = -1 if asked >= one.rows else asked
    name = f"{one.split}_{one.prompt}_{count}_seed{info.seed}_t{info.sets[set_name].temperature}_s0_e-1"
    folder = target / one.benchmark
    path = folder / f"{name}.jsonl"
    _refuse(path)
    rules = [row.pop("rule") for row in rows]
    _write_lines(path, rows)
    first = [row["score"][0] for row in rows]
    metrics: dict[str, Any] = {
        "num_samples": len(rows),
        "num_scores": sum(len(row["score"]) for row in rows),
        "timeout_samples": sum(rule == "limit:time" for row in rules for rule in row),
        "empty_samples": sum(not row["pred"][-1] for row in rows),
        "acc": round(100 * sum(first) / len(first), 1),
    }
    types: dict[str, list[bool]] = {}
    for row in rows:
        if "type" in row:
            types.setdefault(str(row["type"]), []).append(row["score"][-1])
    if types:
        metrics["type_acc"] = {kind: round(100 * sum(got) / len(got), 1) for kind, got in sorted(types.items())}
    write_json(folder / f"{name}_{one.prompt}_metrics.json", metrics)
    return path


def export_sft(
    folder: Path,
    target: Path,
    *,
    per_problem: int = 1,
    grader: RunGrader = "equivalence",
    rewards: Mapping[SampleKey, float] | None = None,
) -> int:
    """Training rows of correct samples, the highest rewards first, at most so many a problem; returns their number.

    A row holds the conversation (`messages`) and where it comes from: benchmark, split, problem, set, n, model, answer,
    gold, grader, reward. Without rewards the order of the samples decides; texts that repeat one taken are passed over.
    """
    graded = _graded(folder, grader)
    _refuse(target)
    rows = list(_sft_rows(graded, per_problem, grader, rewards or {}))
    _write_lines(target, rows)
    return len(rows)


def _sft_rows(
    graded: _Graded, per_problem: int, grader: str, rewards: Mapping[SampleKey, float]
) -> Iterator[dict[str, Any]]:
    for (benchmark, split), problems in graded.problems.items():
        for problem in problems:
            lines = [
                line
                for place, samples in graded.samples.items()
                if place[:2] == (benchmark, split)
                for line in samples.get(problem.id, {}).values()
                if graded.verdicts[key_of(line)].status == "correct"
            ]
            lines.sort(key=lambda line: (-rewards.get(key_of(line), 0.0), line.set, line.n))
            taken: set[str] = set()
            for line in lines:
                if len(taken) == per_problem:
                    break
                if line.text.strip() in taken:
                    continue
                taken.add(line.text.strip())
                yield {
                    "messages": [
                        {"role": "user", "content": problem.question},
                        {"role": "assistant", "content": line.text.strip()},
                    ],
                    "benchmark": benchmark,
                    "split": split,
                    "problem": problem.id,
                    "set": line.set,
                    "n": line.n,
                    "model": graded.info.model,
                    "answer": graded.verdicts[key_of(line)].answer,
                    "gold": problem.gold,
                    "grader": grader,
                    "reward": rewards.get(key_of(line)),
                }


def _refuse(path: Path) -> None:
    if path.exists():
        raise DataError(f"{path} is there already; name another --output, nothing is overwritten")


def _write_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    writer = LineWriter(part)
    try:
        for row in rows:
            writer.write(msgspec.Raw(msgspec.json.encode(row)))
    finally:
        writer.close()
    part.replace(path)
