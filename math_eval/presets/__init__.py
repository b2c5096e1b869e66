"""Presets: model families, suites, reward models' settings and published scores, as data files."""

from math_eval.presets.families import Family, SamplingPreset, family_of, load_family
from math_eval.presets.reported import ReportedScore, reported_models, reported_scores
from math_eval.presets.rewards import RewardKind, RewardPreset, load_reward_preset, reward_preset_of
from math_eval.presets.suites import Suite, SuiteEntry, load_suite

__all__ = [
    "Family",
    "ReportedScore",
    "RewardKind",
    "RewardPreset",
    "SamplingPreset",
    "Suite",
    "SuiteEntry",
    "family_of",
    "load_family",
    "load_reward_preset",
    "load_suite",
    "reported_models",
    "reported_scores",
    "reward_preset_of",
]
