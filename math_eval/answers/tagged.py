"""Answers that stand in tags, in JSON, or in a line "answer: …" of a fenced block."""

from __future__ import annotations

import re

from math_eval.answers.lexicon import lexicon_of
from math_eval.answers.statements import stated_answer
from math_eval.boxes import last_box
from math_eval.records import Extraction

_TAG = re.compile(r"<(answer|final[_-]?answer|solution|result|ans)>(.*?)(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_KEY = r"(?:final[_ ]?answer|correct[_ ]?answer|answer|ans|result|solution|final[_ ]?result|答案|ответ|respuesta|resposta|risposta|réponse|antwort|정답|答え)"
_JSON = re.compile(rf'"{_KEY}"\s*:\s*("(?:[^"\\]|\\.)*"|\[[^\[\]]*\]|-?[\w.+-]+)', re.IGNORECASE)
_FENCE = re.compile(
    r"```[ \t]*(json|yaml|yml|text|txt|latex|tex|markdown|md|math|)[ \t]*\n(.*?)(?:```|\Z)", re.DOTALL | re.IGNORECASE
)
_LINE = re.compile(rf"^\s*{_KEY}\s*:\s*(\S.*)$", re.IGNORECASE | re.MULTILINE)
_LONGEST_OPEN, _LONGEST_LINE = 200, 120
"""Characters in a tag that is not closed, and in the one line of a fenced block, fewer than these."""
_MARKUP = re.compile(r"</?[a-z]\w*[^<>]{0,80}>|\*\*|__", re.IGNORECASE)


def tagged_answer(text: str) -> tuple[Extraction, int] | None:
    """The answer of the last answer tag or JSON field, and where it ends; None where there is none."""
    tags = [tag for tag in _TAG.finditer(text) if tag.group(2).strip()]
    tags = [tag for tag in tags if tag.group().endswith(">") or len(tag.group(2).strip()) < _LONGEST_OPEN]
    if tags:
        return Extraction(_inside(tags[-1].group(2).strip()), "tag"), tags[-1].end()
    fields = [*_JSON.finditer(text)]
    return (Extraction(_json_value(fields[-1].group(1)), "tag"), fields[-1].end()) if fields else None


def fenced_answer(text: str) -> str | None:
    """The answer of a fenced block that is no program: its answer line, or the block where that is one line."""
    last = None
    for match in _FENCE.finditer(text):
        lines = [line for line in match.group(2).splitlines() if line.strip()]
        named = [*_LINE.finditer(match.group(2))]
        if named:
            last = named[-1].group(1).strip().strip("\"'")
        elif len(lines) == 1 and len(lines[0]) < _LONGEST_LINE and not text[match.end() :].strip():
            last = lines[0].strip()
    return last


def _inside(inner: str) -> str:
    boxed = last_box(inner)
    if boxed and boxed.strip():
        return boxed.strip()
    named = tagged_answer(inner)
    plain = named[0].text if named else _MARKUP.sub("", inner).strip()
    return stated_answer(plain, lexicon_of(plain)) or plain if len(plain.split()) > 3 and "\\" not in plain else plain


def _json_value(token: str) -> str:
    if token.startswith('"'):
        # a model's JSON often has LaTeX with single backslashes, which no JSON reader takes
        return token[1:-1].replace("\\\\", "\\").replace('\\"', '"').strip()
    if token.startswith("["):
        return ", ".join(part.strip().strip('"') for part in token[1:-1].split(","))
    return "" if token in {"null", "None"} else token
