"""Makes the samples of a run, and their rewards: requests, plans and the pipeline."""

from math_eval.generate.request import RunRequest
from math_eval.generate.reward_request import RewardRequest
from math_eval.generate.rewards import RewardSummary, score_rewards

__all__ = ["RewardRequest", "RewardSummary", "RunRequest", "score_rewards"]
