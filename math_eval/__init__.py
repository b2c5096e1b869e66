"""Measures how well language models solve mathematics.

The names below are imported when they are first used, so that `import math_eval` is fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    __version__: str
    from math_eval.api import evaluate
    from math_eval.benchmarks import Benchmark, load_benchmark
    from math_eval.engines import EngineSettings
    from math_eval.errors import MathEvalError, SandboxUnavailable
    from math_eval.evaluation import Run
    from math_eval.generate import RunRequest
    from math_eval.graders import BaseGrader, Grader
    from math_eval.graders.equivalence import Policy, answer_key, same_answer
    from math_eval.graders.pool import grade_many
    from math_eval.grading import extract_answer, grade, grade_response
    from math_eval.records import Extraction, Problem, Verdict
    from math_eval.results import score_run
    from math_eval.sandbox import Limits, Sandbox, ToolResult

_MODULES = {
    "BaseGrader": "graders",
    "Benchmark": "benchmarks",
    "EngineSettings": "engines",
    "Extraction": "records",
    "Grader": "graders",
    "Limits": "sandbox",
    "MathEvalError": "errors",
    "Policy": "graders.equivalence",
    "Problem": "records",
    "Run": "evaluation",
    "RunRequest": "generate",
    "Sandbox": "sandbox",
    "SandboxUnavailable": "errors",
    "ToolResult": "sandbox",
    "Verdict": "records",
    "answer_key": "graders.equivalence",
    "evaluate": "api",
    "extract_answer": "grading",
    "grade": "grading",
    "grade_many": "graders.pool",
    "grade_response": "grading",
    "load_benchmark": "benchmarks",
    "same_answer": "graders.equivalence",
    "score_run": "results",
}

__all__ = [
    "BaseGrader",
    "Benchmark",
    "EngineSettings",
    "Extraction",
    "Grader",
    "Limits",
    "MathEvalError",
    "Policy",
    "Problem",
    "Run",
    "RunRequest",
    "Sandbox",
    "SandboxUnavailable",
    "ToolResult",
    "Verdict",
    "__version__",
    "answer_key",
    "evaluate",
    "extract_answer",
    "grade",
    "grade_many",
    "grade_response",
    "load_benchmark",
    "same_answer",
    "score_run",
]


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    """Imports a public name from its module."""
    if name == "__version__":
        return _version()
    if name not in _MODULES:
        raise AttributeError(f"module 'math_eval' has no attribute {name!r}")
    return getattr(import_module(f"math_eval.{_MODULES[name]}"), name)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("math-eval-harness")
    except PackageNotFoundError:
        return "0+unknown"  # the folder is on the path, but not installed
