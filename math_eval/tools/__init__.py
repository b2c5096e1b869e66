"""Programs written by models: when they are run, where they are held, and what the model is shown of them."""

from math_eval.tools.limits import Limits, State, Tier, TierReport, ToolResult
from math_eval.tools.sandbox import Sandbox, probe
from math_eval.tools.transcript import Request, asked, cut, observation, reference_program, reference_request

__all__ = [
    "Limits",
    "Request",
    "Sandbox",
    "State",
    "Tier",
    "TierReport",
    "ToolResult",
    "asked",
    "cut",
    "observation",
    "probe",
    "reference_program",
    "reference_request",
]
