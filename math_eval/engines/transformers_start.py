"""Loads models in transformers, for generation and for reward models: device, number type and errors."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from math_eval.engines.base import EngineSettings
from math_eval.errors import EngineError, MissingPackageError, ModelError
from math_eval.models import cpu_dtype


def start_transformers(
    build: Callable[[str], tuple[Any, ...]], folder: Path, settings: EngineSettings
) -> tuple[tuple[Any, ...], str]:
    """Loads a model with transformers and moves it to its device.

    Args:
        build: Loads the modules of the model in a number type, by torch's name or "auto".
        folder: The model folder.
        settings: Device and number type.

    Returns:
        The modules, ready to compute with, and the device.

    Raises:
        MissingPackageError: torch or transformers is not installed.
        ModelError: transformers cannot load the model.
        EngineError: The model does not fit into memory.
    """
    try:
        import torch
        from safetensors import SafetensorError
        from transformers.utils import logging
    except ImportError as error:
        raise MissingPackageError(error.name or "transformers", "transformers", "the transformers engine") from error
    print(f"loading {folder} into transformers", file=sys.stderr)  # noqa: T201  announces a long wait
    if not sys.stderr.isatty():
        logging.disable_progress_bar()  # in a log, a bar is hundreds of lines
    device = settings.device
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    dtype = cpu_dtype(settings.dtype) if device == "cpu" else settings.dtype
    try:
        return tuple(module.to(device).train(mode=False) for module in build(dtype)), device
    except torch.OutOfMemoryError as error:
        raise EngineError(f"{folder}: the model does not fit into the memory of {device}") from error
    except (ValueError, OSError, KeyError, TypeError, AttributeError, RuntimeError, SafetensorError) as error:
        raise ModelError(
            f"{folder}: transformers cannot load this model: {' '.join(str(error).split())[:300]}"
        ) from error
