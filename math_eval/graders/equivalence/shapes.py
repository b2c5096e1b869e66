"""Comparison by shape: lists, tuples, sets, intervals, matrices, equations, ratios, clocks, bases, words, values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from latex2sympy.budget import spend
from latex2sympy.exact import rational
from latex2sympy.nodes import (
    Based,
    Bracket,
    Dots,
    Listing,
    Node,
    Number,
    Relation,
    Words,
    symbols,
)
from math_eval.graders.equivalence.constants import constants_renamed, free_constants
from math_eval.graders.equivalence.either import same_branches
from math_eval.graders.equivalence.equations import same_equation
from math_eval.graders.equivalence.families import may_be_family, same_family, same_undeclared
from math_eval.graders.equivalence.intervals import infinite_sign, lone_point, same_region
from math_eval.graders.equivalence.match import Match, decided, every, undecided
from math_eval.graders.equivalence.matrices import same_matrix
from math_eval.graders.equivalence.mixed import readings_of, same_residue
from math_eval.graders.equivalence.opaque import has_opaque, same_with_opaque
from math_eval.graders.equivalence.phrases import is_nothing, is_undefined, same_words
from math_eval.graders.equivalence.plusminus import independent
from math_eval.graders.equivalence.policy import Policy
from math_eval.graders.equivalence.preparing import is_number, is_tuple, prepared
from math_eval.graders.equivalence.ratios import same_ratio
from math_eval.graders.equivalence.regions import is_region, list_against_interval, pieces, unknowns_agree
from math_eval.graders.equivalence.sequences import same_dotted
from math_eval.graders.equivalence.sets import is_set_formula, same_sets
from math_eval.graders.equivalence.trees import is_plain
from math_eval.graders.equivalence.unknowns import (
    Chain,
    chain,
    items_of,
    named_values,
    parameter_renaming,
    same_label,
    spoken_order,
    with_names,
)
from math_eval.graders.equivalence.values import STEP, charge, same_scalar, scalar

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
        if is_plain(answer) and is_plain(gold):
            return self._single(answer, gold)
        charge(answer, gold)
        outcome = self._prepared(prepared(answer), prepared(gold))
        if outcome.status != "wrong" or not (isinstance(answer, Bracket) or isinstance(gold, Bracket)):
            return outcome
        apart = independent(answer), independent(gold)
        return outcome if apart == (answer, gold) else self.same(*apart)

    def _prepared(self, answer: Node, gold: Node) -> Match:
        """The rules in their order; the first that applies decides."""
        if answer == gold:
            return decided(same=True, rule="same")
        if is_plain(answer) and is_plain(gold):
            return self._single(answer, gold)
        charge(answer, gold)
        if is_tuple(answer) and is_tuple(gold):
            return self._collection(answer, gold) or decided(same=False, rule="tuple")
        if list_against_interval(answer, gold) or list_against_interval(gold, answer):
            return decided(same=False, rule="interval")
        for rule in (
            self._mixed,
            self._named,
            same_branches,
            self._labelled,
            self._words,
            self._families,
            self._regions,
        ):
            outcome = rule(answer, gold)
            if outcome is not None:
                return outcome
        for rule in (self._matrix, self._collection, self._relation, self._ratio, self._based):
            outcome = rule(answer, gold)
            if outcome is not None:
                return outcome
        residues = same_residue(answer, gold)
        return self._single(answer, gold) if residues is None else self.same(*residues)

    def _single(self, answer: Node, gold: Node) -> Match:
        """Single values."""
        spend(STEP)
        signs = infinite_sign(answer), infinite_sign(gold)
        if any(signs) and all(sign or is_number(one) for sign, one in zip(signs, (answer, gold), strict=True)):
            return decided(same=signs[0] == signs[1], rule="infinite")
        if is_set_formula(answer) and is_set_formula(gold) and (same := same_sets(answer, gold)) is not None:
            return decided(same=same, rule="sets")
        left, right = scalar(answer), scalar(gold)
        outcome = same_scalar(left, right, self.policy)
        if outcome.status == "undecided" and (has_opaque(answer) or has_opaque(gold)):
            return same_with_opaque(left.node, right.node, self.policy)
        if outcome.status == "wrong" and symbols(answer) and symbols(gold):
            return self._constants(None, answer, gold) or same_undeclared(answer, gold) or outcome
        return outcome

    def _labelled(self, answer: Node, gold: Node) -> Match | None:
        """Labels taken off, and the values of chains: "m + n = 256 + 37 = 293" for 293; None where there are none."""
        given, wanted = chain(answer), chain(gold, of_gold=True)
        if given is not None and not given.consistent:
            return decided(same=False, rule="chain")
        if given is None and wanted is None:
            return None
        if given is not None and wanted is not None:
            return self._same_labels(given, wanted)
        other = gold if given is not None else answer
        if isinstance(other, Relation) or self.policy.prefix == "strict":
            return None
        one = given or wanted
        values = one.values if one is not None and one.consistent else one.values[-1:] if one is not None else ()
        return self._any_value([(one, gold) if given is not None else (answer, one) for one in values])

    def _same_labels(self, given: Chain, wanted: Chain) -> Match | None:
        """Two labelled values: under the same label, arguments renamed; None where the labels differ."""
        if given.label is None or wanted.label is None:
            if self.policy.prefix == "strict" and given.label != wanted.label:
                return None
            return self._any_value([(one, wanted.values[-1]) for one in given.values])
        names = same_label(given.label, wanted.label)
        if names is None:
            return None
        pairs = zip((given.values[-1], wanted.values[-1]), names, strict=True)
        left, right = (with_names(one, side) for one, side in pairs)
        outcome = self.same(left, right)
        return outcome if outcome.correct else self._constants(given.label, left, right) or outcome

    def _values(self, answer: Node, gold: Node) -> Match:
        return same_scalar(scalar(answer), scalar(gold), self.policy)

    def _constants(self, label: Node | None, answer: Node, gold: Node) -> Match | None:
        """General solutions whose free constants have other names."""
        names = free_constants(label, answer, gold)
        if names is None:
            return None
        compared = self.same if label is not None else self._values  # without a label nothing else is left to do
        outcomes = (compared(one, gold) for one in constants_renamed(answer, *names))
        return next((outcome for outcome in outcomes if outcome.correct), None)

    def _any_value(self, pairs: Sequence[tuple[Node, Node]]) -> Match:
        """The outcome of the last pair, or of an earlier one that is right."""
        last = self.same(*pairs[-1])
        if last.correct:
            return last
        return next((found for pair in reversed(pairs[:-1]) if (found := self.same(*pair)).correct), last)

    def _mixed(self, answer: Node, gold: Node) -> Match | None:
        """Values in several units: by one of them."""
        left, right = readings_of(answer), readings_of(gold)
        if len(left) == len(right) == 1:
            return None
        return self._any_value([(one, other) for one in left for other in right])

    def _families(self, answer: Node, gold: Node) -> Match | None:
        if not may_be_family(answer) and not may_be_family(gold):
            return None
        return same_family(answer, gold)

    def _words(self, answer: Node, gold: Node) -> Match | None:
        if not isinstance(answer, Words) and not isinstance(gold, Words):
            return None
        if isinstance(answer, Words) and isinstance(gold, Words):
            return decided(same=same_words(answer.text, gold.text), rule="words")
        words, other = (answer, gold) if isinstance(answer, Words) else (gold, answer)
        if isinstance(words, Words) and is_nothing(words.text):
            if other == Number(Fraction(0)):
                return undecided("words")  # a count of none is 0, a set of none is empty
            nothing = isinstance(other, Bracket) and not other.items
            return decided(same=nothing or (is_region(other) and pieces(other) == []), rule="words")
        if isinstance(words, Words) and is_undefined(words.text) and infinite_sign(other):
            return undecided("words")  # an infinite limit: some say that it does not exist
        return decided(same=False, rule="words")

    def _regions(self, answer: Node, gold: Node) -> Match | None:
        if not is_region(answer) and not is_region(gold):
            return None
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
        number = is_number(answer), is_number(gold)
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
        return same_matrix(answer, gold, self.same)

    def _collection(self, answer: Node, gold: Node) -> Match | None:
        if not isinstance(answer, Listing | Bracket) and not isinstance(gold, Listing | Bracket):
            return None
        given, wanted = items_of(answer), items_of(gold)
        if any(isinstance(one, Dots) for one in (*given, *wanted)):
            return same_dotted(given, wanted, self._in_order(given, wanted, "list"))
        if isinstance(answer, Listing) and self._says_again(given, gold):
            return decided(same=True, rule="list")
        if isinstance(gold, Listing):
            again = self._says_again(wanted, answer)
            return decided(same=True, rule="list") if again else self._unordered(given, wanted, "list")
        if isinstance(gold, Bracket) and gold.open == "{":
            if isinstance(answer, Bracket) and answer.open != "{":
                return decided(same=False, rule="set")
            return self._unordered(self._distinct(given), self._distinct(wanted), "set")
        if isinstance(answer, Bracket) and answer.open == "{" and len(given) == 1 and isinstance(given[0], Bracket):
            return self.same(given[0], gold)  # the set of the one point
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
        """Lists like "x = 1, y = 2": by name where both have names, in the usual order of the names where one has."""
        left, right = named_values(answer), named_values(gold)
        if left is None and right is None:
            return None
        if left is not None and right is not None:
            if set(left) != set(right):
                return decided(same=False, rule="list")
            outcome = every((self.same(left[name], right[name]) for name in right), "list")
            if outcome.status != "wrong" or (renaming := parameter_renaming(left, right)) is None:
                return outcome
            return every((self.same(with_names(left[name], renaming), right[name]) for name in right), "list")
        named, other = (left, gold) if left is not None else (right, answer)
        if named is None or not isinstance(other, Listing | Bracket):
            return None
        if isinstance(named_side := answer if left is not None else gold, Relation):
            return None  # (x, y) = (1, 2): a label like others
        if self.policy.prefix == "strict":
            return decided(same=False, rule="list")
        names = [name for name in named if isinstance(named_side, Listing | Bracket)]
        if all("_" in name for name in names) and len({name.partition("_")[0] for name in names}) == 1:
            values, others = list(named.values()), items_of(other)  # x_1 and x_2 are two roots, in any order
            pair = (values, others) if left is not None else (others, values)
            return self._unordered(pair[0], pair[1], "list")
        values, others = spoken_order(named), items_of(other)
        pair = (values, others) if left is not None else (others, values)
        return self._in_order(pair[0], pair[1], "list")

    def _in_order(self, given: Sequence[Node], wanted: Sequence[Node], rule: str) -> Match:
        if len(given) != len(wanted):
            return decided(same=False, rule=rule)
        return every((self.same(one, other) for one, other in zip(given, wanted, strict=True)), rule)

    def _unordered(self, given: Sequence[Node], wanted: Sequence[Node], rule: str) -> Match:
        if len(given) != len(wanted):
            return decided(same=False, rule=rule)
        common = Counter(given) & Counter(wanted)  # equal trees match at once
        left, wanted = ([prepared(one) for one in _rest(side, common)] for side in (given, wanted))
        if len(wanted) > MAX_ITEMS:
            return undecided("limit:items")
        unsettled: Match | None = None
        for other in wanted:
            for at, one in enumerate(left):
                outcome = self._prepared(one, other)
                if outcome.correct:
                    del left[at]
                    break
                if outcome.status == "undecided":
                    unsettled = outcome
            else:
                return unsettled or decided(same=False, rule=rule)
        return decided(same=True, rule=rule)

    def _says_again(self, given: Sequence[Node], other: Node) -> bool:
        """Whether a list holds just what the other side holds, with something said twice."""
        wanted = items_of(other) if isinstance(other, Listing) else (other,)
        if len({one.items[0] for one in given if isinstance(one, Relation)}) > 1:
            return False  # x = 2, y = 2
        if len(given) <= len(wanted) or len(given) > min(2 * len(wanted) + 2, MAX_ITEMS):
            return False
        met: set[int] = set()
        for one in given:
            at = next((at for at, other in enumerate(wanted) if self.same(one, other).correct), None)
            if at is None:
                return False
            met.add(at)
        return len(met) == len(wanted)

    def _distinct(self, items: Sequence[Node]) -> list[Node]:
        items = list(dict.fromkeys(items))
        if len(items) > MAX_ITEMS:
            return items
        kept: list[Node] = []
        for one in items:
            if not any(self.same(one, other).correct for other in kept):
                kept.append(one)
        return kept

    def _relation(self, answer: Node, gold: Node) -> Match | None:
        if not isinstance(answer, Relation) and not isinstance(gold, Relation):
            return None
        if not isinstance(answer, Relation) or not isinstance(gold, Relation):
            return decided(same=False, rule="relation")
        if answer.ops == gold.ops == ("=",):
            return same_equation(answer, gold)
        for one in (answer, _mirrored(answer)):
            if one.ops == gold.ops:
                outcome = every(
                    (self.same(left, right) for left, right in zip(one.items, gold.items, strict=True)), "relation"
                )
                if outcome.status != "wrong":
                    return outcome
        return decided(same=False, rule="relation")

    def _ratio(self, answer: Node, gold: Node) -> Match | None:
        return same_ratio(answer, gold, self.policy)

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


def _mirrored(node: Relation) -> Relation:
    ops = tuple(_FLIPPED.get(op, op) for op in reversed(node.ops))
    return Relation(ops, tuple(reversed(node.items)))
