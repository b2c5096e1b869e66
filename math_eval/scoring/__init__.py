"""Scoring: metrics of a run and the estimators behind them."""

from math_eval.scoring.estimators import maj_at_k, majority, pass_at_k
from math_eval.scoring.metrics import Average, Metric, Metrics, Outcome, averages, metric

__all__ = ["Average", "Metric", "Metrics", "Outcome", "averages", "maj_at_k", "majority", "metric", "pass_at_k"]
