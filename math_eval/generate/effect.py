"""Refuses options that would have no effect on a run, so that no one relies on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from math_eval.engines import EngineSettings, default_engine
from math_eval.errors import RequestError
from math_eval.generate.request import RunRequest
from math_eval.options import declared
from math_eval.prompts import Template

_REWARD_SETTINGS = {
    "vllm": (
        "tensor_parallel",
        "pipeline_parallel",
        "gpu_memory",
        "dtype",
        "trust_remote_code",
        "enforce_eager",
        "seed",
    ),
    "transformers": ("device", "dtype", "trust_remote_code", "batch_size"),
    "server": ("request_timeout",),
}
"""Engine of the reward model → the engine settings of the run that also apply to it."""


@dataclass(frozen=True, slots=True)
class Effects:
    """The parts of a resolved request that options can act on.

    Attributes:
        engine: The name of the engine.
        settings_read: The settings that the engine reads; None if that is not known.
        loads_model: Whether the engine loads weights.
        sampled: Whether a sampled set is made.
        chat: Whether a prompt consists of chat messages.
        shots: Whether prompts show demonstrations.
        adapts: Whether the reference's few-shot rule changes a prompt.
        programs: Whether completions may ask for executions.
        executes: Whether programs are executed.
    """

    engine: str
    settings_read: tuple[str, ...] | None
    loads_model: bool
    sampled: bool
    chat: bool
    shots: bool
    adapts: bool
    programs: bool
    executes: bool


def refuse_shots(request: RunRequest, templates: Iterable[Template]) -> None:
    """Refuses --shots if no prompt template shows demonstrations.

    Raises:
        RequestError: The request has shots, and no template shows them.
    """
    if request.shots and not any(template.shows_demonstrations for template in templates):
        raise RequestError(
            "--shots has no effect: the prompt template shows no demonstrations (math-eval prompts list)"
        )


def refuse_without_effect(request: RunRequest, effects: Effects) -> None:
    """Refuses options that the user gave and that the run does not read.

    Raises:
        RequestError: There is such an option; the message names the first one and the reason.
    """
    declarations = declared(RunRequest) | declared(EngineSettings)
    for names, effective, reason in _rules(request, effects):
        if effective:
            continue
        for name in names:
            declaration = declarations[name]
            owner = request if hasattr(request, name) else request.settings
            if name in request.stated or getattr(owner, name) != declaration.default:
                raise RequestError(f"{declaration.flag} has no effect: {reason}")


def _rules(request: RunRequest, effects: Effects) -> Iterator[tuple[Iterable[str], bool, str]]:
    """Options, whether they have an effect, and the reason if they have none."""
    yield (
        ("temperature", "top_p", "top_k", "min_p", "set_name"),
        effects.sampled,
        "no sampled set is made; --samples N makes one (the greedy set is always temperature 0)",
    )
    yield (
        ("system", "chat_template", "chat_template_kwargs", "reasoning_effort"),
        effects.chat,
        "the prompts are raw text; --prompt chat sends messages",
    )
    yield ("demonstrations",), effects.shots, "no prompt shows demonstrations; --shots N adds them"
    if request.adapt_few_shot:
        yield ("adapt_few_shot",), effects.adapts, "it changes no prompt of these benchmarks with this template"
    reason = "stored completions contain the output" if effects.engine == "replay" else "no prompt asks for programs"
    yield ("tools", "max_tool_calls", "tool_timeout", "reading"), effects.programs, reason
    yield ("unsandboxed",), effects.executes, "no programs are executed"
    yield ("hub", "revision"), effects.loads_model, f"the engine {effects.engine} loads no model from a hub"
    if effects.settings_read is None:
        return
    names = {*effects.settings_read, *_reward_settings(request)}
    if request.seeding == "request":
        names.add("seed")
    for name in ("seeding", *declared(EngineSettings)):
        yield (name,), name in names, f"the engine {effects.engine} does not read it"


def _reward_settings(request: RunRequest) -> tuple[str, ...]:
    if request.reward_model is None:
        return ()
    engine = request.reward_engine or ("server" if request.reward_base_urls else default_engine())
    return _REWARD_SETTINGS.get(engine, tuple(declared(EngineSettings)))
