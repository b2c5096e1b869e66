"""What the qwen grader needs installed."""

from __future__ import annotations

import importlib.metadata

from math_eval.errors import MissingPackageError, RequestError

_ANTLR = "4.11"


def check_packages() -> None:
    """MissingPackageError without the runtime of SymPy's LaTeX grammar; RequestError for another version of it."""
    try:
        version = importlib.metadata.version("antlr4-python3-runtime")
    except importlib.metadata.PackageNotFoundError:
        raise MissingPackageError("antlr4-python3-runtime 4.11", "qwen", "the qwen grader") from None
    if not version.startswith(_ANTLR):
        raise RequestError(
            f"the qwen grader needs antlr4-python3-runtime 4.11.*, not {version}: "
            "pip install 'antlr4-python3-runtime==4.11.*'"
        )
