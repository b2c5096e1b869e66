"""Exports a run: as the rows and metrics of the reference, or as training rows made of correct samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from math_eval.answers.thoughts import whole_response
from math_eval.errors import DataError
from math_eval.files import LineWriter
from math_eval.graders import DEFAULT_GRADER, load_grader
from math_eval.graders.qwen import reference_gold, reference_name
from math_eval.records import CUT_IN_THOUGHT, Problem
from math_eval.results.graded import GradedSample
from math_eval.results.run_samples import RunSamples, run_samples
from math_eval.runfolder.layout import BenchmarkInfo, RunInfo, write_json
from math_eval.runfolder.reward_layout import SampleRewards

_WITH_SOLUTIONS = {"math", "minerva_math"}
"""The benchmarks whose solution the reference keeps in its rows, as gt_cot."""


def export_qwen(folder: Path, target: Path, rewards: SampleRewards | None = None) -> list[Path]:
    """Writes a run as the reference stores one, so that scripts for the reference's files can read it.

    Each benchmark and set gives a file of rows and a file of metrics. A row holds idx, question, gt_cot, gt, the
    groups, code, pred, report and score, and with rewards pred_score. The verdicts are those of the qwen grader.

    Args:
        folder: The run folder.
        target: The folder to write into.
        rewards: The rewards of the run, if they are to be exported.

    Returns:
        The paths of the row files.

    Raises:
        DataError: A row file exists already, or the run folder cannot be read.
    """
    samples = run_samples(folder, load_grader("qwen"), rewards=rewards)
    by_problem: dict[tuple[str, str, str, str], list[GradedSample]] = {}
    for sample in samples:
        by_problem.setdefault((*sample.place, sample.key.problem), []).append(sample)
    files = []
    for benchmark in samples.info.benchmarks:
        for set_name in benchmark.sets:
            place = (benchmark.benchmark, benchmark.split, set_name)
            rows = [
                _qwen_row(number, problem, by_problem[(*place, problem.id)])
                for number, problem in enumerate(samples.problems[place[:2]])
                if (*place, problem.id) in by_problem
            ]
            if rows:
                files.append(_write_qwen(target, samples.info, benchmark, set_name, rows))
    return files


def _qwen_row(number: int, problem: Problem, samples: Sequence[GradedSample]) -> dict[str, Any]:
    ordered = sorted(samples, key=lambda sample: sample.key.n)
    rewards = [sample.reward for sample in ordered]
    fields = problem.grader_fields.get("qwen", {})
    return {
        "idx": number,
        "question": fields.get("question") or problem.question,
        "gt_cot": fields.get("gold") if reference_name(problem) in _WITH_SOLUTIONS else None,
        "gt": reference_gold(problem),
        **problem.groups,
        "code": [
            whole_response(sample.thought, sample.text, cut=sample.finish in CUT_IN_THOUGHT) for sample in ordered
        ],
        "pred": [sample.answer for sample in ordered],
        "report": [None for _ in ordered],
        "score": [sample.verdict.correct for sample in ordered],
        **({"pred_score": [[reward] for reward in rewards]} if None not in rewards else {}),
        "rule": [sample.verdict.rule for sample in ordered],
    }


def _write_qwen(
    target: Path, info: RunInfo, benchmark: BenchmarkInfo, set_name: str, rows: list[dict[str, Any]]
) -> Path:
    problems = benchmark.sets[set_name].problems
    count = -1 if problems >= benchmark.rows else problems
    name = f"{benchmark.split}_{benchmark.prompt}_{count}_seed{info.seed}_t{info.sets[set_name].temperature}_s0_e-1"
    folder = target / benchmark.benchmark
    path = folder / f"{name}.jsonl"
    _refuse(path)
    rules = [row.pop("rule") for row in rows]
    _write_lines(path, rows)
    first_scores = [row["score"][0] for row in rows]
    metrics: dict[str, Any] = {
        "num_samples": len(rows),
        "num_scores": sum(len(row["score"]) for row in rows),
        "timeout_samples": sum(rule == "limit:time" for row in rules for rule in row),
        "empty_samples": sum(not row["pred"][-1] for row in rows),
        "acc": round(100 * sum(first_scores) / len(first_scores), 1),
    }
    types: dict[str, list[bool]] = {}
    for row in rows:
        if "type" in row:
            types.setdefault(str(row["type"]), []).append(row["score"][-1])
    if types:
        metrics["type_acc"] = {
            kind: round(100 * sum(scores) / len(scores), 1) for kind, scores in sorted(types.items())
        }
    write_json(folder / f"{name}_{benchmark.prompt}_metrics.json", metrics)
    return path


def export_sft(
    folder: Path,
    target: Path,
    *,
    per_problem: int = 1,
    grader: str = DEFAULT_GRADER,
    rewards: SampleRewards | None = None,
) -> int:
    """Writes the best correct samples of each problem as rows for supervised fine-tuning.

    A row holds a conversation (`messages`, the thought of a response as its `reasoning_content`) and its origin:
    benchmark, split, problem, set, n, model, answer, gold, grader, reward. Samples
    with higher rewards come first, and without rewards in the order of set and number. Of
    samples with equal text, only one is used.

    Args:
        folder: The run folder.
        target: The file of JSON lines to write.
        per_problem: The largest number of rows for each problem.
        grader: The name of the grader that decides which samples are correct.
        rewards: The rewards that order the samples, if any.

    Returns:
        The number of rows.

    Raises:
        DataError: The target exists already, or the run folder cannot be read.
    """
    _refuse(target)
    rows = list(_sft_rows(run_samples(folder, load_grader(grader), rewards=rewards), per_problem))
    _write_lines(target, rows)
    return len(rows)


def _sft_rows(samples: RunSamples, per_problem: int) -> Iterator[dict[str, Any]]:
    correct: dict[tuple[str, str, str], list[GradedSample]] = {}
    for sample in samples:
        if sample.verdict.correct:
            correct.setdefault((*sample.place[:2], sample.key.problem), []).append(sample)
    for (benchmark, split), problems in samples.problems.items():
        for problem in problems:
            candidates = correct.get((benchmark, split, problem.id), [])
            candidates.sort(key=lambda sample: (-(sample.reward or 0.0), sample.key.set, sample.key.n))
            by_text: dict[tuple[str, str], GradedSample] = {}
            for sample in candidates:
                by_text.setdefault((sample.thought, sample.text.strip()), sample)
            for sample in islice(by_text.values(), per_problem):
                yield _sft_row(sample, samples.info.model, samples.grader.name)


def _sft_row(sample: GradedSample, model: str, grader: str) -> dict[str, Any]:
    thought = {"reasoning_content": sample.thought} if sample.thought else {}
    return {
        "messages": [
            {"role": "user", "content": sample.problem.question},
            {"role": "assistant", "content": sample.text.strip(), **thought},
        ],
        "benchmark": sample.key.benchmark,
        "split": sample.key.split,
        "problem": sample.key.problem,
        "set": sample.key.set,
        "n": sample.key.n,
        "model": model,
        "answer": sample.answer or "",
        "gold": sample.problem.gold,
        "grader": grader,
        "reward": sample.reward,
    }


def _refuse(path: Path) -> None:
    if path.exists():
        raise DataError(f"{path} exists already and is not overwritten; use another --output")


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
