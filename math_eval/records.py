"""The nouns of the house: frozen records that move from left to right through the flow, without behaviour.

Problem → Prompt → Completion → Sample → Extraction, Verdict → SetResult. Nothing here imports anything of the project.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Message: TypeAlias = Mapping[str, str]
"""One chat turn: role and content."""

AnswerKind: TypeAlias = Literal["number", "expression", "choice", "multiple-choice", "set", "text"]
"""What the gold is, and so what grading may assume: see docs/formats.md."""

Finish: TypeAlias = Literal["stop", "length", "error"]
"""Why a completion ended: end of text or a stop string, the token budget, or a failure."""

Status: TypeAlias = Literal["correct", "wrong", "undecided"]
"""What a verdict says; undecided counts as wrong and is reported apart."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One row of a benchmark, ready to be asked and graded."""

    benchmark: str
    split: str
    id: str
    question: str
    gold: str
    kind: AnswerKind = "expression"
    language: str = "en"
    accepted: tuple[str, ...] = ()
    """Other golds that a correction names as right too."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Letter → text of the options of a choice problem."""
    groups: Mapping[str, str] = field(default_factory=dict)
    """Column → value, for breaking accuracy down."""
    grader_fields: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Grader's name → what that grader alone reads of the problem."""
    policy: Mapping[str, Any] = field(default_factory=dict)
    """The benchmark's switches of the grader's policy."""
    known_bad: str = ""
    """Why the row is defective; empty for a sound one."""
    row_chars: int = 0
    """Characters of the whole row, solution included: where it is long, completions tend to be."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What an engine is given for one problem: raw text, or chat messages that the tokenizer's template renders."""

    text: str = ""
    messages: tuple[Message, ...] = ()
    stop: tuple[str, ...] = ()
    token_ids: tuple[int, ...] = ()
    """Filled in once per problem where a tokenizer is at hand; special tokens stand in it exactly once."""
    key: str = ""
    """benchmark/split/problem, for engines that look completions up."""
    question: str = ""
    """The bare question, for the same engines."""
    transcript: str = ""
    """What has been said since the prompt, programs' outputs included, where a sample goes on; token_ids hold it."""
    turn: int = 0
    """How many turns of the engine that transcript has."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How completions of one set are drawn; temperature 0 is greedy, max_tokens bounds a completion's new tokens."""

    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = -1
    max_tokens: int = 2048
    stop_token_ids: tuple[int, ...] = ()
    seed: int | None = None
    """Seed of one request, where the run asks for seeding by request."""
    number: int = 0
    """Which sample of its problem this is."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What an engine made of one prompt."""

    text: str
    finish: Finish
    tokens_in: int
    tokens_out: int
    error: str = ""
    turns: tuple[Mapping[str, Any], ...] = ()
    """For a sample that used tools: each turn's text and program, and what the program gave."""


@dataclass(frozen=True, slots=True)
class SampleKey:
    """Where a sample belongs: the identity by which a run resumes."""

    benchmark: str
    split: str
    problem: str
    set: str
    n: int


@dataclass(frozen=True, slots=True)
class Extraction:
    """The answer found in a completion and the rule that found it."""

    text: str
    rule: str
    truncated: bool = False
    """The answer's own closing was missing (an unclosed box at the end of the text)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a grader says of an answer: its status and the rule that decided."""

    status: Status
    rule: str
    detail: str = ""
    answer: str = ""
    """The extracted answer, where extraction was part of the call."""

    @property
    def correct(self) -> bool:
        """Whether the answer counts as right; undecided does not."""
        return self.status == "correct"
