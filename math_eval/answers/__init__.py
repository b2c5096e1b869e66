"""Answers: from a completion to the answer text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from math_eval.answers.letters import last_letters, short_letter

if TYPE_CHECKING:
    from math_eval.answers.extract import EXTRACTION_VERSION, extract_answer

__all__ = ["EXTRACTION_VERSION", "extract_answer", "last_letters", "short_letter"]


def __getattr__(name: str) -> Any:
    """The extraction, imported when it is first used: its word tables take time to compile, and a verdict needs none."""
    if name in {"EXTRACTION_VERSION", "extract_answer"}:
        from math_eval.answers import extract

        return getattr(extract, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
