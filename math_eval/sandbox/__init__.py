"""The sandbox: where programs written by models run, with limits and isolation."""

from math_eval.sandbox.limits import Limits, State, Tier, TierReport, ToolResult
from math_eval.sandbox.sandbox import Sandbox, probe

__all__ = ["Limits", "Sandbox", "State", "Tier", "TierReport", "ToolResult", "probe"]
