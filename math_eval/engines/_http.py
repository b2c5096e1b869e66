"""The HTTP client of whatever asks a server: several base URLs share the load, busy answers are tried again."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from math_eval.engines.urls import check_url, shown
from math_eval.errors import EngineError, RequestError

if TYPE_CHECKING:
    import httpx

_TRIES = 6
_TIMEOUT_S = 3600.0
_CONNECT_S = 20.0
_LONGEST_PAUSE_S = 30.0
_RETRIED = frozenset({408, 409, 429, 500, 502, 503, 504})
_REFUSED = frozenset({401, 403, 404, 405})

Hint = Callable[["httpx.Response"], str]
"""What may help against an answer that is an error, "" for nothing."""


def _no_hint(_reply: httpx.Response) -> str:
    return ""


class HttpClient:
    """Requests to one or more base URLs, each to the one with the fewest open.

    The key is read from OPENAI_API_KEY and sent only as a header. One event loop uses a client from its first request
    to close().
    """

    def __init__(self, base_urls: Sequence[str], concurrency: int, *, example: str) -> None:
        """Prepares the connections; nothing is sent yet.

        Args:
            base_urls: http or https, with or without a slash at the end.
            concurrency: The most connections to each base URL.
            example: A base URL for the message when none is given.

        Raises:
            RequestError: No base URL, or one that is not http(s) with a host.
        """
        import httpx

        if not base_urls:
            raise RequestError(f"--engine server needs --base-url, for example {example}")
        for url in base_urls:
            check_url(url)
        key = os.environ.get("OPENAI_API_KEY")
        limits = httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
        self._clients = [
            httpx.AsyncClient(
                base_url=url.rstrip("/"),
                timeout=httpx.Timeout(_TIMEOUT_S, connect=_CONNECT_S),
                limits=limits,
                headers={"Authorization": f"Bearer {key}"} if key else {},
            )
            for url in base_urls
        ]
        self._open = [0] * len(self._clients)

    async def post(self, path: str, body: dict[str, Any], hint: Hint = _no_hint) -> httpx.Response | str:
        """Posts JSON; busy and failing answers are tried again with growing pauses.

        Returns:
            The answer with status 200, or the reason why there is none.

        Raises:
            EngineError: The server cannot be reached, refuses the key, or does not know the path or the model.
        """
        import httpx

        reason = ""
        for attempt in range(_TRIES):
            if attempt:
                await asyncio.sleep(min(0.5 * 2**attempt, _LONGEST_PAUSE_S))
            at = min(range(len(self._clients)), key=self._open.__getitem__)
            self._open[at] += 1
            try:
                reply = await self._clients[at].post(path, json=body)
            except httpx.ConnectError as error:
                if attempt == _TRIES - 1:
                    raise self._unreachable(at, error) from error
                continue
            except httpx.HTTPError as error:
                reason = f"{type(error).__name__}: {error}"
                continue
            finally:
                self._open[at] -= 1
            if reply.status_code == httpx.codes.OK:
                return reply
            reason = f"the server answered {reply.status_code}: {reply.text[:300]}{hint(reply)}"
            if reply.status_code in _REFUSED:
                raise EngineError(f"{shown(self._clients[at].base_url)}: {reason}")
            if reply.status_code not in _RETRIED:
                break
        return reason or "the server could not be reached"

    async def get(self, path: str) -> list[httpx.Response]:
        """The answer of every base URL, whatever its status; EngineError where one cannot be reached."""
        import httpx

        replies = []
        for at, client in enumerate(self._clients):
            try:
                replies.append(await client.get(path))
            except httpx.TransportError as error:
                raise self._unreachable(at, error) from error
        return replies

    def _unreachable(self, at: int, error: Exception) -> EngineError:
        return EngineError(f"{shown(self._clients[at].base_url)}: cannot be reached: {error}")

    async def close(self) -> None:
        """Closes the connections."""
        for client in self._clients:
            await client.aclose()
