"""Matrices, vectors and cases, part by part."""

from __future__ import annotations

from collections.abc import Callable

from latex2sympy.nodes import Bracket, Matrix, Node, Words
from math_eval.graders.equivalence.match import Match, decided, every, undecided
from math_eval.graders.equivalence.piecewise import same_piecewise
from math_eval.graders.equivalence.unknowns import items_of

MAX_CASES = 24
Same = Callable[[Node, Node], Match]
_OTHERWISE = Words("otherwise")


def same_matrix(answer: Node, gold: Node, same: Same) -> Match | None:
    """Matrices, vectors, cases, part by part; None where neither side is one."""
    if not isinstance(answer, Matrix) and not isinstance(gold, Matrix):
        return None
    if any(isinstance(one, Matrix) and one.kind == "det" for one in (answer, gold)):
        return undecided("needs_cas") if answer != gold else None
    cases = [isinstance(one, Matrix) and one.kind == "cases" for one in (answer, gold)]
    outcome = _same_cases(answer, gold, same) if all(cases) else None
    if any(cases) and not (outcome and outcome.correct) and (found := same_piecewise(answer, gold)):
        return found
    if outcome is not None:
        return outcome
    left, right = _rows(answer), _rows(gold)
    if left is None or right is None:
        return decided(same=False, rule="matrix")
    if not isinstance(answer, Matrix) or not isinstance(gold, Matrix):  # a vector written as a tuple
        left, right = ([[cell for row in rows for cell in row]] if _is_vector(rows) else rows for rows in (left, right))
    if [len(row) for row in left] != [len(row) for row in right]:
        return decided(same=False, rule="matrix")
    cells = zip((cell for row in left for cell in row), (cell for row in right for cell in row), strict=True)
    return every((same(one, other) for one, other in cells), "matrix")


def _same_cases(answer: Node, gold: Node, same: Same) -> Match:
    """Values with conditions, in any order; "otherwise" stands for the condition that is left."""
    given, wanted = ([list(row) for row in one.rows] if isinstance(one, Matrix) else [] for one in (answer, gold))
    if max(len(given), len(wanted)) > MAX_CASES:
        return undecided("limit:cases")
    if len(given) != len(wanted) or any(len(row) != 2 for row in (*given, *wanted)):
        return decided(same=False, rule="cases")
    for other in wanted:
        found = [row for row in given if same(row[1], other[1]).correct]
        found = found or [row for row in given if _OTHERWISE in (row[1], other[1])]
        row = next((row for row in found if same(row[0], other[0]).correct), None)
        if row is None:
            return decided(same=False, rule="cases")
        given.remove(row)
    return decided(same=True, rule="cases")


def _rows(node: Node) -> list[list[Node]] | None:
    if isinstance(node, Matrix):
        return [list(row) for row in node.rows]
    if isinstance(node, Bracket) and node.open in {"(", "["}:
        inner = [items_of(one) for one in node.items]
        if all(isinstance(one, Bracket) for one in node.items):
            return [list(row) for row in inner]
        return [list(node.items)]
    return None


def _is_vector(rows: list[list[Node]]) -> bool:
    return len(rows) == 1 or all(len(row) == 1 for row in rows)
