"""Refuses options that have no effect on the run that was asked for, so that nobody believes in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from math_eval.engines import EngineSettings, default_engine
from math_eval.errors import RequestError
from math_eval.generate.request import RunRequest
from math_eval.options import declared
from math_eval.prompts import Template

_SHARED_WITH_REWARDS = {
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
    "server": (),
}
"""The engine settings of a run that its reward model is loaded with too, by the reward model's engine."""


@dataclass(frozen=True, slots=True)
class Effects:
    """What a resolved request has that options can act on.

    settings_read: the options that the engine reads, None where that is not known.
    loads_model: the engine loads weights.
    sampled: a sampled set is made.
    shots: prompts show demonstrations.
    adapts: the reference's few-shot rule changes a prompt.
    programs: a completion may ask for executions.
    executes: they are executed.
    """

    engine: str
    settings_read: tuple[str, ...] | None
    loads_model: bool
    sampled: bool
    shots: bool
    adapts: bool
    programs: bool
    executes: bool


def refuse_shots(request: RunRequest, templates: Iterable[Template]) -> None:
    """Raises RequestError where demonstrations are asked for and no template shows any."""
    if request.shots and not any(template.shows_demonstrations for template in templates):
        raise RequestError(
            "--shots has no effect: the prompt template shows no demonstrations (math-eval prompts list)"
        )


def refuse_without_effect(request: RunRequest, effects: Effects) -> None:
    """Raises RequestError for the first option that the user gave and that nothing in the run reads."""
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
    """Options, whether they have an effect, and the reason where they have none."""
    yield (
        ("temperature", "top_p", "top_k", "set_name"),
        effects.sampled,
        "no sampled set is made; --samples N makes one (the greedy set is always temperature 0)",
    )
    yield ("demonstrations",), effects.shots, "no prompt shows demonstrations; --shots N asks for them"
    if request.adapt_few_shot:
        yield ("adapt_few_shot",), effects.adapts, "it changes no prompt of these benchmarks with this template"
    reason = "stored completions hold their outputs" if effects.engine == "replay" else "no prompt asks for programs"
    yield ("tools", "max_tool_calls", "tool_timeout", "reading"), effects.programs, reason
    yield ("unsandboxed",), effects.executes, "no programs are executed"
    yield ("hub", "revision"), effects.loads_model, f"the engine {effects.engine} loads no model from a hub"
    if effects.settings_read is None:
        return
    read = {*effects.settings_read, *_read_by_rewards(request)}
    if request.seeding == "request":
        read.add("seed")
    for name in ("seeding", *declared(EngineSettings)):
        yield (name,), name in read, f"the engine {effects.engine} does not read it"


def _read_by_rewards(request: RunRequest) -> tuple[str, ...]:
    if request.reward_model is None:
        return ()
    engine = request.reward_engine or ("server" if request.reward_base_urls else default_engine())
    return _SHARED_WITH_REWARDS.get(engine, tuple(declared(EngineSettings)))
