"""Scoring: the metrics of a run, the estimators and intervals behind them, and comparisons."""

from math_eval.scoring.estimators import pass_at_k, rm_at_k
from math_eval.scoring.figures import Figure, SampleScore, ScoreOptions, check_ks, figures
from math_eval.scoring.intervals import Interval, accuracy_interval, average_interval, mean_interval
from math_eval.scoring.majority import Ballot, Estimate, ballot, maj_at_k
from math_eval.scoring.metrics import Average, Metrics, SetResult, averages, score_set
from math_eval.scoring.noise import (
    ReportedComparison,
    compare_with_reported,
    mean_variance,
    single_sample_variance,
)
from math_eval.scoring.paired import PairedComparison, compare_paired, holm

__all__ = [
    "Average",
    "Ballot",
    "Estimate",
    "Figure",
    "Interval",
    "Metrics",
    "PairedComparison",
    "ReportedComparison",
    "SampleScore",
    "ScoreOptions",
    "SetResult",
    "accuracy_interval",
    "average_interval",
    "averages",
    "ballot",
    "check_ks",
    "compare_paired",
    "compare_with_reported",
    "figures",
    "holm",
    "maj_at_k",
    "mean_interval",
    "mean_variance",
    "pass_at_k",
    "rm_at_k",
    "score_set",
    "single_sample_variance",
]
