"""Reads the reply of an OpenAI-compatible server: text, thought, token counts, and why the completion ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from math_eval.engines.base import failed
from math_eval.engines.stops import cut_at_stop
from math_eval.records import FAILED, Completion, Finish

_THOUGHT_FIELDS = ("reasoning_content", "reasoning", "thinking")
"""Fields of a message that hold its thought, by the servers that have one."""

_INSTEAD = {*_THOUGHT_FIELDS, "refusal", "tool_calls"}
"""Fields of a message that may stand in place of its content."""

_FINISHES: Mapping[str, Finish] = {
    "length": "length",
    "max_tokens": "length",
    "content_filter": "filtered",
    "safety": "filtered",
    "recitation": "filtered",
    "blocklist": "filtered",
    "prohibited_content": "filtered",
    "refusal": "refused",
    "abort": "abort",
    "cancelled": "abort",
    "error": "error",
}
"""Finish reasons of servers, in lower case; every other one is a stop."""


def read_completion(content: Any, stop: Sequence[str]) -> Completion:
    """Makes the completion of a server's reply.

    Args:
        content: The reply, decoded.
        stop: The strings that end the completion and are cut off.

    Raises:
        KeyError: The reply is not a completion; so do the exceptions below.
        IndexError: As above.
        TypeError: As above.
        AttributeError: As above.
    """
    choice = content["choices"][0]
    source, field = (choice["message"], "content") if "message" in choice else (choice, "text")
    parts = source.get(field) if source.keys() & _INSTEAD else source[field]
    text, _ = cut_at_stop("".join(_texts(parts, "text")), stop)
    thoughts = ["".join(_texts(source.get(name), "text")) for name in _THOUGHT_FIELDS]
    thought = next(filter(None, thoughts), "") or "".join(_texts(parts, "thinking"))
    refusal = "".join(_texts(source.get("refusal"), "text")) or "".join(_texts(parts, "refusal"))
    usage = content.get("usage") or {}
    tokens_thought = _count((usage.get("completion_tokens_details") or {}).get("reasoning_tokens"))
    if tokens_thought is None:
        tokens_thought = _count(usage.get("reasoning_tokens"))
    tokens_in, tokens_out = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    finish = finish_of(choice.get("finish_reason"))
    if refusal and finish == "stop":
        finish = "refused"
    if finish in FAILED:
        return failed(f"the server ended the request: {choice['finish_reason']}", tokens_in, finish)
    return Completion(
        text,
        finish,
        tokens_in,
        tokens_out,
        error=refusal,
        thought=thought if thought or tokens_thought else None,
        tokens_thought=tokens_thought,
    )


def finish_of(reason: Any) -> Finish:
    """Returns why a completion ended by the finish reason of a server, or of another harness's file.

    Example:
        >>> finish_of("content_filter"), finish_of("MAX_TOKENS"), finish_of("eos")
        ('filtered', 'length', 'stop')
    """
    return _FINISHES.get(str(reason or "").lower(), "stop")


def _texts(value: Any, kind: str) -> Iterator[str]:
    """The texts of one kind in a content, which is a text, or a list of parts: text, thinking, refusal."""
    if isinstance(value, str):
        if kind == "text":
            yield value
        return
    for part in value if isinstance(value, list) else ():
        if isinstance(part, str):
            yield from _texts(part, kind)
        elif kind == "thinking" and part.get("type") in {"thinking", "reasoning"}:
            yield from _texts(part.get("thinking") or part.get("reasoning") or part.get("text"), "text")
        elif part.get("type", "text") in {kind, f"output_{kind}"}:
            yield str(part.get(kind) or "")


def _count(value: Any) -> int | None:
    """A number of tokens; None where the server gives none."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
