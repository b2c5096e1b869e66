"""Programs in a response: passed over by the rules for prose, but what the last one printed can be the answer."""

from __future__ import annotations

import re

from math_eval.records import Extraction

_PROGRAM = re.compile(
    r"```[ \t]*(?:python|py|sympy|sage|c|c\+\+|cpp|java|javascript|js|matlab|julia)\d?[ \t]*(?:\n|\Z).*?"
    r"(?:```(?!output)|(?=```output)|\Z)",
    re.DOTALL | re.IGNORECASE,
)
_OUTPUT = re.compile(r"```[ \t]*output[ \t]*\n(.*?)(?:```|\Z)", re.DOTALL | re.IGNORECASE)
_CALCULATOR = re.compile(r"<<[^<>\n]{0,200}>>")


def without_programs(text: str) -> str:
    """The text without programs, what they printed, and the notes of a calculator ("<<3*4=12>>")."""
    return _CALCULATOR.sub("", _OUTPUT.sub("\n\n", _PROGRAM.sub("\n\n", text)))


def printed_answer(text: str) -> Extraction | None:
    """What the last program printed, where the text behind it holds no number; None for no program."""
    outputs = [*_OUTPUT.finditer(text)]
    if not outputs or any(letter.isdigit() for letter in text[outputs[-1].end() :]):
        return None
    for output in reversed(outputs):
        lines = [line.strip() for line in output.group(1).splitlines() if line.strip()]
        if lines:
            return Extraction(lines[-1], "output")
    return None
