"""The option letter that a response chooses among those that it speaks of."""

from __future__ import annotations

import re

from math_eval.answers.letters import BRACKETED, LOWER, STANDALONE, bare_text, short_letter
from math_eval.answers.words import BUT, NEGATION

_LETTER = r"[({\[（\s]*(?<![A-Za-z])([A-Ja-j])(?![A-Za-z'’\d])"
_NAMED = re.compile(
    r"(?:(?<![^\W\d_])(?:options?|choices?|answers?|statements?|letters?|alternative|opción|opção|opzione|inciso|literal|Option|Antwort|Variante|варианты?|вариант|ответ\w*|réponse|respuesta|resposta|risposta|đáp án|phương án|"
    r"chọn|câu|الخيار|الإجابة|الجواب|विकल्प|उत्तर|correct|right|richtig|korrekt|correcte?|correct[oa]|correto|certa|corretta|giusta|правильно|верно|صحيح|सही)|选项|应?选择?|答案|选|正解|答え|選択肢|정답|답|보기|선택지|ข้อ|คำตอบ|ตอบ)"
    r"(?:\s+(?:corretta|esatta|giusta|correcta|correcte|exacte|correta|certa|đúng|الصحيحة|सही))?\s*(?:(?:is|are|was|must\s+be|should\s+be|would\s+be|为|是|は|은|는|est|ist|lautet|es|é|è|là|هو|هي|है|คือ|ข้อ|[:：=])\s*)?(?:(?:option|choice|the|la|la\s+opción|die)\s+)?"
    + _LETTER,
    re.IGNORECASE,
)
_CONCLUDED = re.compile(
    r"(?:therefore|hence|thus|so|leaves|leaving|only|choose|pick|select|is|故|所以|因此|よって|したがって|따라서|итак|значит|следовательно|donc|also|somit|daher|por\s+tanto|portanto|logo|quindi|dunque|vậy|إذن|अतः|इसलिए|ดังนั้น)\s*[,:：，、]?\s*"
    r"(?:only\s+|the\s+answer\s+is\s+|it\s+(?:is|must\s+be)\s+)?[({\[（\s]*([A-J])(?=\s*(?:[)}\]）.。,，;]|$|is\b|it\s+is\b|est\b|ist\b|es\b|é\b|è\b|が|は|이|가|right|correct))(?![A-Za-z'’])",
    re.IGNORECASE,
)
_SENTENCE = re.compile(
    r"[。！？\n;；]+|[.!?]+(?=\s|$)|,\s*(?=(?:but|so|hence|therefore|thus|not)\b)|[，,]\s*(?=(?:所以|故|因此|而))",
    re.IGNORECASE,
)
_NATIVE_LETTERS = ("أبجده", "กขคงจ", "アイウエオ")
_NATIVE = re.compile(
    r"(?:ข้อ|คือ|ตอบ|هي|هو|الخيار|ال[إا]جابة|答え(?:は)?|正解(?:は)?)\s*[:：(（]*\s*([أبجدهกขคงจアイウエオ])(?![\u0600-\u06ff\u0e00-\u0e7f\u30a0-\u30ff])"
)
_SHORT_LINE = 60
_OPTIONS = re.compile(r"(?:(?:^|\n)\s*[({\[（]?[A-J][)}\]）.:、．][^\n]*){3,}(?=\n)")
"""The options of the problem, restated line by line."""
_LIST = re.compile(
    r"[({\[（]?[A-J][)}\]）]?(?:\s*(?:,|，|、|;|and|or|und|et|y|e|и|و|和|与|及|と|와|과|또는|và|और|และ|&)\s*[({\[（]?[A-J][)}\]）]?(?![A-Za-z'’]))+|(?<![A-Za-z\\])[A-J]{2,6}(?![A-Za-z])"
)


def chosen_letters(text: str, *, several: bool, announced: bool) -> str:
    """The letter that a response chooses, "" where it chooses none; with `several`, its letters in order.

    A letter that its sentence denies ("A: odd, no", "not A", "rule out B") is passed over. In the sentence that names
    one last, a named letter ("option C") counts before a concluded one ("hence C"), a bracketed one, one alone.

    Args:
        text: The response, or the announced statement.
        several: More than one letter may be right.
        announced: The text stands behind an announcement: a leading letter is the choice.
    """
    bare = bare_text(text)
    if several:
        return _several(bare)
    if announced:
        if listed := _listed(bare):
            return listed
        if letter := short_letter(text):
            return letter
        if leading := re.match(
            r"(?:\W*(?:la|the|option|choice|letter|letra|lettera|opción|opção|opzione|réponse|antwort)\b)*[\s({\[（]*([A-J])(?![A-Za-z'’])[)}\]）]*(?=\s*(?:because|since|which|as|is|or|—|–|-|[,:;：，、。]|$|weil|car|porque|perché|pois|因为|なぜ|왜|так|vì|لأن|क्योंकि|เพราะ|입|です|です。))",
            bare,
        ):
            return leading.group(1)
    if listed := _listed(bare):
        return listed
    if (
        len(bare) < _SHORT_LINE
        and "\n" not in bare.strip()
        and (leading := LOWER.match(bare))
        and not NEGATION.search(bare)
    ):
        return leading.group(1).upper()
    bare = _OPTIONS.sub("\n", bare)
    if native := _NATIVE.search(bare):
        return "ABCDE"[next(row.index(native.group(1)) for row in _NATIVE_LETTERS if native.group(1) in row)]
    clauses = [_affirmed(part) for part in reversed(_SENTENCE.split(bare)) if part.strip()]
    for patterns in ((_NAMED,), (_CONCLUDED,), (BRACKETED, STANDALONE)):
        for clause in clauses:
            for pattern in patterns:
                if letter := _last_kept(clause, pattern):
                    return letter
    return ""


def _last_kept(clause: str, pattern: re.Pattern[str]) -> str:
    """The last letter in a clause that the pattern names and nothing denies; a lower-case "a" is an article."""
    for match in reversed([*pattern.finditer(clause)]):
        if _denied(clause, match) or (match.group(1) in {"a", "I", "i", "e"} and pattern is not BRACKETED):
            continue
        if pattern is _NAMED and (several := _LIST.match(clause, match.start(1))):
            if _denied(clause, several):
                continue
            return "".join(sorted(set(re.findall(r"[A-J]", several.group()))))
        return match.group(1).upper()
    return ""


def _affirmed(clause: str) -> str:
    """Of "not A but B" the part behind "but", where that has a letter."""
    but = BUT.search(clause)
    if but and NEGATION.search(clause[: but.end()]) and STANDALONE.search(clause, but.end()):
        return clause[but.end() :]
    return clause


def _listed(bare: str) -> str:
    """The letters of a text that is a list of several ("B and C"); "" for any other."""
    match = _LIST.fullmatch(bare.strip(" .。({[（)}]）"))
    letters = sorted(set(re.findall(r"[A-J]", match.group()))) if match else []
    return "".join(letters) if len(letters) > 1 else ""


def _several(bare: str) -> str:
    for clause in reversed(re.split(r"[。！？\n]+|[.!?]+(?=\s|$)", bare)):
        kept = [match for match in _LIST.finditer(clause) if not _denied(clause, match)]
        if kept:
            return "".join(sorted(set(re.findall(r"[A-J]", kept[-1].group()))))
        letters = [match for pattern in (_NAMED, BRACKETED, STANDALONE) for match in pattern.finditer(clause)]
        if single := {match.group(1).upper() for match in letters if not _denied(clause, match)}:
            return "".join(sorted(single))
    return ""


def _denied(clause: str, match: re.Match[str]) -> bool:
    """Whether the words beside a letter deny it: "not A", "A is wrong", "A 不对"."""
    start, end = match.span(match.re.groups)  # the letter alone, or a list of letters whole
    before = clause[:start][-26:]
    behind = clause[end : end + 30]
    other = re.search(r"(?<![A-Za-z])[A-J](?![A-Za-z'’])", behind)
    if other:
        behind = behind[: other.start()]
        if (
            (negation := NEGATION.search(behind))
            and re.search(r"[,，、;(]\s*[^,，]*$|\s", behind[: negation.start()])
            and len(behind) - negation.end() < 16
        ):
            behind = ""  # the denial speaks of the letter behind it
    last_before = re.split(r"[,，:：]|(?<![A-Za-z])[A-J](?![A-Za-z'’])", before)[-1]
    return bool(NEGATION.search(last_before) or NEGATION.search(behind))
