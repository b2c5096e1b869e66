"""What is declared of an option once, for the command line, for requests and for `help(evaluate)`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, Field, dataclass, fields
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

Group = Literal["model", "data and prompt", "sampling", "engine", "programs", "rewards", "output"]
"""The groups of `math-eval run --help`, in their order."""


@dataclass(frozen=True, slots=True)
class Option:
    """An option's group and help text, how the command line spells it, and the bounds of its value.

    flag: by default the field's name with dashes. above: a bound that the value itself must not reach. unit: of the
    value, for messages. separator: between the numbers of a tuple of them.
    """

    group: Group
    help: str
    flag: str = ""
    short: str = ""
    low: float | None = None
    above: float | None = None
    high: float | None = None
    unit: str = ""
    separator: str = ""

    def allows(self, value: Any) -> bool:
        """Whether a value lies within the bounds; None, which means unset, always does."""
        if value is None:
            return True
        if isinstance(value, tuple):
            return all(self.allows(part) for part in value if not isinstance(part, str))
        if isinstance(value, bool) or not isinstance(value, int | float):
            return True
        return (
            (self.low is None or value >= self.low)
            and (self.above is None or value > self.above)
            and (self.high is None or value <= self.high)
        )

    @property
    def bounds(self) -> str:
        """The bounds as messages say them."""
        unit = f" {self.unit}" if self.unit else ""
        if self.above is not None:
            upper = "" if self.high is None else f" and at most {self.high:g}{unit}"
            return f"more than {self.above:g}{upper}"
        if self.high is not None:
            return f"{self.low or 0:g} to {self.high:g}{unit}"
        return f"{self.low or 0:g}{unit} or more"


@dataclass(frozen=True, slots=True)
class Declaration:
    """An option as a field of a dataclass declares it."""

    name: str
    kind: Any
    default: Any
    option: Option

    @property
    def flag(self) -> str:
        """How the command line spells it."""
        return self.option.flag or f"--{self.name.replace('_', '-')}"


def declared(owner: type) -> dict[str, Declaration]:
    """The options that a dataclass declares as `Annotated[type, Option(...)]`, by name, in their order."""
    return {declaration.name: declaration for declaration in _declarations(owner)}


def _declarations(owner: type) -> Iterator[Declaration]:
    hints = get_type_hints(owner, include_extras=True)
    for field in fields(owner):
        if get_origin(hints[field.name]) is not Annotated:
            continue
        kind, *notes = get_args(hints[field.name])
        for note in notes:
            if isinstance(note, Option):
                yield Declaration(field.name, kind, _default(field), note)


def _default(field: Field[Any]) -> Any:
    return None if field.default is MISSING else field.default


def bound_conditions(owner: object) -> Iterator[tuple[bool, str]]:
    """Whether each declared option of a request has a value within its bounds, and the message where it has not."""
    for name, declaration in declared(type(owner)).items():
        value = getattr(owner, name)
        text = ",".join(map(str, value)) if isinstance(value, tuple) else value
        yield declaration.option.allows(value), f"{declaration.flag} {text}: expected {declaration.option.bounds}"


def described(*owners: type) -> str:
    """One line for each option, as the Args of a docstring have it."""
    lines = [
        f"    {declaration.name}: {declaration.option.help}"
        for owner in owners
        for declaration in declared(owner).values()
    ]
    return "\n".join(lines)
