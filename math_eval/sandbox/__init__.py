"""The sandbox: runs programs written by models under limits and in isolation."""

from math_eval.sandbox.limits import Limits, State, Tier, TierReport, ToolResult
from math_eval.sandbox.sandbox import Sandbox, probe

__all__ = ["Limits", "Sandbox", "State", "Tier", "TierReport", "ToolResult", "probe"]
