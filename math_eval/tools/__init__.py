"""Programs written by models: run in a sandbox, each in a fork of a warm interpreter."""

from math_eval.tools.limits import Limits, State, Tier, TierReport, ToolResult
from math_eval.tools.sandbox import Sandbox, probe

__all__ = ["Limits", "Sandbox", "State", "Tier", "TierReport", "ToolResult", "probe"]
