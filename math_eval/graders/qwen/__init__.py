"""The rules of the harness behind the Qwen2-Math and Qwen2.5-Math reports, faults included: never tuned for right.

A closed room: nothing of the default grader is mixed in, and nothing here is used by it.
"""

from math_eval.graders.qwen.extract import extract_answer, gold_of, prediction
from math_eval.graders.qwen.grader import QwenGrader, reference_gold, reference_name
from math_eval.graders.qwen.normalise import Edition, normalise
from math_eval.graders.qwen.packages import check_packages
from math_eval.graders.qwen.reference_equality import QWEN_VERSION, ReferenceEquality, shared_equality

__all__ = [
    "QWEN_VERSION",
    "Edition",
    "QwenGrader",
    "ReferenceEquality",
    "check_packages",
    "extract_answer",
    "gold_of",
    "normalise",
    "prediction",
    "reference_gold",
    "reference_name",
    "shared_equality",
]
