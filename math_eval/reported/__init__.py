"""Published scores, as data files."""

from math_eval.reported.scores import ReportedScore, reported_models, reported_scores

__all__ = ["ReportedScore", "reported_models", "reported_scores"]
