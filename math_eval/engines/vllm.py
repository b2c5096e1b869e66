"""vLLM in process: one AsyncLLM, final outputs only, prefix caching, token ids in."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import Any

from math_eval.engines.base import EngineSettings, backlog, failed
from math_eval.engines.stops import cut_at_stop
from math_eval.engines.vllm_start import start_vllm
from math_eval.errors import EngineError
from math_eval.records import Completion, Prompt, Sampling

_CPU_CACHE_GIB = 2


class VllmEngine:
    """A vLLM engine over a model folder; worker processes are started here and always shut down by close().

    tensor and pipeline parallel, memory share, dtype, context and eager mode come from the settings; the rest is vLLM's
    default. Raises MissingPackageError, ModelError (model or settings it refuses), EngineError (start-up failed).
    """

    settings_read = (
        "tensor_parallel",
        "pipeline_parallel",
        "gpu_memory",
        "dtype",
        "max_model_len",
        "trust_remote_code",
        "enforce_eager",
        "concurrency",
        "seed",
        "seeding",
    )

    def __init__(self, folder: Path, settings: EngineSettings) -> None:
        def build(arguments: dict[str, Any]) -> Any:
            from vllm.engine.arg_utils import AsyncEngineArgs
            from vllm.v1.engine.async_llm import AsyncLLM

            return AsyncLLM.from_engine_args(AsyncEngineArgs(**arguments))

        more = {"enable_prefix_caching": True, "scheduling_policy": "priority"}
        self._engine: Any = start_vllm(build, folder, settings, cpu_cache_gib=_CPU_CACHE_GIB, arguments=more)
        self.dtype = str(self._engine.vllm_config.model_config.dtype).removeprefix("torch.")
        self._context = int(self._engine.vllm_config.model_config.max_model_len)
        slots = int(self._engine.vllm_config.scheduler_config.max_num_seqs)
        self.concurrency = settings.concurrency or backlog(slots)
        self._numbers = itertools.count()

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        """One request; a prompt that leaves no room for a new token is a failed sample."""
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind
        from vllm.v1.engine.exceptions import EngineDeadError

        tokens_in = len(prompt.token_ids)
        room = self._context - tokens_in
        if room < 1:
            return failed(f"prompt of {tokens_in} tokens leaves no room in a context of {self._context}", tokens_in)
        settings = SamplingParams(
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            top_k=max(sampling.top_k, 0),
            max_tokens=min(sampling.max_tokens, room),
            stop=list(prompt.stop),
            stop_token_ids=list(sampling.stop_token_ids),
            seed=sampling.seed,
            output_kind=RequestOutputKind.FINAL_ONLY,
        )
        final: Any = None
        try:
            async for output in self._engine.generate(
                {"prompt_token_ids": list(prompt.token_ids)},
                settings,
                f"s{next(self._numbers)}",
                priority=-prompt.turn,  # who comes back from a tool is longer under way than whoever waits
            ):
                final = output
        except EngineDeadError as error:
            raise EngineError("the vLLM engine process died; run the same command again to go on") from error
        except ValueError as error:
            return failed(str(error), tokens_in)
        if final is None or not final.outputs:
            return failed("vLLM returned no output", tokens_in)
        [made] = final.outputs
        text, _ = cut_at_stop(made.text, prompt.stop)
        if made.finish_reason not in {"stop", "length"}:
            return failed(f"vLLM ended the request: {made.finish_reason}", tokens_in)
        return Completion(text, made.finish_reason, tokens_in, len(made.token_ids))

    async def close(self) -> None:
        """Ends the engine's processes."""
        self._engine.shutdown()


def is_installed() -> bool:
    """Whether the module vllm can be found, without importing it."""
    from importlib.util import find_spec

    return "vllm" in sys.modules or find_spec("vllm") is not None
