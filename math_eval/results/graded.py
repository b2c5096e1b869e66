"""A graded sample: what every score, comparison and export is made from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from math_eval.external.row_format import StoredAnswer
from math_eval.records import Finish, Problem, SampleKey, Verdict
from math_eval.scoring import SampleScore

Place = tuple[str, str, str]
"""Benchmark, split and set."""


class GradedSample(NamedTuple):
    """One sample with its problem, the answer found in it (None: no answer), its verdict, vote and reward.

    vote_key: the class that it votes for; "" casts no vote. unexecuted: it asked for a program and none was run.
    stored: the row of another harness's file that it comes from, with that file's own answer and label.
    """

    key: SampleKey
    problem: Problem
    text: str
    finish: Finish
    answer: str | None
    verdict: Verdict
    vote_key: str
    tokens_in: int = 0
    tokens_out: int = 0
    reward: float | None = None
    unexecuted: bool = False
    stored: StoredAnswer | None = None

    @property
    def place(self) -> Place:
        """Benchmark, split and set."""
        return self.key.benchmark, self.key.split, self.key.set

    @property
    def location(self) -> str:
        """Where the sample lies, as messages name it."""
        key = self.key
        return self.stored.where if self.stored else f"{key.benchmark}/{key.split}/{key.problem}/{key.set}"

    def score(self) -> SampleScore:
        """What scoring needs of it, without its text."""
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
        )


def scores_by_place(samples: Iterable[GradedSample]) -> dict[Place, dict[str, list[SampleScore]]]:
    """Benchmark, split and set → problem → the scores of its samples."""
    places: dict[Place, dict[str, list[SampleScore]]] = {}
    for sample in samples:
        places.setdefault(sample.place, {}).setdefault(sample.key.problem, []).append(sample.score())
    return places
