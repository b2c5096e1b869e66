"""transformers, for machines where vLLM does not run: batches of similar length, padded on the right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from math_eval.engines.base import EngineSettings
from math_eval.engines.batch_size import BatchSize
from math_eval.engines.transformers_start import start_transformers
from math_eval.errors import EngineError, ModelError
from math_eval.rewards.base import Conversation, RewardScore, failed_score, outcome_score
from math_eval.rewards.form import RewardForm
from math_eval.rewards.qwen2_head import load_qwen2
from math_eval.rewards.rows import step_scores

_QWEN2_CLASSES = frozenset({"Qwen2ForRewardModel", "Qwen2ForProcessRewardModel"})


class TransformersRewardEngine:
    """One reward model on one device.

    Args:
        folder: The model's folder.
        settings: `device`, `dtype`, `batch_size` (the largest batch; halved when memory runs out), `max_model_len` and
            `trust_remote_code`.
        form: The model's class, kind and head.

    Raises:
        MissingPackageError: transformers or torch is not installed.
        ModelError: transformers cannot load the model.
        EngineError: The weights do not fit into the device's memory.
    """

    def __init__(self, folder: Path, settings: EngineSettings, form: RewardForm) -> None:
        if form.head == "reward" and form.architecture not in _QWEN2_CLASSES:
            raise ModelError(f"{folder}: the transformers engine cannot score a {form.architecture}; use --engine vllm")

        def build(dtype: str) -> tuple[Any, ...]:
            from transformers import AutoModelForSequenceClassification, AutoModelForTokenClassification

            if form.head == "reward":
                return load_qwen2(folder, dtype, 1 if form.kind == "outcome" else 2)
            auto = AutoModelForSequenceClassification if form.head == "sequence" else AutoModelForTokenClassification
            return (auto.from_pretrained(folder, dtype=dtype, trust_remote_code=settings.trust_remote_code),)

        (self._model, *heads), self._device = start_transformers(build, folder, settings)
        self._head: Any = heads[0] if heads else None
        positions = getattr(self._model.config, "max_position_embeddings", None)
        limits = [int(limit) for limit in (positions, settings.max_model_len) if limit]
        self.context: int | None = min(limits, default=None)
        self._form = form
        self._batch_size = BatchSize(settings.batch_size)

    def score(self, conversations: Sequence[Conversation]) -> Iterator[tuple[int, RewardScore]]:
        """Scores one batch after another, in order."""
        begin = 0
        while begin < len(conversations):
            batch = conversations[begin : begin + self._batch_size.number]
            yield from enumerate(self._batch(batch), begin)
            begin += len(batch)

    def _batch(self, batch: Sequence[Conversation]) -> list[RewardScore]:
        try:
            return self._batch_size.run(batch, self._run, _too_large)
        except RuntimeError as error:
            raise EngineError(f"transformers failed: {' '.join(str(error).split())[:300]}") from error

    def _run(self, batch: Sequence[Conversation]) -> list[RewardScore]:
        import torch

        lengths = [len(conversation.token_ids) for conversation in batch]
        width = max(lengths)
        # sequence classification looks for the last token that is not padding, so no row may end in the padding's id
        ends = {conversation.token_ids[-1] for conversation in batch}
        pad = next(token for token in count() if token not in ends)
        rows = [
            [*conversation.token_ids, *[pad] * (width - length)]
            for conversation, length in zip(batch, lengths, strict=True)
        ]
        ids = torch.tensor(rows)
        mask = torch.tensor([[1] * length + [0] * (width - length) for length in lengths])
        arguments: dict[str, Any] = {"input_ids": ids.to(self._device), "attention_mask": mask.to(self._device)}
        with torch.inference_mode():
            if self._form.head == "sequence":
                self._model.config.get_text_config().pad_token_id = pad
                self._model.config.pad_token_id = pad
                logits = self._model(**arguments, use_cache=False).logits
                return [outcome_score(float(row[0]), length) for row, length in zip(logits, lengths, strict=True)]
            if self._form.head == "token":
                logits = self._model(**arguments, use_cache=False).logits
                return [
                    self._steps(row[list(conversation.markers)].float(), conversation)
                    for row, conversation in zip(logits, batch, strict=True)
                ]
            hidden = self._model(**arguments, use_cache=False).last_hidden_state
            if self._form.kind == "outcome":
                last = torch.stack([row[length - 1] for row, length in zip(hidden, lengths, strict=True)])
                scores = self._head(last.float())[:, 0].tolist()
                return [outcome_score(score, length) for score, length in zip(scores, lengths, strict=True)]
            return [
                self._steps(self._head(row[list(conversation.markers)].float()), conversation)
                for row, conversation in zip(hidden, batch, strict=True)
            ]

    def _steps(self, logits: Any, conversation: Conversation) -> RewardScore:
        return step_scores(logits.softmax(-1).tolist(), conversation, len(conversation.token_ids))

    def close(self) -> None:
        """Frees the model's memory."""
        import torch

        del self._model, self._head
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def _too_large(conversation: Conversation) -> RewardScore:
    return failed_score("out of memory on one conversation", len(conversation.token_ids))
