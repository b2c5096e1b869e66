"""Finds classes by name: built-in ones, entry points of installed packages, and any `package.module:Class`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from math_eval.errors import RequestError, UnknownNameError

_CLASS = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.<>]*")


@dataclass(frozen=True, slots=True)
class Plugins:
    """The classes of one kind, such as engines, that a user may name.

    Attributes:
        kind: What an error message calls them, such as "engine".
        group: The entry points' group, such as "math_eval.engines".
        builtin: Name → `package.module:Class` of the project's own classes.
    """

    kind: str
    group: str
    builtin: Mapping[str, str]

    def names(self) -> list[str]:
        """The sorted names of all classes; any `package.module:Class` works too."""
        return sorted({*self.builtin, *(entry.name for entry in entry_points(group=self.group))})

    def check(self, name: str) -> str:
        """Returns the name if it may stand for a class, without importing it; UnknownNameError offers similar names."""
        if name in self.builtin or _CLASS.fullmatch(name) or name in self.names():
            return name
        raise UnknownNameError(self.kind, name, self.names())

    def load(self, name: str) -> Any:
        """Imports the class of a name.

        Raises:
            UnknownNameError: No class has this name; the text offers similar ones.
            RequestError: The class cannot be imported.
        """
        self.check(name)
        target = self.builtin.get(name)
        if target is None:
            targets = (entry.value for entry in entry_points(group=self.group) if entry.name == name)
            target = next(targets, name)
        module, _, attribute = target.partition(":")
        try:
            return getattr(import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            raise RequestError(f"{self.kind} {name}: {target} cannot be imported: {error}") from error


def class_path(instance: object) -> str:
    """The name of an object's class as `package.module:Class`, for run.json."""
    kind = type(instance)
    return f"{kind.__module__}:{kind.__qualname__}"
