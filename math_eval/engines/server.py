"""The engine for OpenAI-compatible servers: completions for raw prompts, chat completions for messages."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from math_eval.engines._http import Failure, HttpClient, check_base_urls, listed_context
from math_eval.engines.base import EngineSettings, failed
from math_eval.engines.dialect import OPTION_OF
from math_eval.engines.headers import request_headers
from math_eval.engines.negotiation import Negotiation, ServerChange, Trial, reason_of
from math_eval.engines.reply import read_completion
from math_eval.engines.server_words import fault_of
from math_eval.errors import RequestError
from math_eval.records import ChatForm, Completion, Prompt, Sampling

if TYPE_CHECKING:
    import httpx

_CONCURRENCY = 256
_EXAMPLE = "http://127.0.0.1:8000/v1"
_MOST_TRIALS = 12

_OPTIONAL_FIELDS = {
    "top_k": -1,
    "min_p": 0.0,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
    "repetition_penalty": 1.0,
    "stop_token_ids": (),
}
"""Sampling settings that are sent only if they are not neutral, as not every server knows them → neutral value."""


class ServerEngine:
    """Sends requests to one or more base URLs, each request to the URL with the fewest open ones.

    The API key is read from OPENAI_API_KEY and sent only as a header. Busy or failing servers are tried again with
    growing pauses; a request that still fails is a failed sample. A request that a server refuses is asked again as the
    server wants it, which is remembered for later requests.

    Attributes:
        concurrency: Calls to keep open; 256 by default.
    """

    settings_read = ("base_urls", "concurrency", "seeding", "extra_body", "headers", "request_timeout")

    def __init__(self, model: str, settings: EngineSettings) -> None:
        """Prepares the connections without sending anything.

        Args:
            model: The server's name for the model.
            settings: The base URLs (ending in /v1), the concurrency, the time limit, headers and fields of requests,
                the chat form, and which options the user gave.

        Raises:
            RequestError: There is no base URL, or one is not valid, or a header or a field cannot be sent.
        """
        self.check_settings(settings)
        self._model = model
        self._chat = settings.chat
        self._extra_body = dict(settings.extra_body)
        self.concurrency = settings.concurrency or _CONCURRENCY
        self._lookup: asyncio.Task[None] | None = None
        self._client = HttpClient(
            settings.base_urls,
            self.concurrency,
            example=_EXAMPLE,
            headers=settings.headers,
            timeout_s=settings.request_timeout,
        )
        stated = settings.stated | settings.extra_body.keys()
        self._negotiation = Negotiation(settings.base_urls, stated, hide=self._client.hide)

    def watch_changes(self, on_change: Callable[[ServerChange], None]) -> None:
        """Sets who receives everything that a server wants otherwise, once, when the first such request succeeded."""
        self._negotiation.on_change = on_change

    @staticmethod
    def check_settings(settings: EngineSettings) -> None:
        """Refuses settings with which no request could be sent, before anything else is done.

        Raises:
            RequestError: There is no base URL, or one is not valid, or a header or a field cannot be sent.
        """
        check_base_urls(settings.base_urls, _EXAMPLE)
        request_headers(settings.headers)
        _check_extra_body(settings.extra_body)

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        """Makes one completion; its token counts are those that the server reports.

        Raises:
            EngineError: The server cannot be reached, rejects the key, does not know the model, or refuses an option.
        """
        await self._read_contexts()
        path, body = self._request(prompt, sampling)
        trial: Trial | None = None
        for _ in range(_MOST_TRIALS):
            make_body = partial(self._negotiation.body, body=body, prompt=prompt, trial=trial)
            server = trial.server if trial else None
            outcome = await self._client.request(path, make_body, fault=fault_of, server=server)
            if isinstance(outcome, Failure):
                following = self._negotiation.after_refusal(outcome, body, prompt, trial)
                if following is None:
                    return failed(reason_of(outcome, trial))
            else:
                completion = _completion(outcome.response, prompt)
                counted = completion.tokens_in or 0
                following = self._negotiation.after_reply(outcome.server, counted, body, prompt, trial)
                if following is None:
                    return completion
            trial = following
        return failed(trial.before.reason if trial else "")

    async def _read_contexts(self) -> None:
        """Reads the context lengths that the servers state for the model, once."""
        if self._lookup is None:
            self._lookup = asyncio.ensure_future(self._look_up())
        await asyncio.shield(self._lookup)

    async def _look_up(self) -> None:
        replies = await self._client.find("/models")
        contexts = [None if reply is None else listed_context(reply, self._model) for reply in replies]
        self._negotiation.set_contexts(contexts)

    def _request(self, prompt: Prompt, sampling: Sampling) -> tuple[str, dict[str, Any]]:
        body: dict[str, Any] = {
            "model": self._model,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_tokens": sampling.max_tokens,
        }
        for name, neutral in _OPTIONAL_FIELDS.items():
            if (value := getattr(sampling, name)) != neutral:
                body[name] = list(value) if isinstance(value, tuple) else value
        if prompt.stop:
            body["stop"] = list(prompt.stop)
        if sampling.seed is not None:
            body["seed"] = sampling.seed
        if prompt.messages:
            messages = [dict(message) for message in prompt.messages]
            if prompt.transcript:  # how vLLM and SGLang continue an unfinished turn
                messages.append({"role": "assistant", "content": prompt.transcript})
                body |= {"continue_final_message": True, "add_generation_prompt": False}
            return "/chat/completions", body | _chat_fields(self._chat) | {"messages": messages} | self._extra_body
        return "/completions", body | {"prompt": prompt.text + prompt.transcript} | self._extra_body

    async def close(self) -> None:
        """Closes the connections."""
        if self._lookup is not None:
            self._lookup.cancel()
        await self._client.close()


def _check_extra_body(extra_body: Mapping[str, Any]) -> None:
    for name in extra_body:
        if option := OPTION_OF.get(name):
            raise RequestError(f"--extra-body {name}: this field is what {option} sets; use that option")
    if not isinstance(extra_body.get("stream", False), bool):
        raise RequestError("--extra-body stream: expected true or false")
    try:
        json.dumps(dict(extra_body), allow_nan=False)
        msgspec.json.encode(dict(extra_body))
    except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError) as error:
        raise RequestError(f"--extra-body: cannot be sent as JSON: {error}") from error


def _chat_fields(chat: ChatForm) -> dict[str, Any]:
    """The fields of a request that say how its messages become a prompt."""
    fields = {
        "chat_template": chat.template,
        "chat_template_kwargs": dict(chat.arguments),
        "reasoning_effort": chat.reasoning_effort,
    }
    return {name: value for name, value in fields.items() if value}


def _completion(reply: httpx.Response, prompt: Prompt) -> Completion:
    try:
        return read_completion(reply.json(), prompt.stop)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        return failed(f"the server's response is not a completion: {type(error).__name__}: {error}")
