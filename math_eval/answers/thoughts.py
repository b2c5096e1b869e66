r"""The thought of a reasoning model, told from the answer behind it: an answer inside a thought is none."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from math_eval.records import CUT_IN_THOUGHT, Completion, Finish

_TAGS = "think thinking thought thoughts reasoning seed:think reflection analysis scratchpad".split()
_PAIRS = (
    *((rf"<{tag}>", rf"</{tag}>") for tag in _TAGS),
    (r"\[think\]", r"\[/think\]"),
    (r"◁think▷", r"◁/think▷"),
    (r"<\|begin_of_thought\|>", r"<\|end_of_thought\|>"),
    (r"<\|start_thinking\|>", r"<\|end_thinking\|>"),
)
_CHANNEL = r"(?:<\|start\|>\s{0,9}assistant\s{0,9})?<\|channel\|>\s{0,9}"
_OPENING = "|".join(start for start, _ in _PAIRS) + rf"|{_CHANNEL}(?:analysis|commentary)\b[^<]*(?:<\|message\|>)?"
_BEGIN = re.compile(rf"{_OPENING}|(?-i:\Aanalysis(?=[^:.,;!?)*_'-]))", re.IGNORECASE)
_END = re.compile(
    "|".join(end for _, end in _PAIRS)
    + rf"|(?:<\|end\|>\s{{0,9}})?{_CHANNEL}final\b[^<]*(?:<\|message\|>)?"
    + r"|(?-i:(?<=[\s.!?)\]}>])assistantfinal|assistantfinal(?=[^a-z]))",
    re.IGNORECASE,
)
_HINTS = (
    *(f"{slash}{tag}>" for tag in _TAGS for slash in ("<", "</")),
    *("[think]", "[/think]", "◁think▷", "◁/think▷", "of_thought|>", "_thinking|>", "<|channel|>", "assistantfinal"),
)
"""Parts of every mark, in lower case: a text without any of them holds no mark, unless it begins with "analysis"."""
_ENDS_OPEN = re.compile(rf"(?:{_OPENING})\Z", re.IGNORECASE)
_PAIR_TOKEN = re.compile("|".join(mark for pair in _PAIRS for mark in pair), re.IGNORECASE)
_CHANNEL_MARK = "<|channel|>"
_CHANNEL_PARTS = frozenset({_CHANNEL_MARK, "<|start|>", "<|message|>", "<|end|>"})
_CHANNEL_ENDS = ("<|return|>", "<|end|>", "<|call|>")
_TAIL_CHARS = 200
"""Characters at the end of a prompt, or at the beginning of a response, that may hold an opening mark."""

UNFINISHED = "unfinished-thought"
"""The extraction rule of a response that ends inside its thought."""

_IN_THOUGHT: dict[Finish, Finish] = {"stop": "thought-stop", "length": "thought-length"}


class Parts(NamedTuple):
    """A response as thought and answer.

    Attributes:
        thought: What stands between the first opening mark and the last closing one.
        answer: What follows the thought; the whole response if it has no thought.
        ended: Whether the thought ends, or there is none.
        mark: The last closing mark; "" for none.
        end: Where that mark ends in the response; 0 for none.
    """

    thought: str
    answer: str
    ended: bool = True
    mark: str = ""
    end: int = 0


def split_thought(text: str, start: str = "", end: str = "", *, opened: bool = False) -> Parts:
    r"""Splits a response into its thought and the answer behind it.

    The marks are `<think>` and its kin, `[THINK]`, `◁think▷`, begin_of_thought, START_THINKING and the channels of
    harmony, which may have lost their special tokens. A closing mark alone counts too.

    Args:
        text: The response.
        start: The opening mark that the model is known to write. If it or `end` stands in the text, no other marks
            count.
        end: The closing mark of the same kind.
        opened: Whether the prompt ends with an opening mark, so that the response begins inside the thought.

    Example:
        >>> split_thought("<think>7?</think>12")[:3], split_thought("7? So 12", opened=True)[:3]
        (('7?', '12', True), ('7? So 12', '', False))
    """
    start, end = start.strip(), end.strip()
    stated = bool(start and start in text) or bool(end and end in text)
    if not opened and not stated and not _may_hold_marks(text):
        return Parts("", text)
    begin, close = _stated_marks(start, end) if stated and _CHANNEL_MARK not in start + end else (_BEGIN, _END)
    closing = max(close.finditer(text), key=re.Match.end, default=None)
    answer = text[closing.end() :] if closing else text
    thought = _without_opening(text[: closing.start()], begin) if closing else ""
    mark, position = (closing.group(), closing.end()) if closing else ("", 0)
    opening = begin.search(answer)
    before = answer[: opening.start()] if opening else answer
    if (opening and not before.strip()) or (opened and not closing):
        return Parts(_without_opening(text, begin), "", ended=False)
    if opening is None:
        return Parts(thought, _without_end(answer) if _CHANNEL_MARK in mark else answer, True, mark, position)
    if closing is None and not before.endswith("\n"):
        return Parts("", text)  # the mark is spoken of, not used
    thoughts = (thought, answer[opening.end() :].strip())
    return Parts("\n".join(filter(None, thoughts)), before, True, mark, position)


def _may_hold_marks(text: str) -> bool:
    lowered = text.lower()
    return any(hint in lowered for hint in _HINTS) or text.startswith("analysis")


@lru_cache(maxsize=32)
def _stated_marks(start: str, end: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """The patterns of marks; one that is not stated is found nowhere."""
    return re.compile(re.escape(start) or r"(?!)"), re.compile(re.escape(end) or r"(?!)")


def _without_opening(text: str, begin: re.Pattern[str]) -> str:
    text = text.strip()
    opening = begin.match(text)
    return text[opening.end() :].strip() if opening else text


def _without_end(answer: str) -> str:
    """The text of the final channel without the special token behind it."""
    while end := next((token for token in _CHANNEL_ENDS if answer.rstrip().endswith(token)), None):
        answer = answer.rstrip().removesuffix(end)
    return answer


def opening_of(text: str) -> str:
    """Returns the opening mark with which a text begins; "" if it begins with none."""
    opening = _BEGIN.match(text[:_TAIL_CHARS].lstrip())
    return opening.group() if opening else ""


def after_thought(text: str) -> str | None:
    """Returns what a response says outside its thoughts; None if it ends inside one, or says nothing behind it."""
    parts = split_thought(text)
    return parts.answer if parts.ended and (parts.answer.strip() or not parts.mark) else None


def opens_thought(prompt: str, start: str = "") -> bool:
    r"""Whether a rendered prompt ends with the opening mark of a thought.

    Args:
        prompt: The prompt, or the end of it.
        start: The opening mark that the model is known to write, besides the general ones.

    Example:
        >>> opens_thought("<|im_start|>assistant\n<think>\n"), opens_thought("<think></think>")
        (True, False)
    """
    tail = prompt[-_TAIL_CHARS:].rstrip()
    return bool(_ENDS_OPEN.search(tail)) or bool(start.strip() and tail.endswith(start.strip()))


def thought_tokens(special_tokens: Iterable[str], *marks: str) -> frozenset[str]:
    """Returns the special tokens of a tokenizer that are marks of thoughts, or parts of them.

    An engine leaves them in its completions, in which special tokens are dropped otherwise.

    Args:
        special_tokens: The texts of the special tokens.
        marks: The marks that the model is known to write, besides the general ones.
    """
    tokens = frozenset(special_tokens)
    parts = _CHANNEL_PARTS if _CHANNEL_MARK in tokens else frozenset()
    return frozenset(
        token
        for token in tokens
        if token and (token in parts or _PAIR_TOKEN.fullmatch(token) or any(token in mark for mark in marks))
    )


def tell_apart(
    completion: Completion,
    start: str = "",
    end: str = "",
    *,
    opened: bool = False,
    token_texts: Callable[[Sequence[int]], Sequence[str]] | None = None,
) -> Completion:
    """Tells the thought of a completion from its answer, and says whether it ended inside the thought.

    Args:
        completion: A completion of an engine. If its `thought` is not None, the engine has told them apart; an empty
            one may still stand in the text, between two marks.
        start: As for `split_thought`.
        end: As for `split_thought`.
        opened: As for `split_thought`.
        token_texts: Returns the texts of tokens, by which the tokens of the thought are counted.

    Returns:
        The completion with `text` as the answer alone, `thought`, `tokens_thought` if they are known, and one of
        `CUT_IN_THOUGHT` as `finish` if nothing follows the thought.
    """
    told = (completion.thought or "").strip()
    is_told = completion.thought is not None
    if told:
        parts = Parts(told, completion.text)
    else:
        parts = split_thought(completion.text, start, end, opened=opened and not is_told)
    tokens = _tokens_of_thought(completion, parts, token_texts)
    has_thought = bool(parts.thought or (is_told and tokens))
    is_cut = not parts.ended or (has_thought and not parts.answer.strip())
    finish = _IN_THOUGHT.get(completion.finish, completion.finish) if is_cut else completion.finish
    if finish in CUT_IN_THOUGHT and tokens is None:
        tokens = completion.tokens_out
    text = parts.answer.strip() if parts.mark or parts.thought else parts.answer
    return replace(completion, text=text, thought=parts.thought, finish=finish, tokens_thought=tokens, token_ids=())


def _tokens_of_thought(
    completion: Completion, parts: Parts, token_texts: Callable[[Sequence[int]], Sequence[str]] | None
) -> int | None:
    """The tokens up to the closing mark and with it; None if they are not known."""
    if completion.tokens_thought is not None:
        return completion.tokens_thought
    if not parts.ended:
        return completion.tokens_out
    if not completion.token_ids or token_texts is None:
        return None
    if not parts.mark:
        return None if parts.thought else 0
    mark = parts.mark.strip()
    texts = token_texts(completion.token_ids)
    position = _end_of("".join(texts), mark, completion.text[: parts.end].count(mark))
    if position is None:
        return None
    lengths = itertools.accumulate(map(len, texts))
    return next((number for number, length in enumerate(lengths, 1) if length >= position), None)


def _end_of(text: str, part: str, number: int) -> int | None:
    """Where a part ends in a text for the n-th time."""
    position = 0
    for _ in range(number):
        found = text.find(part, position)
        if found < 0:
            return None
        position = found + len(part)
    return position


def whole_response(thought: str, answer: str, *, cut: bool = False) -> str:
    r"""Puts a thought and the answer behind it together again, for whoever reads whole responses.

    Args:
        thought: The thought.
        answer: The answer.
        cut: Whether the thought never ended, so that there is no answer.

    Example:
        >>> whole_response("7?", "12"), whole_response("7?", "", cut=True), whole_response("", "12")
        ('<think>\n7?\n</think>\n\n12', '<think>\n7?', '12')
    """
    if cut:
        return f"<think>\n{thought}"
    return f"<think>\n{thought}\n</think>\n\n{answer}" if thought else answer
