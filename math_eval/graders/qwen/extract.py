"""The reference's extraction: a response, the benchmark's name there and its gold → the prediction it would store.

Vectors: conformance/extract.jsonl; every stored run of the reference is one more.
"""

from __future__ import annotations

import re

from math_eval.graders.qwen.choices import LETTERS, choice_in_response, is_choices
from math_eval.graders.qwen.normalise import Edition, normalise

KEEPS_UNITS = frozenset({"carp_en", "minerva_math"})
"""Benchmarks whose answers keep their unit words."""
_CHOICE_ONLY = frozenset({"mmlu_stem", "sat_math", "aqua", "gaokao2023"})
_GOLD_IN_SOLUTION = frozenset({"math", "minerva_math"})
_NUMBER = re.compile(r"-?\d*\.?\d+")
_NEWLINE = re.compile(r"\n\s*")


def extract_answer(response: str, name: str, edition: Edition = "qwen2.5-math") -> str:
    """The normalised answer of a response. name: the benchmark's name in the reference, as in its file names."""
    text = response.replace("\N{CYRILLIC SMALL LETTER KA}\N{CYRILLIC SMALL LETTER I}", "")
    if name in _CHOICE_ONLY:
        return choice_in_response(text)
    found = _located(text)
    if found is None:
        return ""
    answer = _NEWLINE.sub("", found).removeprefix(":").removesuffix(".").removesuffix("/")
    return normalise(answer, keep_units=name in KEEPS_UNITS, edition=edition)


def prediction(response: str, name: str, gold: str, edition: Edition = "qwen2.5-math") -> str | None:
    """What the reference stores as `pred` of one response; None where it has no prediction.

    gold: the gold as first parsed, which decides whether a choice is wanted.
    """
    found: str | None = None
    if response and response != "error":
        answer = extract_answer(response, name, edition)
        found = normalise(answer, keep_units=name in KEEPS_UNITS, edition=edition)
    if gold in LETTERS:
        return found if found in LETTERS else choice_in_response(response)
    if edition == "qwen2.5-math" and found is not None and is_choices(gold) and not is_choices(found):
        return "".join(letter for letter in found if letter in LETTERS)
    return found


def gold_of(raw: str, name: str, *, solved: bool = True) -> str:
    """A gold as the reference compares it.

    raw: what a benchmark's row gives; with `solved`, that is the worked solution in math and minerva_math.
    """
    if solved and name in _GOLD_IN_SOLUTION:
        raw = extract_answer(raw, name)
    if name in KEEPS_UNITS:
        return raw.replace("\\neq", "\\ne").replace("\\leq", "\\le").replace("\\geq", "\\ge")
    return normalise(raw)


def _located(text: str) -> str | None:
    """The part of a response that is taken for its answer; None where a box is announced and nothing follows."""
    if "final answer is $" in text and "$. I hope" in text:
        return text.partition("final answer is $")[2].partition("$. I hope")[0].strip()
    if "boxed" in text:
        rest = text.rpartition("boxed")[2]
        return _boxed(rest) if rest else None
    for phrase in ("he answer is", "final answer is"):
        if phrase in text:
            return text.rpartition(phrase)[2].strip()
    if "答案是" in text:
        return text.split("答案是")[1].strip().partition("\n\n")[0].strip()
    numbers = _NUMBER.findall(text.replace(",", ""))
    return numbers[-1] if numbers else ""


def _boxed(rest: str) -> str:
    if not rest.startswith("{"):
        return rest.partition("$")[0].strip()
    depth = 0
    for at, char in enumerate(rest):
        if char == "{":
            depth += 1
        elif char == "}":
            depth -= 1
            if depth == 0:
                return rest[1:at]
    return rest[1:]
