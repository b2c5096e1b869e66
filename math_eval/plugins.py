"""Classes by name: ours, those that installed packages offer as entry points, and any named package.module:Class."""

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
    """The classes of one kind. group: the entry points' group. ours: name → package.module:Class."""

    kind: str
    group: str
    ours: Mapping[str, str]

    def names(self) -> list[str]:
        """Every name that has a class, sorted; any package.module:Class works besides."""
        return sorted({*self.ours, *(entry.name for entry in entry_points(group=self.group))})

    def check(self, name: str) -> str:
        """The name, where it may stand for a class; UnknownNameError offers near names."""
        if name in self.ours or _CLASS.fullmatch(name) or name in self.names():
            return name
        raise UnknownNameError(self.kind, name, self.names())

    def load(self, name: str) -> Any:
        """The class of that name. Raises UnknownNameError, and RequestError where it cannot be imported."""
        self.check(name)
        target = self.ours.get(name)
        if target is None:
            named = (entry.value for entry in entry_points(group=self.group) if entry.name == name)
            target = next(named, name)
        module, _, attribute = target.partition(":")
        try:
            return getattr(import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            raise RequestError(f"{self.kind} {name}: {target} cannot be imported: {error}") from error


def class_path(instance: object) -> str:
    """How an object's class is named: package.module:Class."""
    kind = type(instance)
    return f"{kind.__module__}:{kind.__qualname__}"
