"""Presets: model families and suites, as data files."""

from math_eval.presets.families import Family, SamplingPreset, family_of, load_family
from math_eval.presets.suites import Suite, SuiteEntry, load_suite

__all__ = ["Family", "SamplingPreset", "Suite", "SuiteEntry", "family_of", "load_family", "load_suite"]
