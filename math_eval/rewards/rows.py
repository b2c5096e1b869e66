"""The rows that a process model outputs as the scores of a conversation's steps."""

from __future__ import annotations

from collections.abc import Sequence

from math_eval.rewards.base import Conversation, RewardScore, failed_score, process_score


def step_scores(rows: Sequence[Sequence[float]], conversation: Conversation, tokens: int) -> RewardScore:
    """P(good), the probability of class 1, of each step.

    Args:
        rows: (bad, good) probabilities, one row a step or one row a token.
        conversation: The conversation, which says how many steps there are and where their markers are.
        tokens: Length of the conversation.

    Returns:
        The scores of the steps; an error where the number of rows, their width or their sum is wrong.
    """
    if conversation.token_ids and len(rows) == len(conversation.token_ids):
        rows = [rows[position] for position in conversation.markers]
    if len(rows) != conversation.steps:
        return failed_score(f"{len(rows)} step scores for {conversation.steps} steps", tokens)
    if any(len(row) != 2 for row in rows):
        return failed_score(f"{len(rows[0])} classes a step, expected bad and good", tokens)
    if any(abs(sum(row) - 1) > 0.02 for row in rows):
        return failed_score("the two classes of a step do not add up to 1, so they are not probabilities", tokens)
    return process_score([row[1] for row in rows], tokens)
