"""What a server's reply says: the text of its error, and whether a reply with status 200 is a completion."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_READ_CHARS = 20_000
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<(style|script)\b.*?</\1>|<[^>]*>", re.IGNORECASE | re.DOTALL)
_KEYS = ("error", "errors", "detail", "message", "msg")


@dataclass(frozen=True, slots=True)
class Words:
    """A server's own words about a request that it did not carry out.

    Attributes:
        message: The text.
        param: The field of the request that is at fault; "" where the server does not say.
        status: The status that the words themselves state; 0 for none.
    """

    message: str = ""
    param: str = ""
    status: int = 0


def words_of(text: str) -> Words:
    """Reads the text of an error reply, whatever its form."""
    content = _json(text.strip().removeprefix("data:"))
    found = None if content is None else _error_words(content)
    return found or Words(_plain(text))


def fault_of(text: str) -> Words | None:
    """Returns why the text of a reply with status 200 is not a completion; None if it may be one."""
    content = _json(text)
    if content is None:
        whole = "" if text.lstrip()[:1] == "<" else "not JSON, or not all of it: "
        return Words(f"the server's response is not a completion: {whole}{_plain(text)}")
    choices = content.get("choices") if isinstance(content, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    owners = (owner for owner in (content, choice) if isinstance(owner, dict) and owner.get("error"))
    for owner in owners:
        words = _error_words({"error": owner["error"]}) or Words(_short(owner["error"]))
        return Words(f"the server answered 200 with an error: {words.message}", words.param, words.status)
    if not isinstance(choice, dict):
        return Words(f"the server's response is not a completion: it has no choices: {text[:_READ_CHARS]}")
    return None


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _error_words(content: Any) -> Words | None:
    if isinstance(content, list):
        content = content[0] if content else None
    if not isinstance(content, dict):
        return None
    error = next((content[key] for key in _KEYS if content.get(key)), None)
    if isinstance(error, dict):
        return _of_object(error)
    if isinstance(error, list):
        return _of_list(error)
    if isinstance(error, str):
        return Words(error[:_READ_CHARS], _text(content.get("param")), _status(content))
    return None


def _of_object(error: Mapping[str, Any]) -> Words:
    message = next((error[key] for key in _KEYS if isinstance(error.get(key), str) and error[key]), "")
    metadata = error.get("metadata")
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    if isinstance(raw, str) and raw not in message:  # the words of the server behind a router
        message = f"{message} ({raw})" if message else raw
    return Words((message or _short(error))[:_READ_CHARS], _text(error.get("param")), _status(error))


def _of_list(errors: list[Any]) -> Words:
    """The words of a validation: each entry names a place in the request and what is wrong there."""
    messages, fields = [], []
    for error in errors[:20]:
        if not isinstance(error, dict):
            messages.append(_text(error) or _short(error))
            continue
        place = [str(part) for part in error.get("loc") or () if part != "body"]
        text = next((error[key] for key in ("msg", "message") if isinstance(error.get(key), str)), _short(error))
        messages.append(f"{'.'.join(place)}: {text}" if place else text)
        fields += place[:1]
    return Words("; ".join(messages)[:_READ_CHARS], fields[0] if len(fields) == len(errors) == 1 else "", 422)


def _status(error: Mapping[str, Any]) -> int:
    for key in ("code", "status", "status_code"):
        value = error.get(key)
        if isinstance(value, str) and value.isdecimal() and len(value) == 3:
            value = int(value)
        if isinstance(value, int) and 400 <= value < 600:
            return value
    return 400 if error.get("type") == "invalid_request_error" or error.get("param") else 0


def _plain(text: str) -> str:
    """The text of a reply that is not JSON: the title of a page, or what stands in it."""
    text = text[:_READ_CHARS].strip()
    if not text.startswith("<"):
        return text or "an empty reply"
    title = _TITLE.search(text)
    return f"an HTML page: {' '.join((title[1] if title else _TAG.sub(' ', text)).split())}"


def _short(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[:_READ_CHARS]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
