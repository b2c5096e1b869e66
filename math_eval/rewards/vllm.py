"""vLLM's pooling runner in process: many conversations a call, scores as its own reward classes compute them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from math_eval.engines.base import EngineSettings
from math_eval.engines.vllm_start import start_vllm
from math_eval.errors import EngineError
from math_eval.rewards.base import Conversation, Scored, outcome, unscored
from math_eval.rewards.form import RewardForm
from math_eval.rewards.rows import step_scores

_CPU_CACHE_GIB = 1
_CALL = 256
"""Conversations a call: vLLM's own number of sequences in a batch. What a kill loses is at most one call's work."""


class VllmRewardEngine:
    """An offline vLLM engine for a reward model; its worker processes end with close().

    marker_id: the step marker of a process model. Raises MissingPackageError, ModelError (model or settings it
    refuses), EngineError (start-up failed).
    """

    def __init__(self, folder: Path, settings: EngineSettings, form: RewardForm, marker_id: int | None = None) -> None:
        self._form = form
        self._task = "classify" if form.head == "sequence" else "token_classify"
        pooler: dict[str, Any] = {"task": self._task}
        if form.head == "reward" and form.kind == "process":  # its default is the id in Qwen's own vocabulary
            pooler |= {"tok_pooling_type": "STEP", "step_tag_id": marker_id, "returned_token_ids": [0, 1]}

        def build(arguments: dict[str, Any]) -> Any:
            from vllm import LLM
            from vllm.config import PoolerConfig

            return LLM(**{"pooler_config": PoolerConfig(**pooler), **arguments})

        # an output a token wants every token computed
        more = {"runner": "pooling", "enable_prefix_caching": False}
        self._llm: Any = start_vllm(build, folder, settings, cpu_cache_gib=_CPU_CACHE_GIB, arguments=more)
        from vllm import PoolingParams

        # probabilities of a process model's two classes; an outcome model's output as it is
        self._params = PoolingParams(use_activation=form.kind == "process")
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
