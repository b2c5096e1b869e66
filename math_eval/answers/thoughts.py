r"""The thought of a reasoning model, told from the answer behind it: an answer inside a thought is none."""

from __future__ import annotations

import re

_TAGS = "think thinking thought thoughts reasoning seed:think reflection analysis scratchpad".split()
_PAIRS = (
    *((rf"<{tag}>", rf"</{tag}>") for tag in _TAGS),
    (r"\[think\]", r"\[/think\]"),
    (r"◁think▷", r"◁/think▷"),
    (r"<\|begin_of_thought\|>", r"<\|end_of_thought\|>"),
    (r"<\|start_thinking\|>", r"<\|end_thinking\|>"),
)
_CHANNEL = r"(?:<\|start\|>\s*assistant)?\s*<\|channel\|>\s*"
_BEGIN = re.compile(
    "|".join(start for start, _ in _PAIRS)
    + rf"|{_CHANNEL}(?:analysis|commentary)\b[^<]*(?:<\|message\|>)?|\Aanalysis(?=[A-Z\s])",
    re.IGNORECASE,
)
_END = re.compile(
    "|".join(end for _, end in _PAIRS)
    + rf"|(?:<\|end\|>)?\s*{_CHANNEL}final\b[^<]*(?:<\|message\|>)?|(?<=[\s.!?)\]}}>])assistantfinal|(?<=\w)assistantfinal(?=[^a-z])",
    re.IGNORECASE,
)
_MARK = re.compile(r"[<\[◁]|\Aanalysis|assistantfinal", re.IGNORECASE)
UNFINISHED = "unfinished-thought"
"""The extraction rule of a response that ends inside its thought."""


def after_thought(text: str) -> str | None:
    r"""What a response says outside its thoughts; None where it ends inside one, or says nothing behind it.

    The marks of `<think>` and its kin, `[THINK]`, `◁think▷`, begin_of_thought, START_THINKING and the channels of
    harmony. A closing mark alone counts too: the template of the model opened the thought.
    """
    if not _MARK.search(text):
        return text
    closings = [mark.end() for mark in _END.finditer(text)]
    answer = text[closings[-1] :] if closings else text
    opening = _BEGIN.search(answer)
    before = answer[: opening.start()] if opening else ""
    if opening and (closings or not before.strip() or before.endswith("\n")):  # elsewhere the mark is spoken of
        answer = before
    return answer if answer.strip() or answer == text else None
