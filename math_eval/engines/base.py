"""What every engine promises: prompts become completions, one awaitable call each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Protocol

from math_eval.options import Option
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
    """What a user may say about an engine; an engine's `settings_read` names what it reads, the rest is refused."""

    tensor_parallel: Annotated[int, Option("engine", "GPUs that share each layer.", low=1)] = 1
    pipeline_parallel: Annotated[int, Option("engine", "GPU groups that share the layers.", low=1)] = 1
    gpu_memory: Annotated[
        float | None, Option("engine", "Share of GPU memory that vLLM may use, 0 to 1.", above=0, high=1)
    ] = None
    dtype: Annotated[str, Option("engine", "Weights' type: auto, bfloat16, float16, float32.")] = "auto"
    max_model_len: Annotated[
        int | None, Option("engine", "Context length in tokens; by default the model's.", low=1)
    ] = None
    trust_remote_code: Annotated[bool, Option("model", "Let the model folder's own Python code run.")] = False
    enforce_eager: Annotated[bool, Option("engine", "vLLM without compiled graphs: starts sooner, runs slower.")] = (
        False
    )
    device: Annotated[str, Option("engine", "transformers: auto, cpu, cuda, cuda:1 ...")] = "auto"
    batch_size: Annotated[int, Option("engine", "transformers: prompts in a batch.", low=1)] = 16
    concurrency: Annotated[
        int | None, Option("engine", "Samples in flight; by default the engine's own number.", low=1)
    ] = None
    seed: Annotated[int, Option("sampling", "The run's seed.")] = 0
    base_urls: Annotated[
        tuple[str, ...],
        Option("engine", "server: an OpenAI-compatible URL ending in /v1; may repeat.", flag="--base-url"),
    ] = ()
    responses: Annotated[
        Path | None,
        Option("engine", "replay: file or run folder of completions; scripted: table of them."),
    ] = None
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
