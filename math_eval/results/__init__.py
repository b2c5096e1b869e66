"""Results: graded samples, and what is derived from them."""

from math_eval.results.score import score_run
from math_eval.results.score_files import score_files

__all__ = ["score_files", "score_run"]
