"""Tools: programs that models write, and what they are shown of them."""

from math_eval.tools.transcript import Request, asked, cut, observation, reference_program, reference_request

__all__ = ["Request", "asked", "cut", "observation", "reference_program", "reference_request"]
