"""Which problems of a benchmark split a run covers, and in which order a limit takes them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence

import msgspec

from math_eval.errors import RequestError
from math_eval.records import Problem

_CONDITIONS = re.compile(r"^(?P<name>.+?)\[(?P<conditions>[^\[\]]*)\](?P<split>:[^\[\]:]*)?$")
_MAX_LISTED = 12


class Selection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The choice of problems, as run.json keeps it. A limit takes the first problems of it.

    Attributes:
        where: Column of the benchmark's groups → the value that a problem must have.
        ids: The ids of the problems; empty for all.
        shuffle: The seed of a random order; None for the order of the rows.
        spread: Whether the first problems represent the groups of the benchmark in proportion.
        start: Problems that are left out at the beginning.
    """

    where: dict[str, str] = {}
    ids: list[str] = []
    shuffle: int | None = None
    spread: bool = False
    start: int = 0

    def apply(self, problems: Sequence[Problem], name: str) -> list[Problem]:
        """Returns the chosen problems in the order in which a limit takes them.

        Args:
            problems: All problems of a benchmark split.
            name: The benchmark, for messages.

        Raises:
            RequestError: A column, a value or an id does not exist, or nothing is left.
        """
        chosen = [problem for problem in problems if self._fits(problem, problems, name)]
        if self.ids:
            by_id = {problem.id: problem for problem in chosen}
            missing = [identity for identity in self.ids if identity not in by_id]
            if missing:
                raise RequestError(
                    f"{name} has no problem {missing[0]!r}; its ids are {_listed([problem.id for problem in problems])}"
                )
            chosen = [by_id[identity] for identity in dict.fromkeys(self.ids)]
        if self.shuffle is not None:
            chosen.sort(key=lambda problem: hashlib.sha256(f"{self.shuffle}\0{problem.id}".encode()).digest())
        if self.spread:
            chosen = _in_proportion(chosen, name)
        if self.start >= len(chosen):
            raise RequestError(f"{name}: --limit {self.start}:… begins behind its {len(chosen)} chosen problems")
        return chosen[self.start :]

    def _fits(self, problem: Problem, problems: Sequence[Problem], name: str) -> bool:
        for column, value in self.where.items():
            if column not in problem.groups:
                columns = sorted({column for problem in problems for column in problem.groups})
                raise RequestError(
                    f"{name}[{column}={value}]: expected one of its columns: {', '.join(columns) or 'it has none'}"
                )
            if problem.groups[column].casefold() != value.casefold():
                values = sorted({problem.groups.get(column, "") for problem in problems})
                if value.casefold() not in {known.casefold() for known in values}:
                    raise RequestError(f"{name}[{column}={value}]: expected one of {_listed(values)}")
                return False
        return True


def _listed(values: Sequence[str]) -> str:
    more = f" … ({len(values)} in all)" if len(values) > _MAX_LISTED else ""
    return ", ".join(values[:_MAX_LISTED]) + more


def _in_proportion(problems: Sequence[Problem], name: str) -> list[Problem]:
    """The problems in an order whose every beginning has the groups in about the proportion of the whole."""
    groups: dict[tuple[str, ...], list[Problem]] = {}
    for problem in problems:
        groups.setdefault(tuple(problem.groups.values()), []).append(problem)
    if len(groups) < 2:
        raise RequestError(f"--spread has no effect: {name} has no groups; --shuffle SEED takes a random part")
    placed = [
        ((position + 0.5) / len(members), problem)
        for members in groups.values()
        for position, problem in enumerate(members)
    ]
    return [problem for _, problem in sorted(placed, key=lambda pair: pair[0])]


def parse_conditions(text: str) -> tuple[str, dict[str, str]]:
    """Splits the conditions from the name of a benchmark.

    Args:
        text: A name, NAME:SPLIT or a path, with or without [COLUMN=VALUE, …] behind NAME or at the end.

    Returns:
        The name without the conditions, and column → value.

    Raises:
        RequestError: A condition is not COLUMN=VALUE, or a column has two.

    Example:
        >>> parse_conditions("math[level=5]")
        ('math', {'level': '5'})
    """
    match = _CONDITIONS.match(text)
    if match is None:
        return text, {}
    where: dict[str, str] = {}
    for condition in match["conditions"].split(","):
        column, separator, value = (part.strip() for part in condition.partition("="))
        if not separator or not column or not value or column in where:
            raise RequestError(f"{text}: expected conditions such as [level=5] or [level=5,type=Algebra]")
        where[column] = value
    return match["name"] + (match["split"] or ""), where


def parse_limit(limit: int | str | None) -> tuple[int, int | None]:
    """Reads a limit.

    Args:
        limit: N for the first N problems, "A:B" for those from A to before B counted from 0, None for all.

    Returns:
        The number of problems to leave out, and the number to take; None for all.

    Raises:
        RequestError: The limit is something else.
    """
    if limit is None:
        return 0, None
    first, separator, last = str(limit).partition(":")
    try:
        start, stop = (int(first or 0), int(last) if last else None) if separator else (0, int(first))
    except ValueError:
        start, stop = -1, None
    if start < 0 or (stop is not None and stop <= start) or (separator and stop is None and start == 0):
        raise RequestError(f"--limit {limit}: expected N, 1 or more, or A:B with 0 ≤ A < B")
    return start, None if stop is None else stop - start


def covered_groups(problems: Sequence[Problem], part: Sequence[Problem]) -> tuple[str, int, int] | None:
    """Returns the column of which a part of the problems lacks most values; None if it lacks none.

    Returns:
        The column, the number of its values in the part, and their number in all problems.
    """
    counts: Mapping[str, tuple[int, int]] = {
        column: (_distinct(part, column), _distinct(problems, column))
        for column in (problems[0].groups if problems else ())
    }
    lacking = {column: pair for column, pair in counts.items() if pair[0] < min(pair[1], len(part))}
    if not lacking:
        return None
    column = min(lacking, key=lambda column: lacking[column][0] / lacking[column][1])
    return column, *lacking[column]


def _distinct(problems: Sequence[Problem], column: str) -> int:
    return len({problem.groups.get(column) for problem in problems})
