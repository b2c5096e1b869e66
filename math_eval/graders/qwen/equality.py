"""The reference's equality of a prediction and a gold: its rules in its order, up to the symbolic one.

The symbolic question is put to whoever is passed in, since SymPy needs a process that can be killed.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from math_eval.graders.equivalence.match import Match, decided
from math_eval.graders.qwen.choices import LETTERS, choice_in_answer

Symbolic = Callable[[str, str], bool]
"""Whether two texts are symbolically equal; it may raise what ends the whole comparison."""

REL_TOL = 1e-4
_DEPTH = 100
_WRAPS = ("pmatrix", "bmatrix")


def equal(prediction: str | None, gold: str, symbolic: Symbolic, depth: int = 0) -> Match:
    """Whether the reference calls the pair equal, and by which of its rules."""
    if prediction is None:
        return decided(same=False, rule="none")
    if prediction.strip().lower() == gold.strip().lower():
        return decided(same=True, rule="text")
    if gold in LETTERS and choice_in_answer(prediction) == gold:
        return decided(same=True, rule="choice")
    numbers = number(prediction), number(gold)
    if numbers[0] is not None and numbers[1] is not None:
        left, right = numbers[0], numbers[1]
        near = any(math.isclose(left, value, rel_tol=REL_TOL) for value in (right, right / 100, right * 100))
        return decided(near, "number")
    if not prediction or depth > _DEPTH:
        return decided(same=False, rule="empty" if not prediction else "depth")
    return _structured(prediction.strip(), gold.strip(), symbolic, depth)


def number(text: str) -> float | None:
    """A text as a float: thousands commas dropped, a percentage divided by 100."""
    text = text.replace(",", "")
    try:
        return float(text)
    except ValueError:
        pass
    if text.endswith("%"):
        try:
            return float(text[:-1].removesuffix("\\")) / 100
        except ValueError:
            pass
    return None


def _structured(prediction: str, gold: str, symbolic: Symbolic, depth: int) -> Match:
    if "pmatrix" in prediction and "pmatrix" not in gold:
        gold = _as_matrix(gold)
    if _bare(prediction, gold):
        return decided(same=True, rule="brackets")
    if _is_bracketed(prediction) and _is_bracketed(gold):
        left, right = prediction[1:-1].split(","), gold[1:-1].split(",")
        if _pairwise(left, right, symbolic, depth):
            return decided(same=True, rule="parts")
    if _is_matrix(prediction) and _is_matrix(gold) and _same_matrix(prediction, gold, symbolic, depth):
        return decided(same=True, rule="matrix")
    signs = prediction.count("="), gold.count("=")
    if signs == (1, 1):
        left_side, right_side = _as_difference(prediction), _as_difference(gold)
        if symbolic(left_side, right_side) or symbolic(f"-({left_side})", right_side):
            return decided(same=True, rule="equation")
    elif signs in {(1, 0), (0, 1)}:
        one, other = _right_side(prediction), _right_side(gold)
        if one is not None and other is not None and equal(one, other, symbolic, depth + 1).correct:
            return decided(same=True, rule="right side")
    return decided(symbolic(prediction, gold), "symbolic")


def _bare(prediction: str, gold: str) -> bool:
    """Equal once braces and parentheses are gone, and the outer brackets where they are of one kind."""
    outer = (prediction[:1], prediction[-1:])
    if (outer == ("[", "]") and not gold.startswith("(")) or (outer == ("(", ")") and not gold.startswith("[")):
        prediction, gold = prediction.strip("[]()"), gold.strip("[]()")
    drop = str.maketrans("", "", "{}()")
    return prediction.translate(drop).lower() == gold.translate(drop).lower()


def _is_bracketed(text: str) -> bool:
    line = text.partition("\n")[0]
    return line.startswith(("(", "[")) and (")" in line[2:] or "]" in line[2:])


def _pairwise(left: list[str], right: list[str], symbolic: Symbolic, depth: int) -> bool:
    return len(left) == len(right) and all(
        equal(one, other, symbolic, depth + 1).correct for one, other in zip(left, right, strict=True)
    )


def _is_matrix(text: str) -> bool:
    return any(text.startswith(f"\\begin{{{wrap}}}") for wrap in _WRAPS) and any(
        text.endswith(f"\\end{{{wrap}}}") for wrap in _WRAPS
    )


def _same_matrix(prediction: str, gold: str, symbolic: Symbolic, depth: int) -> bool:
    left, right = _rows(prediction), _rows(gold)
    return len(left) == len(right) and all(
        _pairwise(one.split("&"), other.split("&"), symbolic, depth) for one, other in zip(left, right, strict=True)
    )


def _rows(text: str) -> list[str]:
    inner = text[len("\\begin{pmatrix}") : -len("\\end{pmatrix}")]
    return [row.strip() for row in inner.split("\\\\") if row.strip()]


def _right_side(text: str) -> str | None:
    """What a name of at most two characters is said to equal; the text itself where it has no equals sign."""
    left, sign, right = text.partition("=")
    if not sign:
        return text
    return right if len(left.strip()) <= 2 else None


def _as_difference(equation: str) -> str:
    left, _, right = equation.partition("=")
    return f"{left.strip()} - ({right.strip()})"


def _as_matrix(gold: str) -> str:
    """The gold's braced lists as column matrices, each line's from its first { to its last } with a comma between."""
    made = []
    for line in gold.split("\n"):
        start, end = line.find("{"), line.rfind("}")
        if 0 <= start < end and "," in line[start:end]:
            cells = line[start : end + 1].strip("{}").replace(",", "\\")
            made.append(f"\\begin{{pmatrix}}{cells}\\end{{pmatrix}}")
    return ", ".join(made)
