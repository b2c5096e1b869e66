"""What every engine promises: prompts become completions, one awaitable call each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from math_eval.records import Completion, Prompt, Sampling


class Engine(Protocol):
    """Turns prompts into completions; concurrency is the engine's own business.

    concurrency: how many calls the pipeline should keep open, so that the engine is never short of work.
    A failure of one sample is a Completion with finish "error"; EngineError means that the engine as a whole is gone.
    """

    concurrency: int

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        """One completion of one prompt."""
        ...

    async def close(self) -> None:
        """Frees what the engine holds (processes, memory, connections); called exactly once."""
        ...


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What the command line may say about an engine; each engine reads what concerns it."""

    tensor_parallel: int = 1
    pipeline_parallel: int = 1
    gpu_memory: float | None = None
    dtype: str = "auto"
    max_model_len: int | None = None
    trust_remote_code: bool = False
    enforce_eager: bool = False
    device: str = "auto"
    batch_size: int = 16
    concurrency: int | None = None
    seed: int = 0
    base_urls: tuple[str, ...] = ()
    responses: Path | None = None
    latency_s: float = 0.0
    extra: dict[str, Any] = field(default_factory=dict)


def backlog(slots: int) -> int:
    """Calls to keep open for an engine with so many slots: enough that none waits for work, few enough to choose late.

    What is handed over cannot be put in another order any more.
    """
    return slots + max(8, slots // 4)


EngineFactory = Callable[[], Engine]
"""Makes the engine when the first sample is really needed, so that a finished run loads nothing."""


def failed(reason: str, tokens_in: int = 0) -> Completion:
    """The completion that records why a sample could not be made."""
    return Completion(text="", finish="error", tokens_in=tokens_in, tokens_out=0, error=" ".join(reason.split())[:500])
