"""Finds the family of a model by its name, in whichever form users, hubs and servers write it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from math_eval.families.family import Family, load_family
from math_eval.registry import names

BASE, CHAT = "generic-base", "generic-chat"
"""The families of models that no pattern fits, without and with a chat template."""

_Weights = Literal["quantised", "full", ""]

_SUFFIXES: tuple[tuple[str, _Weights], ...] = (
    (r"q[2-8](?:-(?:0|1|k(?:-(?:xl|[sml]))?))?", "quantised"),  # llama.cpp: Q8_0, Q4_K_M
    (r"iq[1-4](?:-(?:xxs|xs|[sm]|nl))?", "quantised"),
    (r"gguf", "quantised"),
    (r"(?:awq|gptq|bnb|hqq|aqlm|autoround|dwq|torchao|exl[23]|quantized)", "quantised"),
    (r"fp8(?:-(?:dynamic|block|tput))?", "quantised"),
    (r"(?:int[2-8]|[2-8]-?bit|[2-8](?:\.\d+)?bpw|(?:mx|nv)?fp4|nf4)", "quantised"),
    (r"(?:quantized\.)?w[48]a(?:4|8|16)", "quantised"),
    (r"(?:bf16|fp?16|fp?32)", "full"),
    (r"\d{5}-of-\d{5}", ""),  # a part of a file
    (r"(?:mlx|hf|unsloth|ud|i1)", ""),  # a format, or who converted it
    (r"(?:latest|cloud)", ""),  # Ollama's tags
)
"""Ends of a plain name that say how the weights of the same model are stored, and what they say of the weights."""

_SUFFIX = re.compile("-(?:" + "|".join(f"(?P<n{number}>{end})" for number, (end, _) in enumerate(_SUFFIXES)) + ")$")
_MAX_SUFFIXES = 6

_PUBLISHER = re.compile(
    r"(?:allenai|deepseek-ai|llm360|microsoft|mistralai|moonshotai|nvidia|openai|open-thoughts|qwen|tiiuae|z-ai|zai-org)"
    r"-(?=[a-z])"
)
"""A publisher before the model's name in the same part, as in Qwen_Qwen3-8B-GGUF."""

_CHECKPOINT = re.compile(
    r"(?:checkpoint|global_step|step|epoch|iter)[-_]?\d+|actor|huggingface|hf|model(?:-\d{5}-of-\d{5})?|weights"
)
_SEPARATORS = re.compile(r"[\s_:@]+")
_FILE_END = re.compile(r"\.(?:gguf|safetensors)$")
_ROUTE = re.compile(r":(?:free|nitro|floor|exacto|extended)$")
"""OpenRouter's ways to one model."""

_MIN_NEAR = 4
"""Characters of a pattern's plain beginning that a name must contain for the family to be called near."""
_MAX_NEAR = 3
_MAX_COMPARED = 100
"""Characters of a name that are compared with patterns in search of a misspelling."""


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
    """Returns the part of a model's name that says which model it is, in lower case.

    Of a path the last folder that names a model counts: of the hub's cache the repository, and of a checkpoint the
    folder that holds it. Spaces, "_", ":" and "@" become "-"; the publisher before the name and known ends that only
    say how the weights are stored are left out.

    Example:
        >>> [plain_name(name) for name in ("Qwen/Qwen3-8B", "qwen3:8b", "/runs/Qwen3_8B/checkpoint-500")]
        ['qwen3-8b', 'qwen3-8b', 'qwen3-8b']
        >>> [plain_name(name) for name in ("Qwen/Qwen3-8B-AWQ", "./Qwen_Qwen3-8B-Q4_K_M.gguf", "qwen/qwen3-8b:free")]
        ['qwen3-8b', 'qwen3-8b', 'qwen3-8b']
    """
    return _parse(model)[0]


def _parse(model: str) -> tuple[str, bool]:
    """The plain name, and whether the rest says that the weights are quantised."""
    path = _FILE_END.sub("", model.strip().replace("\\", "/").rstrip("/").lower())
    name = _SEPARATORS.sub("-", _ROUTE.sub("", _naming_part(path.split("/"))).replace("___", "."))
    said: set[_Weights] = {"quantised"} if model.lower().endswith(".gguf") else set()
    for _ in range(_MAX_SUFFIXES):
        if not (match := _SUFFIX.search(name)) or not match.start():
            break
        said.add(_SUFFIXES[int((match.lastgroup or "")[1:])][1])
        name = name[: match.start()]
    name = _PUBLISHER.sub("", name, count=1) if _PUBLISHER.match(name) else name
    return name, "quantised" in said and "full" not in said


def _naming_part(parts: list[str]) -> str:
    while len(parts) > 1 and _CHECKPOINT.fullmatch(parts[-1]) and parts[-2] not in {"", "."}:
        parts.pop()
    in_cache = len(parts) > 2 and parts[-2] == "snapshots" and parts[-3].startswith("models--")
    # folders that were copied from a hub keep its way to write PUBLISHER/MODEL
    return (parts[-3] if in_cache else parts[-1]).rpartition("--")[2]


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
    name, quantised = _parse(model)
    families = {candidate: load_family(candidate) for candidate in names("models")}
    best, length = BASE, -1
    for candidate, family in families.items():
        if any(fnmatchcase(name, pattern) for pattern in family.exclude):
            continue
        for pattern in family.match:
            if len(pattern) > length and fnmatchcase(name, pattern):
                best, length = candidate, len(pattern)
    if best not in {BASE, CHAT}:
        best = (quantised and families[best].quantized) or best
        return FamilyMatch(best, families.get(best) or load_family(best), known=True)
    if has_chat_template is not None:
        best = CHAT if has_chat_template else BASE
    return FamilyMatch(best, families[best], known=False, near=_near(name, families.items()))


def _near(name: str, families: Iterable[tuple[str, Family]]) -> tuple[str, ...]:
    """The families with the longest plain beginning of a pattern that stands in the name, or is spelt like it."""
    stems = list(_stems(families))
    lengths: dict[str, int] = {}
    for stem, family in stems:
        if stem in name:
            lengths[family] = max(lengths.get(family, 0), len(stem))
    if not lengths:
        of_stem = dict(stems)
        spelt = difflib.get_close_matches(name[:_MAX_COMPARED], of_stem, n=_MAX_NEAR, cutoff=0.75)
        return tuple(dict.fromkeys(of_stem[stem] for stem in spelt))
    return tuple(sorted(lengths, key=lambda candidate: (-lengths[candidate], candidate))[:_MAX_NEAR])


def _stems(families: Iterable[tuple[str, Family]]) -> Iterator[tuple[str, str]]:
    for candidate, family in families:
        for pattern in family.match if candidate not in {BASE, CHAT} else ():
            stem = re.split(r"[*?\[]", pattern.lstrip("*"))[0].rstrip("-.")
            if len(stem) >= _MIN_NEAR:
                yield stem, candidate
