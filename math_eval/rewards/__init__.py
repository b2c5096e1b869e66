"""Reward models: outcome and process scores of responses, and rules that make one score of those of the steps."""

from math_eval.rewards.aggregate import AGGREGATIONS, Aggregation, aggregate
from math_eval.rewards.base import REWARD_ENGINES, Conversation, RewardEngine, RewardScore, TooLong
from math_eval.rewards.batches import windows
from math_eval.rewards.conversation import Composer
from math_eval.rewards.form import RewardForm, form_of
from math_eval.rewards.make import check_reward_engine, make_reward_engine

__all__ = [
    "AGGREGATIONS",
    "REWARD_ENGINES",
    "Aggregation",
    "Composer",
    "Conversation",
    "RewardEngine",
    "RewardForm",
    "RewardScore",
    "TooLong",
    "aggregate",
    "check_reward_engine",
    "form_of",
    "make_reward_engine",
    "windows",
]
