"""The sampling settings that a model's own generation_config.json states."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = "generation_config.json"


@dataclass(frozen=True, slots=True)
class GenerationConfig:
    """What generation_config.json states; None stands for what it does not state.

    Attributes:
        samples: Whether its makers sample, rather than decode greedily.
        temperature: The temperature.
        top_p: Top-p.
        top_k: Top-k.
        min_p: Min-p.
        repetition_penalty: The repetition penalty.
    """

    samples: bool = False
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None

    @property
    def stated(self) -> dict[str, Any]:
        """The sampling settings that the file states, by name."""
        names = ("temperature", "top_p", "top_k", "min_p", "repetition_penalty")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


def read_generation_config(folder: Path) -> GenerationConfig:
    """Reads the sampling settings of a model folder.

    Args:
        folder: The model folder.

    Returns:
        The settings; none where the file is missing or cannot be read. A value out of bounds counts as not stated,
        because the file comes from the model's publisher.
    """
    try:
        content = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return GenerationConfig()
    if not isinstance(content, dict):
        return GenerationConfig()
    top_k = _number(content, "top_k", 0, 1_000_000)
    return GenerationConfig(
        samples=content.get("do_sample") is True and content.get("temperature") != 0,
        temperature=_number(content, "temperature", 0, 10),
        top_p=_number(content, "top_p", 1e-9, 1),
        top_k=None if top_k is None else int(top_k) or -1,
        min_p=_number(content, "min_p", 0, 1),
        repetition_penalty=_number(content, "repetition_penalty", 1e-9, 10),
    )


def _number(content: dict[str, Any], name: str, low: float, high: float) -> float | None:
    value = content.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        return None
    return value
