"""Runs: planning, doing, storing and scoring."""

from math_eval.runs.evaluate import Run, evaluate
from math_eval.runs.request import RunRequest
from math_eval.runs.score import score_run

__all__ = ["Run", "RunRequest", "evaluate", "score_run"]
