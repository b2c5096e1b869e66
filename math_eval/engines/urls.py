"""Base URLs of servers: checked before use, and shown without what is secret in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from math_eval.errors import RequestError

if TYPE_CHECKING:
    import httpx


def check_url(url: str) -> None:
    """RequestError unless it is an http(s) URL with a host; the text does not repeat it, since it may hold a key."""
    try:
        parts = urlsplit(url)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        sound = False
    if not sound:
        raise RequestError("--base-url: expected http://HOST:PORT/v1 or https://HOST/v1")


_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]*@")


def without_credentials(text: str) -> str:
    """The text with user names and passwords taken out of its URLs, for what is stored."""
    return _CREDENTIALS.sub("", text)


def shown(url: httpx.URL) -> str:
    """Scheme, host and port, for messages."""
    return f"{url.scheme}://{url.netloc.decode().rpartition('@')[2]}"
