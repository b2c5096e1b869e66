"""Where a response ends and its model goes on writing: chat tokens, the next question, the next instruction."""

from __future__ import annotations

import re
from collections.abc import Callable

_TOKEN = re.compile(
    r"<\|(?:im_end|eot_id|endoftext|end_of_text|end|eom_id|return|EOT|user|im_start|start_header_id|end_of_turn|eos|end_of_sentence)\|>|<｜[^｜<>]{1,40}｜>|<(?:end_of_turn|eos|eoa|eoh|start_of_turn)>?|</s>|\[/?INST\]|<\|end▁of▁sentence\|>"
)
_ASSISTANT = re.compile(
    r"(?:\s|<\|im_start\|>|<\|start_header_id\|>|<start_of_turn>|<\|end_header_id\|>|<\|im_end\|>|<\|eot_id\|>)*(?:assistant|model|ai)\b",
    re.IGNORECASE,
)
_LEADING = re.compile(
    r"\A\s*(?:<s>|<\|(?:im_start|start_header_id|begin_of_text)\|>|<start_of_turn>|\[/INST\]|assistant\b|<\|end_header_id\|>|<\|assistant\|>|model\b(?=\n)|\s)*",
    re.IGNORECASE,
)
_HEADING = re.compile(
    r"\n[\s*#_>-]{0,12}(?:(?:(?:next|new|another|follow-?up|bonus|extra|similar)\s+)?(?:question|problem|exercise|example|q|query|task)|human|user|instruction|input|"
    r"问题|题目|例题?|下一题|問題|문제|задача|вопрос|question|problème|aufgabe|frage|pregunta|problema|ejercicio|pergunta|questão|domanda|câu\s+hỏi|bài(?:\s+toán)?|سؤال|السؤال|مسألة|प्रश्न|โจทย์|คำถาม)"
    r"\s{0,2}[#№]?\d{0,3}\s{0,2}[*_]{0,2}\s{0,2}[:：.)](?:[*_]{0,2})|\n[ \t]{0,20}(?:below\s+is\s+an\s+instruction|you\s+are\s+an?\s+(?:helpful|expert))",
    re.IGNORECASE,
)


_ANOTHER = re.compile(r"\b(?:next|new|another|follow-?up|bonus|extra|similar)\b", re.IGNORECASE)
_GIVEN = re.compile(r"\*\*[^*\n]*\d[^*\n]*\*\*")
_NEAR = 200
"""Characters before the heading of a further question in which a bold value is the answer to the first."""
_COMPUTED_END = re.compile(r"=\s*[^=\n]{1,40}\s*\Z")
_ANSWER_BEHIND = re.compile(
    r"\n[ \t]{0,20}(?:answer|antwort|respuesta|resposta|risposta|réponse|ответ|答案|答)\s*[:：]", re.IGNORECASE
)


def without_run_on(text: str, is_answered: Callable[[str], bool]) -> str:
    """The response without what its model wrote behind its end.

    Args:
        text: The response.
        is_answered: Whether a text holds an explicit answer. A heading of another question cuts only behind one; a chat
            token cuts behind anything but a turn of the assistant that goes on.
    """
    if "<" in text or "[" in text:
        text = text[_leading_end(text) :]
        text = _before_tokens(text, is_answered)
    for heading in _HEADING.finditer(text):
        head = text[: heading.start()]
        if head.strip() and (
            is_answered(head)
            or (_ANOTHER.search(heading.group()) and _GIVEN.search(head, max(len(head) - _NEAR, 0)))
            or (_COMPUTED_END.search(head) and _ANSWER_BEHIND.search(text, heading.end()))
        ):
            return head
    return text


def heads_before_questions(text: str) -> list[str]:
    """What stands before each heading of another question, where anything does."""
    return [text[: heading.start()] for heading in _HEADING.finditer(text) if text[: heading.start()].strip()]


def _leading_end(text: str) -> int:
    match = _LEADING.match(text)
    return match.end() if match and re.search(r"[<\[]", match.group()) else 0


def _before_tokens(text: str, is_answered: Callable[[str], bool]) -> str:
    for token in _TOKEN.finditer(text):
        head = text[: token.start()]
        if not head.strip():
            continue
        if _ASSISTANT.match(text, token.end()) and not is_answered(head):
            continue
        return head
    return text
