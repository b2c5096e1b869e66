"""Model families: how the models of a family are evaluated, as data files."""

from math_eval.families.family import Family, Mode, SamplingPreset, ThoughtMarks, load_family, samples_by_size
from math_eval.families.match import CHAT, FamilyMatch, family_of, plain_name

__all__ = [
    "CHAT",
    "Family",
    "FamilyMatch",
    "Mode",
    "SamplingPreset",
    "ThoughtMarks",
    "family_of",
    "load_family",
    "plain_name",
    "samples_by_size",
]
