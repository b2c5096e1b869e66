"""What every grader offers: one object that extracts, grades and votes, the same in every command."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from math_eval.answers.thoughts import whole_response
from math_eval.records import CUT_IN_THOUGHT, Extraction, Finish, Problem, Verdict

NO_ANSWER = "none"
"""The extraction rule of a response that holds no answer at all, which is not an empty answer."""


class Response(NamedTuple):
    """A stored response beside the answer that its file says was extracted from it (None: the file says nothing)."""

    text: str
    problem: Problem
    stored_answer: str | None


class Grader(Protocol):
    """Turns responses into verdicts. Methods are thread-safe and never raise for what a model wrote.

    name: what commands, run.json and file names call it. version: raised whenever an extraction or verdict can change.
    edition: which of several historic forms of the grader this is; "" where there is one form.
    """

    name: str
    version: str
    edition: str

    def extract(self, response: str, problem: Problem) -> Extraction:
        """The answer in a response and the rule that found it; the rule is NO_ANSWER where there is none."""
        ...

    def read_answer(self, answer: str, problem: Problem) -> Extraction:
        """The same for an answer that somebody else has extracted already."""
        ...

    def grade(self, answer: str | None, problem: Problem) -> Verdict:
        """Whether an answer is right; None where the response holds no answer."""
        ...

    def vote_key(self, answer: str) -> str:
        """The class that an answer votes for: equal keys are one vote; "" casts none."""
        ...

    def fingerprint(self, problems: Iterable[Problem]) -> str:
        """A hash of everything that verdicts on these problems depend on: golds, options, policies, the version."""
        ...

    def fit(self, responses: Sequence[Response]) -> Grader:
        """The edition of this grader that wrote a file, judged by the file's own answers; itself where it has one."""
        ...

    def close(self) -> None:
        """Ends what the grader holds (processes); a later call starts it again."""
        ...


class BaseGrader:
    """The parts of a grader that most share; a grader of one's own may derive from it or have every method itself."""

    name = ""
    version = ""
    edition = ""
    reads_thoughts = False
    """Whether `extract` gets thought and answer together, rather than what follows the thought."""

    def read_answer(self, answer: str, problem: Problem) -> Extraction:
        """The answer as it stands."""
        del problem
        return Extraction(answer, "given")

    def vote_key(self, answer: str) -> str:
        """The answer's text without space around it."""
        return answer.strip()

    def fit(self, responses: Sequence[Response]) -> Grader:
        """The grader itself."""
        del responses
        return self  # type: ignore[return-value]  # a subclass has the rest

    def close(self) -> None:
        """Nothing is held."""


def grade_sample(
    grader: Grader, response: str, problem: Problem, *, thought: str = "", finish: Finish = "stop"
) -> tuple[Extraction, Verdict]:
    """The answer found in a response, and the verdict on it; thought and finish are those of its sample."""
    extraction = grader.extract(response_for(grader, response, thought, finish), problem)
    return extraction, grader.grade(answer_of(extraction), problem)


def response_for(grader: Grader, response: str, thought: str, finish: Finish) -> str:
    """What a grader reads of a sample: what follows the thought.

    A grader reads the thought too if it says so with `reads_thoughts`. A response that ended inside its thought is read
    as that: opened, and never closed.
    """
    is_cut = finish in CUT_IN_THOUGHT
    if is_cut or (thought and getattr(grader, "reads_thoughts", False)):
        return whole_response(thought, response, cut=is_cut)
    return response


def answer_of(extraction: Extraction) -> str | None:
    """The extracted answer; None where the response holds none."""
    return None if extraction.rule == NO_ANSWER else extraction.text
