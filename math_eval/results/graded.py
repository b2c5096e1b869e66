"""The graded sample, from which every score, comparison and export is made."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from math_eval.answers.loops import repeats_to_end
from math_eval.external.row_format import StoredAnswer
from math_eval.records import CUT_BY_BUDGET, Finish, Problem, SampleKey, Verdict
from math_eval.scoring import SampleScore

Place = tuple[str, str, str]
"""Benchmark, split and set."""


class GradedSample(NamedTuple):
    """A sample with its problem, extracted answer, verdict, vote and reward.

    Attributes:
        key: The key of the sample.
        problem: The problem that it answers.
        text: The response; what follows the thought, where `thought` is not empty.
        finish: Why the completion ended.
        answer: The extracted answer; None if there is none.
        verdict: The grader's verdict.
        vote_key: The class of equal answers that the sample votes for; "" casts no vote.
        tokens_in: Tokens of the prompt; None if unknown.
        tokens_out: Tokens of the completion; None if unknown.
        reward: The reward, if the sample has one.
        unexecuted: Whether the sample asked for a program that was not executed.
        thought: The thought; "" if there is none, or if `text` holds it.
        tokens_thought: Tokens of the thought, which `tokens_out` includes; None if unknown.
        stored: For a file of another harness: the row of the sample, with the answer and label that the file gives.
    """

    key: SampleKey
    problem: Problem
    text: str
    finish: Finish
    answer: str | None
    verdict: Verdict
    vote_key: str
    tokens_in: int | None = 0
    tokens_out: int | None = 0
    reward: float | None = None
    unexecuted: bool = False
    thought: str = ""
    tokens_thought: int | None = None
    stored: StoredAnswer | None = None

    @property
    def place(self) -> Place:
        """Benchmark, split and set."""
        return self.key.benchmark, self.key.split, self.key.set

    @property
    def location(self) -> str:
        """The sample's row in its file, or its place in its run, for messages."""
        key = self.key
        return self.stored.location if self.stored else f"{key.benchmark}/{key.split}/{key.problem}/{key.set}"

    def score(self) -> SampleScore:
        """Returns the fields that scoring reads; they do not include the text."""
        return SampleScore(
            n=self.key.n,
            status=self.verdict.status,
            key=self.vote_key,
            finish=self.finish,
            tokens_in=self.tokens_in,
            tokens_out=self.tokens_out,
            vote=self.answer,
            reward=self.reward,
            unexecuted=self.unexecuted,
            tokens_thought=self.tokens_thought,
            looped=self.finish in CUT_BY_BUDGET and repeats_to_end(self.text or self.thought),
        )


def scores_by_place(samples: Iterable[GradedSample]) -> dict[Place, dict[str, list[SampleScore]]]:
    """Groups samples by place and problem, keeping only what scoring reads.

    Returns:
        Benchmark, split and set → problem → the scores of its samples, in the order of the samples.
    """
    places: dict[Place, dict[str, list[SampleScore]]] = {}
    for sample in samples:
        places.setdefault(sample.place, {}).setdefault(sample.key.problem, []).append(sample.score())
    return places
