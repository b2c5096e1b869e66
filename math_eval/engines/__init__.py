"""Engines: whatever turns prompts into completions."""

from math_eval.engines.base import ENGINES, Engine, EngineFactory, EngineSettings
from math_eval.engines.make import NEEDS_MODEL_FOLDER, check_engine, default_engine, make_engine

__all__ = [
    "ENGINES",
    "NEEDS_MODEL_FOLDER",
    "Engine",
    "EngineFactory",
    "EngineSettings",
    "check_engine",
    "default_engine",
    "make_engine",
]
