"""Reward functions for training libraries, each a thin layer over `grade_response`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from math_eval.boxes import last_box
from math_eval.errors import RequestError
from math_eval.grading import grade_response
from math_eval.records import Verdict


def trl_reward(
    completions: Sequence[Any],
    answer: Sequence[Any] | None = None,
    *,
    solution: Sequence[Any] | None = None,
    ground_truth: Sequence[Any] | None = None,
    **_columns: Any,
) -> list[float | None]:
    r"""A reward function for the `reward_funcs` of TRL's GRPOTrainer.

    TRL passes every column of the data set; the golds are the first of `answer`, `solution` and `ground_truth` that it
    has. A gold may be a text, a number, a whole solution (GSM8K's with `####`, MATH's with a box), or a list of
    alternatives.

    Args:
        completions: Texts, or lists of chat messages of which the last one is graded.
        answer: The gold of each completion.
        solution: The same, under the name that MATH-like data sets have.
        ground_truth: The same, under the name that verl's data sets have.

    Returns:
        For each completion 1.0 if it is correct, else 0.0; None, which TRL skips, where the gold cannot be graded: an
        empty one, or a sentence that the completion does not repeat.

    Raises:
        RequestError: The data set has none of the three columns.

    Example:
        >>> trl_reward([r"\boxed{2}", r"\boxed{3}"], answer=["2", "2"])
        [1.0, 0.0]
    """
    golds = next((column for column in (answer, solution, ground_truth) if column is not None), None)
    if golds is None:
        raise RequestError("the data set has no golds: expected a column answer, solution or ground_truth")
    return [_reward(_text(completion), gold) for completion, gold in zip(completions, golds, strict=True)]


def verl_compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: Any,
    extra_info: Mapping[str, Any] | None = None,
    *,
    as_dict: bool = False,
) -> float | dict[str, Any]:
    """A reward function for the `custom_reward_function` of verl.

    Args:
        data_source: Not used.
        solution_str: The response.
        ground_truth: The gold: a text, a number, a whole solution, or a list of alternatives.
        extra_info: Not used.
        as_dict: Give what verl logs beside the score too; set it under `reward_kwargs`.

    Returns:
        1.0 if the response is correct, else 0.0, also where the gold cannot be graded; with `as_dict` a dictionary of
        `score`, `acc`, `pred` (the extracted answer), `status` and `rule`.
    """
    del data_source, extra_info
    verdict = _verdict(solution_str, ground_truth)
    score = float(verdict is not None and verdict.correct)
    if not as_dict:
        return score
    if verdict is None:
        return {"score": 0.0, "acc": False, "pred": "", "status": "undecided", "rule": "no gold"}
    return {
        "score": score,
        "acc": verdict.correct,
        "pred": verdict.answer,
        "status": verdict.status,
        "rule": verdict.rule,
    }


def _reward(response: str, gold: Any) -> float | None:
    verdict = _verdict(response, gold)
    if verdict is None or (verdict.status == "undecided" and verdict.rule == "prose"):
        return None
    return float(verdict.correct)


def _verdict(response: str, gold: Any) -> Verdict | None:
    """The verdict against the gold, or the best one against several; None without a gold."""
    golds = [_gold_text(item) for item in (gold if isinstance(gold, list | tuple) else [gold])]
    verdicts = [grade_response(response, gold=text) for text in golds if text]
    order = ("correct", "undecided", "wrong")
    return min(verdicts, key=lambda verdict: order.index(verdict.status)) if verdicts else None


def _gold_text(gold: Any) -> str:
    """A gold as text: of a whole solution, its final answer; "" where there is none."""
    if gold is None or isinstance(gold, bool):
        return ""
    text = str(gold).strip()
    _, marked, final = text.rpartition("####")
    if marked and final.strip():
        return final.strip()
    return (last_box(text) or text).strip()


def _text(completion: Any) -> str:
    if isinstance(completion, str):
        return completion
    return str(completion[-1].get("content") or "") if completion else ""
