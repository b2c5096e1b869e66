"""The interface of engines, and their settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol

from math_eval.options import Option
from math_eval.records import ChatForm, Completion, Finish, Prompt, Sampling

DType = Literal["auto", "bfloat16", "float16", "float32", "half", "float"]
"""The number types that both vLLM and transformers take; half is float16, float is float32."""


class Engine(Protocol):
    """Turns prompts into completions, many at a time.

    Attributes:
        concurrency: How many calls of `complete` the pipeline keeps open, so that the engine never runs out of work.
    """

    concurrency: int

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        """Makes one completion of one prompt.

        Args:
            prompt: The prompt: text or messages, and token ids if the model's folder is known. If `transcript` is set,
                the completion continues it.
            sampling: The sampling settings; `number` is the number of the sample within its problem.

        Returns:
            The completion. A sample that fails by itself is a completion with finish "error".

        Raises:
            EngineError: The engine can make no more completions.
        """
        ...

    async def close(self) -> None:
        """Frees processes, memory and connections. It is called exactly once."""
        ...


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """The settings of an engine.

    The `settings_read` of an engine's class names the settings that the engine reads; the others are refused. Each
    field's Option says what it means. `latency_s` (seconds) is for the scripted engine, `chat` is how chat
    messages become a prompt, `thought_marks` are the marks of thoughts that the model is known to write, and `stated`
    names the sampling settings that the user gave.
    """

    tensor_parallel: Annotated[int, Option("engine", "GPUs that share each layer.", low=1)] = 1
    pipeline_parallel: Annotated[int, Option("engine", "GPU groups that share the layers.", low=1)] = 1
    gpu_memory: Annotated[
        float | None, Option("engine", "Share of GPU memory that vLLM may use, from 0 to 1.", above=0, high=1)
    ] = None
    dtype: Annotated[
        DType,
        Option("engine", "Number type of the weights. auto: that of the model; on a CPU without bfloat16, float32."),
    ] = "auto"
    max_model_len: Annotated[
        int | None, Option("engine", "Context length in tokens; by default that of the model.", low=1)
    ] = None
    trust_remote_code: Annotated[bool, Option("model", "Run Python code from the model folder.")] = False
    enforce_eager: Annotated[
        bool, Option("engine", "Run vLLM without compiled graphs: it starts sooner and runs slower.")
    ] = False
    device: Annotated[
        str,
        Option(
            "engine",
            "For transformers: auto, cpu, cuda, cuda:N (N is the number of a GPU), mps, xpu or xpu:N.",
            words=("auto", "cpu", "cuda", "cuda:N", "mps", "xpu", "xpu:N"),
        ),
    ] = "auto"
    batch_size: Annotated[int, Option("engine", "For transformers: prompts in a batch.", low=1)] = 16
    concurrency: Annotated[int | None, Option("engine", "Samples in flight; by default the engine decides.", low=1)] = (
        None
    )
    seed: Annotated[int, Option("sampling", "Seed of the run.")] = 0
    base_urls: Annotated[
        tuple[str, ...],
        Option(
            "engine", "For server: URL of an OpenAI-compatible API, ending in /v1; may be repeated.", flag="--base-url"
        ),
    ] = ()
    responses: Annotated[
        Path | None,
        Option("engine", "For replay: file or run folder with completions. For scripted: table of completions."),
    ] = None
    engine_arguments: Annotated[
        Mapping[str, Any],
        Option(
            "engine",
            "For vllm: any of its arguments as KEY=VALUE, the value as JSON or text, such as quantization=fp8; may be "
            "repeated.",
            flag="--engine-arg",
            pairs=True,
        ),
    ] = field(default_factory=dict)
    extra_body: Annotated[
        Mapping[str, Any],
        Option("engine", "For server: JSON object whose fields are added to the body of each request."),
    ] = field(default_factory=dict)
    headers: Annotated[
        tuple[str, ...],
        Option(
            "engine",
            "For server: header of each request as NAME=VARIABLE, whose value is that of the environment variable; may "
            "be repeated.",
            flag="--header",
        ),
    ] = ()
    request_timeout: Annotated[
        float,
        Option(
            "engine",
            "For server: time limit of a request in seconds, from its beginning to the end of the response.",
            above=0,
            high=604_800,
            unit="s",
        ),
    ] = 3600.0
    tokenizer: Annotated[Path | None, Option("model", "Folder of a tokenizer to use in place of the model's own.")] = (
        None
    )
    lora: Annotated[Path | None, Option("model", "Folder of a LoRA adapter for the model.")] = None
    latency_s: float = 0.0
    chat: ChatForm = field(default_factory=ChatForm)
    thought_marks: tuple[str, ...] = ()
    stated: frozenset[str] = frozenset()


def backlog(slots: int) -> int:
    """Returns how many calls to keep open for an engine with this many slots.

    The number is large enough that no slot waits for work. It is not larger, because the pipeline chooses the order of
    samples and cannot change it after it has handed them to the engine.

    Example:
        >>> backlog(256)
        320
    """
    return slots + max(8, slots // 4)


EngineFactory = Callable[[], Engine]
"""Makes the engine when the first sample is needed, so that a finished run loads no model."""


def failed(reason: str, tokens_in: int | None = None, finish: Finish = "error") -> Completion:
    """Makes the completion of a sample that could not be made.

    Args:
        reason: Why; it is stored on one line, shortened to 500 characters.
        tokens_in: Tokens of the prompt, if they were counted.
        finish: How it ended: "error" or "abort".
    """
    return Completion(text="", finish=finish, tokens_in=tokens_in, tokens_out=0, error=" ".join(reason.split())[:500])


def no_room(tokens_in: int, context: int) -> Completion:
    """Makes the completion of a prompt that fills the whole context of a model.

    Args:
        tokens_in: Tokens of the prompt.
        context: Length of the context in tokens.
    """
    return failed(f"the prompt of {tokens_in} tokens leaves no room in the context of {context}", tokens_in)


def has_no_room(completion: Completion) -> bool:
    """Whether a completion is that of `no_room`."""
    return completion.finish == "error" and " leaves no room in the context of " in completion.error
