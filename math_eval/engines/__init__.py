"""Engines, which turn prompts into completions."""

from math_eval.engines.base import Engine, EngineFactory, EngineSettings
from math_eval.engines.make import (
    ENGINES,
    NEEDS_MODEL_FOLDER,
    check_settings,
    default_engine,
    make_engine,
    sampling_read,
    settings_read,
)

__all__ = [
    "ENGINES",
    "NEEDS_MODEL_FOLDER",
    "Engine",
    "EngineFactory",
    "EngineSettings",
    "check_settings",
    "default_engine",
    "make_engine",
    "sampling_read",
    "settings_read",
]
