"""Option letters in an answer."""

from __future__ import annotations

import re

_STANDALONE = re.compile(r"(?<![A-Za-z\\])([A-J])(?![A-Za-z'’])")
_RUN = re.compile(r"(?<![A-Za-z\\])[A-J]{2,6}(?![A-Za-z])")


def last_letters(text: str, *, several: bool = False) -> str:
    r"""The option letter that a text ends on ("" where there is none); with `several`, all its letters in order.

    A text that is one letter with decoration ("(C)", "\text{C}", "C. 12") gives that letter; in running text the last
    standing alone counts, since reasoning names other options before it.
    """
    bare = text.replace("\\text", " ").replace("\\mathrm", " ").replace("\\textbf", " ")
    if several:
        runs = "".join(_RUN.findall(bare)) or "".join(_STANDALONE.findall(bare))
        return "".join(sorted(set(runs)))
    short = re.match(r"[\s({\[*]*([A-J])(?:[)}\].:,*]|\s*$)", bare)
    if short:
        return short.group(1)
    found = [letter for letter in _STANDALONE.findall(bare) if letter != "I"]
    return found[-1] if found else ""
