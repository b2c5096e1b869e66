"""The engine for machines without vLLM: transformers, with batches of similar length and stop strings."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from math_eval.answers.thoughts import thought_tokens
from math_eval.engines.base import EngineSettings, failed, no_room
from math_eval.engines.batch_size import BatchSize
from math_eval.engines.stops import cut_at_stop
from math_eval.engines.transformers_start import start_transformers
from math_eval.errors import EngineError, MissingPackageError
from math_eval.models.adapter import read_adapter
from math_eval.models.tokenizer import special_tokens
from math_eval.records import Completion, Finish, Prompt, Sampling

_GATHER_S = 0.05
"""How long a batch that is not full waits for more requests, in seconds."""

_QUEUE_BATCHES = 4
"""Calls to keep open, as a multiple of the batch size."""


@dataclass(frozen=True, slots=True)
class _Request:
    prompt: Prompt
    sampling: Sampling
    reply: asyncio.Future[Completion]
    loop: asyncio.AbstractEventLoop


class TransformersEngine:
    """Runs a model on one device. A thread takes the longest waiting prompts of equal sampling settings as a batch.

    When a batch does not fit into memory, the batch size is halved. With a seed for each request, every batch has one
    prompt.

    Attributes:
        concurrency: Calls to keep open.
        dtype: The number type that the weights were loaded in.
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
        "tokenizer",
        "lora",
    )
    sampling_read = ("temperature", "top_p", "top_k", "min_p", "repetition_penalty", "stop")

    def __init__(self, folder: Path, settings: EngineSettings) -> None:
        """Loads the model and starts the thread.

        Args:
            folder: The model folder.
            settings: The settings of the engine.

        Raises:
            MissingPackageError: torch or transformers is not installed.
            ModelError: transformers cannot load the model.
            EngineError: The model does not fit into memory.
        """

        def build(dtype: str) -> tuple[Any, ...]:
            from transformers import AutoModelForCausalLM, AutoTokenizer

            remote_code = settings.trust_remote_code
            tokenizer = settings.tokenizer or folder
            self._tokenizer: Any = AutoTokenizer.from_pretrained(tokenizer, trust_remote_code=remote_code)
            model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, trust_remote_code=remote_code)
            return (model if settings.lora is None else _with_adapter(model, settings.lora),)

        (self._model,), self._device = start_transformers(build, folder, settings)
        import torch

        special = special_tokens(self._tokenizer)
        marks = thought_tokens(special.values(), *settings.thought_marks)
        self._dropped_ids = frozenset(token for token, text in special.items() if text not in marks)
        self.dtype = str(self._model.dtype).removeprefix("torch.")
        torch.manual_seed(settings.seed)
        limit = getattr(self._model.config, "max_position_embeddings", None) or 1 << 30
        self._context = min(int(limit), settings.max_model_len or 1 << 30)
        self._batch_size = BatchSize(settings.batch_size)
        self.concurrency = settings.concurrency or _QUEUE_BATCHES * settings.batch_size
        self._waiting: list[_Request] = []
        self._wake = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="transformers-engine", daemon=True)
        self._thread.start()

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        """Makes one completion. A prompt that leaves no room for a new token is a failed sample.

        Raises:
            EngineError: transformers failed.
        """
        tokens_in = len(prompt.token_ids)
        room = self._context - tokens_in
        if room < 1:
            return no_room(tokens_in, self._context)
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
        while batch := self._next_batch():
            outcomes: Sequence[Completion | EngineError]
            try:
                completions = self._batch_size.run(batch, self._run, _too_large)
                outcomes = completions
            except Exception as error:  # noqa: BLE001  the callers wait for an answer
                failure = EngineError(
                    f"transformers failed: {type(error).__name__}: {' '.join(str(error).split())[:300]}"
                )
                outcomes = [failure] * len(batch)
            if self._closing:
                outcomes = [EngineError("the engine was closed")] * len(batch)
            for request, outcome in zip(batch, outcomes, strict=True):
                request.loop.call_soon_threadsafe(_answer, request.reply, outcome)

    def _next_batch(self) -> list[_Request]:
        with self._wake:
            while not self._closing and len(self._waiting) < self._batch_size.number:
                if not self._wake.wait(_GATHER_S) and self._waiting:
                    break
            self._waiting = [request for request in self._waiting if not request.reply.cancelled()]
            if self._closing or not self._waiting:
                return [] if self._closing else self._next_batch()
            # longest first: the batch that needs most memory comes early, and the rows of a batch have similar lengths
            self._waiting.sort(key=lambda request: len(request.prompt.token_ids), reverse=True)
            longest = self._waiting[0]
            batch = [request for request in self._waiting if _can_share_batch(request, longest)]
            batch = batch[: self._batch_size.number]
            batch_ids = {id(request) for request in batch}
            self._waiting = [request for request in self._waiting if id(request) not in batch_ids]
            return batch

    def _run(self, batch: Sequence[_Request]) -> list[Completion]:
        import torch
        from transformers import GenerationConfig, StoppingCriteriaList

        sampling, stops = batch[0].sampling, batch[0].prompt.stop
        end_ids = self._end_ids(sampling)
        pad = self._tokenizer.pad_token_id if self._tokenizer.pad_token_id is not None else end_ids[0]
        prompts = [list(request.prompt.token_ids) for request in batch]
        width = max(map(len, prompts))
        rows = [[pad] * (width - len(ids)) + ids for ids in prompts]
        mask = [[0] * (width - len(ids)) + [1] * len(ids) for ids in prompts]
        sampling_arguments: dict[str, Any] = {"do_sample": False}
        if sampling.temperature > 0:
            sampling_arguments = {
                "do_sample": True,
                "temperature": sampling.temperature,
                "top_p": sampling.top_p,
                "top_k": max(sampling.top_k, 0),
            }
            if sampling.min_p:
                sampling_arguments["min_p"] = sampling.min_p
        if sampling.repetition_penalty != 1:
            sampling_arguments["repetition_penalty"] = sampling.repetition_penalty
        if sampling.seed is not None:
            torch.manual_seed(sampling.seed)
        budgets = [request.sampling.max_tokens for request in batch]
        if stops:
            sampling_arguments["stop_strings"] = list(stops)
        config = GenerationConfig(
            max_new_tokens=max(budgets), eos_token_id=end_ids, pad_token_id=pad, **sampling_arguments
        )
        criteria = StoppingCriteriaList([self._closed])
        if min(budgets) < max(budgets):  # after a tool call, a row has a smaller budget than the others
            last_columns = torch.tensor(budgets, device=self._device) + width
            criteria.append(lambda ids, _scores, **_arguments: last_columns <= ids.shape[1])
        with torch.inference_mode():
            output = self._model.generate(
                input_ids=torch.tensor(rows, device=self._device),
                attention_mask=torch.tensor(mask, device=self._device),
                generation_config=config,
                stopping_criteria=criteria,
                tokenizer=self._tokenizer if stops else None,
            )
        new_ids = output[:, width:].tolist()
        return [self._completion(request, ids, end_ids, pad) for request, ids in zip(batch, new_ids, strict=True)]

    def _closed(self, ids: Any, _scores: Any, **_arguments: Any) -> Any:
        """Whether each row ends here: all of them once the engine is closed."""
        import torch

        return torch.full((len(ids),), self._closing, device=ids.device)

    def _completion(self, request: _Request, ids: list[int], end_ids: list[int], pad: int) -> Completion:
        ids = ids[: request.sampling.max_tokens]
        end = next((position for position, token in enumerate(ids) if token in end_ids), None)
        if end is not None:
            ids = ids[: end + 1]
        while end is None and ids and ids[-1] == pad:
            ids.pop()  # padding from the steps that the rest of the batch took after this row's stop string
        text = self._tokenizer.decode([token for token in ids if token not in self._dropped_ids])
        text, stopped = cut_at_stop(text, request.prompt.stop)
        finish: Finish = "stop" if end is not None or stopped else "length"
        return Completion(text, finish, len(request.prompt.token_ids), len(ids), token_ids=tuple(ids))

    def _end_ids(self, sampling: Sampling) -> list[int]:
        configured = self._model.generation_config.eos_token_id
        model_ids = configured if isinstance(configured, list) else [configured]
        ids = [*model_ids, self._tokenizer.eos_token_id, *sampling.stop_token_ids]
        return sorted({int(token) for token in ids if token is not None})


def _with_adapter(model: Any, folder: Path) -> Any:
    """The model with a LoRA adapter merged into its weights, which is as fast as the model alone."""
    adapter = read_adapter(folder)
    try:
        from peft import PeftModel
    except ImportError as error:
        raise MissingPackageError("peft", "transformers", "--lora with the transformers engine") from error
    return PeftModel.from_pretrained(model, adapter.folder).merge_and_unload()


def _too_large(request: _Request) -> Completion:
    return failed("out of memory with a batch of one prompt", len(request.prompt.token_ids))


def _can_share_batch(first: _Request, second: _Request) -> bool:
    sampling = replace(first.sampling, max_tokens=second.sampling.max_tokens)
    return sampling == second.sampling and first.prompt.stop == second.prompt.stop


def _answer(reply: asyncio.Future[Completion], outcome: Completion | EngineError) -> None:
    if reply.done():
        return
    if isinstance(outcome, EngineError):
        reply.set_exception(outcome)
    else:
        reply.set_result(outcome)
