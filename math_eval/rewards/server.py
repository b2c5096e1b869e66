"""A vLLM server's pooling API (POST /pooling): token ids where a tokenizer is at hand, else the messages."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import as_completed
from typing import TYPE_CHECKING, Any

from math_eval.engines._http import HttpClient
from math_eval.engines.base import EngineSettings
from math_eval.rewards.base import Conversation, Scored, outcome, unscored
from math_eval.rewards.preset import RewardKind
from math_eval.rewards.rows import step_scores

if TYPE_CHECKING:
    import httpx

_CONCURRENCY = 64


class ServerRewardEngine:
    """Requests to one or more servers, each to the one with the fewest open; a base URL may end in /v1 or not.

    The key is read from OPENAI_API_KEY and sent only as a header. Busy and failing answers are tried again with growing
    pauses; what still fails is an error of the sample. EngineError where a server cannot be reached, refuses the key,
    or serves no such model or no pooling.
    """

    def __init__(self, model: str, settings: EngineSettings, kind: RewardKind) -> None:
        self._model = model
        self._kind = kind
        concurrency = settings.concurrency or _CONCURRENCY
        urls = [url.rstrip("/").removesuffix("/v1") for url in settings.base_urls]
        self._client = HttpClient(urls, concurrency, example="http://127.0.0.1:8000")
        self._slots = asyncio.Semaphore(concurrency)
        self._loop = asyncio.new_event_loop()  # of a thread, since the caller may be inside a loop already
        self._thread = threading.Thread(target=self._loop.run_forever, name="rewards", daemon=True)
        self._thread.start()
        try:
            self.context: int | None = settings.max_model_len or self._served_context()
        except BaseException:
            self.close()
            raise

    def _served_context(self) -> int | None:
        """The smallest context that the servers name for the model; None where none of them does."""
        lengths: list[int] = []
        for reply in asyncio.run_coroutine_threadsafe(self._client.get("/v1/models"), self._loop).result():
            try:
                served = [
                    model.get("max_model_len") for model in reply.json()["data"] if model.get("id") == self._model
                ]
            except (ValueError, KeyError, TypeError, AttributeError):
                continue  # it does not say; an over-long conversation is then refused by /pooling
            lengths += [length for length in served if isinstance(length, int) and length > 0]
        return min(lengths, default=None)

    def score(self, conversations: Sequence[Conversation]) -> Iterator[tuple[int, Scored]]:
        """Several requests at a time, in the order in which they are answered."""
        requests = {
            asyncio.run_coroutine_threadsafe(self._score(conversation), self._loop): at
            for at, conversation in enumerate(conversations)
        }
        try:
            for request in as_completed(requests):
                yield requests[request], request.result()
        finally:
            for request in requests:
                request.cancel()

    async def _score(self, conversation: Conversation) -> Scored:
        async with self._slots:
            reply = await self._client.post(
                "/pooling", self._body(conversation), lambda reply: _hint(reply, conversation)
            )
        if isinstance(reply, str):
            return unscored(reply, len(conversation.token_ids))
        return self._scored(reply, conversation)

    def _body(self, one: Conversation) -> dict[str, Any]:
        # probabilities of a process model's two classes; an outcome model's output as it is
        body: dict[str, Any] = {"model": self._model, "use_activation": self._kind == "process"}
        if one.token_ids:
            return body | {"input": list(one.token_ids)}
        messages = [dict(message) for message in one.messages]
        return body | {"messages": messages, "add_generation_prompt": False, "add_special_tokens": False}

    def _scored(self, reply: httpx.Response, one: Conversation) -> Scored:
        tokens = len(one.token_ids)
        try:
            content = reply.json()
            tokens = tokens or max(int((content.get("usage") or {}).get("prompt_tokens") or 0), 0)
            data = content["data"][0]["data"]
            if self._kind == "process":
                return step_scores([[float(value) for value in row] for row in data], one, tokens)
            last = data[-1]
            [value] = last if isinstance(last, list) else [last]
            return outcome(float(value), tokens)
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            return unscored(f"the server's answer is no reward: {type(error).__name__}: {error}", tokens)

    def close(self) -> None:
        """Closes the connections."""
        asyncio.run_coroutine_threadsafe(self._client.close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def _hint(reply: httpx.Response, one: Conversation) -> str:
    if reply.status_code == 405 or (reply.status_code == 404 and "model" not in reply.text):
        return " (expected a vLLM server with --runner pooling)"
    if reply.status_code == 400 and not one.token_ids and "context length" in reply.text:
        return " (with --tokenizer it could be cut)"
    return ""
