"""Runs: planning, doing, storing and scoring."""

from math_eval.runs.evaluate import Run, evaluate
from math_eval.runs.request import RunRequest
from math_eval.runs.score import score_run
from math_eval.runs.score_files import score_files

__all__ = ["Run", "RunRequest", "evaluate", "score_files", "score_run"]
