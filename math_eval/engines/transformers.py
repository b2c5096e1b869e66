"""transformers: the engine for machines without vLLM. Length-sorted batches, left padding, stop strings."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from math_eval.engines.base import EngineSettings, failed
from math_eval.engines.stops import cut_at_stop
from math_eval.errors import EngineError, MissingPackageError, ModelError
from math_eval.models import cpu_dtype
from math_eval.records import Completion, Prompt, Sampling

_GATHER_S = 0.05
_QUEUE_BATCHES = 4


@dataclass(frozen=True, slots=True)
class _Request:
    prompt: Prompt
    sampling: Sampling
    reply: asyncio.Future[Completion]
    loop: asyncio.AbstractEventLoop


class TransformersEngine:
    """One model on one device, driven by a thread that takes the longest waiting prompts of equal sampling as a batch.

    batch_size bounds a batch; out of memory halves it. A seed per request makes batches of one. Raises ModelError and
    MissingPackageError.
    """

    settings_read = (
        "dtype",
        "max_model_len",
        "trust_remote_code",
        "device",
        "batch_size",
        "concurrency",
        "seed",
        "seeding",
    )

    def __init__(self, folder: Path, settings: EngineSettings) -> None:
        try:
            import torch
            from transformers import AutoModelForCausalLM, AutoTokenizer
        except ImportError as error:
            raise MissingPackageError(
                error.name or "transformers", "transformers", "the transformers engine"
            ) from error
        device = settings.device
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        dtype = cpu_dtype(settings.dtype) if device == "cpu" else settings.dtype
        code = settings.trust_remote_code
        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(folder, trust_remote_code=code)
            model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, trust_remote_code=code)
            self._model: Any = model.to(device).train(mode=False)
        except torch.OutOfMemoryError as error:
            raise EngineError(f"{folder}: the model does not fit into the memory of {device}") from error
        except (ValueError, OSError, KeyError, TypeError, AttributeError, RuntimeError) as error:
            raise ModelError(
                f"{folder}: transformers cannot load this model: {' '.join(str(error).split())[:300]}"
            ) from error
        self.dtype = str(self._model.dtype).removeprefix("torch.")
        torch.manual_seed(settings.seed)
        limit = getattr(self._model.config, "max_position_embeddings", None) or 1 << 30
        self._context = min(int(limit), settings.max_model_len or 1 << 30)
        self._device = device
        self._batch_size = settings.batch_size
        self.concurrency = settings.concurrency or _QUEUE_BATCHES * settings.batch_size
        self._waiting: list[_Request] = []
        self._wake = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="transformers-engine", daemon=True)
        self._thread.start()

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        """Queues the prompt; a prompt that leaves no room for a new token is a failed sample."""
        tokens_in = len(prompt.token_ids)
        room = self._context - tokens_in
        if room < 1:
            return failed(f"prompt of {tokens_in} tokens leaves no room in a context of {self._context}", tokens_in)
        loop = asyncio.get_running_loop()
        settings = replace(sampling, number=0, max_tokens=min(sampling.max_tokens, room))
        request = _Request(prompt, settings, loop.create_future(), loop)
        with self._wake:
            self._waiting.append(request)
            self._wake.notify()
        return await request.reply

    async def close(self) -> None:
        """Ends the thread at its batch's next token: a batch may have minutes to go, and nobody waits for it."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        await asyncio.to_thread(self._thread.join)

    def _work(self) -> None:
        while batch := self._take():
            try:
                made: Sequence[Completion | EngineError] = self._generate(batch)
            except Exception as error:  # noqa: BLE001  the thread must answer whatever the library raises
                reason = EngineError(
                    f"transformers failed: {type(error).__name__}: {' '.join(str(error).split())[:300]}"
                )
                made = [reason] * len(batch)
            if self._closing:
                made = [EngineError("the engine was closed")] * len(batch)
            for request, outcome in zip(batch, made, strict=True):
                request.loop.call_soon_threadsafe(_answer, request.reply, outcome)

    def _take(self) -> list[_Request]:
        with self._wake:
            while not self._closing and len(self._waiting) < self._batch_size:
                if not self._wake.wait(_GATHER_S) and self._waiting:
                    break
            self._waiting = [one for one in self._waiting if not one.reply.cancelled()]
            if self._closing or not self._waiting:
                return [] if self._closing else self._take()
            # longest first: the batch that needs most memory and time comes early, and rows of a batch are alike
            self._waiting.sort(key=lambda one: len(one.prompt.token_ids), reverse=True)
            first = self._waiting[0]
            batch = [one for one in self._waiting if _together(one, first)][: self._batch_size]
            taken = {id(one) for one in batch}
            self._waiting = [one for one in self._waiting if id(one) not in taken]
            return batch

    def _generate(self, batch: list[_Request]) -> list[Completion]:
        import torch

        try:
            return self._run(batch)
        except torch.OutOfMemoryError:
            if len(batch) == 1:
                return [failed("out of memory on one prompt", len(batch[0].prompt.token_ids))]
        torch.cuda.empty_cache()
        self._batch_size = half = len(batch) // 2
        return self._generate(batch[:half]) + self._generate(batch[half:])

    def _run(self, batch: list[_Request]) -> list[Completion]:
        import torch
        from transformers import GenerationConfig, StoppingCriteriaList

        sampling, stops = batch[0].sampling, batch[0].prompt.stop
        ends = self._end_ids(sampling)
        pad = self._tokenizer.pad_token_id if self._tokenizer.pad_token_id is not None else ends[0]
        width = max(len(one.prompt.token_ids) for one in batch)
        rows = [[pad] * (width - len(one.prompt.token_ids)) + list(one.prompt.token_ids) for one in batch]
        mask = [[0] * (width - len(one.prompt.token_ids)) + [1] * len(one.prompt.token_ids) for one in batch]
        choice: dict[str, Any] = {"do_sample": False}
        if sampling.temperature > 0:
            top_k = max(sampling.top_k, 0)
            choice = {"do_sample": True, "temperature": sampling.temperature, "top_p": sampling.top_p, "top_k": top_k}
        if sampling.seed is not None:
            torch.manual_seed(sampling.seed)
        budgets = [one.sampling.max_tokens for one in batch]
        if stops:
            choice["stop_strings"] = list(stops)
        config = GenerationConfig(max_new_tokens=max(budgets), eos_token_id=ends, pad_token_id=pad, **choice)
        criteria = StoppingCriteriaList([self._closed])
        if min(budgets) < max(budgets):  # a row that goes on after a tool call has less left than its neighbours
            lasts = torch.tensor(budgets, device=self._device) + width
            criteria.append(lambda ids, _scores, **_more: lasts <= ids.shape[1])
        with torch.inference_mode():
            made = self._model.generate(
                input_ids=torch.tensor(rows, device=self._device),
                attention_mask=torch.tensor(mask, device=self._device),
                generation_config=config,
                stopping_criteria=criteria,
                tokenizer=self._tokenizer if stops else None,
            )
        new = made[:, width:].tolist()
        return [self._completion(one, ids, ends, pad) for one, ids in zip(batch, new, strict=True)]

    def _closed(self, ids: Any, _scores: Any, **_more: Any) -> Any:
        """Whether each row ends here: all of them once the engine is closed."""
        import torch

        return torch.full((len(ids),), self._closing, device=ids.device)

    def _completion(self, request: _Request, ids: list[int], ends: list[int], pad: int) -> Completion:
        ids = ids[: request.sampling.max_tokens]
        end = next((at for at, token in enumerate(ids) if token in ends), None)
        own = ids if end is None else ids[: end + 1]
        while end is None and own and own[-1] == pad:
            own.pop()  # the batch went on after this row met a stop string
        text = self._tokenizer.decode(own, skip_special_tokens=True)
        text, stopped = cut_at_stop(text, request.prompt.stop)
        whole = end is not None or stopped
        return Completion(text, "stop" if whole else "length", len(request.prompt.token_ids), len(own))

    def _end_ids(self, sampling: Sampling) -> list[int]:
        configured = self._model.generation_config.eos_token_id
        own = configured if isinstance(configured, list) else [configured]
        ends = [*own, self._tokenizer.eos_token_id, *sampling.stop_token_ids]
        return sorted({int(token) for token in ends if token is not None})


def _together(one: _Request, other: _Request) -> bool:
    alike = replace(one.sampling, max_tokens=other.sampling.max_tokens)
    return alike == other.sampling and one.prompt.stop == other.prompt.stop


def _answer(reply: asyncio.Future[Completion], outcome: Completion | EngineError) -> None:
    if reply.done():
        return
    if isinstance(outcome, EngineError):
        reply.set_exception(outcome)
    else:
        reply.set_result(outcome)
