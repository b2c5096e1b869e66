"""Runs: planning, doing, storing and scoring."""

from math_eval.runs.evaluate import Run, evaluate
from math_eval.runs.request import RunRequest
from math_eval.runs.reward_layout import read_rewards, reward_files
from math_eval.runs.reward_request import RewardRequest
from math_eval.runs.rewards import RewardSummary, score_rewards
from math_eval.runs.score import score_run
from math_eval.runs.score_files import score_files

__all__ = [
    "RewardRequest",
    "RewardSummary",
    "Run",
    "RunRequest",
    "evaluate",
    "read_rewards",
    "reward_files",
    "score_files",
    "score_rewards",
    "score_run",
]
