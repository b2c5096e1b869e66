"""Checks the base URLs of servers and removes secrets from URLs that are shown or stored."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from math_eval.errors import RequestError

if TYPE_CHECKING:
    import httpx


def check_url(url: str) -> None:
    """Checks that a base URL is an http(s) URL with a host.

    Raises:
        RequestError: It is not. The message does not repeat the URL, because it may contain a key.
    """
    try:
        parts = urlsplit(url)
        valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        valid = False
    if not valid:
        raise RequestError("--base-url: expected http://HOST:PORT/v1 or https://HOST/v1")


_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]*@")


def without_credentials(text: str) -> str:
    """Removes user names and passwords from the URLs in a text.

    Example:
        >>> without_credentials("--base-url http://me:secret@host/v1")
        '--base-url http://host/v1'
    """
    return _CREDENTIALS.sub("", text)


def display_url(url: httpx.URL) -> str:
    """Returns the scheme, host and port of a URL, which are safe to show."""
    return f"{url.scheme}://{url.netloc.decode().rpartition('@')[2]}"
