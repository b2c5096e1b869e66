"""Model families: how each family's models are asked, as data files."""

from math_eval.families.family import Family, SamplingPreset, family_of, load_family

__all__ = ["Family", "SamplingPreset", "family_of", "load_family"]
