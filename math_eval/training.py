"""Reward functions for training libraries, each a thin layer over `grade_response`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from math_eval.grading import grade_response


def trl_reward(completions: Sequence[Any], answer: Sequence[str], **_columns: Any) -> list[float]:
    r"""A reward function for the `reward_funcs` of TRL's GRPOTrainer.

    Args:
        completions: Texts, or lists of chat messages of which the last one is graded.
        answer: The gold of each completion, without its solution; TRL passes the column `answer` of the data set.

    Returns:
        For each completion 1.0 if it is correct, else 0.0.

    Example:
        >>> trl_reward([r"\boxed{2}", r"\boxed{3}"], answer=["2", "2"])
        [1.0, 0.0]
    """
    return [_score(_text(completion), gold) for completion, gold in zip(completions, answer, strict=True)]


def verl_compute_score(
    data_source: str, solution_str: str, ground_truth: str, extra_info: Mapping[str, Any] | None = None
) -> float:
    """A reward function for the `custom_reward_function` of verl.

    Args:
        data_source: Not used.
        solution_str: The response.
        ground_truth: The gold.
        extra_info: Not used.

    Returns:
        1.0 if the response is correct, else 0.0.
    """
    del data_source, extra_info
    return _score(solution_str, ground_truth)


def _score(response: str, gold: str) -> float:
    return float(grade_response(response, gold=gold).correct)


def _text(completion: Any) -> str:
    if isinstance(completion, str):
        return completion
    return str(completion[-1]["content"]) if completion else ""
