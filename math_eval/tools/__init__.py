"""Tool use in completions: when a program is asked for, and what the model is shown of its output."""

from math_eval.tools.transcript import ProgramRequest, asked, cut, observation, reference_program, reference_request

__all__ = ["ProgramRequest", "asked", "cut", "observation", "reference_program", "reference_request"]
