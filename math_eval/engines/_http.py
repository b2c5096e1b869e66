"""The HTTP client of engines that use a server. Several base URLs share the load, and busy servers are tried again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from math_eval.engines.event_stream import MAX_REPLY_BYTES, ReplyTooLarge, read_reply
from math_eval.engines.headers import Secrets, request_headers
from math_eval.engines.server_words import Words, words_of
from math_eval.engines.urls import check_url, display_url
from math_eval.errors import EngineError, RequestError

if TYPE_CHECKING:
    import httpx

TIMEOUT_S = 3600.0
_TRIES = 6
_TRIES_OF_TIMEOUTS = 2
_CONNECT_S = 20.0
_LOOKUP_S = 20.0
_LONGEST_PAUSE_S = 30.0
_RETRIED_STATUS = frozenset({408, 409, 429, 500, 502, 503, 504})
_FATAL_STATUS = frozenset({401, 403, 404, 405})
_SHOWN_CHARS = 300

Hint = Callable[["httpx.Response"], str]
"""Gives advice about an error response, "" if there is none."""

Fault = Callable[[str], Words | None]
"""Says what is wrong with the text of a response that has status 200; None if nothing is."""

MakeBody = Callable[[int], dict[str, Any]]
"""Makes the body of a request for the base URL with this index."""


def _no_hint(_reply: httpx.Response) -> str:
    return ""


def _no_fault(_text: str) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Reply:
    """A response with status 200.

    Attributes:
        response: The response, with its content.
        server: The index of the base URL that gave it.
    """

    response: httpx.Response
    server: int


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no response.

    Attributes:
        reason: One text for the user, without secrets.
        server: The index of the base URL that was asked last.
        status: The status of a request that the server refused for good; 0 for any other failure.
        words: The server's own words about such a request. They may show secrets.
    """

    reason: str
    server: int = 0
    status: int = 0
    words: Words = field(default_factory=Words)


class HttpClient:
    """Sends requests to one or more base URLs, each request to the URL with the fewest open ones.

    The API key is read from OPENAI_API_KEY and sent only as a header. A client must be used in a single event loop,
    from its first request until `close`.
    """

    def __init__(
        self,
        base_urls: Sequence[str],
        concurrency: int,
        *,
        example: str,
        headers: Sequence[str] = (),
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """Prepares the connections without sending anything.

        Args:
            base_urls: URLs with http or https, with or without a slash at the end.
            concurrency: The largest number of connections to each base URL.
            example: An example of a base URL, for the message if there is none.
            headers: Headers of each request as NAME=VARIABLE of the environment.
            timeout_s: Seconds that a request may take, from its beginning to the end of the response.

        Raises:
            RequestError: There is no base URL, or one is not an http(s) URL with a host, or a header cannot be sent.
        """
        import httpx

        check_base_urls(base_urls, example)
        values = request_headers(headers)
        self._secrets = Secrets(values.values(), base_urls)
        self._timeout_s = timeout_s
        limits = httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
        self._clients = [
            httpx.AsyncClient(
                base_url=url.rstrip("/"),
                timeout=httpx.Timeout(timeout_s, connect=min(_CONNECT_S, timeout_s)),
                limits=limits,
                headers=[(name.encode(), value.encode("latin-1")) for name, value in values.items()],
            )
            for url in base_urls
        ]
        self._open = [0] * len(self._clients)

    async def post(self, path: str, body: dict[str, Any], hint: Hint = _no_hint) -> httpx.Response | str:
        """Posts JSON, as `request` does.

        Args:
            path: The path behind the base URL.
            body: The JSON object to send.
            hint: Gives advice about an error response, which is added to the reason.

        Returns:
            The response with status 200, or the reason why there is none.

        Raises:
            EngineError: The server cannot be reached, rejects the key, or does not know the path or the model.
        """
        outcome = await self.request(path, lambda _: body, hint=hint)
        return outcome.reason if isinstance(outcome, Failure) else outcome.response

    async def request(
        self, path: str, body: MakeBody, *, hint: Hint = _no_hint, fault: Fault = _no_fault, server: int | None = None
    ) -> Reply | Failure:
        """Posts JSON. Busy or failing servers are tried again with growing pauses, 6 times in all.

        A request that takes too long is tried twice, and one whose response is too large only once.

        Args:
            path: The path behind the base URL.
            body: Makes the JSON object to send.
            hint: Gives advice about an error response, which is added to the reason.
            fault: Finds what is wrong with a response that has status 200, which is then tried again.
            server: The index of the base URL to ask; by default the one with the fewest open requests.

        Raises:
            EngineError: The server cannot be reached, rejects the key, or does not know the path or the model.
        """
        import httpx

        failure = Failure("the server could not be reached")
        timeouts = 0
        for attempt in range(_TRIES):
            if attempt:
                await asyncio.sleep(min(0.5 * 2**attempt, _LONGEST_PAUSE_S))
            index = self._least_busy() if server is None else server
            try:
                reply = await self._exchange(index, path, body(index))
            except httpx.ConnectError as error:
                if attempt == _TRIES - 1:
                    raise self._unreachable(index, error) from error
                continue
            except httpx.HTTPError as error:
                failure = Failure(f"{type(error).__name__}: {self.hide(str(error))}", index)
                continue
            except TimeoutError:
                failure = Failure(f"no whole response within {self._timeout_s:g} s (--request-timeout)", index)
                timeouts += 1
                if timeouts == _TRIES_OF_TIMEOUTS:
                    break
                continue
            except ReplyTooLarge:
                return Failure(f"the response is larger than {MAX_REPLY_BYTES >> 20} MiB", index)
            outcome, final = self._judge(reply, index, hint, fault)
            if final or isinstance(outcome, Reply):
                return outcome
            failure = outcome
        return failure

    def _least_busy(self) -> int:
        return min(range(len(self._clients)), key=self._open.__getitem__)

    async def _exchange(self, index: int, path: str, body: dict[str, Any]) -> httpx.Response:
        """One request and the whole of its response."""
        self._open[index] += 1
        try:
            async with asyncio.timeout(self._timeout_s), self._clients[index].stream("POST", path, json=body) as reply:
                return await read_reply(reply, streamed=body.get("stream") is True, hide=self._secrets.hide_in_content)
        finally:
            self._open[index] -= 1

    def _judge(self, reply: httpx.Response, index: int, hint: Hint, fault: Fault) -> tuple[Reply | Failure, bool]:
        """What a response amounts to, and whether another try would be in vain."""
        text = reply.content.decode("utf-8-sig", errors="replace")
        if reply.status_code == 200:
            words = fault(text)
            if words is None:
                return Reply(reply, index), True
            status, reason = words.status, self._shown(words)
        else:
            words, status = words_of(text), reply.status_code
            reason = f"the server answered {status}: {self._shown(words)}{hint(reply)}"
            if status in _FATAL_STATUS:
                raise EngineError(f"{self.name(index)}: {reason}")
        if status in _RETRIED_STATUS or (reply.status_code == 200 and not 400 <= status < 500):
            return Failure(reason, index), False
        return Failure(reason, index, status, words), True

    def _shown(self, words: Words) -> str:
        return self.hide(words.message)[:_SHOWN_CHARS]

    async def find(self, path: str) -> list[httpx.Response | None]:
        """Gets a path from every base URL, for what is good to know but not needed.

        Returns:
            The responses in the order of the base URLs; None where there is none with status 200 within 20 seconds.
        """
        return await asyncio.gather(*(self._find(client, path) for client in self._clients))

    async def _find(self, client: httpx.AsyncClient, path: str) -> httpx.Response | None:
        import httpx

        try:
            limit = min(_LOOKUP_S, self._timeout_s)
            async with asyncio.timeout(limit), client.stream("GET", path) as reply:
                response = await read_reply(reply, streamed=False)
        except (httpx.HTTPError, TimeoutError, ReplyTooLarge):
            return None
        return response if response.status_code == httpx.codes.OK else None

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

    def hide(self, text: str) -> str:
        """Replaces the values of headers and passwords in a server's words by ***."""
        return self._secrets.hide(text)

    def name(self, index: int) -> str:
        """Returns the scheme, host and port of a base URL."""
        return display_url(self._clients[index].base_url)

    def _unreachable(self, index: int, error: Exception) -> EngineError:
        return EngineError(f"{self.name(index)}: cannot be reached: {self.hide(str(error))}")

    async def close(self) -> None:
        """Closes all connections."""
        for client in self._clients:
            await client.aclose()


def check_base_urls(base_urls: Sequence[str], example: str) -> None:
    """Checks that there are base URLs, each an http(s) URL with a host.

    Args:
        base_urls: The URLs.
        example: An example of a base URL, for the message if there is none.

    Raises:
        RequestError: There is none, or one is not valid.
    """
    if not base_urls:
        raise RequestError(f"--engine server needs --base-url, for example {example}")
    for url in base_urls:
        check_url(url)


def listed_context(reply: httpx.Response, model: str) -> int | None:
    """Returns the context length that a server's list of models states for a model; None where it states none."""
    try:
        contexts = [entry.get("max_model_len") for entry in reply.json()["data"] if entry.get("id") == model]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    lengths = [length for length in contexts if type(length) is int and length > 0]
    return min(lengths, default=None)
