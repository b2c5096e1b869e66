"""Responses in HTML, and with marks of chat templates, as the plain text they stand for."""

from __future__ import annotations

import html
import re

_ELEMENT = re.compile(
    r"</(?:p|b|strong|em|i|u|sup|sub|ul|ol|li|div|span|table|tr|td|h\d|mark|code)>|<br\s*/?>|&(?:lt|gt|amp|nbsp|le|ge|times|minus|pi|#\d+);",
    re.IGNORECASE,
)
_POWER = re.compile(r"<sup>([^<>]{1,40})</sup>", re.IGNORECASE)
_INDEX = re.compile(r"<sub>([^<>]{1,40})</sub>", re.IGNORECASE)
_BREAK = re.compile(r"<(?:br\s*/?|/?(?:p|li|ul|ol|div|tr|table|h\d)[^<>]{0,80})>", re.IGNORECASE)
_STRONG = re.compile(r"</?(?:b|strong)>", re.IGNORECASE)
_STYLE = re.compile(r"</?(?:em|i|u|span|td|th|mark|code|tbody|thead)\b[^<>]{0,80}>", re.IGNORECASE)
_MARK = re.compile(r"<\|[^|<>\n]{1,40}\|>")


def plain_text(text: str) -> str:
    """The text with HTML's breaks, bold, powers and entities in plain form, and without marks of chat templates."""
    text = _MARK.sub("\n", text)
    if not _ELEMENT.search(text):
        return text
    text = _INDEX.sub(r"_{\1}", _POWER.sub(r"^{\1}", text))
    text = _STYLE.sub("", _STRONG.sub("**", _BREAK.sub("\n", text)))
    return html.unescape(text)
