"""The default grader as an object: extraction by our rules, verdicts by equivalence, votes by canonical keys."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from math_eval.answers import EXTRACTION_VERSION, extract_answer
from math_eval.graders.base import BaseGrader
from math_eval.graders.equivalence.policy import policy_of
from math_eval.graders.equivalence.verdict import GRADER_VERSION, grade
from math_eval.graders.equivalence.votes import answer_key
from math_eval.records import Extraction, Problem, Verdict


class EquivalenceGrader(BaseGrader):
    """Says what a mathematician would sign; pure, bounded, without SymPy."""

    name = "equivalence"
    version = f"{GRADER_VERSION}.{EXTRACTION_VERSION}"

    def extract(self, response: str, problem: Problem) -> Extraction:
        """The answer in a response; the problem's kind says what is looked for."""
        reads_unfinished = problem.policy.get("unfinished_thoughts") == "answer"
        return extract_answer(response, problem.kind, reads_unfinished=reads_unfinished)

    def grade(self, answer: str | None, problem: Problem) -> Verdict:
        """Whether the answer equals the problem's gold, or another accepted one, under the problem's policy."""
        return grade(
            answer or "",
            gold=problem.gold,
            kind=problem.kind,
            accepted=problem.accepted,
            options=problem.options,
            policy=policy_of(problem.policy),
        )

    def vote_key(self, answer: str) -> str:
        """The canonical form of the answer."""
        return answer_key(answer)

    def fingerprint(self, problems: Iterable[Problem]) -> str:
        """A hash over the version and each problem's gold, accepted golds, kind, options and policy."""
        digest = hashlib.sha256(f"{self.name} {self.version}".encode())
        for problem in problems:
            identity = (problem.benchmark, problem.split, problem.id)
            truth = (problem.kind, problem.gold, tuple(problem.accepted))
            rules = (sorted(problem.options.items()), sorted(problem.policy.items()))
            digest.update(repr((identity, truth, rules)).encode() + b"\0")
        return digest.hexdigest()
