"""Environments: matrices, determinants, cases, systems and aligned equations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from latex2sympy.errors import ParseError
from latex2sympy.nodes import Listing, Matrix, Node, Relation, Words
from latex2sympy.plain import condition_words
from latex2sympy.stream import Stream
from latex2sympy.symbols import RELATIONS

_MATRICES = frozenset(
    {"matrix", "pmatrix", "bmatrix", "Bmatrix", "smallmatrix", "array", "psmallmatrix", "bsmallmatrix"}
)
_ALIGNED = frozenset({"aligned", "align", "gathered", "split", "alignedat", "eqnarray"})
_CASES = frozenset({"cases", "dcases", "rcases"})
_CONDITIONAL = frozenset({"if", "for", "when", "where", "as"})


class Environments(Stream):
    """Everything between begin and end."""

    if TYPE_CHECKING:

        def listing(self) -> Node: ...
        def relation(self) -> Node: ...
        def ratio(self) -> Node: ...
        def raw_argument(self) -> str: ...

    def environment(self, *, braced: bool = False) -> Node:
        """Matrices, determinants, cases and systems (also as an array behind a lone brace), aligned equations."""
        with self.deeper():
            name = self.raw_argument().rstrip("*")
            if name == "array" and self.at("{"):
                self.raw_argument()
            if name in _ALIGNED:
                return self._aligned()
            kind = "det" if name == "vmatrix" else "cases" if name in _CASES or braced else "matrix"
            if kind == "matrix" and name not in _MATRICES:
                raise self.fail(f"unknown environment {name!r}")
            rows: list[tuple[Node, ...]] = []
            while not self.at("\\end"):
                rows.append(self._row(kind))
                if not self.accept("\\\\"):
                    break
            self.expect("\\end")
            self.raw_argument()
            found = tuple(row for row in rows if row)
            if kind == "cases" and found and all(len(row) == 1 for row in found):
                return _system([row[0] for row in found])
            return Matrix(found, kind)

    def _row(self, kind: str) -> tuple[Node, ...]:
        while self.accept("\\hline"):
            pass
        if self.at("\\end", "\\\\"):
            return ()
        cells = [self.relation() if kind == "matrix" else self.listing()]
        while self.accept("&"):
            if kind == "cases":
                self.accept(",", ";")
                cells.append(self._continued(cells.pop()) if self.token.text in RELATIONS else self._condition())
            else:
                cells.append(self.relation())
        return tuple(cells)

    def _condition(self) -> Node:
        """The second cell of a case: a relation, or its words."""
        while self.token.text.strip().lower() in _CONDITIONAL:
            self.take()
        start = self.index
        words: list[str] = []
        worded = False
        while not self.at("\\\\", "\\end", "&") and self.token.kind != "end":
            token = self.take()
            worded = worded or token.kind == "text" or (token.kind == "name" and len(token.text) > 1)
            words.append(token.text)
        if not worded:
            end, self.index = self.index, start
            try:
                node = self.listing()
            except ParseError:
                node = None
            if node is not None and self.index == end:
                return node
            self.index = end
        return Words(condition_words(" ".join(words)))

    def _aligned(self) -> Node:
        """Lines of equations; a line that begins with a relation goes on with the chain above."""
        lines: list[Node] = []
        while not self.at("\\end"):
            self.accept("&")
            if self.at("\\\\"):
                self.take()
                continue
            goes_on = bool(lines) and self.token.text in RELATIONS
            line = lines.pop() if goes_on else self.ratio()
            self.accept("&")
            lines.append(self._continued(line))
            self.accept(",", ";", ".")
            if not self.accept("\\\\"):
                break
        self.expect("\\end")
        self.raw_argument()
        return _system(lines)

    def _continued(self, left: Node) -> Node:
        """A chain with the relations that follow added to it."""
        ops, items = (left.ops, left.items) if isinstance(left, Relation) else ((), (left,))
        while self.token.text in RELATIONS:
            ops = (*ops, RELATIONS[self.take().text])
            self.accept("&")
            items = (*items, self.ratio())
            self.accept("&")
        return Relation(ops, items) if ops else items[0]


def _system(lines: list[Node]) -> Node:
    items = [inner for one in lines for inner in (one.items if isinstance(one, Listing) else (one,))]
    return items[0] if len(items) == 1 else Listing(tuple(items))
