"""Names → engines: the one place that knows which engines there are and what each needs."""

from __future__ import annotations

from collections.abc import Callable

from math_eval.engines.base import Engine, EngineSettings
from math_eval.errors import RequestError
from math_eval.models import LocalModel
from math_eval.plugins import Plugins

ENGINES = Plugins(
    kind="engine",
    group="math_eval.engines",
    builtin={
        "replay": "math_eval.engines.replay:ReplayEngine",
        "scripted": "math_eval.engines.scripted:ScriptedEngine",
        "server": "math_eval.engines.server:ServerEngine",
        "transformers": "math_eval.engines.transformers:TransformersEngine",
        "vllm": "math_eval.engines.vllm:VllmEngine",
    },
)

NEEDS_MODEL_FOLDER = frozenset({"vllm", "transformers"})
"""Engines that load weights; the others only need the model's name."""


def default_engine() -> str:
    """The engine used unless one is named: vllm where it is installed, else transformers."""
    from math_eval.engines.vllm import is_installed

    return "vllm" if is_installed() else "transformers"


def settings_read(name: str) -> tuple[str, ...] | None:
    """The options that an engine reads, as its class says in `settings_read`; None where the class does not say."""
    names: tuple[str, ...] | None = getattr(ENGINES.load(name), "settings_read", None)
    return names


def make_engine(name: str, model: str, local: LocalModel | None, settings: EngineSettings) -> Engine:
    """The engine of that name. A class from elsewhere is called with the model's name and the settings.

    Raises what its construction raises, and RequestError where an input is missing.
    """
    kind: Callable[..., Engine] = ENGINES.load(name)
    if name in NEEDS_MODEL_FOLDER:
        if local is None:
            raise RequestError(f"--engine {name} needs a model folder or hub name")
        return kind(local.folder, settings)
    if name in {"replay", "scripted"}:
        if settings.responses is None:
            raise RequestError(f"--engine {name} needs --responses FILE")
        if name == "replay":
            return kind(settings.responses)
        from math_eval.engines.scripted import read_script

        return kind(read_script(settings.responses), latency_s=settings.latency_s)
    try:
        engine = kind(model, settings)
    except TypeError as error:
        raise RequestError(f"engine {name} cannot be made as Class(model, settings): {error}") from error
    lacking = [attribute for attribute in ("complete", "close", "concurrency") if not hasattr(engine, attribute)]
    if lacking:
        raise RequestError(f"engine {name}: its class lacks {', '.join(lacking)}")
    return engine
