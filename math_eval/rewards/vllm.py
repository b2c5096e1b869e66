"""vLLM's pooling runner in this process: many conversations a call, scores from vLLM's own reward classes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from math_eval.engines.base import EngineSettings
from math_eval.engines.vllm_start import start_vllm
from math_eval.errors import EngineError
from math_eval.rewards.base import Conversation, RewardScore, failed_score, outcome_score
from math_eval.rewards.form import RewardForm
from math_eval.rewards.rows import step_scores

_CPU_CACHE_GIB = 1
_CALL_SIZE = 256
"""Conversations a call: as many as vLLM batches by default. A killed process loses at most one call's work."""


class VllmRewardEngine:
    """An offline vLLM engine for a reward model; its worker processes end with close().

    Args:
        folder: The model's folder.
        settings: Devices, memory, number type and context length.
        form: The model's class, kind and head.
        marker_id: Token id of a process model's step marker.

    Raises:
        MissingPackageError: vLLM is not installed.
        ModelError: vLLM refuses the model or the settings.
        EngineError: vLLM failed to start.
    """

    def __init__(self, folder: Path, settings: EngineSettings, form: RewardForm, marker_id: int | None = None) -> None:
        self._form = form
        self._task = "classify" if form.head == "sequence" else "token_classify"
        pooler: dict[str, Any] = {"task": self._task}
        if form.head == "reward" and form.kind == "process":  # the default is the id in Qwen's vocabulary
            pooler |= {"tok_pooling_type": "STEP", "step_tag_id": marker_id, "returned_token_ids": [0, 1]}

        def build(arguments: dict[str, Any]) -> Any:
            from vllm import LLM
            from vllm.config import PoolerConfig

            return LLM(**{"pooler_config": PoolerConfig(**pooler), **arguments})

        # one output a token needs every token computed, so no cached prefixes
        pooling = {"runner": "pooling", "enable_prefix_caching": False}
        self._llm: Any = start_vllm(build, folder, settings, cpu_cache_gib=_CPU_CACHE_GIB, arguments=pooling)
        from vllm import PoolingParams

        # a process model's two outputs become probabilities, an outcome model's output stays as it is
        self._params = PoolingParams(use_activation=form.kind == "process")
        self.context: int | None = int(self._llm.llm_engine.vllm_config.model_config.max_model_len)

    def score(self, conversations: Sequence[Conversation]) -> Iterator[tuple[int, RewardScore]]:
        """Scores 256 conversations a call, in order."""
        for begin in range(0, len(conversations), _CALL_SIZE):
            batch = conversations[begin : begin + _CALL_SIZE]
            yield from enumerate(self._call(batch), begin)

    def _call(self, batch: Sequence[Conversation]) -> list[RewardScore]:
        from vllm.v1.engine.exceptions import EngineDeadError

        prompts = [{"prompt_token_ids": list(conversation.token_ids)} for conversation in batch]
        try:
            outputs = self._llm.encode(prompts, self._params, pooling_task=self._task, use_tqdm=False)
        except EngineDeadError as error:
            raise EngineError("the vLLM engine process died; run the same command again to go on") from error
        except ValueError as error:
            if len(batch) > 1:  # one by one, so that a refused conversation does not fail the others
                return [score for conversation in batch for score in self._call([conversation])]
            return [failed_score(str(error), len(batch[0].token_ids))]
        return [
            self._read(conversation, output.outputs.data) for conversation, output in zip(batch, outputs, strict=True)
        ]

    def _read(self, conversation: Conversation, data: Any) -> RewardScore:
        tokens = len(conversation.token_ids)
        if self._form.kind == "process":
            return step_scores(data.float().tolist(), conversation, tokens)
        return outcome_score(float(data.float().flatten()[-1]), tokens)

    def close(self) -> None:
        """Ends the engine's processes."""
        self._llm.llm_engine.engine_core.shutdown()
        del self._llm
