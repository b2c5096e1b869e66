"""Reports: tables and progress bars."""

from math_eval.reports.progress import DownloadBar, ProgressBar, RewardBar
from math_eval.reports.table import Table, curve_table, markdown, metrics_table
from math_eval.reports.terminal import show

__all__ = ["DownloadBar", "ProgressBar", "RewardBar", "Table", "curve_table", "markdown", "metrics_table", "show"]
