"""Makes engines by name. This is the only place that knows all engines and what each needs."""

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
"""The engines that load weights; the others need only the name of the model."""


def default_engine() -> str:
    """Returns the engine to use if none is named: vllm if it is installed, else transformers."""
    from math_eval.engines.vllm import is_installed

    return "vllm" if is_installed() else "transformers"


def settings_read(name: str) -> tuple[str, ...] | None:
    """Returns the names of the settings that an engine reads, from its class; None if the class does not say."""
    names: tuple[str, ...] | None = getattr(ENGINES.load(name), "settings_read", None)
    return names


def sampling_read(name: str) -> tuple[str, ...] | None:
    """Returns the names of the sampling settings that an engine applies; None if its class does not say: all."""
    names: tuple[str, ...] | None = getattr(ENGINES.load(name), "sampling_read", None)
    return names


def check_settings(name: str, settings: EngineSettings) -> None:
    """Lets an engine's class refuse settings before anything is loaded; a class without `check_settings` refuses none.

    Raises:
        RequestError: The settings cannot be used.
    """
    check: Callable[[EngineSettings], None] | None = getattr(ENGINES.load(name), "check_settings", None)
    if check is not None:
        check(settings)


def make_engine(name: str, model: str, local: LocalModel | None, settings: EngineSettings) -> Engine:
    """Makes the engine of that name.

    Args:
        name: A name of `ENGINES`, or package.module:Class. Such a class is called with the model's name and the
            settings.
        model: The name of the model.
        local: The model's folder, for the engines of `NEEDS_MODEL_FOLDER`.
        settings: The settings of the engine.

    Raises:
        RequestError: A required input is missing, or a class of yours does not have the interface of an engine.
        UnknownNameError: There is no such engine.
        MathEvalError: The engine cannot be made, for example because a package is missing.
    """
    kind: Callable[..., Engine] = ENGINES.load(name)
    if name in NEEDS_MODEL_FOLDER:
        if local is None:
            raise RequestError(f"--engine {name} needs a model folder or a hub name")
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
    missing = [attribute for attribute in ("complete", "close", "concurrency") if not hasattr(engine, attribute)]
    if missing:
        raise RequestError(f"engine {name}: its class lacks {', '.join(missing)}")
    return engine
