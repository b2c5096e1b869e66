"""A process model's outputs, row by row, as the scores of a conversation's steps."""

from __future__ import annotations

from collections.abc import Sequence

from math_eval.rewards.base import Conversation, Scored, process, unscored


def step_scores(rows: Sequence[Sequence[float]], one: Conversation, tokens: int) -> Scored:
    """P(good), class 1, of each step. rows: (bad, good) probabilities for each step, or for each token.

    Rows of another number, width or sum are an error of the sample that says what was wrong.
    """
    if one.token_ids and len(rows) == len(one.token_ids):
        rows = [rows[at] for at in one.markers]
    if len(rows) != one.steps:
        return unscored(f"{len(rows)} step scores for {one.steps} steps", tokens)
    if any(len(row) != 2 for row in rows):
        return unscored(f"{len(rows[0])} classes a step, expected bad and good", tokens)
    if any(abs(sum(row) - 1) > 0.02 for row in rows):
        return unscored("the two classes of a step do not add up to 1, so they are no probabilities", tokens)
    return process([row[1] for row in rows], tokens)
