"""One sample that may use tools: turns of the engine, each program executed and shown, under one budget of tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from math_eval.engines import Engine
from math_eval.files import clean_text
from math_eval.models import Tokenizer
from math_eval.records import Completion, Prompt, Sampling
from math_eval.sandbox.limits import ToolResult
from math_eval.tools.transcript import (
    LIMIT_NOTE,
    OUTPUT_FENCE,
    ProgramRequest,
    ToolProtocol,
    observation,
    output_block,
    program_request,
    reference_executes,
    reference_output,
    reference_program,
    shorten,
)

ToolRules = Literal["ours", "qwen"]

_ENDED_BY_THEMSELVES = {"done", "error"}
"""How a program ended whose names later ones find; one that was killed would be killed again, and they with it."""


class Executor(Protocol):
    """Runs a program after the earlier ones, whose output is dropped; never raises for what the program did."""

    async def run(self, program: str, before: Sequence[str] = ()) -> ToolResult:
        """One execution."""
        ...


@dataclass(frozen=True, slots=True)
class ToolUse:
    """How a prompt's programs are executed. executor None: nothing is, and what asked for it is counted."""

    protocol: ToolProtocol
    rules: ToolRules
    max_calls: int
    executor: Executor | None

    def prepared(self, prompt: Prompt) -> Prompt:
        """The prompt with the stop string at which generation pauses for an execution; the reference adds none."""
        if self.rules == "qwen" or self.protocol == "program" or OUTPUT_FENCE in prompt.stop:
            return prompt
        return replace(prompt, stop=(*prompt.stop, OUTPUT_FENCE))


Enter = Callable[[bool], None]
"""Told when a sample leaves the engine for a tool (True) and when it comes back."""


async def converse(
    engine: Engine,
    prompt: Prompt,
    sampling: Sampling,
    use: ToolUse,
    tokenizer: Tokenizer | None,
    away: Enter = lambda _: None,
) -> Completion:
    """The whole transcript of one sample as its completion, with its turns.

    sampling.max_tokens bounds the tokens of all turns together. A turn that fails ends the sample as failed, and so
    does a program that could not be run: its output would tell the model of this machine's troubles.
    """
    state = _State(prompt=use.prepared(prompt))
    calls = use.max_calls if use.executor else 0
    while True:
        left = sampling.max_tokens - state.tokens_out
        if left < 1:
            return state.completion("length")
        made = await engine.complete(_continued(state, tokenizer), replace(sampling, max_tokens=left))
        made = replace(made, text=clean_text(made.text))  # a lone surrogate could not be encoded in the next turn
        state.add(made)
        if made.finish != "stop":
            return state.completion(made.finish, made.error)
        request = _request(state, made.text, use)
        if request is None:
            return state.completion("stop")
        if use.executor is None:
            state.turns[-1]["tool"] = "none"
            return state.completion("stop")
        if state.calls == calls:
            if use.rules == "qwen":
                state.text += LIMIT_NOTE
            return state.completion("stop")
        away(True)
        try:
            result = await use.executor.run(request.program, request.before)
        finally:
            away(False)
        state.show(request, result, use)
        if result.state == "unavailable":
            return state.completion("error", f"a program could not be run: {result.error}")
        if use.protocol == "program":
            return state.completion("stop")


class _State:
    """A transcript as it grows."""

    def __init__(self, prompt: Prompt) -> None:
        self.prompt = prompt
        self.text = ""
        self.calls = 0
        self.programs: list[str] = []
        self.turns: list[dict[str, Any]] = []
        self.tokens_in = self.tokens_out = 0

    def add(self, made: Completion) -> None:
        """One more turn of the engine."""
        self.tokens_in = self.tokens_in or made.tokens_in
        self.tokens_out += made.tokens_out
        self.text += made.text
        self.turns.append({"text": made.text, "finish": made.finish, "tokens_out": made.tokens_out})

    def show(self, request: ProgramRequest, result: ToolResult, use: ToolUse) -> None:
        """What an execution gave, as the model finds it."""
        timed_out = result.state == "timeout"
        if use.rules == "qwen":
            said = reference_output(result.stdout, result.value, result.error, request.program, timed_out=timed_out)
            output = output_block(said, use.protocol)
        else:
            output = observation(result.stdout, result.value, result.error, timed_out=timed_out, protocol=use.protocol)
        output = clean_text(output)
        self.calls += 1
        if result.state in _ENDED_BY_THEMSELVES:
            self.programs.append(request.program)
        self.text = self.text.rstrip() + output
        self.turns[-1].update(
            tool="python",
            program=request.program,
            output=output,
            tool_state=result.state,
            tool_error=shorten(result.error),
            tool_seconds=round(result.seconds, 4),
        )

    def completion(self, finish: Any, error: str = "") -> Completion:
        """The sample as it stands."""
        used = any("tool" in turn for turn in self.turns)
        text = "" if finish == "error" else self.text
        return Completion(text, finish, self.tokens_in, self.tokens_out, error, tuple(self.turns) if used else ())


def _request(state: _State, turn: str, use: ToolUse) -> ProgramRequest | None:
    if use.rules == "qwen":
        return ProgramRequest(reference_program(state.text)) if reference_executes(turn, use.protocol) else None
    return program_request(turn, tuple(state.programs), use.protocol)


def _continued(state: _State, tokenizer: Tokenizer | None) -> Prompt:
    """The prompt with the transcript so far behind it."""
    if not state.text:
        return state.prompt
    ids = state.prompt.token_ids
    if tokenizer is not None and ids:
        ids = (*ids, *tokenizer.encode_plain(state.text))
    return replace(state.prompt, token_ids=ids, transcript=state.text, turn=len(state.turns))
