"""Renders the Jinja templates of data files in a sandbox, with the filters that docs/formats.md lists.

Data files are not trusted: operators and filters whose results could grow without bound are refused. A field that a row
does not have is an error that names the field.
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
    """The text after the last `mark`, stripped.

    Raises:
        DataError: The text does not contain the mark.

    Example:
        >>> after("3 + 4 = 7 #### 7", "####")
        '7'
    """
    _, separator, tail = str(text).rpartition(mark)
    if not separator:
        raise DataError(f"no {mark!r} in {str(text)[-60:]!r}")
    return tail.strip()


def before(text: str, mark: str) -> str:
    """The text before the first `mark`, stripped; the whole text where there is no mark."""
    return str(text).partition(mark)[0].strip()


def boxed(text: str) -> str:
    r"""The content of the last closed `\boxed{}`, stripped; DataError where there is none."""
    content = last_box(str(text))
    if content is None:
        raise DataError(f"no \\boxed{{}} in {str(text)[-60:]!r}")
    return content.strip()


def undollar(text: str) -> str:
    """The text without any dollar sign, stripped."""
    return str(text).replace("$", "").strip()


def number(value: Any) -> str:
    """A number as people write it: 145.0 becomes 145; other values become text, stripped."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def sentence(text: str) -> str:
    """The text, stripped, with a full stop at its end."""
    stripped = str(text).strip()
    return stripped if stripped.endswith(".") else stripped + "."


def lettered(options: Mapping[str, Any] | Sequence[Any]) -> str:
    """Writes options in one line.

    Args:
        options: Letter → text, or a list of texts, which get the letters A to J.

    Example:
        >>> lettered(["one", "two"])
        '(A) one (B) two'
    """
    pairs = options.items() if isinstance(options, Mapping) else zip("ABCDEFGHIJ", options, strict=False)
    return " ".join(f"({letter}) {str(text).strip()}" for letter, text in pairs)


def options_of(text: str, style: str = "A)") -> dict[str, str]:
    """Splits options that are written in one string.

    Args:
        text: The options, with letters A to J.
        style: How the letter A is written in the text.

    Returns:
        Letter → text.

    Example:
        >>> options_of("A) one B) two")
        {'A': 'one', 'B': 'two'}
    """
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
"""Name in a template → the filter."""


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
            raise SecurityError(f"{operator} works only on numbers of at most {_MAX_REPEAT}")
        return super().call_binop(context, operator, left, right)


def _null_as_empty(value: Any) -> Any:
    """Renders null, a missing value in a row, as empty text."""
    return "" if value is None else value


@lru_cache(maxsize=1)
def _environment() -> _Environment:
    environment = _Environment(
        undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False, finalize=_null_as_empty
    )
    for name in _GROWING_FILTERS:
        environment.filters.pop(name, None)
    environment.filters.update(FILTERS)
    environment.globals.clear()
    return environment


@lru_cache(maxsize=512)
def compile_template(template: str) -> Callable[[Mapping[str, Any]], str]:
    """Compiles a template, once for each text.

    Args:
        template: The text of the template. Macros, imports and nested loops are refused.

    Returns:
        A function from a row's fields to the rendered text.

    Raises:
        DataError: The template is not valid; the text shows it.
    """
    try:
        _refuse_loops(template)
        body = _environment().from_string(template)
    except (TemplateError, RecursionError) as error:
        raise DataError(f"bad template {template!r}: {error}") from error
    return body.render


def _refuse_loops(template: str) -> None:
    """Raises SecurityError for macros, imports and nested loops: their work is not bounded by the template's length."""
    tree = _environment().parse(template)
    if list(tree.find_all((nodes.Macro, nodes.CallBlock, nodes.Include, nodes.Import))):
        raise SecurityError("macros and imports are not allowed")
    for loop in tree.find_all(nodes.For):
        if any(list(inner.find_all(nodes.For)) for inner in loop.body):
            raise SecurityError("a loop inside a loop is not allowed")


@lru_cache(maxsize=64)
def compile_expression(expression: str) -> Callable[[Mapping[str, Any]], Any]:
    """Compiles a Jinja expression that gives a Python value, such as a mapping of options, instead of text.

    Args:
        expression: The expression, without braces.

    Returns:
        A function from a row's fields to the value.

    Raises:
        DataError: The expression is not valid; the text shows it.
    """
    try:
        return _environment().compile_expression(expression, undefined_to_none=False)
    except TemplateError as error:
        raise DataError(f"bad expression {expression!r}: {error}") from error


_UNDEFINED = re.compile(r"'([^']+)' is undefined|has no (?:attribute|element) '?([^']+)'?")


def render(template: str, fields: Mapping[str, Any], *, label: str) -> str:
    """Renders a template with the fields of a row.

    Args:
        template: The text of the template.
        fields: The row.
        label: What is rendered, such as "gsm8k row 3: question"; error messages begin with it.

    Raises:
        DataError: The template is not valid, fails, or uses a field that the row does not have; the text then lists the
            fields of the row.
    """
    try:
        return compile_template(template)(fields)
    except UndefinedError as error:
        match = _UNDEFINED.search(str(error))
        field = (match.group(1) or match.group(2)) if match else str(error)
        raise DataError(f"{label}: no field {field!r}; the row has: {', '.join(map(str, fields)) or 'none'}") from error
    except DataError as error:
        raise DataError(f"{label}: {error}") from error
    except (TemplateError, TypeError, ValueError, KeyError, IndexError, ArithmeticError, RecursionError) as error:
        raise DataError(f"{label}: {type(error).__name__}: {error}") from error
