"""Tool use in completions: which program a turn asks for, and how its output is shown to the model."""

from math_eval.tools.transcript import (
    ProgramRequest,
    observation,
    program_request,
    reference_executes,
    reference_program,
    shorten,
)

__all__ = [
    "ProgramRequest",
    "observation",
    "program_request",
    "reference_executes",
    "reference_program",
    "shorten",
]
