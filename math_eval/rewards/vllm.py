"""vLLM's pooling runner in process: many conversations a call, scores as its own reward classes compute them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from math_eval.engines.base import EngineSettings
from math_eval.errors import EngineError, MissingPackageError, ModelError
from math_eval.models import cpu_dtype
from math_eval.rewards.base import Conversation, Scored, outcome, unscored
from math_eval.rewards.form import RewardForm
from math_eval.rewards.rows import step_scores

_CPU_MEMORY_SHARE = 0.3
_CPU_CACHE_GIB = "1"
_CALL = 256
"""Conversations a call: vLLM's own number of sequences in a batch. What a kill loses is at most one call's work."""


class VllmRewardEngine:
    """An offline vLLM engine for a reward model; its worker processes end with close().

    marker_id: the step marker of a process model. Raises MissingPackageError, ModelError (model or settings it
    refuses), EngineError (start-up failed).
    """

    def __init__(self, folder: Path, settings: EngineSettings, form: RewardForm, marker_id: int | None = None) -> None:
        os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        try:
            import vllm.platforms
            from vllm import LLM, PoolingParams
            from vllm.config import PoolerConfig
        except ImportError as error:
            raise MissingPackageError("vllm", "vllm", "the vllm engine") from error
        on_cpu = bool(vllm.platforms.current_platform.is_cpu())
        if on_cpu:
            os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", _CPU_CACHE_GIB)
        memory = settings.gpu_memory if settings.gpu_memory is not None else (_CPU_MEMORY_SHARE if on_cpu else 0.9)
        self._form = form
        self._task = "classify" if form.head == "sequence" else "token_classify"
        # probabilities of a process model's two classes; an outcome model's output as it is
        self._params = PoolingParams(use_activation=form.kind == "process")
        pooler: dict[str, Any] = {"task": self._task}
        if form.head == "reward" and form.kind == "process":  # its default is the id in Qwen's own vocabulary
            pooler |= {"tok_pooling_type": "STEP", "step_tag_id": marker_id, "returned_token_ids": [0, 1]}
        arguments = {
            "model": str(folder),
            "runner": "pooling",
            "pooler_config": PoolerConfig(**pooler),
            "tensor_parallel_size": settings.tensor_parallel,
            "pipeline_parallel_size": settings.pipeline_parallel,
            "gpu_memory_utilization": memory,
            "dtype": cpu_dtype(settings.dtype) if on_cpu else settings.dtype,
            "max_model_len": settings.max_model_len,
            "trust_remote_code": settings.trust_remote_code,
            "enforce_eager": settings.enforce_eager or on_cpu,
            "enable_prefix_caching": False,  # an output a token wants every token computed
            "seed": settings.seed,
            "disable_log_stats": True,
        }
        try:
            self._llm: Any = LLM(**(arguments | settings.extra))
        except (ValueError, OSError, KeyError) as error:
            raise ModelError(f"{folder}: vLLM cannot load this reward model: {_last_line(error)}") from error
        except RuntimeError as error:
            raise EngineError(
                f"vLLM could not start: {_last_line(error)} "
                "(out of memory: lower --gpu-memory or --max-model-len; VLLM_LOGGING_LEVEL=INFO shows its log)"
            ) from error
        self.context: int | None = int(self._llm.llm_engine.vllm_config.model_config.max_model_len)

    def score(self, conversations: Sequence[Conversation]) -> Iterator[tuple[int, Scored]]:
        """A call's worth at a time, in order."""
        for begin in range(0, len(conversations), _CALL):
            part = conversations[begin : begin + _CALL]
            yield from enumerate(self._call(part), begin)

    def _call(self, part: Sequence[Conversation]) -> list[Scored]:
        from vllm.v1.engine.exceptions import EngineDeadError

        prompts = [{"prompt_token_ids": list(one.token_ids)} for one in part]
        try:
            outputs = self._llm.encode(prompts, self._params, pooling_task=self._task, use_tqdm=False)
        except EngineDeadError as error:
            raise EngineError("the vLLM engine process died; run the same command again to go on") from error
        except ValueError as error:
            if len(part) > 1:  # one that it refuses does not take the others with it
                return [scored for one in part for scored in self._call([one])]
            return [unscored(str(error), len(part[0].token_ids))]
        return [self._scored(one, output.outputs.data) for one, output in zip(part, outputs, strict=True)]

    def _scored(self, one: Conversation, data: Any) -> Scored:
        tokens = len(one.token_ids)
        if self._form.kind == "process":
            return step_scores(data.float().tolist(), one, tokens)
        return outcome(float(data.float().flatten()[-1]), tokens)

    def close(self) -> None:
        """Ends the engine's processes."""
        self._llm.llm_engine.engine_core.shutdown()
        del self._llm


def _last_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:300] if lines else type(error).__name__
