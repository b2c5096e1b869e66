"""The reference's grader as an object: its predictions, its equality, its votes by string."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from math_eval.graders.base import NO_ANSWER, BaseGrader, Response
from math_eval.graders.qwen.extract import gold_of, prediction
from math_eval.graders.qwen.normalise import Edition, normalise
from math_eval.graders.qwen.reference_equality import QWEN_VERSION, shared_equality
from math_eval.records import Extraction, Problem, Verdict

EDITIONS: tuple[Edition, ...] = ("qwen2.5-math", "math-evaluation-harness")


class QwenGrader(BaseGrader):
    """Says what the harness behind the published Qwen2.5-Math scores says, faults included.

    It reads a problem's `grader_fields["qwen"]`: name, the benchmark's name there; gold, the gold before its
    normaliser, where it differs from ours; normalised_gold, a gold that a stored file has normalised already.
    Raises MissingPackageError without its LaTeX parser's runtime.
    """

    name = "qwen"
    version = QWEN_VERSION
    reads_thoughts = True  # the reference knows of no thoughts

    def __init__(self, edition: Edition = EDITIONS[0]) -> None:
        self.edition: str = edition
        self._edition: Edition = edition
        self._equality = shared_equality()

    def extract(self, response: str, problem: Problem) -> Extraction:
        """The prediction that the reference stores."""
        answer = prediction(response, reference_name(problem), reference_gold(problem), self._edition)
        return Extraction(answer or "", NO_ANSWER if answer is None else self.name)

    def read_answer(self, answer: str, problem: Problem) -> Extraction:
        """The answer, normalised."""
        del problem
        return Extraction(normalise(answer, edition=self._edition), self.name)

    def grade(self, answer: str | None, problem: Problem) -> Verdict:
        """The reference's equality of the prediction and the gold as it compares it."""
        return self._equality.verdict(answer, reference_gold(problem))

    def vote_key(self, answer: str) -> str:
        """The answer itself: the reference votes by string."""
        return answer

    def fingerprint(self, problems: Iterable[Problem]) -> str:
        """A hash over the version and each problem's name and gold in the reference."""
        digest = hashlib.sha256(f"{self.name} {self.version} {self.edition}".encode())
        for problem in problems:
            identity = (problem.benchmark, problem.split, problem.id)
            digest.update(repr((*identity, sorted(_fields(problem).items()), problem.gold)).encode() + b"\0")
        return digest.hexdigest()

    def fit(self, responses: Sequence[Response]) -> QwenGrader:
        """The edition whose predictions agree with more of a file's stored ones; without any, the newer."""
        known = [response for response in responses if response.stored_answer is not None]
        if not known:
            return self
        graders = [QwenGrader(edition) for edition in EDITIONS]

        def agreement(grader: QwenGrader) -> int:
            extractions = ((grader.extract(one.text, one.problem), one.stored_answer) for one in known)
            return sum(extraction.text == stored for extraction, stored in extractions)

        return max(graders, key=agreement)

    def close(self) -> None:
        """Ends the SymPy process; a later question starts another."""
        self._equality.close()


def reference_name(problem: Problem) -> str:
    """The benchmark's name in the reference."""
    return str(_fields(problem).get("name") or problem.benchmark)


def reference_gold(problem: Problem) -> str:
    """The gold as the reference compares it."""
    fields = _fields(problem)
    normalised = fields.get("normalised_gold")
    if normalised is not None:
        return str(normalised)
    raw = fields.get("gold")
    name = reference_name(problem)
    return _normalised(problem.gold, name, solved=False) if raw is None else _normalised(str(raw), name, solved=True)


def _fields(problem: Problem) -> Mapping[str, Any]:
    return problem.grader_fields.get("qwen", {})


@lru_cache(maxsize=4096)
def _normalised(raw: str, name: str, *, solved: bool) -> str:
    return gold_of(raw, name, solved=solved)
