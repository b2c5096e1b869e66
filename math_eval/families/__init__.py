"""Model families: how the models of a family are evaluated, as data files."""

from math_eval.families.family import Family, SamplingPreset, family_of, load_family

__all__ = ["Family", "SamplingPreset", "family_of", "load_family"]
