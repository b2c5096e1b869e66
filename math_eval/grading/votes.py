"""Which answers are the same answer: the symmetric relation by which samples vote."""

from __future__ import annotations

from math_eval.grading.clean import squeezed
from math_eval.grading.rational import parse_rational

KEY_VERSION = "1"
"""Raised whenever a key can change; keys of different versions do not vote together."""


def answer_key(answer: str) -> str:
    """A canonical, hashable key: equal for answers that are the same, "" for no answer."""
    text = squeezed(answer).lower()
    if not text:
        return ""
    value = parse_rational(answer)
    if value is None:
        return f"t:{text[:2000]}"
    return f"r:{value.value}{'%' if value.percent else ''}"


def same_answer(left: str, right: str) -> bool:
    """Whether two answers are the same: symmetric and transitive, unlike grading, and independent of any gold."""
    return answer_key(left) == answer_key(right)
