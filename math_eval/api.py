"""Evaluation as a function: what `math-eval run` does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from math_eval.engines import Engine, EngineSettings
from math_eval.evaluation import Run
from math_eval.evaluation import evaluate as evaluate_request
from math_eval.generate import RunRequest
from math_eval.plugins import class_path


def evaluate(
    model: str,
    benchmarks: str | Sequence[str] = (),
    *,
    engine: str | Engine | None = None,
    settings: EngineSettings | None = None,
    **options: Any,
) -> Run:
    """What `math-eval run` does: evaluates a model on benchmarks (or a `suite=`) and returns the run.

    engine: a name, or an object with `complete`, `close` and `concurrency`. options: the fields of RunRequest (prompt,
    samples, temperature, limit, output, suite ...). Raises RequestError and UnfinishedError kinds.
    """
    names = (benchmarks,) if isinstance(benchmarks, str) else tuple(benchmarks)
    own = None if engine is None or isinstance(engine, str) else engine
    name = engine if isinstance(engine, str) else (class_path(own) if own is not None else None)
    for place in ("output", "demonstrations", "data_dir"):
        if isinstance(options.get(place), str):
            options[place] = Path(options[place])
    if "lengths_from" in options:
        told = options["lengths_from"]
        options["lengths_from"] = tuple(map(Path, [told] if isinstance(told, str | Path) else told))
    request = RunRequest(model, names, engine=name, settings=settings or EngineSettings(), **options)
    return evaluate_request(request, engine=own)
