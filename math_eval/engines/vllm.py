"""The vLLM engine: one AsyncLLM in this process, with prefix caching."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import Any

from math_eval.answers.thoughts import thought_tokens
from math_eval.engines.base import EngineSettings, backlog, failed, no_room
from math_eval.engines.stops import cut_at_stop
from math_eval.engines.vllm_start import start_vllm
from math_eval.errors import EngineError
from math_eval.models import Tokenizer
from math_eval.models.adapter import read_adapter
from math_eval.records import Completion, Finish, Prompt, Sampling

_CPU_CACHE_GIB = 2
"""Size of the key-value cache on a CPU."""


_LORA_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
"""The ranks of adapters for which vLLM has kernels."""


class VllmEngine:
    """Runs a model in vLLM. What the settings do not decide is left at vLLM's defaults.

    Attributes:
        concurrency: Calls to keep open.
        dtype: The number type that the weights were loaded in.
    """

    settings_read = (
        "tensor_parallel",
        "pipeline_parallel",
        "gpu_memory",
        "dtype",
        "max_model_len",
        "trust_remote_code",
        "enforce_eager",
        "engine_arguments",
        "tokenizer",
        "lora",
        "concurrency",
        "seed",
        "seeding",
    )

    def __init__(self, folder: Path, settings: EngineSettings) -> None:
        """Loads the model and starts vLLM's worker processes; `close` ends them.

        Args:
            folder: The model folder.
            settings: The settings of the engine.

        Raises:
            MissingPackageError: vLLM is not installed.
            ModelError: vLLM rejects the model or the settings.
            EngineError: vLLM could not start.
        """

        def build(arguments: dict[str, Any]) -> Any:
            from vllm.engine.arg_utils import AsyncEngineArgs
            from vllm.v1.engine.async_llm import AsyncLLM

            return AsyncLLM.from_engine_args(AsyncEngineArgs(**arguments))

        extra_arguments: dict[str, Any] = {"enable_prefix_caching": True, "scheduling_policy": "priority"}
        self._lora: Any = None
        if settings.lora is not None:
            adapter = read_adapter(settings.lora)
            extra_arguments |= {"enable_lora": True, "max_lora_rank": _lora_rank(adapter.rank)}
        self._engine: Any = start_vllm(build, folder, settings, cpu_cache_gib=_CPU_CACHE_GIB, arguments=extra_arguments)
        self.dtype = str(self._engine.vllm_config.model_config.dtype).removeprefix("torch.")
        self._context = int(self._engine.vllm_config.model_config.max_model_len)
        slots = int(self._engine.vllm_config.scheduler_config.max_num_seqs)
        self.concurrency = settings.concurrency or backlog(slots)
        self._numbers = itertools.count()
        if settings.lora is not None:
            from vllm.lora.request import LoRARequest

            self._lora = LoRARequest("adapter", 1, str(adapter.folder))
        self._tokenizer = Tokenizer(settings.tokenizer or folder, trust_remote_code=settings.trust_remote_code)
        self._marks = thought_tokens(self._tokenizer.special_tokens, *settings.thought_marks)
        self._dropped_ids = self._tokenizer.dropped_ids(self._marks)

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        """Makes one completion. A prompt that leaves no room for a new token is a failed sample.

        Raises:
            EngineError: The process of the vLLM engine died.
        """
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind
        from vllm.v1.engine.exceptions import EngineDeadError

        tokens_in = len(prompt.token_ids)
        room = self._context - tokens_in
        if room < 1:
            return no_room(tokens_in, self._context)
        settings = SamplingParams(
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            top_k=max(sampling.top_k, 0),
            min_p=sampling.min_p,
            presence_penalty=sampling.presence_penalty,
            frequency_penalty=sampling.frequency_penalty,
            repetition_penalty=sampling.repetition_penalty,
            max_tokens=min(sampling.max_tokens, room),
            stop=list(prompt.stop),
            stop_token_ids=list(sampling.stop_token_ids),
            seed=sampling.seed,
            skip_special_tokens=not self._marks,
            spaces_between_special_tokens=False,
            output_kind=RequestOutputKind.FINAL_ONLY,
        )
        final: Any = None
        try:
            async for result in self._engine.generate(
                {"prompt_token_ids": list(prompt.token_ids)},
                settings,
                f"s{next(self._numbers)}",
                lora_request=self._lora,
                priority=-prompt.turn,  # a sample that returns from a tool goes before new ones
            ):
                final = result
        except EngineDeadError as error:
            raise EngineError("the vLLM engine process died; run the same command again to continue") from error
        except ValueError as error:
            return failed(str(error), tokens_in)
        if final is None or not final.outputs:
            return failed("vLLM returned no output", tokens_in)
        [output] = final.outputs
        if output.finish_reason not in {"stop", "length"}:
            finish: Finish = "abort" if output.finish_reason == "abort" else "error"
            return failed(f"vLLM ended the request: {output.finish_reason}", tokens_in, finish)
        ids = tuple(output.token_ids)
        ends_with_token = output.finish_reason == "stop" and not isinstance(output.stop_reason, str)
        text, _ = cut_at_stop(self._text(output.text, ids[:-1] if ends_with_token else ids), prompt.stop)
        return Completion(text, output.finish_reason, tokens_in, len(ids), token_ids=ids)

    def _text(self, text: str, ids: tuple[int, ...]) -> str:
        """The text of a completion without the special tokens that are no marks of thoughts.

        Args:
            text: The text as vLLM gives it: with all special tokens if some of them are marks, else with none.
            ids: Its tokens, without the one that ended it.
        """
        if not self._marks or self._dropped_ids.isdisjoint(ids):
            return text
        return self._tokenizer.decode(ids, self._dropped_ids)

    async def close(self) -> None:
        """Ends vLLM's worker processes."""
        self._engine.shutdown()


def _lora_rank(rank: int) -> int:
    """The smallest rank that vLLM offers for adapters of this rank."""
    return next((offered for offered in _LORA_RANKS if offered >= rank), rank)


def is_installed() -> bool:
    """Whether vLLM is installed; it is not imported."""
    from importlib.util import find_spec

    return "vllm" in sys.modules or find_spec("vllm") is not None
