"""Names → engines: the one place that knows which engines there are and what each needs."""

from __future__ import annotations

from math_eval.engines.base import ENGINES, Engine, EngineSettings
from math_eval.errors import RequestError, UnknownNameError
from math_eval.models import LocalModel

NEEDS_MODEL_FOLDER = frozenset({"vllm", "transformers"})
"""Engines that load weights; the others only need the model's name."""


def default_engine() -> str:
    """The engine used unless one is named: vllm where it is installed, else transformers."""
    from math_eval.engines.vllm import is_installed

    return "vllm" if is_installed() else "transformers"


def check_engine(name: str) -> None:
    """UnknownNameError, with near names, unless the engine exists."""
    if name not in ENGINES:
        raise UnknownNameError("engine", name, ENGINES)


def make_engine(name: str, model: str, local: LocalModel | None, settings: EngineSettings) -> Engine:
    """The engine of that name; raises what its construction raises, and RequestError where an input is missing."""
    if name in NEEDS_MODEL_FOLDER and local is None:
        raise RequestError(f"--engine {name} needs a model folder or hub name")
    if name == "vllm" and local is not None:
        from math_eval.engines.vllm import VllmEngine

        return VllmEngine(local.folder, settings)
    if name == "transformers" and local is not None:
        from math_eval.engines.transformers import TransformersEngine

        return TransformersEngine(local.folder, settings)
    if name == "server":
        from math_eval.engines.server import ServerEngine

        return ServerEngine(model, settings)
    if settings.responses is None:
        raise RequestError(f"--engine {name} needs --responses FILE")
    if name == "replay":
        from math_eval.engines.replay import ReplayEngine

        return ReplayEngine(settings.responses)
    from math_eval.engines.scripted import ScriptedEngine, read_script

    return ScriptedEngine(read_script(settings.responses), latency_s=settings.latency_s)
