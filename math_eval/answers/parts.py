"""The answer of a problem in parts: "a) 12 litres" and "b) 8 minutes" are one answer of two values."""

from __future__ import annotations

import re

from math_eval.answers.lexicon import Lexicon
from math_eval.answers.statements import stated_answer

_MARKER = re.compile(r"(?:^|(?<=\s))(?:[(（]\s*([a-h]|[1-8]|[ivx]{1,4})\s*[)）]|([a-h])\))\s*", re.IGNORECASE)
_ORDER = ("abcdefgh", "12345678", ("i", "ii", "iii", "iv", "v", "vi"))
_LONGEST = 60
_COMPUTED = re.compile(r"\d\s*[-+*/×·÷:]\s*\d+[^=\n]*=")


def answer_of_parts(text: str, lexicon: Lexicon) -> str | None:
    """The values of the parts on which a response ends, joined by commas; None where it does not end on parts.

    The markers must begin at the first ((a), (1), (i)) and be consecutive, and each part be a short statement.
    """
    markers = [*_MARKER.finditer(text)]
    names = [(marker.group(1) or marker.group(2)).lower() for marker in markers]
    for order in _ORDER:
        count = len(names)
        if count > 1 and names == [*order[:count]]:
            ends = [marker.start() for marker in markers[1:]] + [len(text)]
            bodies = [text[marker.end() : end].strip(" \n;；,.") for marker, end in zip(markers, ends, strict=True)]
            if any(not body or len(body) > _LONGEST or "\n" in body or _COMPUTED.search(body) for body in bodies):
                return None
            values = [stated_answer(body, lexicon) for body in bodies]
            return ", ".join(values) if all(values) else None
    return None
