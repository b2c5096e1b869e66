"""Evaluation as a Python function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from math_eval.engines import Engine, EngineSettings
from math_eval.evaluation import Run
from math_eval.evaluation import evaluate as evaluate_request
from math_eval.generate import RunRequest
from math_eval.generate.conversation import ToolRules
from math_eval.generate.request import Seeding
from math_eval.graders import DEFAULT_GRADER
from math_eval.models import Hub
from math_eval.options import declared, describe
from math_eval.plugins import class_path

_PATHS = frozenset({"output", "demonstrations", "data_dir", "responses", "chat_template", "tokenizer", "lora"})
_SEQUENCES = frozenset({"benchmarks", "lengths_from", "base_urls", "reward_base_urls", "stop", "headers", "problems"})


def evaluate(
    model: str,
    benchmarks: str | Sequence[str] = (),
    *,
    engine: str | Engine | None = None,
    settings: EngineSettings | None = None,
    suite: str | None = None,
    prompt: str | None = None,
    shots: int | None = None,
    adapt_few_shot: bool | None = None,
    family: str | None = None,
    mode: str | None = None,
    system: str | None = None,
    chat_template: str | Path | None = None,
    chat_template_kwargs: Mapping[str, Any] | None = None,
    reasoning_effort: str | None = None,
    hub: Hub = "huggingface",
    revision: str | None = None,
    greedy: bool | None = None,
    samples: int | None = None,
    set_name: str = "sampled",
    temperature: float | None = None,
    top_p: float | None = None,
    top_k: int | None = None,
    min_p: float | None = None,
    presence_penalty: float | None = None,
    frequency_penalty: float | None = None,
    repetition_penalty: float | None = None,
    max_tokens: int | None = None,
    thinking_budget: int | None = None,
    min_thinking: int | None = None,
    stop_token_ids: Sequence[int] | None = None,
    stop: str | Sequence[str] = (),
    seeding: Seeding = "none",
    limit: int | str | None = None,
    problems: str | Sequence[str] = (),
    shuffle: int | None = None,
    spread: bool = False,
    output: str | Path | None = None,
    demonstrations: str | Path | None = None,
    data_dir: str | Path | None = None,
    shard: tuple[int, int] | None = None,
    retry_failed: bool = False,
    retry_truncated: bool = False,
    lengths_from: str | Path | Sequence[str | Path] = (),
    reading: ToolRules = "ours",
    tools: Literal["python", "none"] | None = None,
    max_tool_calls: int = 4,
    tool_timeout: float = 5.0,
    unsandboxed: bool = False,
    reward_model: str | None = None,
    reward_engine: str | None = None,
    reward_base_urls: str | Sequence[str] = (),
    grader: str = DEFAULT_GRADER,
    tensor_parallel: int = 1,
    pipeline_parallel: int = 1,
    gpu_memory: float | None = None,
    dtype: str = "auto",
    max_model_len: int | None = None,
    trust_remote_code: bool = False,
    enforce_eager: bool = False,
    device: str = "auto",
    batch_size: int = 16,
    concurrency: int | None = None,
    seed: int = 0,
    base_urls: str | Sequence[str] = (),
    responses: str | Path | None = None,
    engine_arguments: Mapping[str, Any] = MappingProxyType({}),
    extra_body: Mapping[str, Any] = MappingProxyType({}),
    headers: str | Sequence[str] = (),
    request_timeout: float = 3600.0,
    tokenizer: str | Path | None = None,
    lora: str | Path | None = None,
) -> Run:
    """Evaluates a model on benchmarks or a suite, as `math-eval run` does, and returns the run."""
    options: dict[str, Any] = dict(locals())
    request = _request(options.pop("model"), options.pop("settings"), options)
    return evaluate_request(request, engine=None if isinstance(engine, str) else engine)


evaluate.__doc__ = f"""{evaluate.__doc__}

Args:
    model: A folder, a hub name, a .gguf file or package:NAME; with engine="server", the server's name for the model.
    settings: Engine settings as one object. Engine options that are passed as well override it.
{describe(RunRequest, EngineSettings)}

`engine` may also be an object with the methods `complete` and `close` and the attribute `concurrency`.

Returns:
    The finished run: its folder, the contents of run.json, its metrics (fractions from 0 to 1), the cost of this
    session, and its rewards.

Raises:
    RequestError: The request contradicts itself, or an option has no effect.
    UnfinishedError: The run could not be finished. The same call resumes it.
"""


def _request(model: str, settings: EngineSettings | None, options: dict[str, Any]) -> RunRequest:
    if options["engine"] is not None and not isinstance(options["engine"], str):
        options["engine"] = class_path(options["engine"])
    for name, value in options.items():
        if name in _PATHS and value is not None:
            options[name] = Path(value)
        elif name in _SEQUENCES:
            options[name] = (value,) if isinstance(value, str | Path) else tuple(value)
    options["lengths_from"] = tuple(map(Path, options["lengths_from"]))
    if options["stop_token_ids"] is not None:
        options["stop_token_ids"] = tuple(options["stop_token_ids"])
    overrides = {
        name: value
        for name, declaration in declared(EngineSettings).items()
        if (value := options.pop(name)) != declaration.default
    }
    return RunRequest(model, settings=replace(settings or EngineSettings(), **overrides), **options)
