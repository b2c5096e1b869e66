"""Makes a sample that may use tools: the engine's turns alternate with the execution of programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from math_eval.engines import Engine
from math_eval.files import clean_text
from math_eval.models import Tokenizer
from math_eval.records import FAILED, Completion, Finish, Prompt, Sampling
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

_REPEATABLE_STATES = {"done", "error"}
"""The states of programs that are executed again before later ones, which may use their names. A program that was
killed would be killed again."""


class Executor(Protocol):
    """Executes the programs of samples."""

    async def run(self, program: str, before: Sequence[str] = ()) -> ToolResult:
        """Executes one program.

        Args:
            program: The program.
            before: Earlier programs of the sample, which are executed first and whose output is dropped.

        Returns:
            What the program printed and how it ended; a program that fails raises nothing here.
        """
        ...


@dataclass(frozen=True, slots=True)
class ToolUse:
    """How the programs of a sample are executed.

    Attributes:
        protocol: How a completion asks for an execution.
        rules: Whether our rules or those of the reference decide what is executed and how output is shown.
        max_calls: The largest number of executions for one sample.
        executor: Executes programs. If it is None nothing is executed, and samples that ask for it are marked.
    """

    protocol: ToolProtocol
    rules: ToolRules
    max_calls: int
    executor: Executor | None

    def prepared(self, prompt: Prompt) -> Prompt:
        """Returns the prompt with the stop string at which generation pauses. The reference adds none."""
        if self.rules == "qwen" or self.protocol == "program" or OUTPUT_FENCE in prompt.stop:
            return prompt
        return replace(prompt, stop=(*prompt.stop, OUTPUT_FENCE))


ToolListener = Callable[[bool], None]
"""Called with True when a sample begins a tool call, and with False when the call ends."""


async def converse(
    engine: Engine,
    prompt: Prompt,
    sampling: Sampling,
    use: ToolUse,
    tokenizer: Tokenizer | None,
    on_tool_call: ToolListener = lambda _: None,
) -> Completion:
    """Makes one sample that may use tools.

    Args:
        engine: Makes the turns.
        prompt: The prompt of the problem.
        sampling: The sampling settings. `max_tokens` limits the tokens of all turns together.
        use: How programs are executed.
        tokenizer: Encodes the transcript between turns; None if the engine encodes prompts itself.
        on_tool_call: Called when a tool call begins and ends, so that the engine's slot can be used meanwhile.

    Returns:
        The whole transcript as one completion, with its turns. If a turn fails, or a program cannot be executed on this
        machine, the sample is failed.

    Raises:
        EngineError: The engine can make no more completions.
    """
    state = _State(prompt=use.prepared(prompt))
    calls = use.max_calls if use.executor else 0
    while True:
        budget = sampling.max_tokens - state.tokens_spent
        if budget < 1:
            return state.completion("length")
        turn = await engine.complete(_next_prompt(state, tokenizer), replace(sampling, max_tokens=budget))
        turn = replace(turn, text=clean_text(turn.text))  # a lone surrogate could not be encoded in the next prompt
        state.add(turn)
        if turn.finish != "stop":
            return state.completion(turn.finish, turn.error)
        request = _request(state, turn.text, use)
        if request is None:
            return state.completion("stop")
        if use.executor is None:
            state.turns[-1]["tool"] = "none"
            return state.completion("stop")
        if state.calls == calls:
            if use.rules == "qwen":
                state.text += LIMIT_NOTE
            return state.completion("tool-limit")
        on_tool_call(True)
        try:
            result = await use.executor.run(request.program, request.before)
        finally:
            on_tool_call(False)
        state.show(request, result, use)
        if result.state == "unavailable":
            return state.completion("error", f"a program could not be executed: {result.error}")
        if use.protocol == "program":
            return state.completion("stop")


class _State:
    """The transcript of a sample, while it grows."""

    def __init__(self, prompt: Prompt) -> None:
        self.prompt = prompt
        self.text = ""
        self.calls = 0
        self.programs: list[str] = []
        self.turns: list[dict[str, Any]] = []
        self.tokens_in: int | None = None
        self.tokens_out: int | None = 0
        self.tokens_spent = 0
        self.tokens_thought: int | None = 0
        self.thoughts: list[str] = []
        self.token_ids: tuple[int, ...] | None = ()

    def add(self, turn: Completion) -> None:
        """Adds a turn of the engine."""
        self.tokens_in = self.tokens_in or turn.tokens_in
        self.tokens_out = _sum(self.tokens_out, turn.tokens_out)
        self.tokens_spent += turn.tokens_out or 0
        self.tokens_thought = _sum(self.tokens_thought, turn.tokens_thought)
        if self.token_ids is not None:
            self.token_ids = (*self.token_ids, *turn.token_ids) if turn.token_ids else None
        if turn.thought is not None:
            self.thoughts.append(turn.thought.strip())
        self.text += turn.text
        self.turns.append({"text": turn.text, "finish": turn.finish, "tokens_out": turn.tokens_out})

    def show(self, request: ProgramRequest, result: ToolResult, use: ToolUse) -> None:
        """Adds the result of an execution as the model will see it."""
        timed_out = result.state == "timeout"
        if use.rules == "qwen":
            text = reference_output(result.stdout, result.value, result.error, request.program, timed_out=timed_out)
            output = output_block(text, use.protocol)
        else:
            output = observation(result.stdout, result.value, result.error, timed_out=timed_out, protocol=use.protocol)
        output = clean_text(output)
        self.calls += 1
        if result.state in _REPEATABLE_STATES:
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

    def completion(self, finish: Finish, error: str = "") -> Completion:
        """Returns the transcript so far as a completion."""
        has_tools = any("tool" in turn for turn in self.turns)
        return Completion(
            text="" if finish in FAILED else self.text,
            finish=finish,
            tokens_in=self.tokens_in,
            tokens_out=self.tokens_out,
            error=error,
            turns=tuple(self.turns) if has_tools else (),
            thought="\n\n".join(filter(None, self.thoughts)) if self.thoughts else None,
            tokens_thought=self.tokens_thought,
            token_ids=self.token_ids or (),
        )


def _sum(total: int | None, tokens: int | None) -> int | None:
    """The sum, unless a part of it is unknown."""
    return None if total is None or tokens is None else total + tokens


def _request(state: _State, turn: str, use: ToolUse) -> ProgramRequest | None:
    if use.rules == "qwen":
        return ProgramRequest(reference_program(state.text)) if reference_executes(turn, use.protocol) else None
    return program_request(turn, tuple(state.programs), use.protocol)


def _next_prompt(state: _State, tokenizer: Tokenizer | None) -> Prompt:
    """The prompt, followed by the transcript so far."""
    if not state.text:
        return state.prompt
    ids = state.prompt.token_ids
    if tokenizer is not None and ids:
        ids = (*ids, *tokenizer.encode_plain(state.text))
    return replace(state.prompt, token_ids=ids, transcript=state.text, turn=len(state.turns))
