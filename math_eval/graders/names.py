"""Names → graders: ours, those that installed packages offer, and any class named as package.module:Class."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, cast

from math_eval.errors import RequestError
from math_eval.graders.base import Grader
from math_eval.plugins import Plugins

GRADERS = Plugins(
    kind="grader",
    group="math_eval.graders",
    builtin={
        "equivalence": "math_eval.graders.equivalence.grader:EquivalenceGrader",
        "math-verify": "math_eval.graders.math_verify:MathVerifyGrader",
        "qwen": "math_eval.graders.qwen.grader:QwenGrader",
    },
)
DEFAULT_GRADER = "equivalence"

_METHODS = ("extract", "read_answer", "grade", "vote_key", "fingerprint", "fit", "close")


@lru_cache(maxsize=32)
def load_grader(name: str) -> Grader:
    """The grader of that name, one object a process.

    Args:
        name: A name of ours, an entry point of the group math_eval.graders, or package.module:Class.

    Raises:
        UnknownNameError: No grader has that name.
        RequestError: The class cannot be imported or made, or it lacks a method of a grader.
        MissingPackageError: The grader needs a package that is not installed.
    """
    try:
        grader: Any = GRADERS.load(name)()
    except TypeError as error:
        raise RequestError(f"grader {name}: it cannot be made without arguments: {error}") from error
    lacking = [method for method in _METHODS if not callable(getattr(grader, method, None))]
    lacking += [field for field in ("name", "version", "edition") if not isinstance(getattr(grader, field, None), str)]
    if lacking:
        raise RequestError(f"grader {name}: it lacks {', '.join(lacking)}; derive it from math_eval.BaseGrader")
    if not grader.name:
        grader.name = name
    return cast("Grader", grader)
