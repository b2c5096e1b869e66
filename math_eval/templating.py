"""The Jinja sandbox in which templates of data files are rendered, and its filters (docs/formats.md).

Strict: a field that a row does not have is an error that names it. Products and powers are refused where they could
grow without bound, since a data file is not trusted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, TemplateError, UndefinedError, nodes
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from math_eval.boxes import last_box
from math_eval.errors import DataError

_MAX_REPEAT = 10_000


def after(text: str, mark: str) -> str:
    """What follows the last `mark`, stripped; DataError where there is no mark."""
    _, found, rest = str(text).rpartition(mark)
    if not found:
        raise DataError(f"no {mark!r} in {str(text)[-60:]!r}")
    return rest.strip()


def before(text: str, mark: str) -> str:
    """What stands before the first `mark`, stripped; the whole text where there is none."""
    return str(text).partition(mark)[0].strip()


def boxed(text: str) -> str:
    r"""The content of the last complete `\boxed{}`."""
    found = last_box(str(text))
    if found is None:
        raise DataError(f"no \\boxed{{}} in {str(text)[-60:]!r}")
    return found.strip()


def undollar(text: str) -> str:
    """The text without any dollar sign, stripped."""
    return str(text).replace("$", "").strip()


def number(value: Any) -> str:
    """A number as people write it: 145.0 → 145; other text as it is."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def sentence(text: str) -> str:
    """The text, stripped, ending in a full stop whether it had one or not."""
    stripped = str(text).strip()
    return stripped if stripped.endswith(".") else stripped + "."


def lettered(options: Mapping[str, Any] | Sequence[Any]) -> str:
    """Options as "(A) … (B) …", each stripped, one space between."""
    pairs = options.items() if isinstance(options, Mapping) else zip("ABCDEFGHIJ", options, strict=False)
    return " ".join(f"({letter}) {str(text).strip()}" for letter, text in pairs)


def options_of(text: str, style: str = "A)") -> dict[str, str]:
    """Letter → text of options written in one string as "A) … B) …" (`style` shows how A is written)."""
    tail = re.escape(style[1:])
    pieces = re.split(rf"(?:^|\s)([A-J]){tail}\s*", str(text).strip())
    return {letter: body.strip() for letter, body in zip(pieces[1::2], pieces[2::2], strict=False)}


FILTERS: dict[str, Callable[..., Any]] = {
    "after": after,
    "before": before,
    "boxed": boxed,
    "lettered": lettered,
    "number": number,
    "options_of": options_of,
    "sentence": sentence,
    "undollar": undollar,
}


_METHODS = frozenset(
    "count endswith find get items keys lower lstrip partition removeprefix removesuffix replace rpartition rstrip "
    "split startswith strip title upper values".split()
)
_GROWING_FILTERS = ("center", "format", "indent", "pprint", "wordwrap", "xmlattr")


class _Environment(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset({"*", "**", "%"})

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return (attr in _METHODS or not callable(value)) and super().is_safe_attribute(obj, attr, value)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        numbers = isinstance(left, int | float) and isinstance(right, int | float)
        if not numbers or max(abs(left), abs(right)) > _MAX_REPEAT:
            raise SecurityError(f"{operator} is only for small numbers here")
        return super().call_binop(context, operator, left, right)


def _shown(value: Any) -> Any:
    """Null in a row is no text."""
    return "" if value is None else value


@lru_cache(maxsize=1)
def _environment() -> _Environment:
    environment = _Environment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False, finalize=_shown)
    for name in _GROWING_FILTERS:
        environment.filters.pop(name, None)
    environment.filters.update(FILTERS)
    environment.globals.clear()
    return environment


@lru_cache(maxsize=512)
def compiled(template: str) -> Callable[[Mapping[str, Any]], str]:
    """A renderer for a template; TemplateSyntaxError becomes a DataError that shows the template."""
    try:
        _refuse_loops(template)
        body = _environment().from_string(template)
    except (TemplateError, RecursionError) as error:
        raise DataError(f"bad template {template!r}: {error}") from error
    return body.render


def _refuse_loops(template: str) -> None:
    """SecurityError for macros and for a loop inside a loop, whose work no limit on the template bounds."""
    tree = _environment().parse(template)
    if list(tree.find_all((nodes.Macro, nodes.CallBlock, nodes.Include, nodes.Import))):
        raise SecurityError("macros and imports are not allowed")
    for loop in tree.find_all(nodes.For):
        if any(list(inner.find_all(nodes.For)) for inner in loop.body):
            raise SecurityError("a loop inside a loop is not allowed")


@lru_cache(maxsize=64)
def compiled_value(expression: str) -> Callable[[Mapping[str, Any]], Any]:
    """An evaluator for a Jinja expression that gives a Python value (a mapping of options, say) instead of text."""
    try:
        return _environment().compile_expression(expression, undefined_to_none=False)
    except TemplateError as error:
        raise DataError(f"bad expression {expression!r}: {error}") from error


_UNDEFINED = re.compile(r"'([^']+)' is undefined|has no (?:attribute|element) '?([^']+)'?")


def render(template: str, fields: Mapping[str, Any], *, what: str) -> str:
    """The template rendered with `fields`; DataError names `what` and the unknown field beside those that exist."""
    try:
        return compiled(template)(fields)
    except UndefinedError as error:
        named = _UNDEFINED.search(str(error))
        field = (named.group(1) or named.group(2)) if named else str(error)
        raise DataError(f"{what}: no field {field!r}; the row has: {', '.join(map(str, fields)) or 'none'}") from error
    except DataError as error:
        raise DataError(f"{what}: {error}") from error
    except (TemplateError, TypeError, ValueError, KeyError, IndexError, ArithmeticError, RecursionError) as error:
        raise DataError(f"{what}: {type(error).__name__}: {error}") from error
