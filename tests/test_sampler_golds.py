"""Recomputes every gold answer of the sampler from its problem's numbers and compares it with the file."""

import json
import re
from calendar import day_name
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from itertools import combinations, count, pairwise, permutations, product
from math import factorial, isqrt
from pathlib import Path
from typing import Any

import pytest
import sympy as sp
from sympy.calculus.util import continuous_domain, function_range
from sympy.parsing.sympy_parser import convert_xor, implicit_multiplication, parse_expr, standard_transformations

DATA = Path(__file__).resolve().parents[1] / "data" / "sampler" / "test.jsonl"
LINES: list[dict[str, Any]] = [json.loads(line) for line in DATA.read_text(encoding="utf-8").splitlines()]
ROWS = {row["id"]: row for row in LINES}
KINDS = {"number", "fraction", "expression", "set", "interval", "tuple", "matrix", "equation", "choice", "text"}

a, b, t, x, y, z = sp.symbols("a b t x y z", real=True)
HALF = sp.Rational(1, 2)


def tex(value: object) -> str:
    """LaTeX of a value in the house style: 2x^3, 5\\sqrt{3}."""
    text = str(sp.latex(sp.sympify(value)))
    text = re.sub(r"(?<=\d) (?=[a-z\\])", "", text)
    return re.sub(r"\^\{(\w)\}", r"^\1", re.sub(r"^- ", "-", text))


def braces(values: Iterable[object]) -> str:
    return r"\{" + ", ".join(tex(v) for v in sorted(set(values), key=lambda v: sp.N(sp.sympify(v)))) + r"\}"


def pair(*values: object) -> str:
    return "(" + ", ".join(map(tex, values)) + ")"


def matrix(m: Any) -> str:
    rows = r" \\ ".join(" & ".join(map(tex, row)) for row in m.tolist())
    return rf"\begin{{pmatrix}} {rows} \end{{pmatrix}}"


def span(interval: Any) -> str:
    ends = f"{tex(interval.start)}, {tex(interval.end)}"
    return f"{'(' if interval.left_open else '['}{ends}{')' if interval.right_open else ']'}"


def line(slope: object, shift: object, names: str = "yx") -> str:
    """y = mx + b, with the shift left out where it is 0."""
    rest = sp.sympify(shift)
    tail = "" if rest == 0 else f" {'+' if rest > 0 else '-'} {tex(abs(rest))}"
    return f"{names[0]} = {tex(slope)}{names[1]}{tail}"


def read(text: str) -> Any:
    """The value of an option such as $\\frac{2}{3}$, $75\\%$ or $x^3 - 4x$."""
    text = re.sub(r"\\frac\{([^}]*)\}\{([^}]*)\}", r"((\1)/(\2))", text.strip("$"))
    text = text.replace(r"\%", "/100").replace(r"^\circ", "*pi/180").replace("\\pi", "pi")
    rules = (*standard_transformations, implicit_multiplication, convert_xor)
    return sp.nsimplify(parse_expr(text, local_dict={"x": x}, transformations=rules), rational=True)


def choose(row_id: str, fits: Callable[[str], bool]) -> str:
    hits = [letter for letter, text in ROWS[row_id]["options"].items() if fits(text)]
    assert len(hits) == 1, (row_id, hits)
    return str(hits[0])


def pick(row_id: str, value: object) -> str:
    return choose(row_id, lambda text: bool(sp.simplify(read(text) - sp.sympify(value)) == 0))


def greatest(row_id: str) -> str:
    return pick(row_id, max(read(text) for text in ROWS[row_id]["options"].values()))


def only(values: Iterable[Any]) -> Any:
    """The single value of an iterable."""
    found = list(values)
    assert len(found) == 1, found
    return found[0]


def root(equation: object, unknown: Any = x) -> Any:
    return only(sp.solve(equation, unknown))


def chance(good: Callable[..., bool], outcomes: Iterable[tuple[int, ...]]) -> Fraction:
    verdicts = [good(*outcome) for outcome in outcomes]
    return Fraction(sum(verdicts), len(verdicts))


def peak(f: Any, low: int, high: int) -> Any:
    return max(f.subs(x, v) for v in [low, high, *sp.solveset(sp.diff(f, x), x, sp.Interval(low, high))])


def vertex(p: int, q: int, r: int) -> tuple[Fraction, Fraction]:
    return Fraction(-q, 2 * p), r - Fraction(q * q, 4 * p)


# ---- problems that need more than one expression


def next_weekday(start: str, days: int) -> str:
    first = next(d for d in (date(2024, 1, 1) + timedelta(k) for k in count()) if day_name[d.weekday()] == start)
    return day_name[(first + timedelta(days)).weekday()]


def chinese_weekday() -> str:
    assert date(2024, 2, 29).weekday() == 3
    return "星期" + "一二三四五六日"[date(2024, 3, 20).weekday()]


def quadrilateral() -> str:
    points = [sp.Point(p) for p in [(0, 0), (4, 1), (5, 5), (1, 4)]]
    sides = [points[(k + 1) % 4] - points[k] for k in range(4)]
    equal = len({side.dot(side) for side in sides}) == 1
    right = all(sides[k].dot(sides[k - 1]) == 0 for k in range(4))
    return {(True, True): "square", (False, True): "rectangle", (True, False): "rhombus"}[equal, right]


def functional(factor: Any, twin: Any, right: Any) -> str:
    """f from f(x) + factor * f(twin) = right, read at x and at its twin (and twin of twin is x)."""
    here, there = sp.symbols("here there")
    mirrored = there + factor * here
    equations = [here + factor * there - right, mirrored.subs(x, twin) - sp.sympify(right).subs(x, twin)]
    return tex(sp.expand(sp.simplify(sp.solve(equations, [here, there])[here])))


@cache
def coverings(filled: frozenset[tuple[int, int]], width: int) -> int:
    """Ways to complete a 2 x width board with dominoes and 2 x 3 rectangles, by the first empty cell."""
    board = frozenset(product(range(width), range(2)))
    empty = sorted(board - filled)
    if not empty:
        return 1
    c, r = empty[0]
    pieces = [set(product(range(c, c + m), range(r, r + n))) for m, n in [(2, 1), (1, 2), (3, 2)]]
    return sum(coverings(filled | p, width) for p in pieces if p <= board and not p & filled)


@cache
def first_wins(stones: int) -> bool:
    return any(not first_wins(stones - take) for take in (1, 4, 6) if take <= stones)


def midpoint_circle() -> str:
    """Feet of the perpendiculars from the centre to three chords through (4, 2)."""
    through = sp.Point(4, 2)
    feet = [sp.Line(through, through + sp.Point(d)).projection(sp.Point(0, 0)) for d in [(1, 0), (0, 1), (1, 1)]]
    circle = sp.Circle(*feet)
    return f"(x - {tex(circle.center.x)})^2 + (y - {tex(circle.center.y)})^2 = {tex(circle.radius**2)}"


def positive_square_root() -> str:
    m = sp.Matrix([[a, b], [b, t]])
    found = sp.solve(list(m**2 - sp.Matrix([[13, 12], [12, 13]])), [a, b, t], dict=True)
    return matrix(only(r for r in (m.subs(s) for s in found) if all(v > 0 for v in r.eigenvals())))


def culprit() -> str:
    def lies(who: str) -> int:
        return [who != "甲", who == "丁", who == "乙", who != "丁"].count(False)

    return str(only(who for who in "甲乙丙丁" if lies(who) == 1))


def square_divisors(number: int, factor: int) -> int:
    """How many squares divide the number and are multiples of the factor."""
    return sum(number % k**2 == 0 and k**2 % factor == 0 for k in range(1, isqrt(number) + 1))


def ellipse() -> str:
    long2 = Fraction(10, 2) ** 2
    return rf"\frac{{x^2}}{{{long2}}} + \frac{{y^2}}{{{long2 - 3**2}}} = 1"


def tangent() -> str:
    f = x**3 - 2 * x
    slope = sp.diff(f, x).subs(x, 2)
    return line(slope, f.subs(x, 2) - 2 * slope)


def proportional_change() -> str:
    change = (1 + Fraction(20, 100)) * (1 - Fraction(20, 100)) - 1
    word = "不变" if change == 0 else f"{'提高了' if change > 0 else '降低了'} ${abs(change) * 100}\\%$"
    return choose("L3-zh-06", lambda text: text == word)


def conic() -> str:
    sign = sp.sign(6**2 - 4 * 1 * 4)
    assert sp.Matrix([[1, 3], [3, 4]]).det() * -5 != 0  # not degenerate
    return {-1: "ellipse", 0: "parabola", 1: "hyperbola"}[int(sign)]


def quadrant() -> str:
    value = sp.expand((1 + 2 * sp.I) ** 3)
    names = {(True, True): "一", (False, True): "二", (False, False): "三", (True, False): "四"}
    return f"第{names[bool(sp.re(value) > 0), bool(sp.im(value) > 0)]}象限"


def triangle_radii() -> Any:
    triangle = sp.Triangle(sss=(5, 6, 7))
    return sp.simplify(triangle.circumradius * triangle.inradius)


SIDES = {1: "equilateral", 2: "isosceles", 3: "scalene"}
GOLDS: dict[str, Callable[[], str]] = {
    # level 1
    "L1-en-01": lambda: tex(3 + 4),
    "L1-en-02": lambda: tex(9 - 5),
    "L1-en-03": lambda: tex(8 + 6),
    "L1-en-04": lambda: tex(7 - 7),
    "L1-en-05": lambda: tex(2 + 9),
    "L1-en-06": lambda: tex(8 - 3),
    "L1-en-07": lambda: tex(5 + 5),
    "L1-en-08": lambda: tex(9 + 4),
    "L1-en-09": lambda: tex(7 - 6),
    "L1-en-10": lambda: tex(1 + 2 + 3),
    "L1-en-11": lambda: tex(9 - 4 - 2),
    "L1-en-12": lambda: tex(6 - 2),
    "L1-en-13": lambda: tex(3 + 5),
    "L1-en-14": lambda: tex(9 - 1),
    "L1-en-15": lambda: tex(4 + 8 - 3),
    "L1-en-16": lambda: tex(root(5 + x - 9)),
    "L1-en-17": lambda: tex(root(x - 2 - 6)),
    "L1-en-18": lambda: tex(2 - 9),
    "L1-en-19": lambda: tex(6 + 7),
    "L1-en-20": lambda: pick("L1-en-20", 2 + 6),
    "L1-en-21": lambda: greatest("L1-en-21"),
    "L1-en-22": lambda: ("even", "odd")[(4 + 5) % 2],
    "L1-en-23": lambda: max([(4 + 3, "Lily"), (9 - 4, "Omar")])[1],
    "L1-zh-01": lambda: tex(2 + 5),
    "L1-zh-02": lambda: tex(8 - 3),
    "L1-zh-03": lambda: tex(9 + 9),
    "L1-zh-04": lambda: tex(6 + 3),
    "L1-zh-05": lambda: tex(9 - 7),
    "L1-zh-06": lambda: tex(4 + 2),
    "L1-zh-07": lambda: tex(8 - 5),
    "L1-zh-08": lambda: tex(root(4 + x - 9)),
    "L1-zh-09": lambda: tex(6 - 6 + 1),
    "L1-zh-10": lambda: tex(7 + 8),
    "L1-zh-11": lambda: pick("L1-zh-11", 5),
    "L1-zh-12": lambda: ("双数", "单数")[(3 + 3) % 2],
    # level 2
    "L2-en-01": lambda: tex(487 + 2658),
    "L2-en-02": lambda: tex(36 * 47),
    "L2-en-03": lambda: tex(Fraction(7014, 42)),
    "L2-en-04": lambda: tex(Fraction(3, 8) + Fraction(5, 12)),
    "L2-en-05": lambda: tex(Fraction(7, 10) / Fraction(14, 15)),
    "L2-en-06": lambda: tex(Fraction(35, 100) * 240),
    "L2-en-07": lambda: tex(24 * 17),
    "L2-en-08": lambda: tex(Fraction("0.375")),
    "L2-en-09": lambda: braces(d for d in range(1, 19) if 18 % d == 0),
    "L2-en-10": lambda: greatest("L2-en-10"),
    "L2-en-11": lambda: next_weekday("Wednesday", 100),
    "L2-en-12": lambda: pair(*divmod(275, 12)),
    "L2-en-13": lambda: tex(80 * (1 - Fraction(15, 100))),
    "L2-zh-01": lambda: tex(25 * 16 - 138),
    "L2-zh-02": lambda: tex(Fraction(5, 6) - Fraction(2, 9)),
    "L2-zh-03": lambda: tex(Fraction(45, 100) * 320),
    "L2-zh-04": lambda: tex(96 * Fraction("3.5")),
    "L2-zh-05": lambda: braces(p for p in range(11, 30) if all(p % d for d in range(2, p))),
    "L2-zh-06": chinese_weekday,
    "L2-zh-07": lambda: pick("L2-zh-07", Fraction(3, 4)),
    # level 3
    "L3-en-01": lambda: tex(root(sp.Eq(5 * x - 7, 2 * x + 11))),
    "L3-en-02": lambda: tex(root(sp.Eq(4 * (x + 1), 9 - 2 * x))),
    "L3-en-03": lambda: pair(*only(sp.linsolve([2 * x + y - 11, x - y - 1], x, y))),
    "L3-en-04": lambda: tex(only(n for n in range(91) if 7 * n + 4 * (90 - n) == 459)),
    "L3-en-05": lambda: tex(Fraction(54, 15 + 12)),
    "L3-en-06": lambda: line((30 - 2) - 30, 30, "ht"),
    "L3-en-07": lambda: line(Fraction(10 - 4, 3 - 1), 4 - Fraction(10 - 4, 3 - 1) * 1),
    "L3-en-08": lambda: span(sp.And(x > 1, 2 * x - 3 <= 7).as_set()),
    "L3-en-09": lambda: tex(sp.expand(3 * (2 * a - b) - 2 * (a - 4 * b))),
    "L3-en-10": lambda: pick("L3-en-10", 40 * Fraction(5, 3 + 5)),
    "L3-en-11": lambda: SIDES[len({50, 65, 180 - 50 - 65})],
    "L3-en-12": lambda: tex(Fraction(1, 6) + Fraction(1, 4)),
    "L3-en-13": lambda: tex(only(4 * s for s in range(1, 31) if 4 * s + 20 == 2 * (s + 20))),
    "L3-zh-01": lambda: tex(root(sp.Eq(7 * x + 5, 4 * x - 13))),
    "L3-zh-02": lambda: tex(only(n for n in range(27) if 3 * n + 2 * (26 - n) == 61)),
    "L3-zh-03": lambda: pair(*only(sp.linsolve([3 * x + 2 * y - 16, x - 2 * y], x, y))),
    "L3-zh-04": lambda: span(sp.And(2 * x + 1 >= -3, 2 * x + 1 < 9).as_set()),
    "L3-zh-05": lambda: line(Fraction(10, 4), 0),
    "L3-zh-06": proportional_change,
    "L3-zh-07": lambda: braces(n for n in range(-50, 51) if abs(n - 3) == 5),
    # level 4
    "L4-en-01": lambda: braces(sp.solveset(x**2 - 3 * x - 28, x, sp.S.Reals)),
    "L4-en-02": lambda: tex(sp.expand((2 * x - 3) * (x**2 + x - 4))),
    "L4-en-03": lambda: tex(sp.sqrt(48) + sp.sqrt(27) - sp.sqrt(12)),
    "L4-en-04": lambda: tex(chance(lambda m, n: m * n % 6 == 0, product(range(1, 7), repeat=2))),
    "L4-en-05": lambda: tex(chance(lambda m, n: (m < 5) == (n < 5), combinations(range(5 + 4), 2))),
    "L4-en-06": lambda: span(continuous_domain(sp.sqrt(6 - x - x**2), x, sp.S.Reals)),
    "L4-en-07": lambda: pair(*vertex(2, -12, 11)),
    "L4-en-08": lambda: line(Fraction(-1, 2), 1 - 4 * Fraction(-1, 2)),
    "L4-en-09": lambda: tex(sp.sqrt(Fraction(24, 2) ** 2 + 5**2)),
    "L4-en-10": lambda: tex((3 * 3 - 2) ** 2 + 1),
    "L4-en-11": lambda: choose("L4-en-11", lambda s: bool(sp.expand(read(s) + read(s).subs(x, -x)) == 0)),
    "L4-en-12": quadrilateral,
    "L4-en-13": lambda: tex(sp.pi * 6 * sp.sqrt(6**2 + 8**2)),
    "L4-en-14": lambda: matrix(3 * sp.Matrix([[2, -1], [0, 3]]) - 2 * sp.Matrix([[1, 4], [-2, 5]])),
    "L4-zh-01": lambda: braces(n for n in (2, 4, 6, 8) if n * n - 5 * n + 4 <= 0),
    "L4-zh-02": lambda: tex(sp.cancel((x**2 - 9) / (x**2 + 6 * x + 9))),
    "L4-zh-03": lambda: tex(chance(lambda m, n: m % 3 == 0 or n % 3 == 0, combinations(range(1, 10), 2))),
    "L4-zh-04": lambda: tex(peak(-(x**2) + 6 * x - 2, 4, 6)),
    "L4-zh-05": lambda: f"x = {tex(root(sp.diff(3 * x**2 + 12 * x - 5, x)))}",
    "L4-zh-06": lambda: span(function_range(x**2 - 2 * x, x, sp.Interval(-1, 2))),
    "L4-zh-07": lambda: pick("L4-zh-07", sp.acos(Fraction(7**2 + 8**2 - 13**2, 2 * 7 * 8))),
    "L4-zh-08": lambda: matrix((sp.Matrix([[5, 4], [-1, 6]]) - sp.Matrix([[1, -2], [3, 0]])) / 2),
    # level 5
    "L5-en-01": lambda: tex(sp.integrate(3 * x**2 + 2 * x, (x, 0, 2))),
    "L5-en-02": lambda: tex(sp.diff(x * sp.exp(3 * x), x)),
    "L5-en-03": lambda: matrix(sp.Matrix([[1, 2], [0, 3]]) * sp.Matrix([[2, -1], [4, 5]])),
    "L5-en-04": lambda: matrix(sp.Matrix([[3, 5], [1, 2]]).inv()),
    "L5-en-05": lambda: tex(sp.expand_complex((7 + sp.I) / (1 - sp.I))),
    "L5-en-06": lambda: braces(sp.solveset(2 * sp.cos(x) ** 2 - sp.cos(x), x, sp.Interval.Ropen(0, 2 * sp.pi))),
    "L5-en-07": lambda: tex(18 / (1 - Fraction(-6, 18))),
    "L5-en-08": tangent,
    "L5-en-09": lambda: span((sp.diff(x**3 - 6 * x**2 + 9 * x, x) < 0).as_set()),
    "L5-en-10": lambda: pair(abs(-1 + sp.sqrt(3) * sp.I), sp.arg(-1 + sp.sqrt(3) * sp.I)),
    "L5-en-11": lambda: pick("L5-en-11", sp.limit((1 - sp.cos(2 * x)) / x**2, x, 0)),
    "L5-en-12": conic,
    "L5-en-13": lambda: tex(sp.Matrix([[2, 0, 1], [1, 3, -1], [0, 5, 4]]).det()),
    "L5-zh-01": lambda: tex(sum(7 + (k - 3) * Fraction(22 - 7, 8 - 3) for k in range(1, 11))),
    "L5-zh-02": lambda: tex(sp.integrate(4 * x - x**2 - x, (x, *sorted(sp.solve(4 * x - x**2 - x, x))))),
    "L5-zh-03": lambda: matrix(sp.Matrix([[2, 1], [0, 2]]) ** 3),
    "L5-zh-04": lambda: tex(sp.simplify(sp.tan(sp.pi - sp.asin(sp.Rational(1, 3))))),
    "L5-zh-05": ellipse,
    "L5-zh-06": quadrant,
    "L5-zh-07": lambda: span(continuous_domain(sp.log(x + 1) + sp.sqrt(4 - x**2), x, sp.S.Reals)),
    "L5-zh-08": lambda: pick("L5-zh-08", sp.periodicity(sp.sin(2 * x) * sp.cos(2 * x), x)),
    # level 6
    "L6-en-01": lambda: tex(sum(pow(3, k, 41) for k in range(1, 2027)) % 41),
    "L6-en-02": lambda: tex(sum(mask & (mask >> 3) == 0 for mask in range(2**12))),
    "L6-en-03": lambda: braces(n for n in range(1, 5000) if isqrt(n * n + 3 * n + 24) ** 2 == n * n + 3 * n + 24),
    "L6-en-04": lambda: pair(*only((m, n) for n in range(1, 200) for m in range(1, n) if 13 * (m + n) == 2 * m * n)),
    "L6-en-05": lambda: functional(4, 3 - x, 15 * x**2),
    "L6-en-06": lambda: tex(peak(-((7 - 3 * x) ** 2) - (7 - 3 * x) * x - x**2, -99, 99) * -1),
    "L6-en-07": lambda: tex(coverings(frozenset(), 8)),
    "L6-en-08": lambda: "Ana" if first_wins(52) else "Ben",
    "L6-en-09": lambda: pick("L6-en-09", square_divisors(factorial(12), 6)),
    "L6-en-10": lambda: tex(4 * max(sp.Matrix([[0, HALF, 0], [HALF, 0, 1], [0, 1, 0]]).eigenvals())),
    "L6-en-11": lambda: braces(p for p in sp.primerange(2000) if (pow(3, p, p) + 67) % p == 0),
    "L6-en-12": lambda: tex(triangle_radii()),
    "L6-en-13": midpoint_circle,
    "L6-en-14": positive_square_root,
    "L6-en-15": lambda: span((2 * (17 - x**2) >= ((9 - x) / 2) ** 2).as_set()),
    "L6-zh-01": lambda: tex(sum(sum(map(int, str(n))) == 9 for n in range(1000, 10000))),
    "L6-zh-02": lambda: braces(n for n in range(-500, 501) if n != 2 and (n * n + 7) % (n - 2) == 0),
    "L6-zh-03": lambda: pair(*only((m, n) for m, n in combinations(range(1, 46), 2) if m * m + n * n == 2026)),
    "L6-zh-04": lambda: functional(2 * x, 1 / x, 9),
    "L6-zh-05": culprit,
    "L6-zh-06": lambda: tex(chance(lambda *p: 6 not in map(sum, pairwise(p)), permutations(range(1, 6)))),
    "L6-zh-07": lambda: pick("L6-zh-07", 10 * max(sp.Matrix([[1, 2], [2, -2]]).eigenvals())),
    "L6-zh-08": lambda: matrix(sp.Matrix([[1, -1], [1, 0]]) ** 2026),
}


def test_ids_are_unique_and_all_recomputed() -> None:
    assert len(ROWS) == len(LINES) >= 132
    assert set(ROWS) == set(GOLDS)


@pytest.mark.parametrize("row_id", list(GOLDS))
def test_gold(row_id: str) -> None:
    assert GOLDS[row_id]() == ROWS[row_id]["answer"]


@pytest.mark.parametrize("row", LINES, ids=lambda row: str(row["id"]))
def test_row_shape(row: dict[str, Any]) -> None:
    assert list(row) == ["id", "level", "kind", "language", "question", "answer", "options"]
    assert re.fullmatch(rf"L{row['level']}-{row['language']}-\d\d", row["id"])
    assert row["level"] in range(1, 7) and row["kind"] in KINDS and row["language"] in ("en", "zh")
    assert row["question"].count("$") % 2 == 0 and row["answer"] and "$" not in row["answer"]
    assert bool(re.search("[\u4e00-\u9fff]", row["question"])) == (row["language"] == "zh")
    if row["kind"] == "choice":
        assert list(row["options"]) == list("ABCD") and len(set(row["options"].values())) == 4
    else:
        assert row["options"] is None


def test_counts() -> None:
    levels = Counter(row["level"] for row in LINES)
    assert levels[1] >= 30 and all(levels[n] >= 18 for n in range(2, 7))
    assert sum(row["level"] == 1 and row["language"] == "en" for row in LINES) >= 20
    assert {row["level"] for row in LINES if row["language"] == "zh"} == set(range(1, 7))
    kinds = Counter(row["kind"] for row in LINES)
    assert set(kinds) == KINDS and min(kinds.values()) >= 6
    assert 0.6 <= sum(row["language"] == "en" for row in LINES) / len(LINES) <= 0.7
    assert len({row["question"] for row in LINES}) == len(LINES)
