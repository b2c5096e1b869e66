"""The HTTP client of engines that use a server. Several base URLs share the load, and busy servers are tried again."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from math_eval.engines.urls import check_url, display_url
from math_eval.errors import EngineError, RequestError

if TYPE_CHECKING:
    import httpx

_TRIES = 6
_TIMEOUT_S = 3600.0
_CONNECT_S = 20.0
_LONGEST_PAUSE_S = 30.0
_RETRIED_STATUS = frozenset({408, 409, 429, 500, 502, 503, 504})
_FATAL_STATUS = frozenset({401, 403, 404, 405})

Hint = Callable[["httpx.Response"], str]
"""Gives advice about an error response, "" if there is none."""


def _no_hint(_reply: httpx.Response) -> str:
    return ""


class HttpClient:
    """Sends requests to one or more base URLs, each request to the URL with the fewest open ones.

    The API key is read from OPENAI_API_KEY and sent only as a header. A client must be used in a single event loop,
    from its first request until `close`.
    """

    def __init__(self, base_urls: Sequence[str], concurrency: int, *, example: str) -> None:
        """Prepares the connections without sending anything.

        Args:
            base_urls: URLs with http or https, with or without a slash at the end.
            concurrency: The largest number of connections to each base URL.
            example: An example of a base URL, for the message if there is none.

        Raises:
            RequestError: There is no base URL, or one is not an http(s) URL with a host.
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
        """Posts JSON. Busy or failing servers are tried again with growing pauses, 6 times in all.

        Args:
            path: The path behind the base URL.
            body: The JSON object to send.
            hint: Gives advice about an error response, which is added to the reason.

        Returns:
            The response with status 200, or the reason why there is none.

        Raises:
            EngineError: The server cannot be reached, rejects the key, or does not know the path or the model.
        """
        import httpx

        reason = ""
        for attempt in range(_TRIES):
            if attempt:
                await asyncio.sleep(min(0.5 * 2**attempt, _LONGEST_PAUSE_S))
            index = min(range(len(self._clients)), key=self._open.__getitem__)
            self._open[index] += 1
            try:
                reply = await self._clients[index].post(path, json=body)
            except httpx.ConnectError as error:
                if attempt == _TRIES - 1:
                    raise self._unreachable(index, error) from error
                continue
            except httpx.HTTPError as error:
                reason = f"{type(error).__name__}: {error}"
                continue
            finally:
                self._open[index] -= 1
            if reply.status_code == httpx.codes.OK:
                return reply
            reason = f"the server answered {reply.status_code}: {reply.text[:300]}{hint(reply)}"
            if reply.status_code in _FATAL_STATUS:
                raise EngineError(f"{display_url(self._clients[index].base_url)}: {reason}")
            if reply.status_code not in _RETRIED_STATUS:
                break
        return reason or "the server could not be reached"

    async def get(self, path: str) -> list[httpx.Response]:
        """Gets a path from every base URL.

        Returns:
            The responses in the order of the base URLs, whatever their status.

        Raises:
            EngineError: A server cannot be reached.
        """
        import httpx

        replies = []
        for index, client in enumerate(self._clients):
            try:
                replies.append(await client.get(path))
            except httpx.TransportError as error:
                raise self._unreachable(index, error) from error
        return replies

    def _unreachable(self, index: int, error: Exception) -> EngineError:
        return EngineError(f"{display_url(self._clients[index].base_url)}: cannot be reached: {error}")

    async def close(self) -> None:
        """Closes all connections."""
        for client in self._clients:
            await client.aclose()
