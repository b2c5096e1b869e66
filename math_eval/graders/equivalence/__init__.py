"""Grading: verdicts on answers, and the relation by which answers vote."""

from math_eval.graders.equivalence.policy import DEFAULT, Policy, policy_of
from math_eval.graders.equivalence.verdict import GRADER_VERSION, grade
from math_eval.graders.equivalence.votes import KEY_VERSION, answer_key, same_answer

__all__ = [
    "DEFAULT",
    "GRADER_VERSION",
    "KEY_VERSION",
    "Policy",
    "answer_key",
    "grade",
    "policy_of",
    "same_answer",
]
