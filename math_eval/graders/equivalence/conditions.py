r"""Conditions behind a value: "7 \text{ if } n \text{ is odd}, 9 \text{ if } n \text{ is even}" as cases.

One condition behind the whole answer is a remark on its variables and is dropped; where several values have conditions
of their own these belong to the answer.
"""

from __future__ import annotations

import re

_MARK = re.compile(r"\\text\s*\{\s*(?:for|where|if|with|when)\b|(?<![A-Za-z\\])(?:for|if|when)(?![A-Za-z])")
_OTHERWISE = re.compile(r"(?:\\text\s*\{\s*)?(?:otherwise|else)\b")
_ALWAYS = re.compile(r"(?:[\s\\text{}$]*(?:for|with|where))?[\s\\text{}$]*(?:all|every|each|any|some)\b", re.IGNORECASE)
_INNER_COMMA = re.compile(r"([,;])\s*((?:and|or)?)\s*\}")
_TAIL = re.compile(r"[,;.]?(?:\s|\\quad|\\qquad|\\,)*\\text\s*\{\s*(?:for|where|if|with|when)\b[^{}]*\}.*$", re.DOTALL)
_WHOLE = re.compile(
    r"[,;]?(?:\s|\\quad|\\qquad|\\,)*\\text\s*\{\s*(?:for|where|with)\s+(?:some|any|all|every)\s+"
    r"(?:(positive|nonnegative|non-negative)\s+)?integers?\s*\}\s*([a-z])\s*((?:\\geq?|>)\s*\d+)?\s*$"
)
_JOINED = re.compile(r"\s*(?:\\(?:,|;|:|quad|qquad| )\s*)*(?:\\text\s*\{\s*(?:and|or)\s*\}|(?:and|or)\b)?\s*")


def unconditioned(text: str) -> str:
    r"""The text without the one condition behind it; several with conditions of their own as cases or as a list."""
    if "if" not in text and "for" not in text and "w" not in text:
        return text
    marks = _MARK.findall(text)
    if not marks or "\\begin" in text:
        return _without_tail(text)
    rows = _rows(text) if len(marks) > 1 or _OTHERWISE.search(text) else []
    if len(rows) < 2:
        return _without_tail(text)
    if all(_ALWAYS.match(condition) for _, condition in rows):
        return ", ".join(value for value, _ in rows)
    return "\\begin{cases}" + " \\\\ ".join(f"{value} & {condition}" for value, condition in rows) + "\\end{cases}"


def _without_tail(text: str) -> str:
    if "\\text" not in text:
        return text
    bare = _TAIL.sub("", text)
    if bare.count("\\begin") != bare.count("\\end"):
        return text  # the condition of a row, not of the whole
    if bare and (found := _WHOLE.match(text, len(bare))):
        low = {"positive": "^+", "nonnegative": "_{\\ge0}", "non-negative": "_{\\ge0}"}.get(found.group(1) or "", "")
        bare += f",{found.group(2)}\\in\\mathbb{{Z}}{low}" + (
            f",{found.group(2)}{found.group(3)}" if found.group(3) else ""
        )
    return bare or text


def _rows(text: str) -> list[tuple[str, str]]:
    """Each value with the condition behind it; none where a part does not fit."""
    rows: list[tuple[str, str]] = []
    for raw in _parts(_INNER_COMMA.sub(r"}\1", text.replace("$", " "))):
        part = raw[match.end() :] if (match := _JOINED.match(raw)) else raw
        if found := _MARK.search(part):
            value, condition = part[: found.start()].strip(" ,"), part[found.start() :].strip(" ,.")
            if not value:
                return []
            rows.append((value, condition))
        elif found := _OTHERWISE.search(part):
            rows.append((part[: found.start()].strip(" ,"), "\\text{otherwise}"))
        elif rows:
            rows[-1] = (rows[-1][0], f"{rows[-1][1]}, {part}")
        else:
            return []
    return rows if all(value for value, _ in rows) else []


def _parts(text: str) -> list[str]:
    """The text cut at commas, semicolons and "and" outside all brackets."""
    parts, depth, start = [], 0, 0
    for found in re.finditer(r"[{(\[]|[})\]]|[,;]|\\text\s*\{\s*(?:and|or)\s*\}|(?<![A-Za-z\\])and(?![A-Za-z])", text):
        sign = found.group()
        if sign in "{([":
            depth += 1
        elif sign in "})]":
            depth -= 1
        elif depth == 0:
            parts.append(text[start : found.start()])
            start = found.end() if sign in ",;" else found.start()
    return [part for part in (*parts, text[start:]) if part.strip()]
