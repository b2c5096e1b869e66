"""Finds the family of a model by its name, in whichever form users, hubs and servers write it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from math_eval.families.family import Family, load_family
from math_eval.registry import names

BASE, CHAT = "generic-base", "generic-chat"
"""The families of models that no pattern fits, without and with a chat template."""

_HUB_CACHE = re.compile(r"models--[^/]+?--([^/]+)/snapshots/[^/]+$")
_CHECKPOINT = re.compile(
    r"/(?:checkpoint|global_step|step|epoch|iter)[-_]?\d+(?:/(?:actor|huggingface|hf))*$|/(?:huggingface|hf|model|weights)$"
)
_SEPARATORS = re.compile(r"[\s_:]+")
_FILE_END = re.compile(r"\.(?:gguf|safetensors)$")
_MIN_NEAR = 4
"""Characters of a pattern's plain beginning that a name must contain for the family to be called near."""
_MAX_NEAR = 3


@dataclass(frozen=True, slots=True)
class FamilyMatch:
    """The family of a model.

    Attributes:
        name: The name of the family.
        family: The family.
        known: Whether a pattern fits the model's name; the family is a generic one otherwise.
        near: Families whose models have similar names, where none fits.
    """

    name: str
    family: Family
    known: bool
    near: tuple[str, ...] = ()


def plain_name(model: str) -> str:
    """Returns the last part of a model's name in lower case, with "-" for spaces, "_" and ":".

    The part of a folder's path that names the model is used: of the hub's cache the name of the repository, and of a
    checkpoint folder the folder that holds it.

    Example:
        >>> [plain_name(name) for name in ("Qwen/Qwen3-8B", "qwen3:8b", "/runs/Qwen3_8B/checkpoint-500")]
        ['qwen3-8b', 'qwen3-8b', 'qwen3-8b']
    """
    name = model.strip().rstrip("/").lower()
    if match := _HUB_CACHE.search(name):
        name = match.group(1)
    while (shorter := _CHECKPOINT.sub("", name)) != name and shorter:
        name = shorter
    name = _FILE_END.sub("", name.rpartition("/")[2])
    return _SEPARATORS.sub("-", name)


def family_of(model: str, *, has_chat_template: bool | None = None) -> FamilyMatch:
    """Chooses the family for a model by the longest pattern that fits the model's name.

    Args:
        model: The model's name or folder.
        has_chat_template: Whether the model has a chat template, which decides between the generic families; None where
            that is not known, and then its name decides.

    Returns:
        The family; `generic-chat` or `generic-base` where no pattern fits.

    Raises:
        DataError: A family file is wrong.
    """
    name = plain_name(model)
    families = {candidate: load_family(candidate) for candidate in names("models")}
    best, length = BASE, -1
    for candidate, family in families.items():
        if any(fnmatchcase(name, pattern) for pattern in family.exclude):
            continue
        for pattern in family.match:
            if len(pattern) > length and fnmatchcase(name, pattern):
                best, length = candidate, len(pattern)
    if best not in {BASE, CHAT}:
        return FamilyMatch(best, families[best], known=True)
    if has_chat_template is not None:
        best = CHAT if has_chat_template else BASE
    return FamilyMatch(best, families[best], known=False, near=_near(name, families.items()))


def _near(name: str, families: Iterable[tuple[str, Family]]) -> tuple[str, ...]:
    """The families with the longest plain beginning of a pattern that stands in the name."""
    lengths: dict[str, int] = {}
    for candidate, family in families:
        for pattern in family.match:
            stem = re.split(r"[*?\[]", pattern.lstrip("*"))[0].rstrip("-.")
            if len(stem) >= _MIN_NEAR and stem in name:
                lengths[candidate] = max(lengths.get(candidate, 0), len(stem))
    return tuple(sorted(lengths, key=lambda candidate: (-lengths[candidate], candidate))[:_MAX_NEAR])
