"""The last resort: SymPy asked whether a difference vanishes. Runs only inside a worker process with limits of its own.

Trees are built by latex2sympy from its own nodes; no text of an answer ever reaches SymPy's parsers.
"""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any

from latex2sympy import MathTextError, parse
from latex2sympy.nodes import Node
from latex2sympy.sympy_form import to_sympy
from math_eval.graders.equivalence.match import Match, decided, undecided

SECONDS = 5.0
"""Wall time of one question."""
MEMORY_BYTES = 4 << 30
"""Address space of a worker."""


class _TooLong(Exception):  # noqa: N818  a state of the worker, not an error of the text
    pass


def limit_worker() -> None:
    """Called once in a fresh worker: bounds its address space and arms the alarm handler."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    signal.signal(signal.SIGALRM, _alarm)


def _alarm(_number: int, _frame: FrameType | None) -> None:
    raise _TooLong


def ask_sympy(answer: str, gold: str) -> Match:
    """Whether SymPy can show that the two texts are equal, or that they are not; undecided where it cannot say.

    Must run in the main thread of a worker that limit_worker prepared.
    """
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        return _compare(_evaluated(parse(answer)), _evaluated(parse(gold)))
    except MathTextError:
        return undecided("needs_cas")
    except _TooLong:
        return undecided("limit:cas-time")
    except MemoryError:
        return undecided("limit:cas-memory")
    except Exception as error:  # noqa: BLE001  SymPy raises whatever its many authors chose
        return undecided(f"cas:{type(error).__name__}")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _evaluated(node: Node) -> Any:
    made = to_sympy(node)
    return made.doit() if hasattr(made, "doit") else made


def _compare(left: Any, right: Any) -> Match:
    import sympy

    if not isinstance(left, sympy.Expr) or not isinstance(right, sympy.Expr):
        return decided(same=True, rule="sympy") if left == right else undecided("needs_cas")
    difference = sympy.simplify(left - right)
    if difference == 0:
        return decided(same=True, rule="sympy")
    zero = difference.equals(0)
    return undecided("needs_cas") if zero is None else decided(same=bool(zero), rule="sympy")
