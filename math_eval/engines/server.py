"""Any OpenAI-compatible server: completions for raw prompts, chat for messages; several URLs share the load."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

from math_eval.engines.base import EngineSettings, failed
from math_eval.engines.stops import cut_at_stop
from math_eval.engines.urls import check_url, shown
from math_eval.errors import EngineError, RequestError
from math_eval.records import Completion, Finish, Prompt, Sampling

if TYPE_CHECKING:
    import httpx

_TRIES = 6
_TIMEOUT_S = 3600.0
_CONNECT_S = 20.0
_RETRIED = frozenset({408, 409, 429, 500, 502, 503, 504})
_REFUSED = frozenset({401, 403, 404})


class ServerEngine:
    """Requests to one or more base URLs (ending in /v1), each to the one with the fewest open.

    The key is read from OPENAI_API_KEY and sent only as a header. Busy and failing answers are tried again with growing
    pauses; what still fails is a failed sample. EngineError where the server cannot be reached, refuses the key, or
    does not know the model.
    """

    settings_read = ("base_urls", "concurrency", "seeding")

    def __init__(self, model: str, settings: EngineSettings) -> None:
        import httpx

        if not settings.base_urls:
            raise RequestError("--engine server needs --base-url, for example http://127.0.0.1:8000/v1")
        for url in settings.base_urls:
            check_url(url)
        self._model = model
        self.concurrency = settings.concurrency or 256
        key = os.environ.get("OPENAI_API_KEY")
        limits = httpx.Limits(max_connections=self.concurrency, max_keepalive_connections=self.concurrency)
        self._clients = [
            httpx.AsyncClient(
                base_url=url.rstrip("/"),
                timeout=httpx.Timeout(_TIMEOUT_S, connect=_CONNECT_S),
                limits=limits,
                headers={"Authorization": f"Bearer {key}"} if key else {},
            )
            for url in settings.base_urls
        ]
        self._open = [0] * len(self._clients)

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        """One request, retried; the reply's own token counts are kept."""
        import httpx

        path, body = self._request(prompt, sampling)
        reason = ""
        for attempt in range(_TRIES):
            if attempt:
                await asyncio.sleep(min(0.5 * 2**attempt, 30.0))
            at = min(range(len(self._clients)), key=self._open.__getitem__)
            self._open[at] += 1
            try:
                reply = await self._clients[at].post(path, json=body)
            except httpx.ConnectError as error:
                if attempt == _TRIES - 1:
                    raise EngineError(f"{shown(self._clients[at].base_url)}: cannot be reached: {error}") from error
                continue
            except httpx.HTTPError as error:
                reason = f"{type(error).__name__}: {error}"
                continue
            finally:
                self._open[at] -= 1
            if reply.status_code == httpx.codes.OK:
                return _completion(reply, prompt)
            reason = f"the server answered {reply.status_code}: {reply.text[:300]}"
            if reply.status_code in _REFUSED:
                raise EngineError(f"{shown(self._clients[at].base_url)}: {reason}")
            if reply.status_code not in _RETRIED:
                break
        return failed(reason)

    def _request(self, prompt: Prompt, sampling: Sampling) -> tuple[str, dict[str, Any]]:
        body: dict[str, Any] = {
            "model": self._model,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_tokens": sampling.max_tokens,
        }
        if prompt.stop:
            body["stop"] = list(prompt.stop)
        if sampling.seed is not None:
            body["seed"] = sampling.seed
        if prompt.messages:
            messages = [dict(message) for message in prompt.messages]
            if prompt.transcript:  # vLLM's and SGLang's way of going on from an unfinished turn
                messages.append({"role": "assistant", "content": prompt.transcript})
                body |= {"continue_final_message": True, "add_generation_prompt": False}
            return "/chat/completions", body | {"messages": messages}
        if sampling.stop_token_ids:
            body["stop_token_ids"] = list(sampling.stop_token_ids)
        return "/completions", body | {"prompt": prompt.text + prompt.transcript}

    async def close(self) -> None:
        """Closes the connections."""
        for client in self._clients:
            await client.aclose()


def _completion(reply: httpx.Response, prompt: Prompt) -> Completion:
    try:
        content = reply.json()
        choice = content["choices"][0]
        text = choice["message"]["content"] if "message" in choice else choice["text"]
        usage = content.get("usage") or {}
        finish: Finish = "length" if choice.get("finish_reason") == "length" else "stop"
        cut, _ = cut_at_stop(str(text or ""), prompt.stop)
        counts = [max(int(usage.get(name) or 0), 0) for name in ("prompt_tokens", "completion_tokens")]
        return Completion(cut, finish, counts[0], counts[1])
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        return failed(f"the server's answer is not a completion: {type(error).__name__}: {error}")
