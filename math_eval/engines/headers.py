"""Headers whose values come from the environment, and how those values are kept out of every text."""

from __future__ import annotations

import base64
import json
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote, unquote, urlsplit

from math_eval.errors import RequestError

_KEY_VARIABLE = "OPENAI_API_KEY"
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*", re.IGNORECASE)
_SHOWN_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
_OF_HTTP = frozenset(
    "connection content-encoding content-length content-type host te trailer transfer-encoding upgrade".split()
)
"""Headers that describe the connection and the body, in lower case."""

_LONG = 8
"""From this length on, a value cannot be a word or number of a model's completion, and is hidden there too."""


def request_headers(headers: Sequence[str]) -> dict[str, str]:
    """Returns the headers of each request with their values: those asked for, and the key in OPENAI_API_KEY.

    Args:
        headers: NAME=VARIABLE, where VARIABLE is a variable of the environment.

    Raises:
        RequestError: A header has no valid name or is given twice, or its variable is not set, or the value cannot be
            sent. The message never shows a value.
    """
    values: dict[str, str] = {}
    for header in headers:
        name, variable = _parsed(header)
        if name.lower() in {known.lower() for known in values}:
            raise RequestError(f"--header {name}: given twice")
        value = os.environ.get(variable)
        if not (value or "").strip():
            state = "not set" if value is None else "empty"
            raise RequestError(f"--header {name}: the environment variable {_shown(variable)} is {state}")
        values[name] = _checked(str(value), f"--header {name}: the value of the environment variable")
    key = os.environ.get(_KEY_VARIABLE, "")
    if key.strip() and "authorization" not in {name.lower() for name in values}:
        values["Authorization"] = f"Bearer {_checked(key, f'the key in {_KEY_VARIABLE}')}"
    return values


def _parsed(header: str) -> tuple[str, str]:
    name, separator, variable = header.partition("=")
    if not separator or not _NAME.fullmatch(name):
        raise RequestError("--header: expected NAME=VARIABLE, such as X-Api-Key=MY_KEY, with the key in MY_KEY")
    if name.lower() in _OF_HTTP:
        raise RequestError(f"--header {name}: this header is HTTP's own")
    if not _VARIABLE.fullmatch(variable):
        raise RequestError(f"--header {name}: expected the name of an environment variable behind =, not the value")
    return name, variable


def _shown(variable: str) -> str:
    """The name of a variable, unless it looks like a key that was typed in its place."""
    return variable if _SHOWN_VARIABLE.fullmatch(variable) else "named there"


def _checked(value: str, owner: str) -> str:
    if any(unicodedata.category(char) == "Cc" for char in value):
        raise RequestError(f"{owner} has a line break or another control character, which no header can have")
    try:
        value.encode("latin-1")
    except UnicodeEncodeError as error:
        raise RequestError(
            f"{owner} has a character outside Latin-1 at position {error.start + 1}, which no header can have"
        ) from None
    return value.strip()


class Secrets:
    """The values that no text may show: those of headers, and the passwords in base URLs."""

    def __init__(self, headers: Iterable[str], base_urls: Iterable[str]) -> None:
        """Remembers the values.

        Args:
            headers: The values of the headers.
            base_urls: The base URLs, with their passwords.
        """
        forms = {form for value in (*headers, *_passwords(base_urls)) for form in _forms(value)}
        self._pattern = _pattern(forms)
        self._long = _pattern(form for form in forms if len(form) >= _LONG)
        self._long_bytes = re.compile(self._long.pattern.encode(), re.IGNORECASE) if self._long else None

    def hide(self, text: str) -> str:
        """Replaces every value in a server's words by ***."""
        return self._pattern.sub("***", text) if self._pattern else text

    def hide_in_content(self, content: bytes) -> bytes:
        """Replaces the values of at least 8 characters in a whole reply by ***; shorter ones may be a model's words."""
        return self._long_bytes.sub(b"***", content) if self._long_bytes else content


def _pattern(forms: Iterable[str]) -> re.Pattern[str] | None:
    alternatives = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
    return re.compile(alternatives, re.IGNORECASE) if alternatives else None


def _forms(value: str) -> Iterator[str]:
    """The ways in which a server may write a value: with or without its scheme, and escaped."""
    for text in {value, value.partition(" ")[2].strip()} - {""}:
        yield text
        yield json.dumps(text)[1:-1]
        yield json.dumps(text, ensure_ascii=False)[1:-1].replace("/", "\\/")
        yield quote(text, safe="")


def _passwords(base_urls: Iterable[str]) -> Iterator[str]:
    for url in base_urls:
        parts = urlsplit(url)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        if user or password:
            yield from filter(None, (password or user,))
            yield base64.b64encode(f"{user}:{password}".encode()).decode()
