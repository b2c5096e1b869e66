"""From a statement to its answer: markup, explanations and the words around the value go, the value stays."""

from __future__ import annotations

import re

from math_eval.answers.lexicon import Lexicon
from math_eval.answers.spans import FILLER, Formula, formulas, masked
from math_eval.answers.values import fold_digits, grouped_value, has_letters, numbers, point_form, value_of, with_unit
from math_eval.answers.words import BUT, CONDITION, STATEMENTS

_MARKUP = re.compile(r"</?(?:b|strong|i|em|u|p|br|div|span|mark|code|h\d)\b[^<>]{0,80}>|\*\*|__|`", re.IGNORECASE)
_BOLD = re.compile(r"\*\*([^*\n]{1,200}?)\*\*|<(?:b|strong)>([^<\n]{1,200})</(?:b|strong)>|__([^_\n]{1,200})__")
_EDGES = ' \t\r\n:：,，、;；*_#>|"“”‘«»「」『』✅✓✔☑️🎯📌👉➡→=⇒'
_TAIL = re.compile(
    r"\s*(?:[,，、;；(（]|\s[—–-])\s*(?:and\s+)?(?:das\s+(?:sind|ist|entspricht)|environ|etwa|rund\b|circa|aproximadamente|около|примерно|khoảng|or\s+roughly|roughly|since|because|as\b|not\b|rather|instead|i\.?\s?e\.?|that\s+is|which|so\b|where|while|given|hence|thus|or\s+about|or\s+approx|approx|about|"
    r"remember|but\b|with\b|when\b|for\b|if\b|provided|assuming|taken|attained|obtained|equivalently|in\s+other|also|namely|same|"
    r"因为|由于|即|也就是|而不是|不是|其中|当|约|取|所以|なぜ|つまり|すなわち|ただし|ではな|約|즉|왜냐|약|아니|"
    r"так\s+как|потому|поскольку|то\s+есть|т\.\s?е|а\s+не|не\b|ведь|где|при|"
    r"car\b|puisque|soit\b|et\s+non|non\b|pas\b|c'est|où\b|en\s+effet|"
    r"denn\b|weil\b|da\b|also\b|nicht\b|und\s+nicht|wobei|d\.\s?h|das\s+heißt|"
    r"porque|ya\s+que|pues\b|es\s+decir|o\s+sea|y\s+no\b|no\b|donde|"
    r"pois\b|já\s+que|ou\s+seja|isto\s+é|e\s+não|não\b|onde|"
    r"perché|infatti|poiché|cioè|ossia|e\s+non\b|dove|"
    r"vì\b|do\b|tức|chứ|không|"
    r"ل[أا]ن|أي|وليس|لا\b|حيث|क्योंकि|यानी|न\s+कि|เพราะ|ไม่ใช่|คือ)"
)
_DENIED_TAIL = re.compile(r"[,，、]\s*[^,，、]{1,15}(?:नहीं|ではな|아니|ไม่ใช่).*$", re.DOTALL)
_COLON_TAIL = re.compile(r"(?<=[\w%°$}])\s*[:;；]\s+(?=[^\W\d_]+['’\s]).*$", re.DOTALL)
_PAREN_TAIL = re.compile(r"\s*[(（](?=[^()（）]*(?:[=≈×+÷]|\d\s*[A-Za-z]|[^\W\d_]{2}))[^()（）]*[)）]?[\s.。!]*$")
_BARE_TAIL = re.compile(
    r"\s(?:and\s+not|but\s+not|to\s+(?:reach|get|make|afford|buy|fill|complete|finish|cover|pay|catch)|because|since|which|when\b|whereas|as\s+required|car\b|weil\b|porque|perché|потому|क्योंकि|لأن)\b.*$|(?:因为|เพราะ).*$",
    re.DOTALL,
)
_COPULA = re.compile(
    r"(?:です|である|だ|となる|になる|になります|となります|でした|입니다|이다|이에요|예요|이며|임|됩니다|이\s?된다|है|हैं|होगा|होगी|होते\s+हैं|ครับ|ค่ะ)[\s。.!！]*$"
)
_JOIN = re.compile(
    r"[\s,，、;]*(?:and|or|和|或|且|与|及|y|o|e|ou|et|oder|und|и|или|または|と|와|과|또는|và|hoặc|و|أو|और|या|และ|หรือ)?[\s,，、;]*"
)
_VARIABLE = re.compile(r"\\?[A-Za-z]+(?:_\{?\w+\}?)?'*|[A-Z]{2,3}|[A-Za-z]\([a-z]\)|\\triangle\s*\w+|\\angle\s*\w+")
_WORD = re.compile(r"[^\W\d_]{2,}")
_THAT_IS = re.compile(
    r"[,，]\s*(?:i\.e\.|that\s+is|namely|which\s+is|ou\s+seja|es\s+decir|also|d\.\s?h\.|cioè|soit|то\s+есть|即)\s*,?\s*",
    re.IGNORECASE,
)
_OPERATION = re.compile(
    r"\b(?:less|more|fewer|between|times|twice|half|thrice|sum|product|difference|double|triple)\b", re.IGNORECASE
)
_GIVEN = re.compile(r"^.{0,60}?(?:のときで?|일\s*때)[、,]?\s*")
_EQUATION = re.compile(
    r"(?:^|[\s,:(，、])((?:[A-Za-zα-ωΔ]{1,2}(?:_\{?\w+\}?|[₀-₉])?|\([a-z](?:,\s*[a-z])+\)|[A-Za-z]\([^()]{1,12}\))\s*(?:=|＝|∈|≤|≥|<|>|≠)\s*[^\s].*)$"
)
_STATEMENTS = {answer: re.compile(pattern, re.IGNORECASE) for answer, pattern in STATEMENTS.items()}
_STATEMENT_HINT = re.compile(
    r"\b(?:no|not|infinit|undef|diverg|DNE|insuf|keine|nessun|unendlich|nicht|indef|pas|sem|doesn't|don't)",
    re.IGNORECASE,
)
_NAME = re.compile(r"[^=\d$\\]*[^\W\d_]{3,}[^=\d$\\]*=[^=]*$")
_JOIN_WORDS = frozenset("and or oder und ou et or или и và hoặc cm pi sqrt".split())
_ALGEBRA = re.compile(r"(?:[A-Za-z]{1,2}(?![A-Za-z])|[\\d\\s+\\-−*·/^²³().√π])+")
_BOUND = re.compile(r"(?:at\s+least|at\s+most|more\s+than|less\s+than|fewer\s+than|up\s+to)\b", re.IGNORECASE)
_JOINED_UNIT = re.compile(r"-?\d[\d.,]*[A-Za-z]")
_COUNTED = re.compile(
    r"\d[\d.,]*\s+[^\W\d_]+(?:\s[^\W\d_]+)?(?:\s*(?:,|and|or|und|et|y|e|и|&)\s*)+\d[\d.,]*\s+[^\W\d_]+(?:\s[^\W\d_]+)?"
)
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")
_COMMAND = re.compile(r"\\[A-Za-z]+|\\text\s*\{[^{}]*\}")
_FREE = re.compile(r"(?<![A-Za-z])[A-Za-z](?![A-Za-z'’])(?<!\d\sx)(?<!\dx)")
_COMPUTED = re.compile(
    r"\d\s*[-−–+*/×÷·^(]|[-−–+*/×÷·]\s*\$?\d|\\(?:cdot|times|frac|dfrac|tfrac|sqrt|div|log|binom)|^\s*\$?\d|\\star|\^"
)
_RELATION = re.compile(r"[=＝≠<>≤≥]")
_STEP_PREFIX = re.compile(r"^(?:step|schritt|étape|paso|passo|шаг|bước)\s*\d+\s*(?:→|:|\.|\)|-|—)\s*", re.IGNORECASE)
_CURRENCY = re.compile(r"\s*(?:US\$|R\$|[€£¥₹₩฿₽])\s*\d")
_ROWS = re.compile(r"\s*\\begin\{(align|aligned|eqnarray|split|gather|gathered)(\*?)\}(.*)\\end\{\1\2\}\s*", re.DOTALL)
LATEX = re.compile(r"\\[A-Za-z]+|\^|_\{")


def bold_answer(text: str) -> str | None:
    """The last bold text that holds a number or a formula; None where there is none."""
    last = None
    for match in _BOLD.finditer(text):
        content = match.group(1) or match.group(2) or match.group(3)
        if re.search(r"\d|\$|\\\(|√|π|∞", content) and not _step(content):
            signed = text[match.start() - 1 : match.start()] in {"-", "−"} and match.group().startswith(("**", "__"))
            last = "-" + content if signed else content
    return last


def _step(content: str) -> bool:
    return bool(
        re.match(
            r"\s*(?:step|case|part|method|schritt|étape|paso|passo|шаг|bước|第|步骤|단계|\d+[.)]\s+[^\W\d])|.*[:：]\s*$|^\s*\d+\.\s*$",
            content,
            re.IGNORECASE,
        )
    )


def strip_markup(text: str) -> str:
    """The text without bold marks, HTML tags of style, and decoration at its ends."""
    return _MARKUP.sub("", text).strip(_EDGES)


def trim_tail(text: str) -> str:
    """A statement without the explanation, denial or remark behind its value ("60 (since …)", "7, not 6")."""
    spans = formulas(text)
    mask = masked(text, spans)
    for pattern in (CONDITION, _DENIED_TAIL, _TAIL, _PAREN_TAIL, _BARE_TAIL, _COLON_TAIL):
        for match in pattern.finditer(mask):
            head = mask[: match.start()]
            if _has_value(head) and not _ends_open(head, spans):
                mask = head
    return text[: len(mask)].rstrip(" ,;，；—–-")


def _ends_open(head: str, spans: list[Formula]) -> bool:
    """Whether a statement's head ends on a mere variable, so that its value is still to come ("y(t) when u = 10 is 20")."""
    bare = head.rstrip(" ,")
    last = [span for span in spans if span.end == len(bare) and _VARIABLE.fullmatch(span.content)]
    return bool(last) and spans[-1].start >= len(head)


def _has_value(text: str) -> bool:
    return FILLER in text or any(letter.isdigit() for letter in text) or bool(re.search(r"[√π∞]|\\[a-z]+", text))


def stated_answer(statement: str, lexicon: Lexicon, *, sentence: bool = False, strict: bool = False) -> str:
    """The answer that a statement gives; "" where it gives none.

    Args:
        statement: What stands behind an announcement, or a sentence that concludes.
        lexicon: The cue words of its languages.
        sentence: It is a whole sentence, so that words before the value are expected.
        strict: A number that stands aside ("in 3 days") is no answer even where it is the only one.
    """
    if (bold := bold_answer(statement)) is not None and not _BOLD.fullmatch(statement.strip()):
        inner = stated_answer(bold, lexicon)
        if inner:
            return inner
    text = trim_tail(_affirmed(_STEP_PREFIX.sub("", strip_markup(statement)).rstrip("。.!！।"), lexicon))
    text = _COPULA.sub("", text.strip(_EDGES).rstrip("。.!！।")).strip()
    if not text:
        return ""
    spans = formulas(text)
    if spans:
        return _from_formulas(text, spans, lexicon, sentence=sentence)
    return _from_words(text, lexicon, sentence=sentence, strict=strict)


def _affirmed(text: str, lexicon: Lexicon) -> str:
    """The right value of "not 5 but 6", in every order that a language has."""
    if (
        (restated := _THAT_IS.search(text))
        and _OPERATION.search(text[: restated.start()])
        and _has_value(text[restated.end() :])
    ):
        text = text[restated.end() :]
    if (condition := _GIVEN.match(text)) and _has_value(text[condition.end() :]):
        text = text[condition.end() :]
    but = BUT.search(text)
    if but and lexicon.negation.search(text[: but.end()]) and _has_value(text[but.end() :]):
        return text[but.end() :]
    return text


def _from_words(text: str, lexicon: Lexicon, *, sentence: bool, strict: bool) -> str:
    words = _WORD.findall(text)
    if LATEX.search(text) and not sentence and ("\\" in text or len(words) < 3):
        return text
    if lexicon.decimal_comma:
        text = point_form(text)
    matches = numbers(text)
    if not matches:
        return "" if sentence else text
    if (group := grouped_value(text)) and (words or sentence or "|" in text):
        return group
    if equation := _EQUATION.search(text):
        return last_link(equation.group(1))
    if _COUNTED.fullmatch(text) or (_BOUND.match(text) and len(words) < 5) or _is_token(text):
        return text
    left, equals, right = text.rpartition("=")
    if equals and re.search(r"\d", right):
        return _right_side(left, right.strip(), lexicon) or last_link(text if text.isascii() else fold_digits(text))
    crowded = len(words) >= 3 or (_CJK.search(text) and len(re.findall(r"[^\W\d_]", text)) > 3)
    joined = all(word.lower() in _JOIN_WORDS for word in words)
    if crowded or sentence or (len(matches) > 1 and not joined):
        return value_of(text, lexicon.negation, strict=strict)
    if len(matches) == 1 and (has_letters(text) or _CURRENCY.match(text)) and not _RELATION.search(text):
        return value_of(text, lexicon.negation)
    return last_link(text if text.isascii() else fold_digits(text))


def _right_side(left: str, right: str, lexicon: Lexicon) -> str:
    """What stands behind "=" where words or a computation stand before it; "" where an equation is the answer."""
    if not (re.search(r"[^\W\d_]{3,}", left) or last_link(f"{left}=0") == "0"):
        return ""
    if _ALGEBRA.fullmatch(right) and (_FREE.search(right) or "√" in right or "π" in right):
        return right
    return value_of(right, lexicon.negation)


def _is_token(text: str) -> bool:
    """Whether a text is a number with letters at it, perhaps with a word behind ("4x", "6th place")."""
    return text.isascii() and len(text.split()) <= 2 and _JOINED_UNIT.match(text) is not None


def _from_formulas(text: str, spans: list[Formula], lexicon: Lexicon, *, sentence: bool) -> str:
    mask = masked(text, spans)
    outside = mask.replace(FILLER, " ")
    behind = mask[spans[-1].end :]
    if not has_letters(outside) and not any(letter.isdigit() for letter in outside) and not sentence:
        return (
            _linked(spans[0], text) if len(spans) == 1 and spans[0].start == 0 and spans[0].end == len(text) else text
        )
    if (
        not mask[: spans[0].start].strip(" \t([{")
        and len(spans) == 1
        and len(_WORD.findall(behind)) <= 3
        and not sentence
    ):
        return text
    run: list[Formula] = []
    for span in reversed(spans):
        if run and not (_JOIN.fullmatch(mask, span.end, run[-1].start) and _alike(span.content, run[-1].content)):
            break
        if not run and (
            _passed_over(span, mask, lexicon)
            or (span is not spans[0] and mask[: span.start].rstrip()[-1:] in {"(", "（"})
        ):
            continue
        run.append(span)
    if not run:
        rest = outside.strip()
        return (
            value_of(rest, lexicon.negation)
            if numbers(rest)
            else (text[spans[-1].start : spans[-1].end] if not sentence else "")
        )
    end = run[0].end
    late = numbers(mask[end:])
    if (
        late
        and FILLER not in mask[end:]
        and re.match(r"\s*(?:is|are|=|为|是|:|：|は|равн|est|ist|es|é|è|là)\b", mask[end:])
    ):
        return value_of(mask[end:], lexicon.negation)
    unit = re.match(r"\s?[A-Za-z%°²³/]+(?:\s(?:units|per\s\w+))?", mask[end:])
    tail = unit.group() if unit and with_unit("1" + unit.group(), numbers("1")[0]) != "1" else ""
    if len(run) == 1:
        return _linked(run[0], text) + tail
    relations = any(re.search(r"[<>≤≥≠]|\\(?:le|ge|ne|lt|gt|in)", span.content) for span in run)
    return (" \\text{ and } " if relations else ", ").join(f"${span.content}$" for span in reversed(run)) + tail


def _linked(formula: Formula, text: str) -> str:
    """A formula with its marks, a chain by its last link."""
    content = last_link(formula.content)
    return text[formula.start : formula.end] if content == formula.content else f"${content}$"


def _alike(left: str, right: str) -> bool:
    """Whether two formulas can be parts of one answer: both equations of a variable, or neither an equation."""
    sides = [content.partition("=") for content in (left, right)]
    values = all(not equals or re.search(r"[<>≤≥≠]|\\(?:le|ge|ne|lt|gt)", side) for side, equals, _ in sides)
    equations = all(equals and _VARIABLE.fullmatch(side.strip()) for side, equals, _ in sides)
    return (values or equations) and not any("=" in value for _, _, value in sides)


def _passed_over(span: Formula, mask: str, lexicon: Lexicon) -> bool:
    before = mask[: span.start][-20:]
    return bool(
        _VARIABLE.fullmatch(span.content)
        or lexicon.negation.search(before[-12:])
        or re.search(r"\b(?:at|when|for|where|if|with|since|because|from|than)\s+$", before)
    )


def last_link(answer: str) -> str:
    """The result of a computation or chain ("12 × 5 = 60", "x+1 = 2+1 = 3"); a named value ("x = 5") stays whole.

    What is rounded behind the result ("= 1/3 ≈ 0.33") stays with it: a gold may be either.
    """
    if rows := _ROWS.fullmatch(answer):
        lines = [line for line in re.split(r"\\\\(?:\[[^\]]*\])?", rows.group(3)) if line.strip()]
        if len(lines) > 1 and all(re.match(r"\s*(?:&\s*)?=", line) for line in lines[1:]):
            return lines[-1].rpartition("=")[2].replace("&", "").strip().rstrip(".")
        if len(lines) == 1:
            return last_link(lines[0].replace("&", "").strip().rstrip("."))
        return answer
    parts = _split_chain(answer)
    equation = _FREE.search(_COMMAND.sub("", parts[0])) or not _COMPUTED.search(parts[0])
    if len(parts) < 2 + bool(equation):
        return answer
    opening = "$" if answer.startswith("$") and answer.endswith("$") and len(answer) > 1 else ""
    return opening + parts[-1].strip().lstrip("&").strip() if parts[-1].strip(" $.") else answer


def _split_chain(text: str) -> list[str]:
    """The parts of a text between its equals signs outside brackets and environments."""
    if (
        "=" not in text
        or "\\begin" in text
        or re.search(r"\band\b|\bor\b|,\s|,\\q?quad", text)
        or re.search(r"[<>≤≥]|\\(?:le|ge|lt|gt|leq|geq|neq|ne)\b|!=", text)
    ):
        return [text]
    parts, depth, start = [], 0, 0
    for place, letter in enumerate(text):
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "=" and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    return [*parts, text[start:]]


def worded_answer(text: str) -> str:
    """The answer that a sentence gives in words ("there are no real solutions"), as a verdict reads it; "" for none."""
    if text.isascii() and not _STATEMENT_HINT.search(text):
        return ""
    for answer, pattern in _STATEMENTS.items():
        if pattern.search(text):
            return answer
    return ""
