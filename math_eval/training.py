"""Reward functions in the signatures that training libraries call; each is a thin layer over grade_response."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from math_eval.grading import grade_response


def trl_reward(completions: Sequence[Any], answer: Sequence[str], **_columns: Any) -> list[float]:
    """1.0 or 0.0 for each completion, as TRL's GRPOTrainer calls its `reward_funcs`.

    completions: texts, or lists of chat messages whose last one counts. answer: the golds as text, without their
    solutions; a column of the data set.
    """
    return [_score(_text(completion), gold) for completion, gold in zip(completions, answer, strict=True)]


def verl_compute_score(
    data_source: str, solution_str: str, ground_truth: str, extra_info: Mapping[str, Any] | None = None
) -> float:
    """1.0 or 0.0 for one response, as verl calls `custom_reward_function`; only the response and its gold are read."""
    del data_source, extra_info
    return _score(solution_str, ground_truth)


def _score(response: str, gold: str) -> float:
    return float(grade_response(response, gold=gold).correct)


def _text(completion: Any) -> str:
    if isinstance(completion, str):
        return completion
    return str(completion[-1]["content"]) if completion else ""
