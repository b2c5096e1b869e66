"""Presets: model families, suites and reward models' settings, as data files."""

from math_eval.presets.families import Family, SamplingPreset, family_of, load_family
from math_eval.presets.rewards import RewardKind, RewardPreset, load_reward_preset, reward_preset_of
from math_eval.presets.suites import Suite, SuiteEntry, load_suite

__all__ = [
    "Family",
    "RewardKind",
    "RewardPreset",
    "SamplingPreset",
    "Suite",
    "SuiteEntry",
    "family_of",
    "load_family",
    "load_reward_preset",
    "load_suite",
    "reward_preset_of",
]
