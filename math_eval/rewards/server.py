"""A vLLM server's pooling API (POST /pooling): token ids where a tokenizer is at hand, else the messages."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING, Any

from math_eval.engines.base import EngineSettings
from math_eval.engines.urls import check_url, shown
from math_eval.errors import EngineError, RequestError
from math_eval.rewards.base import Conversation, Scored, outcome, unscored
from math_eval.rewards.preset import RewardKind
from math_eval.rewards.rows import step_scores

if TYPE_CHECKING:
    import httpx

_TRIES = 6
_TIMEOUT_S = 3600.0
_CONNECT_S = 20.0
_CONCURRENCY = 64
_RETRIED = frozenset({408, 409, 429, 500, 502, 503, 504})
_REFUSED = frozenset({401, 403, 404, 405})


class ServerRewardEngine:
    """Requests to one or more servers, each to the one with the fewest open; a base URL may end in /v1 or not.

    The key is read from OPENAI_API_KEY and sent only as a header. Busy and failing answers are tried again with growing
    pauses; what still fails is an error of the sample. EngineError where a server cannot be reached, refuses the key,
    or serves no such model or no pooling.
    """

    def __init__(self, model: str, settings: EngineSettings, kind: RewardKind) -> None:
        import httpx

        if not settings.base_urls:
            raise RequestError("--engine server needs --base-url, for example http://127.0.0.1:8000")
        for url in settings.base_urls:
            check_url(url)
        self._model = model
        self._kind = kind
        self._workers = settings.concurrency or _CONCURRENCY
        key = os.environ.get("OPENAI_API_KEY")
        self._clients = [
            httpx.Client(
                base_url=url.rstrip("/").removesuffix("/v1"),
                timeout=httpx.Timeout(_TIMEOUT_S, connect=_CONNECT_S),
                limits=httpx.Limits(max_connections=self._workers, max_keepalive_connections=self._workers),
                headers={"Authorization": f"Bearer {key}"} if key else {},
            )
            for url in settings.base_urls
        ]
        self._open = [0] * len(self._clients)
        self._choosing = threading.Lock()
        self._stopping = threading.Event()
        self.context: int | None = settings.max_model_len or self._served_context()

    def _served_context(self) -> int | None:
        """The smallest context that the servers name for the model; None where none of them does."""
        import httpx

        found: list[int] = []
        for client in self._clients:
            try:
                models = client.get("/v1/models").json()["data"]
                known = [one.get("max_model_len") for one in models if one.get("id") == self._model]
            except httpx.TransportError as error:
                raise EngineError(f"{shown(client.base_url)}: cannot be reached: {error}") from error
            except (ValueError, KeyError, TypeError, AttributeError):
                continue  # it does not say; an over-long conversation is then refused by /pooling
            found += [length for length in known if isinstance(length, int) and length > 0]
        return min(found, default=None)

    def score(self, conversations: Sequence[Conversation]) -> Iterator[tuple[int, Scored]]:
        """Several requests at a time, in the order in which they are answered."""
        pool = ThreadPoolExecutor(self._workers, thread_name_prefix="rewards")
        try:
            asked = {pool.submit(self._one, one): at for at, one in enumerate(conversations)}
            for done in as_completed(asked):
                yield asked[done], done.result()
        except BaseException:
            self._stopping.set()
            raise
        finally:
            pool.shutdown(cancel_futures=True)

    def _one(self, one: Conversation) -> Scored:
        import httpx

        body = self._body(one)
        reason = ""
        for attempt in range(_TRIES):
            if attempt and self._stopping.wait(min(0.5 * 2**attempt, 30.0)):
                break
            with self._choosing:
                at = min(range(len(self._clients)), key=self._open.__getitem__)
                self._open[at] += 1
            try:
                reply = self._clients[at].post("/pooling", json=body)
            except httpx.ConnectError as error:
                if attempt == _TRIES - 1:
                    raise EngineError(f"{shown(self._clients[at].base_url)}: cannot be reached: {error}") from error
                continue
            except httpx.HTTPError as error:
                reason = f"{type(error).__name__}: {error}"
                continue
            finally:
                with self._choosing:
                    self._open[at] -= 1
            if reply.status_code == httpx.codes.OK:
                return self._scored(reply, one)
            reason = f"the server answered {reply.status_code}: {reply.text[:300]}{_hint(reply, one)}"
            if reply.status_code in _REFUSED:
                raise EngineError(f"{shown(self._clients[at].base_url)}: {reason}")
            if reply.status_code not in _RETRIED:
                break
        return unscored(reason or "stopped", len(one.token_ids))

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
        for client in self._clients:
            client.close()


def _hint(reply: httpx.Response, one: Conversation) -> str:
    if reply.status_code == 405 or (reply.status_code == 404 and "model" not in reply.text):
        return " (expected a vLLM server with --runner pooling)"
    if reply.status_code == 400 and not one.token_ids and "context length" in reply.text:
        return " (with --tokenizer it could be cut)"
    return ""
