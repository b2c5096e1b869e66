"""Names → graders: ours, those that installed packages offer, and any class named as package.module:Class."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, cast

from math_eval.errors import RequestError, UnknownNameError
from math_eval.graders.base import Grader

GRADERS = {
    "equivalence": "math_eval.graders.equivalence.grader:EquivalenceGrader",
    "math-verify": "math_eval.graders.math_verify:MathVerifyGrader",
    "qwen": "math_eval.graders.qwen.grader:QwenGrader",
}
"""Our own graders and their classes."""
DEFAULT_GRADER = "equivalence"
ENTRY_POINTS = "math_eval.graders"

_CLASS = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
_METHODS = ("extract", "read_answer", "grade", "vote_key", "fingerprint", "fit", "close")


def grader_names() -> list[str]:
    """The names that load_grader knows, sorted; any package.module:Class works besides."""
    return sorted({*GRADERS, *(entry.name for entry in entry_points(group=ENTRY_POINTS))})


def check_grader(name: str) -> str:
    """The name, where a grader has it or it has the form package.module:Class; UnknownNameError offers near names."""
    if name in GRADERS or _CLASS.fullmatch(name) or name in grader_names():
        return name
    raise UnknownNameError("grader", name, grader_names())


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
    check_grader(name)
    target = GRADERS.get(name) or next((e.value for e in entry_points(group=ENTRY_POINTS) if e.name == name), name)
    module, _, attribute = target.partition(":")
    try:
        grader: Any = getattr(import_module(module), attribute)()
    except (ImportError, AttributeError, TypeError) as error:
        raise RequestError(f"grader {name}: {target} cannot be made: {error}") from error
    lacking = [method for method in _METHODS if not callable(getattr(grader, method, None))]
    lacking += [field for field in ("name", "version") if not isinstance(getattr(grader, field, None), str)]
    if lacking:
        raise RequestError(f"grader {name}: {target} lacks {', '.join(lacking)}; derive from math_eval.BaseGrader")
    if not grader.name:
        grader.name = name
    return cast("Grader", grader)
