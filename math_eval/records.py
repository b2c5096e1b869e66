"""The records that move through an evaluation: frozen, without behaviour, and without imports from the project.

Problem → Prompt → Completion → Extraction, Verdict → SetResult (in `math_eval.scoring`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Message: TypeAlias = Mapping[str, str]
"""One chat turn: role and content."""

AnswerKind: TypeAlias = Literal["number", "expression", "choice", "multiple-choice", "set", "text"]
"""The kind of the gold, which tells the grader what it may assume; docs/formats.md explains the kinds."""

Finish: TypeAlias = Literal[
    "stop", "length", "thought-stop", "thought-length", "tool-limit", "filtered", "refused", "abort", "error"
]
"""Why a completion ended.

stop: end of text or a stop string. length: the token budget. thought-stop, thought-length: the same inside the thought,
with nothing behind it. tool-limit: it asked for one more tool call than it may have. filtered: a content filter.
refused: the model or its server refused. abort: the engine gave the request up. error: another failure.
"""

CUT_IN_THOUGHT: frozenset[Finish] = frozenset({"thought-stop", "thought-length"})
"""Ends of completions that hold a thought and nothing behind it."""

CUT_BY_BUDGET: frozenset[Finish] = frozenset({"length", "thought-length"})
"""Ends at the token budget."""

FAILED: frozenset[Finish] = frozenset({"abort", "error"})
"""Ends of completions that could not be made."""

Status: TypeAlias = Literal["correct", "wrong", "undecided"]
"""The result of grading; undecided counts as wrong and is reported separately."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One row of a benchmark, ready to be put to a model and graded."""

    benchmark: str
    split: str
    id: str
    question: str
    gold: str
    kind: AnswerKind = "expression"
    language: str = "en"
    accepted: tuple[str, ...] = ()
    """Other golds that are correct too, from the benchmark's corrections."""
    options: Mapping[str, str] = field(default_factory=dict)
    """The options of a choice problem: letter → text."""
    groups: Mapping[str, str] = field(default_factory=dict)
    """Column → value, for accuracy by group."""
    grader_fields: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Grader → fields that only this grader reads."""
    policy: Mapping[str, Any] = field(default_factory=dict)
    """The switches of the grader's policy that the benchmark sets."""
    known_bad: str = ""
    """Why the row is defective; "" for a good row."""
    row_chars: int = 0
    """Length of the whole row in characters, solution included; long rows tend to get long completions."""


@dataclass(frozen=True, slots=True)
class ChatForm:
    """How chat messages become a prompt, where that departs from the model's own chat template.

    Attributes:
        template: A Jinja template in place of the model's; "" for the model's own.
        arguments: Arguments of the template, such as enable_thinking.
        reasoning_effort: The effort that the template or the server is asked for; "" for none.
        prefix: The text with which the model's turn begins, unless the template writes it.
    """

    template: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    reasoning_effort: str = ""
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Prompt:
    """An engine's input for one problem: raw text, or chat messages that the tokenizer's template renders."""

    text: str = ""
    messages: tuple[Message, ...] = ()
    stop: tuple[str, ...] = ()
    """Strings that end a completion and are cut off."""
    token_ids: tuple[int, ...] = ()
    """The encoded prompt, with each special token exactly once; empty where there is no tokenizer."""
    key: str = ""
    """benchmark/split/problem, for engines that look completions up."""
    question: str = ""
    """The question without the prompt around it, for the same engines."""
    transcript: str = ""
    """The text after the prompt, outputs of programs included, in later turns of a sample; `token_ids` include it."""
    turn: int = 0
    """Number of the engine's turns in `transcript`."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the completions of one set are drawn.

    Attributes:
        temperature: 0 for greedy decoding.
        top_p: Probability mass that tokens are drawn from, 0 to 1; 1 for all.
        top_k: Number of tokens that are drawn from; -1 for all.
        min_p: The least probability of a token, as a share of that of the likeliest token; 0 for no bound.
        presence_penalty: Subtracted from the score of each token that the completion has; 0 for none.
        frequency_penalty: Subtracted from the score of a token for each time that the completion has it; 0 for none.
        repetition_penalty: Divides the score of each token that the prompt or the completion has; 1 for none.
        max_tokens: The most new tokens of a completion.
        stop: Strings that end a completion, in addition to those of the prompt.
        stop_token_ids: Token ids that end a completion.
        thinking_budget: The most tokens of a thought, which is closed there; None for no such bound.
        min_thinking: Tokens below which a thought is made to go on; 0 for no such bound.
        seed: The seed of this request; None unless the run seeds each request.
        number: The sample's number within its problem and set, from 0.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = -1
    min_p: float = 0.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    repetition_penalty: float = 1.0
    max_tokens: int = 2048
    stop: tuple[str, ...] = ()
    stop_token_ids: tuple[int, ...] = ()
    thinking_budget: int | None = None
    min_thinking: int = 0
    seed: int | None = None
    number: int = 0


@dataclass(frozen=True, slots=True)
class Completion:
    """An engine's output for one prompt; token counts are those of the prompt and the completion, None if unknown."""

    text: str
    """The response; after thought and answer were told apart, what follows the thought."""
    finish: Finish
    tokens_in: int | None
    tokens_out: int | None
    error: str = ""
    """Why the completion failed, where `finish` is "abort" or "error"; the refusal, where it is "refused"."""
    turns: tuple[Mapping[str, Any], ...] = ()
    """For a sample that used tools: the text and program of each turn, and the program's output."""
    thought: str | None = None
    """The thought, without its marks; None as long as `text` may hold it."""
    tokens_thought: int | None = None
    """Tokens of the thought, marks included, which `tokens_out` includes; None if unknown."""
    token_ids: tuple[int, ...] = ()
    """The tokens of the response, until thought and answer are told apart; empty where the engine knows none."""


@dataclass(frozen=True, slots=True)
class SampleKey:
    """The identity of a sample, by which a run resumes; `n` is its number within its problem and set, from 0."""

    benchmark: str
    split: str
    problem: str
    set: str
    n: int


@dataclass(frozen=True, slots=True)
class Extraction:
    """The answer extracted from a completion, and the rule that found it."""

    text: str
    rule: str
    truncated: bool = False
    """Whether the end of the answer is missing, as in a box that is not closed."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A grader's decision on an answer: the status, and the rule that decided."""

    status: Status
    rule: str
    detail: str = ""
    answer: str = ""
    """The extracted answer, where a whole response was graded."""

    @property
    def correct(self) -> bool:
        """Whether the answer counts as correct; an undecided one does not."""
        return self.status == "correct"
