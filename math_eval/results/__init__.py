"""Results: graded samples, and what is derived from them."""

from math_eval.results.file_samples import FileBenchmark, GradedFile, file_benchmark, file_samples
from math_eval.results.graded import GradedSample, scores_by_place
from math_eval.results.run_samples import RunSamples, run_samples
from math_eval.results.score import score_files, score_run

__all__ = [
    "FileBenchmark",
    "GradedFile",
    "GradedSample",
    "RunSamples",
    "file_benchmark",
    "file_samples",
    "run_samples",
    "score_files",
    "score_run",
    "scores_by_place",
]
