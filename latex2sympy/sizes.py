"""How large the parts of one tree are: what is looked at before SymPy is handed any of them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from flint import acb

from latex2sympy.ball import Evaluator, Undefined
from latex2sympy.errors import LimitError
from latex2sympy.nodes import Apply, Binder, Node, Number, Symbol, children
from latex2sympy.precision import precision

MAX_BUILT_BITS = 1_000_000
"""Bits of all numbers of one object."""
MAX_ROOT_BITS = 2_000
"""SymPy looks for prime factors before it takes a root, which takes seconds in a longer number."""
MAX_TOWER = 4
_BITS = 64


class Sizes(Evaluator):
    """Sizes of the parts of one tree, each found once. The tree must live as long: parts are known by identity."""

    def __init__(self) -> None:
        super().__init__({}, complex_values=True)
        self._bits = 0
        self._known: dict[int, Any] = {}
        self._closed: dict[int, bool] = {}
        self._counts: dict[int, int] = {}
        self._towers: dict[int, int] = {}

    def add(self, value: Fraction) -> None:
        """Counts one more number. LimitError."""
        self._spend(value.numerator.bit_length() + value.denominator.bit_length())

    def _spend(self, bits: int) -> None:
        self._bits += bits
        if self._bits > MAX_BUILT_BITS:
            raise LimitError("work")

    def charge_root(self, bits: int) -> None:
        """Counts a root that SymPy looks for in a number of so many bits. LimitError."""
        if bits > MAX_ROOT_BITS:
            raise LimitError("number size")
        self._spend(20 * bits)

    def charge_power(self, bits: int) -> None:
        """Counts a power of so many bits. LimitError."""
        self._spend(bits)

    def real_constant(self, node: Node) -> Any | None:
        """The ball of a real constant; None where it is not known to be one. LimitError."""
        value = self.value(node) if self.closed(node) else None
        if isinstance(value, acb):
            value = value.real if value.imag.is_zero() else None
        return value

    def closed(self, node: Node) -> bool:
        """Whether a part is a constant that can be computed: no variable, no sum or integral."""
        known = self._closed.get(id(node))
        if known is None:
            known = not isinstance(node, Symbol | Binder) and all(map(self.closed, children(node)))
            self._closed[id(node)] = known
        return known

    def count(self, node: Node) -> int:
        """The nodes of a part."""
        known = self._counts.get(id(node))
        if known is None:
            known = self._counts[id(node)] = 1 + sum(map(self.count, children(node)))
        return known

    def check_tower(self, node: Node) -> None:
        """LimitError for exponents within exponents, at each of which SymPy asks for the signs of all within."""
        if self._tower(node) > MAX_TOWER:
            raise LimitError("exponents")

    def _tower(self, node: Node) -> int:
        known = self._towers.get(id(node))
        if known is None:
            known = max(map(self._tower, children(node)), default=0)
            if isinstance(node, Apply) and node.op == "pow":
                known = max(known, 1 + self._tower(node.args[-1]))
            self._towers[id(node)] = known
        return known

    def check(self, node: Node) -> None:
        """LimitError for a constant whose size, or that of a part, is beyond what is computed with."""
        if self.closed(node):
            self.value(node)

    def value(self, node: Node) -> Any | None:
        """The ball of a constant; None where it has none. LimitError."""
        with precision(_BITS):
            try:
                return self.evaluate(node)
            except Undefined:
                return None

    def evaluate(self, node: Node) -> Any:
        """The ball of a part, with a memory."""
        if not isinstance(node, Apply):
            return super().evaluate(node)
        known = self._known.get(id(node))
        if known is None:
            try:
                known = super().evaluate(node)
            except Undefined as error:
                known = error
            self._known[id(node)] = known
        if isinstance(known, Undefined):
            raise known
        return known


def longest_number(node: Node) -> int:
    """The bits of the longest number in a part, ones and zeros aside."""
    if isinstance(node, Number):
        size = max(abs(node.value.numerator), node.value.denominator)
        return size.bit_length() if size > 1 else 0
    return max(map(longest_number, children(node)), default=0)
