"""Answers whose parts are harmless one by one and costly together: a verdict's budget is for the whole of it."""

from __future__ import annotations

PARTS = {
    "product of products": "\\prod_{k=1}^{1000} y\\prod_{k=1}^{1000} y",
    "double sum": "\\sum_{k=1}^{70}\\sum_{j=1}^{70} \\sin(kjx)",
    "double sum of numbers": "\\sum_{k=1}^{70}\\sum_{j=1}^{70} \\frac{1}{k+j}",
    "sum of roots": "\\sum_{k=1}^{4000} \\sqrt{k}",
    "sum of powers": "\\sum_{k=1}^{4000} x^{k}",
    "sum of sines": "\\sum_{k=1}^{3000} \\sin(kx)\\cos(ky)",
    "harmonic": "\\sum_{k=1}^{3000} \\frac{1}{k}",
    "factorials": "\\sum_{k=1}^{1200} k!",
    "powers": "3^{60000}",
    "roots of powers": "\\sqrt[3]{7^{20000}+2}",
    "gamma": "(\\pi+1000)!",
    "tower": "\\exp(\\exp(\\sin(\\exp(x))))",
    "nearly equal": "\\pi+10^{-70}",
    "polynomial": "(x+y)^{30}-x^{30}-z^{7}w",
    "regions": "x \\ne \\sqrt{2}",
    "interval": "[\\sqrt{2},\\sqrt{3}]",
    "nested roots": "\\sqrt{x+\\sqrt{x+\\sqrt{x+\\sqrt{x+\\sqrt{x}}}}}",
    "absolute": "|x-1|+|x-2|+|x-3|+|y-4|+|y-5|",
    "binomials": "\\sum_{k=0}^{400} \\binom{400}{k} x^k",
    "floors": "\\sum_{k=1}^{4000} \\lfloor k\\pi \\rfloor",
    "equation": "\\sum_{k=1}^{2000} kx = y",
    "complex": "\\sum_{k=1}^{2000} e^{ik}",
    "ratio": "\\sum_{k=1}^{900} \\sqrt{k} : 3",
    "inequality": "x^8-123457x^5+99x-1<0",
    "bars": "|x-1|+|x|<3",
    "sets": "A \\cup B \\cap C \\cup D \\cap E \\setminus F^c",
    "families": "x=1k\\pi,k\\in\\mathbb{Z}",
    "congruences": "x \\equiv 1 \\pmod{7}",
    "power of a matrix": "\\begin{pmatrix}1&x\\\\y&2\\end{pmatrix}^4",
    "determinant": "\\begin{vmatrix}1&x&y&z\\\\y&2&x&3\\\\a&b&c&d\\\\1&2&3&x\\end{vmatrix}",
    "signs": "x\\pm 1\\sqrt{3}",
    "functions": "f(1x)+g(x+1)+h(y)",
    "unions": "(1,2)\\cup(2,3)\\cup(3,4)\\cup(5,6)",
    "constants": "y=1C_1e^x+C_2xe^{-x}+C_3",
    "cases": "\\begin{cases}1 & x<1\\\\ 2 & x>3\\end{cases}",
    "float": "1.2345678901234567",
    "whole": "1",
}


COUNTS = (8, 100)
BRACKETS = {"list": ("", ""), "set": ("\\{", "\\}"), "tuple": ("(", ")")}


def hostile_pairs() -> dict[str, tuple[str, str]]:
    """Answers and golds by name: each part alone, and many slightly different ones in lists, sets, tuples, matrices."""
    found = {}
    for name, part in PARTS.items():
        near = part if {"=", ":", "["} & {*part.split("}")[-1], part[0]} else f"{part}+0"
        found[name] = (near, part)
        for count in COUNTS:
            given = ", ".join(part.replace("1", str(at + 2), 1) for at in range(count))
            wanted = ", ".join(near.replace("1", str(count + 1 - at), 1) for at in range(count))
            for kind, (opened, closed) in BRACKETS.items():
                found[f"{kind} of {count}: {name}"] = (opened + given + closed, opened + wanted + closed)
        rows = ("\\\\".join([f"{one} & {other}"] * 10) for one, other in ((part, near), (near, part)))
        left, right = (f"\\begin{{pmatrix}}{one}\\end{{pmatrix}}" for one in rows)
        found[f"matrix: {name}"] = (left, right)
    return found
