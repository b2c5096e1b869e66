"""Scoring files of stored responses as a run would be scored: all figures, from any harness's rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from math_eval.errors import DataError
from math_eval.external.row_format import read_stored
from math_eval.graders.equivalence import answer_key
from math_eval.graders.qwen import shared_grader
from math_eval.records import Problem
from math_eval.results.regrade import Regraded, folded, regrade, regrade_qwen
from math_eval.runfolder.grader import RunGrader
from math_eval.runfolder.layout import FORMAT
from math_eval.scoring import Metrics, SampleScore, ScoreOptions, SetResult, averages, check_ks, score_set
from math_eval.scoring.figures import DEFAULT_OPTIONS


def score_files(
    files: Sequence[Path],
    options: ScoreOptions = DEFAULT_OPTIONS,
    grader: RunGrader = "equivalence",
    name: str = "",
) -> Metrics:
    """The metrics of each file, its problems told apart by row. name: the benchmark's name in the reference."""
    found = [_score(path, options, grader, name) for path in files]
    return Metrics(FORMAT, grader, options, "", found, averages(found))


def outcomes_of_file(
    path: Path, grader: RunGrader = "equivalence", name: str = "", *, by_question: bool = False
) -> dict[str, list[SampleScore]]:
    """Row number (or question) → the samples of a stored file, with that grader's verdicts and the file's rewards."""
    answers = list(read_stored(path))
    if not answers:
        raise DataError(f"{path}: no responses")
    ours = grader == "equivalence"
    graded = regrade(answers, {}, "expression") if ours else regrade_qwen(answers, name, shared_grader())[0]
    found: dict[str, list[SampleScore]] = {}
    for one in graded:
        problem = folded(one.stored.question) if by_question else ""
        found.setdefault(problem or str(one.stored.row), []).append(_outcome(one, grader))
    return found


def _score(path: Path, options: ScoreOptions, grader: RunGrader, name: str) -> SetResult:
    outcomes = outcomes_of_file(path, grader, name)
    largest = max(map(len, outcomes.values()))
    check_ks(options.ks, largest, str(path))
    problems = [Problem(path.stem, "test", row, "", "") for row in outcomes]
    return score_set(problems, outcomes, set_name="stored", samples=largest, options=options)


def _outcome(one: Regraded, grader: RunGrader) -> SampleScore:
    key = (one.answer or "") if grader == "qwen" else answer_key(one.answer or "")
    return SampleScore(one.stored.n, one.verdict.status, key, "stop", 0, 0, one.answer, one.stored.reward)
