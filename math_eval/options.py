"""Declares options once, for the command line, for requests and for the docstring of `evaluate`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import MISSING, Field, dataclass, fields, replace
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

Group = Literal["model", "data and prompt", "sampling", "engine", "programs", "rewards", "output"]
"""The groups of options in `math-eval run --help`, in this order."""


@dataclass(frozen=True, slots=True)
class Option:
    """The declaration of an option, as a note in the type of a field.

    Attributes:
        group: The option's group in the help.
        help: The help text.
        flag: The option on the command line; by default the field's name with dashes.
        short: A short form, such as "-b".
        low: The smallest value allowed.
        above: A number that the value must exceed.
        high: The largest value allowed.
        unit: The unit of the value, for messages.
        separator: The separator between the numbers of a tuple on the command line.
        pairs: Whether the entries of a mapping are given as KEY=VALUE, rather than as one JSON object.
        words: The texts allowed; "N" in them stands for a whole number. For a Literal, they are its values.
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
    pairs: bool = False
    words: tuple[str, ...] = ()

    def allows(self, value: Any) -> bool:
        """Whether a value is within the bounds. None, which means that the option is not set, always is."""
        if value is None:
            return True
        if self.words:
            return any(re.fullmatch(re.escape(word).replace("N", r"\d+"), str(value)) for word in self.words)
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
        """The bounds as text, such as "0 to 10", "1 or more" or "one of auto, cpu"."""
        if self.words:
            return f"one of {', '.join(self.words)}"
        unit = f" {self.unit}" if self.unit else ""
        if self.above is not None:
            upper = "" if self.high is None else f" and at most {self.high:g}{unit}"
            return f"more than {self.above:g}{upper}"
        if self.high is not None:
            return f"{self.low or 0:g} to {self.high:g}{unit}"
        return f"{self.low or 0:g}{unit} or more"


@dataclass(frozen=True, slots=True)
class Declaration:
    """An option together with the name, type and default of its field."""

    name: str
    kind: Any
    default: Any
    option: Option

    @property
    def flag(self) -> str:
        """The option on the command line."""
        return self.option.flag or f"--{self.name.replace('_', '-')}"


def declared(owner: type) -> dict[str, Declaration]:
    """Returns the options that a dataclass declares with `Annotated[type, Option(...)]`.

    Returns:
        Field name → declaration, in the order of the fields.
    """
    return {declaration.name: declaration for declaration in _declarations(owner)}


def _declarations(owner: type) -> Iterator[Declaration]:
    hints = get_type_hints(owner, include_extras=True)
    for field in fields(owner):
        if get_origin(hints[field.name]) is not Annotated:
            continue
        kind, *notes = get_args(hints[field.name])
        for note in notes:
            if isinstance(note, Option):
                words = note.words or _literal_values(kind)
                yield Declaration(field.name, kind, _default(field), replace(note, words=words))


def _literal_values(kind: Any) -> tuple[str, ...]:
    """The values of a Literal, also of one that may be None; none for other types."""
    return next((get_args(part) for part in (kind, *get_args(kind)) if get_origin(part) is Literal), ())


def _default(field: Field[Any]) -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return None if field.default is MISSING else field.default


def bound_conditions(owner: object) -> Iterator[tuple[bool, str]]:
    """Yields for each declared option whether its value is within the bounds, and the message if it is not."""
    for name, declaration in declared(type(owner)).items():
        value = getattr(owner, name)
        text = ",".join(map(str, value)) if isinstance(value, tuple) else value
        yield declaration.option.allows(value), f"{declaration.flag} {text}: expected {declaration.option.bounds}"


def describe(*owners: type) -> str:
    """Returns one line for each option of some dataclasses, for the Args section of a docstring."""
    lines = [
        f"    {declaration.name}: {declaration.option.help}"
        for owner in owners
        for declaration in declared(owner).values()
    ]
    return "\n".join(lines)
