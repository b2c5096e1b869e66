"""Texts out of a small grammar of mathematics, for the fuzzers: mostly readable, often too large, sometimes torn.

Every choice is drawn from a `draw(n)`, a number below n: a seeded generator's in the ordinary tests, a coverage-guided
fuzzer's in the long ones.
"""

from collections.abc import Callable

Draw = Callable[[int], int]

NUMBERS = (
    "0 1 2 3 5 7 10 12 0.5 2.75 1000 10^6 5000 99999 1000000007 1e9 1e5000 123456789123456789 -1 -4 3.14159 0.1(6) "
    "25\\% 60^\\circ ½ 1,234 10^{12} 2^{64}"
).split(" ")
NAMES = "x y n k a_1 \\alpha t z f(x) \\pi e i \\infty R \\theta' AB".split(" ")
TWO = (
    "{}+{}|{}-{}|{}{}|{} \\cdot {}|\\frac{{{}}}{{{}}}|{}^{{{}}}|({})^{{{}}}|{}/{}|\\binom{{{}}}{{{}}}|{} \\bmod {}|"
    "\\sqrt[{}]{{{}}}|\\log_{{{}}} {}|\\gcd({},{})|\\max({},{})|\\min({},{})|\\operatorname{{lcm}}({},{})|{} \\pm {}|"
    "{}_{{{}}}|{} = {}|{} \\le {}|{}, {}|({}, {}]|\\{{{}, {}\\}}|[{}, {}]|{}:{}|{} \\cup {}|{} \\text{{ or }} {}|"
    "\\begin{{vmatrix}} {} & 1 \\\\ 2 & {} \\end{{vmatrix}}|\\begin{{pmatrix}} {} \\\\ {} \\end{{pmatrix}}|"
    "\\sum_{{k={}}}^{{n}} {}|\\lim_{{x \\to {}}} {}|{} \\ne {}|{}^{{{}}}!|\\{{x \\mid {} < {}\\}}"
).split("|")
ONE = (
    "-{}|({})|\\sqrt{{{}}}|{}!|{}!!|({})!|\\sin {}|\\cos({})|\\tan {}|\\ln {}|\\log({})|\\exp({})|e^{{{}}}|"
    "\\lvert {} \\rvert|\\lfloor {} \\rfloor|\\lceil {} \\rceil|\\arcsin {}|\\arctan({})|\\sinh {}|\\coth {}|{}^2|"
    "{}^{{-1}}|{}\\%|{}^\\circ|\\text{{{}}}|{} \\text{{ cm}}|\\boxed{{{}}}|\\{{{}\\}}|x \\in {}|10^{{{}}}|{}^{{1/3}}|"
    "\\overline{{{}}}|\\|{}\\||f({})|\\int_0^1 {} \\, dx|\\int {} dx|\\sqrt[3]{{{}}}|{}'|2^{{2^{{{}}}}}|"
    "\\begin{{pmatrix}} {} \\end{{pmatrix}}"
).split("|")
THREE = (
    "\\sum_{{k={}}}^{{{}}} {}",
    "\\prod_{{k={}}}^{{{}}} {}",
    "\\int_{{{}}}^{{{}}} {} \\, dx",
    "{}, {}, {}",
    "{}^{{{}^{{{}}}}}",
    "{} < x < {} + {}",
    "\\frac{{{}}}{{{} + {}}}",
)
TEARS = [*"{}\\^_(|$!,&\0\ud800°", "\\frac", "\\text{", "\\left", "\\\\"]


def expression(draw: Draw, depth: int) -> str:
    """One expression, at most so deep."""
    shape = draw(10) if depth > 0 else 0
    if shape < 2:
        return NUMBERS[draw(len(NUMBERS))] if draw(3) else NAMES[draw(len(NAMES))]
    forms, count = ((ONE, 1), (TWO, 2), (THREE, 3))[0 if shape < 5 else 1 if shape < 9 else 2]
    return forms[draw(len(forms))].format(*(expression(draw, depth - 1) for _ in range(count)))


def text(draw: Draw) -> str:
    """A text: one expression, a list, one of many equal parts, or a torn one."""
    made = expression(draw, 1 + draw(5))
    manner = draw(12)
    if manner == 0:
        made = (", ", "+", "", "^", "!")[draw(5)].join([made] * (2 + draw(30)))
    elif manner == 1:
        at = draw(len(made) + 1)
        made = made[:at] + TEARS[draw(len(TEARS))] + made[at + draw(3) :]
    elif manner == 2:
        made += ("!" if draw(2) else "^{2}") * (1 + draw(40))
    return made
