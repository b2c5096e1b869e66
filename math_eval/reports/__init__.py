"""Reports: tables, progress."""

from math_eval.reports.progress import DownloadBar, ProgressBar
from math_eval.reports.table import Table, curve_table, markdown, metrics_table
from math_eval.reports.terminal import show

__all__ = ["DownloadBar", "ProgressBar", "Table", "curve_table", "markdown", "metrics_table", "show"]
