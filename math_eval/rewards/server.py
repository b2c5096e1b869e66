"""A vLLM server's pooling API (POST /pooling): it gets token ids where there is a tokenizer, otherwise messages."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import as_completed
from typing import TYPE_CHECKING, Any

from math_eval.engines._http import HttpClient, listed_context
from math_eval.engines.base import EngineSettings
from math_eval.rewards.base import Conversation, RewardScore, failed_score, outcome_score
from math_eval.rewards.preset import RewardKind
from math_eval.rewards.rows import step_scores

if TYPE_CHECKING:
    import httpx

_CONCURRENCY = 64


class ServerRewardEngine:
    """A reward model on one or more servers; each request goes to the server with the fewest open requests.

    The key is read from OPENAI_API_KEY and only sent as a header. A request that fails or meets a busy server is sent
    again after growing pauses; when it still fails, the conversation gets an error.

    Args:
        model: The model's name on the servers.
        settings: `base_urls` (with or without /v1 at the end), `concurrency` (64 by default), `max_model_len`,
            `request_timeout`.
        kind: Whether the model scores responses or steps.

    Raises:
        EngineError: A server cannot be reached, refuses the key, does not serve the model, or does not offer pooling.
    """

    def __init__(self, model: str, settings: EngineSettings, kind: RewardKind) -> None:
        self._model = model
        self._kind = kind
        concurrency = settings.concurrency or _CONCURRENCY
        urls = [url.rstrip("/").removesuffix("/v1") for url in settings.base_urls]
        self._client = HttpClient(
            urls, concurrency, example="http://127.0.0.1:8000", timeout_s=settings.request_timeout
        )
        self._slots = asyncio.Semaphore(concurrency)
        self._loop = asyncio.new_event_loop()  # runs in a thread, since the caller may already be inside a loop
        self._thread = threading.Thread(target=self._loop.run_forever, name="rewards", daemon=True)
        self._thread.start()
        try:
            self.context: int | None = settings.max_model_len or self._server_context()
        except BaseException:
            self.close()
            raise

    def _server_context(self) -> int | None:
        """The smallest context that the servers report for the model; None where none of them reports one."""
        # where a server reports none, it refuses a conversation that is too long
        replies = asyncio.run_coroutine_threadsafe(self._client.get("/v1/models"), self._loop).result()
        lengths = [listed_context(reply, self._model) for reply in replies]
        return min((length for length in lengths if length is not None), default=None)

    def score(self, conversations: Sequence[Conversation]) -> Iterator[tuple[int, RewardScore]]:
        """Sends several requests at a time and yields their scores in the order of the replies."""
        requests = {
            asyncio.run_coroutine_threadsafe(self._score(conversation), self._loop): position
            for position, conversation in enumerate(conversations)
        }
        try:
            for request in as_completed(requests):
                yield requests[request], request.result()
        finally:
            for request in requests:
                request.cancel()

    async def _score(self, conversation: Conversation) -> RewardScore:
        async with self._slots:
            reply = await self._client.post(
                "/pooling", self._body(conversation), lambda reply: _hint(reply, conversation)
            )
        if isinstance(reply, str):
            return failed_score(reply, len(conversation.token_ids))
        return self._read(reply, conversation)

    def _body(self, conversation: Conversation) -> dict[str, Any]:
        # a process model's two outputs become probabilities, an outcome model's output stays as it is
        body: dict[str, Any] = {"model": self._model, "use_activation": self._kind == "process"}
        if conversation.token_ids:
            return body | {"input": list(conversation.token_ids)}
        messages = [dict(message) for message in conversation.messages]
        return body | {"messages": messages, "add_generation_prompt": False, "add_special_tokens": False}

    def _read(self, reply: httpx.Response, conversation: Conversation) -> RewardScore:
        tokens = len(conversation.token_ids)
        try:
            content = reply.json()
            tokens = tokens or max(int((content.get("usage") or {}).get("prompt_tokens") or 0), 0)
            data = content["data"][0]["data"]
            if self._kind == "process":
                return step_scores([[float(value) for value in row] for row in data], conversation, tokens)
            last = data[-1]
            [value] = last if isinstance(last, list) else [last]
            return outcome_score(float(value), tokens)
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            return failed_score(f"the server's reply is not a reward: {type(error).__name__}: {error}", tokens)

    def close(self) -> None:
        """Closes the connections."""
        asyncio.run_coroutine_threadsafe(self._client.close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def _hint(reply: httpx.Response, conversation: Conversation) -> str:
    if reply.status_code == 405 or (reply.status_code == 404 and "model" not in reply.text):
        return " (expected a vLLM server with --runner pooling)"
    if reply.status_code == 400 and not conversation.token_ids and "context length" in reply.text:
        return " (with --tokenizer it could be shortened)"
    return ""
