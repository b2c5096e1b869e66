"""Comparison by shape: lists, tuples, sets, intervals, matrices, equations, ratios, clocks, bases, words, values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from latex2sympy import LimitError
from latex2sympy.ball import Undefined, ball
from latex2sympy.exact import rational
from latex2sympy.nodes import (
    Apply,
    Based,
    Bracket,
    Dots,
    Listing,
    Matrix,
    Node,
    NumberSet,
    Ratio,
    Relation,
    Symbol,
    Words,
    symbols,
)
from math_eval.graders.equivalence.intervals import infinite_sign, lone_point, same_region
from math_eval.graders.equivalence.match import Match, decided, every, undecided
from math_eval.graders.equivalence.plusminus import expanded, scaled
from math_eval.graders.equivalence.points import evaluation_points
from math_eval.graders.equivalence.policy import Policy
from math_eval.graders.equivalence.regions import EMPTY_WORDS, REAL_WORDS, is_region, pieces, unknowns_agree
from math_eval.graders.equivalence.unknowns import function_name, items_of, named_values, prefixed
from math_eval.graders.equivalence.values import BITS, same_scalar, same_value, scalar

MAX_ITEMS = 100
"""Unordered lists are matched pair by pair up to so many items that differ in spelling."""
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}


@dataclass(frozen=True, slots=True)
class Comparison:
    """Compares an answer's tree with a gold's under a policy. The two sides are not treated alike: see `equation`."""

    policy: Policy

    def same(self, answer: Node, gold: Node) -> Match:
        """Whether the answer is the gold."""
        if answer == gold:
            return decided(same=True, rule="same")
        answer, gold = scaled(expanded(answer)), scaled(expanded(gold))
        answer, gold = self._prefixes(_point(answer), _point(gold))
        if answer == gold:
            return decided(same=True, rule="same")
        if isinstance(gold, Words) or isinstance(answer, Words):
            return self._words(answer, gold)
        if (is_region(answer) or is_region(gold)) and (outcome := self._regions(answer, gold)):
            return outcome
        for rule in (self._matrix, self._collection, self._relation, self._ratio, self._based):
            outcome = rule(answer, gold)
            if outcome is not None:
                return outcome
        signs = infinite_sign(answer), infinite_sign(gold)
        if any(signs) and all(sign or _is_number(one) for sign, one in zip(signs, (answer, gold), strict=True)):
            return decided(same=signs[0] == signs[1], rule="infinite")
        return same_scalar(scalar(answer), scalar(gold), self.policy)

    def _words(self, answer: Node, gold: Node) -> Match:
        if isinstance(answer, Words) and isinstance(gold, Words):
            both = {answer.text, gold.text}
            same = len(both) == 1 or both <= EMPTY_WORDS or both <= REAL_WORDS
            return decided(same=same, rule="words")
        words, other = (answer, gold) if isinstance(answer, Words) else (gold, answer)
        if not isinstance(words, Words):
            return decided(same=False, rule="words")
        if words.text in EMPTY_WORDS:
            nothing = isinstance(other, Bracket) and not other.items
            return decided(same=nothing or (is_region(other) and pieces(other) == []), rule="words")
        if words.text in REAL_WORDS:
            found = pieces(other) if is_region(other) else None
            whole = pieces(NumberSet("R"))
            return decided(same=bool(found) and found == whole, rule="words")
        return decided(same=False, rule="words")

    def _regions(self, answer: Node, gold: Node) -> Match | None:
        if self.policy.intervals == "strict" and isinstance(answer, Relation) != isinstance(gold, Relation):
            return decided(same=False, rule="interval")
        left, right = pieces(answer), pieces(gold)
        if left is None or right is None:
            return self._number_and_region(answer, gold)
        if not unknowns_agree(answer, gold):
            return decided(same=False, rule="interval")
        return same_region(left, right, self.ends)

    def _number_and_region(self, answer: Node, gold: Node) -> Match | None:
        """A number is never a set of several; None where neither side is a number."""
        number = _is_number(answer), _is_number(gold)
        if not any(number):
            return None
        found = pieces(gold if number[0] else answer)
        if found is None:
            return undecided("interval")
        lone = lone_point(found)
        if lone is None:
            return decided(same=False, rule="interval")
        return self.ends(answer, lone) if number[0] else self.ends(lone, gold)

    def ends(self, left: Node, right: Node) -> Match:
        """Whether two ends of intervals are the same, infinities included."""
        signs = infinite_sign(left), infinite_sign(right)
        if any(signs):
            return decided(same=signs[0] == signs[1], rule="interval")
        return same_scalar(scalar(left), scalar(right), self.policy)

    def _matrix(self, answer: Node, gold: Node) -> Match | None:
        if not isinstance(answer, Matrix) and not isinstance(gold, Matrix):
            return None
        if any(isinstance(one, Matrix) and one.kind == "det" for one in (answer, gold)):
            return undecided("needs_cas") if answer != gold else None
        left, right = _rows(answer), _rows(gold)
        if left is None or right is None:
            return decided(same=False, rule="matrix")
        if not isinstance(answer, Matrix) or not isinstance(gold, Matrix):  # a vector written as a tuple
            left, right = (
                [[cell for row in rows for cell in row]] if _is_vector(rows) else rows for rows in (left, right)
            )
        if [len(row) for row in left] != [len(row) for row in right]:
            return decided(same=False, rule="matrix")
        cells = zip((cell for row in left for cell in row), (cell for row in right for cell in row), strict=True)
        return every((self.same(one, other) for one, other in cells), "matrix")

    def _collection(self, answer: Node, gold: Node) -> Match | None:
        if not isinstance(answer, Listing | Bracket) and not isinstance(gold, Listing | Bracket):
            return None
        given, wanted = items_of(answer), items_of(gold)
        if any(isinstance(one, Dots) for one in (*given, *wanted)):
            return self._in_order(given, wanted, "list")
        if (outcome := self._named(answer, gold)) is not None:
            return outcome
        if isinstance(gold, Listing):
            return self._unordered(given, wanted, "list")
        if isinstance(gold, Bracket) and gold.open == "{":
            if isinstance(answer, Bracket) and answer.open != "{":
                return decided(same=False, rule="set")
            return self._unordered(self._distinct(given), self._distinct(wanted), "set")
        if not isinstance(gold, Bracket):  # the answer is a collection, the gold one value
            alone = len(given) == 1 and isinstance(answer, Bracket) and answer.open == "{"
            return self.same(given[0], gold) if alone else decided(same=False, rule="list")
        return self._tuple(answer, gold, given, wanted)

    def _tuple(self, answer: Node, gold: Bracket, given: Sequence[Node], wanted: Sequence[Node]) -> Match:
        if self.policy.order == "any":
            return self._unordered(given, wanted, "tuple")
        if isinstance(answer, Bracket):
            if answer.open == "{":
                return decided(same=False, rule="tuple")
            if len(wanted) == 2 and (answer.open, answer.close) != (gold.open, gold.close):
                return decided(same=False, rule="tuple")
        return self._in_order(given, wanted, "tuple")

    def _named(self, answer: Node, gold: Node) -> Match | None:
        """Lists like "x = 1, y = 2": by name where both have names, in their order where only one has."""
        left, right = named_values(answer), named_values(gold)
        if left is None and right is None:
            return None
        if left is not None and right is not None:
            if set(left) != set(right) or len(left) != len(right):
                return decided(same=False, rule="list")
            return every((self.same(left[name], right[name]) for name in right), "list")
        if self.policy.prefix == "strict":
            return decided(same=False, rule="list")
        pairs = ((left, answer), (right, gold))
        names = list(left if left is not None else right or {})
        if all("_" in name for name in names) and len({name.partition("_")[0] for name in names}) == 1:
            given, wanted = (list(one.values()) if one is not None else list(items_of(side)) for one, side in pairs)
            return self._unordered(given, wanted, "list")  # x_1 and x_2 are two roots, in any order
        given = list(left.values()) if left is not None else list(items_of(answer))
        wanted = list(right.values()) if right is not None else list(items_of(gold))
        return self._in_order(given, wanted, "list")

    def _in_order(self, given: Sequence[Node], wanted: Sequence[Node], rule: str) -> Match:
        if len(given) != len(wanted):
            return decided(same=False, rule=rule)
        return every((self.same(one, other) for one, other in zip(given, wanted, strict=True)), rule)

    def _unordered(self, given: Sequence[Node], wanted: Sequence[Node], rule: str) -> Match:
        if len(given) != len(wanted):
            return decided(same=False, rule=rule)
        common = Counter(given) & Counter(wanted)  # equal trees match at once
        left, wanted = _rest(given, common), _rest(wanted, common)
        if len(wanted) > MAX_ITEMS:
            return undecided("limit:items")
        unsettled: Match | None = None
        for other in wanted:
            for at, one in enumerate(left):
                outcome = self.same(one, other)
                if outcome.correct:
                    del left[at]
                    break
                if outcome.status == "undecided":
                    unsettled = outcome
            else:
                return unsettled or decided(same=False, rule=rule)
        return decided(same=True, rule=rule)

    def _distinct(self, items: Sequence[Node]) -> list[Node]:
        if len(items) > MAX_ITEMS:
            return list(dict.fromkeys(items))
        kept: list[Node] = []
        for one in items:
            if not any(self.same(one, other).correct for other in kept):
                kept.append(one)
        return kept

    def _prefixes(self, answer: Node, gold: Node) -> tuple[Node, Node]:
        """Both sides without a leading "x =" where the other has none, or the same one."""
        given, wanted = prefixed(answer), prefixed(gold)
        if self.policy.prefix == "strict" and (given is None) != (wanted is None):
            return answer, gold
        if given and wanted:
            if given[0] == wanted[0] or {function_name(given[0]), function_name(wanted[0])} <= {"y", "f"}:
                return given[1], wanted[1]
            return answer, gold
        if given and not isinstance(gold, Relation):
            return given[1], gold
        if wanted and not isinstance(answer, Relation):
            return answer, wanted[1]
        return answer, gold

    def _relation(self, answer: Node, gold: Node) -> Match | None:
        if not isinstance(answer, Relation) and not isinstance(gold, Relation):
            return None
        if not isinstance(answer, Relation) or not isinstance(gold, Relation):
            return decided(same=False, rule="relation")
        if answer.ops == gold.ops == ("=",):
            return self.equation(answer, gold)
        for one in (answer, _mirrored(answer)):
            if one.ops == gold.ops:
                outcome = every(
                    (self.same(left, right) for left, right in zip(one.items, gold.items, strict=True)), "relation"
                )
                if outcome.status != "wrong":
                    return outcome
        return decided(same=False, rule="relation")

    def equation(self, answer: Relation, gold: Relation) -> Match:
        """Two equations are the same when one is a non-zero multiple of the other.

        A gold that is solved ("x = 5") is only answered by a solved one: an equation that still has to be solved may be
        the question itself.
        """
        left, right = (Apply("add", (one.items[0], Apply("neg", (one.items[1],)))) for one in (answer, gold))
        if isinstance(gold.items[0], Symbol) and not symbols(gold.items[1]):
            return decided(same=False, rule="equation")
        names = symbols(left) | symbols(right)
        if symbols(left) != symbols(right):
            return decided(same=False, rule="equation")
        return _proportional(left, right, sorted(names))

    def _ratio(self, answer: Node, gold: Node) -> Match | None:
        if not isinstance(answer, Ratio) and not isinstance(gold, Ratio):
            return None
        if isinstance(answer, Ratio) and isinstance(gold, Ratio):
            if answer.clock and gold.clock:
                return decided(same=_same_time(answer, gold), rule="clock")
            return self._proportions(answer.items, gold.items)
        ratio, other = (answer, gold) if isinstance(answer, Ratio) else (gold, answer)
        if not isinstance(ratio, Ratio) or len(ratio.items) != 2 or ratio.half:
            return decided(same=False, rule="ratio")
        return _renamed(same_value(Apply("div", ratio.items), scalar(other).node, self.policy), "ratio")

    def _proportions(self, left: Sequence[Node], right: Sequence[Node]) -> Match:
        zeros = [[rational(one) == 0 for one in side] for side in (left, right)]
        if zeros[0] != zeros[1] or zeros[0][:1] == [True]:
            return decided(same=list(left) == list(right), rule="ratio")
        crossed = (
            same_value(Apply("mul", (one, right[0])), Apply("mul", (other, left[0])), self.policy)
            for one, other in zip(left[1:], right[1:], strict=True)
        )
        return every(crossed, "ratio")

    def _based(self, answer: Node, gold: Node) -> Match | None:
        if not isinstance(answer, Based) and not isinstance(gold, Based):
            return None
        if isinstance(answer, Based) and isinstance(gold, Based):
            return decided(same=answer == gold, rule="base")
        based, other = (answer, gold) if isinstance(answer, Based) else (gold, answer)
        value = rational(scalar(other).node)
        if not isinstance(based, Based) or value is None or not based.digits.isdigit():
            return decided(same=False, rule="base")
        return decided(same=value == int(based.digits), rule="base")


def _same_time(left: Ratio, right: Ratio) -> bool:
    """The same time of day; a clock without am or pm agrees with either, and with the 24-hour one."""
    if not left.half and not right.half:
        return left.items == right.items
    return bool(_minutes(left) & _minutes(right))


def _minutes(clock: Ratio) -> set[tuple[int, ...]]:
    parts = [int(value) if (value := rational(scalar(one).node)) is not None else -1 for one in clock.items]
    hours, rest = parts[0], tuple(parts[1:])
    if clock.half == "pm" and hours < 12:
        return {(hours + 12, *rest)}
    if clock.half == "am" and hours == 12:
        return {(0, *rest)}
    if clock.half or hours > 12 or hours == 0:
        return {(hours, *rest)}
    return {(hours, *rest), ((hours + 12) % 24, *rest)}


def _rest(items: Sequence[Node], taken: Counter[Node]) -> list[Node]:
    """The items without those taken, each as often as it was."""
    left = Counter(taken)
    rest = []
    for one in items:
        if left[one]:
            left[one] -= 1
        else:
            rest.append(one)
    return rest


def _renamed(outcome: Match, rule: str) -> Match:
    return outcome._replace(rule=rule) if outcome.status != "undecided" else outcome


def _point(node: Node) -> Node:
    """P(2, 3) names a point: the pair is what counts."""
    if isinstance(node, Apply) and node.op == "call" and len(node.args) > 2:
        return Bracket("(", ")", node.args[1:])
    return node


def _is_number(node: Node) -> bool:
    """Whether a node has a finite value that can be computed here."""
    try:
        ball(node, {}, BITS)
    except (Undefined, LimitError):
        return False
    return True


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


def _mirrored(node: Relation) -> Relation:
    ops = tuple(_FLIPPED.get(op, op) for op in reversed(node.ops))
    return Relation(ops, tuple(reversed(node.items)))


def _proportional(left: Node, right: Node, names: list[str]) -> Match:
    """Whether left = c · right with one c ≠ 0 at every point."""
    reals, wholes = evaluation_points(names)
    first = constant = None
    agreed = 0
    for point in (*reals, *wholes):
        try:
            exact = rational(left, point), rational(right, point)
            if exact[0] is not None and exact[1] is not None:
                constant = constant or (exact[0] / exact[1] if exact[1] else None)
                if constant is not None and exact[0] != constant * exact[1]:
                    return decided(same=False, rule="equation")
            one, other = ball(left, point, BITS), ball(right, point, BITS)
        except (Undefined, LimitError):
            continue
        if one.contains(0) != other.contains(0):
            return decided(same=False, rule="equation")
        if one.contains(0):
            continue
        ratio = one / other
        if one.rel_accuracy_bits() < 64 or other.rel_accuracy_bits() < 64:
            continue
        if first is None:
            first = ratio
        elif not ratio.overlaps(first):
            return decided(same=False, rule="equation")
        else:
            agreed += 1
    return decided(same=True, rule="equation") if agreed >= 3 else undecided("needs_cas")
