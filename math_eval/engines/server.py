"""The engine for OpenAI-compatible servers: completions for raw prompts, chat completions for messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from math_eval.engines._http import HttpClient
from math_eval.engines.base import EngineSettings, failed
from math_eval.engines.reply import read_completion
from math_eval.records import ChatForm, Completion, Prompt, Sampling

if TYPE_CHECKING:
    import httpx

_CONCURRENCY = 256

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
    growing pauses; a request that still fails is a failed sample.

    Attributes:
        concurrency: Calls to keep open; 256 by default.
    """

    settings_read = ("base_urls", "concurrency", "seeding", "extra_body", "headers")

    def __init__(self, model: str, settings: EngineSettings) -> None:
        """Prepares the connections without sending anything.

        Args:
            model: The server's name for the model.
            settings: The base URLs (ending in /v1) and the concurrency.

        Raises:
            RequestError: There is no base URL, or one is not valid.
        """
        self._model = model
        self._chat = settings.chat
        self._extra_body = dict(settings.extra_body)
        self.concurrency = settings.concurrency or _CONCURRENCY
        self._client = HttpClient(settings.base_urls, self.concurrency, example="http://127.0.0.1:8000/v1")

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        """Makes one completion; its token counts are those that the server reports.

        Raises:
            EngineError: The server cannot be reached, rejects the key, or does not know the model.
        """
        reply = await self._client.post(*self._request(prompt, sampling))
        return failed(reply) if isinstance(reply, str) else _completion(reply, prompt)

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
        await self._client.close()


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
