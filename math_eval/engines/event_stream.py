"""Reads the reply to a request: whole, or as server-sent events that become one completion. Its size is bounded."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

MAX_REPLY_BYTES = 64 * 2**20


class ReplyTooLarge(Exception):  # noqa: N818  a state of the reply, caught where it is read
    """The reply is larger than MAX_REPLY_BYTES."""


async def read_reply(
    reply: httpx.Response, *, streamed: bool, hide: Callable[[bytes], bytes] = bytes
) -> httpx.Response:
    """Reads an open reply to its end.

    Args:
        reply: The reply, whose head has been read.
        streamed: Whether the request asked for server-sent events.
        hide: Removes secrets from the content.

    Returns:
        A closed reply with the content; that of server-sent events is the completion that they add up to.

    Raises:
        ReplyTooLarge: The content is too large.
    """
    import httpx

    kind = reply.headers.get("content-type", "")
    if reply.status_code == httpx.codes.OK and _has_events(kind, streamed=streamed):
        completion = json.dumps(await read_events(reply.aiter_bytes()))  # escapes join characters that events split
        return httpx.Response(reply.status_code, content=hide(completion.encode()), request=reply.request)
    parts, size = [], 0
    async for part in reply.aiter_bytes():
        size += len(part)
        if size > MAX_REPLY_BYTES:
            raise ReplyTooLarge
        parts.append(part)
    headers = {"content-type": kind} if kind else {}
    return httpx.Response(reply.status_code, headers=headers, content=hide(b"".join(parts)), request=reply.request)


def _has_events(kind: str, *, streamed: bool) -> bool:
    kind = kind.lower()
    return "event-stream" in kind or (streamed and "json" not in kind and "html" not in kind)


async def read_events(parts: AsyncIterator[bytes]) -> dict[str, Any]:
    """Adds up server-sent events to the completion that a server without streaming would have sent.

    Returns:
        The completion; an object with `error` where an event has one, where the events end early, or where there are
        none.

    Raises:
        ReplyTooLarge: The text of the completion, or one event, is too large.
    """
    completion = StreamedCompletion()
    async for data in _event_data(parts):
        if data == b"[DONE]":
            completion.ended = True
        elif data:
            completion.add(data)
        if completion.ended:
            break
    return completion.content()


async def _event_data(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The data of each event. An event ends with an empty line, and each of its data lines begins with data:."""
    data: list[bytes] = []
    size = 0
    async for line in _lines(parts):
        if not line:
            if data:
                yield b"\n".join(data).strip()
            data, size = [], 0
        elif line.startswith(b"data:"):
            data.append(line[5:].removeprefix(b" "))
            size += len(line)
            if size > MAX_REPLY_BYTES:
                raise ReplyTooLarge
    if data:
        yield b"\n".join(data).strip()


async def _lines(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    r"""The lines of a stream, which end with \n, \r\n or \r."""
    pending: list[bytes] = []
    size = 0
    async for new_part in parts:
        # the \n of a \r at the end of a part may be in the next one
        part = pending.pop() + new_part if pending and pending[-1].endswith(b"\r") else new_part
        if not part.endswith(b"\r") and b"\n" not in part and b"\r" not in part:
            pending.append(part)
            size += len(part)
            if size > MAX_REPLY_BYTES:
                raise ReplyTooLarge
            continue
        held = b"\r" if part.endswith(b"\r") else b""
        text = part[: len(part) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        lines = b"".join([*pending, text]).split(b"\n")
        for line in lines[:-1]:
            yield line
        pending = [lines[-1] + held]
        size = len(pending[0])
    for line in b"".join(pending).removesuffix(b"\r").split(b"\n"):
        yield line


class StreamedCompletion:
    """The completion that events add up to.

    Attributes:
        ended: Whether no further event is wanted.
    """

    def __init__(self) -> None:
        self.ended = False
        self._events = 0
        self._size = 0
        self._choice: dict[str, Any] = {}
        self._texts: dict[str, list[str]] = {}
        self._lists: dict[str, list[Any]] = {}
        self._in_message = False
        self._usage: Any = None
        self._error: Any = None

    def add(self, data: bytes) -> None:
        """Adds one event.

        Raises:
            ReplyTooLarge: The text of the completion is too large.
        """
        try:
            event = json.loads(data)
        except (ValueError, RecursionError):
            text = data[:300].decode(errors="replace")
            self._fail(f"an event of the server's stream is not JSON: {text}")
            return
        if not isinstance(event, dict):
            return
        self._events += 1
        if event.get("error") or event.get("object") == "error":
            self._fail(event.get("error") or event)
            return
        self._usage = event.get("usage") or self._usage
        choices = event.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict) and choice.get("index") in {None, 0}:
                self._add_choice(choice)

    def _fail(self, error: Any) -> None:
        self._error, self.ended = error, True

    def _add_choice(self, choice: dict[str, Any]) -> None:
        for key, value in choice.items():
            if key == "text":
                self._add_value(key, value)
            elif key not in {"delta", "message", "logprobs", "index"} and value is not None:
                self._choice[key] = value
        whole = choice.get("message") if not self._texts and not self._lists else None
        delta = choice.get("delta") or whole
        if isinstance(delta, dict):
            self._in_message = True
            for key, value in delta.items():
                if key != "role":
                    self._add_value(key, value)

    def _add_value(self, key: str, value: Any) -> None:
        if isinstance(value, str):
            self._size += len(value)
            if key in self._lists:
                self._lists[key].append({"type": "text", "text": value})
            else:
                self._texts.setdefault(key, []).append(value)
        elif isinstance(value, list):
            self._size += len(str(value))
            earlier = [{"type": "text", "text": text} for text in self._texts.pop(key, ()) if text]
            self._lists.setdefault(key, earlier).extend(value)
        if self._size > MAX_REPLY_BYTES:
            raise ReplyTooLarge

    def content(self) -> dict[str, Any]:
        """Returns the completion, or an object with `error`."""
        if self._error is not None:
            return {"error": self._error}
        if not self._events:
            return {"error": "the server's stream has no events"}
        if not self.ended and not self._choice.get("finish_reason"):
            return {"error": "the server's stream ended before the completion did"}
        values: dict[str, Any] = {key: "".join(texts) for key, texts in self._texts.items()} | self._lists
        if self._in_message or "text" not in values:
            text = {"text": values.pop("text")} if "text" in values else {}
            values = {"message": {"role": "assistant", "content": None} | values} | text
        return {"choices": [{"index": 0} | values | self._choice], "usage": self._usage}
