"""How messages state the differences between stored settings and requested ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def differences(stored: Mapping[str, Any], requested: Mapping[str, Any]) -> list[str]:
    """Lists the settings that differ, so that a refusal can name them.

    Args:
        stored: Setting → the value in the run folder.
        requested: The same settings → the value in the request.

    Returns:
        One text for each difference, in the order of `stored`. Hashes are shortened to 12 characters.

    Example:
        >>> differences({"seed": 0, "engine": "vllm"}, {"seed": 1, "engine": "vllm"})
        ['seed 0 (requested: 1)']
    """
    return [
        f"{name} {_short(value)} (requested: {_short(requested[name])})"
        for name, value in stored.items()
        if value != requested[name]
    ]


def _short(value: object) -> str:
    text = "" if value is None else str(value)
    return text[:12] if len(text) == 64 else text or "none"
