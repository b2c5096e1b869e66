"""Graders: objects that extract answers from responses and decide whether they are right."""

from math_eval.graders.base import NO_ANSWER, BaseGrader, Grader, Response, answer_of, grade_sample, response_for
from math_eval.graders.names import DEFAULT_GRADER, GRADERS, load_grader

__all__ = [
    "DEFAULT_GRADER",
    "GRADERS",
    "NO_ANSWER",
    "BaseGrader",
    "Grader",
    "Response",
    "answer_of",
    "grade_sample",
    "load_grader",
    "response_for",
]
