"""Starts vLLM, for generation and for reward models: environment, memory, number type and errors."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from math_eval.engines.base import EngineSettings
from math_eval.errors import EngineError, MissingPackageError, ModelError, RequestError
from math_eval.models import cpu_dtype

_CPU_MEMORY_SHARE = 0.3
_GPU_MEMORY_SHARE = 0.9
_UNKNOWN_ARGUMENT = re.compile(r"unexpected keyword argument '(\w+)'")
_OPTIONS = {
    "model": "MODEL",
    "tokenizer": "--tokenizer",
    "tensor_parallel_size": "--tensor-parallel",
    "pipeline_parallel_size": "--pipeline-parallel",
    "gpu_memory_utilization": "--gpu-memory",
    "dtype": "--dtype",
    "max_model_len": "--max-model-len",
    "trust_remote_code": "--trust-remote-code",
    "enforce_eager": "--enforce-eager",
    "seed": "--seed",
    "enable_lora": "--lora",
}
"""Arguments of vLLM → the option of ours that sets them."""


def start_vllm(
    build: Callable[[dict[str, Any]], Any],
    folder: Path,
    settings: EngineSettings,
    *,
    cpu_cache_gib: int,
    arguments: Mapping[str, Any],
) -> Any:
    """Starts vLLM with a model folder, and its worker processes.

    Args:
        build: Makes the vLLM object from vLLM's arguments.
        folder: The model folder.
        settings: Parallelism, share of GPU memory, number type, context length, and eager mode.
        cpu_cache_gib: Size of the key-value cache on a CPU in GiB, unless VLLM_CPU_KVCACHE_SPACE is set.
        arguments: Further arguments of vLLM; those of `settings.engine_arguments` override them.

    Returns:
        The vLLM object.

    Raises:
        MissingPackageError: vLLM is not installed.
        RequestError: vLLM has no argument of a name in `settings.engine_arguments`, or an option of ours sets it.
        ModelError: vLLM rejects the model or the settings.
        EngineError: vLLM could not start.
    """
    for name in settings.engine_arguments:
        if name in _OPTIONS:
            raise RequestError(f"--engine-arg {name}: {_OPTIONS[name]} sets it")
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        import vllm.platforms
    except ImportError as error:
        raise MissingPackageError("vllm", "vllm", "the vllm engine") from error
    on_cpu = bool(vllm.platforms.current_platform.is_cpu())
    if on_cpu:
        os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", str(cpu_cache_gib))
    print(f"loading {folder} into vLLM", file=sys.stderr)  # noqa: T201  announces a long wait
    try:
        return build({**_shared_arguments(folder, settings, on_cpu=on_cpu), **arguments, **settings.engine_arguments})
    except ImportError as error:
        raise MissingPackageError("vllm", "vllm", "the vllm engine") from error
    except TypeError as error:
        if (match := _UNKNOWN_ARGUMENT.search(str(error))) and match.group(1) in settings.engine_arguments:
            raise RequestError(f"--engine-arg {match.group(1)}: vLLM has no argument of this name") from error
        raise EngineError(f"vLLM could not start: {_last_line(error)}") from error
    except (ValueError, OSError, KeyError) as error:
        raise ModelError(f"{folder}: vLLM cannot load this model: {_last_line(error)}") from error
    except RuntimeError as error:
        raise EngineError(
            f"vLLM could not start: {_last_line(error)} "
            "(out of memory: lower --gpu-memory or --max-model-len; VLLM_LOGGING_LEVEL=INFO shows its log)"
        ) from error


def _shared_arguments(folder: Path, settings: EngineSettings, *, on_cpu: bool) -> dict[str, Any]:
    memory = settings.gpu_memory
    if memory is None:
        memory = _CPU_MEMORY_SHARE if on_cpu else _GPU_MEMORY_SHARE
    return {
        "model": str(folder),
        "tokenizer": str(settings.tokenizer or folder),
        "tensor_parallel_size": settings.tensor_parallel,
        "pipeline_parallel_size": settings.pipeline_parallel,
        "gpu_memory_utilization": memory,
        "dtype": cpu_dtype(settings.dtype) if on_cpu else settings.dtype,
        "max_model_len": settings.max_model_len,
        "trust_remote_code": settings.trust_remote_code,
        # on a CPU, compilation takes longer than it saves in a run of this kind
        "enforce_eager": settings.enforce_eager or on_cpu,
        "seed": settings.seed,
        "disable_log_stats": True,
        "use_tqdm_on_load": sys.stderr.isatty(),  # in a log, a bar is hundreds of lines
    }


def _last_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:300] if lines else type(error).__name__
