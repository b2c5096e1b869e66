"""Why a text is not read.

MathTextError
├── ParseError   the text is not mathematics in the documented grammar; `position` says where
├── LimitError   the text is larger, deeper or costs more than the limits allow; `limit` names which
└── BudgetError  what a whole call may cost is spent, on parts that were each within the limits
"""

from __future__ import annotations

from typing import Any


class MathTextError(Exception):
    """Base of all; can be pickled, whatever arguments a subclass takes."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: type[BaseException], args: tuple[Any, ...], attributes: dict[str, Any]) -> BaseException:
    """An error out of its parts, without calling its constructor, which may want other arguments than the message."""
    error = kind.__new__(kind, *args)
    error.__dict__.update(attributes)
    return error


class ParseError(MathTextError):
    """The text cannot be read whole; position is the index of the character where reading stopped."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(f"{message} at {position}")
        self.position = position


class LimitError(MathTextError):
    """A limit was reached before anything was computed; limit is its name."""

    def __init__(self, limit: str) -> None:
        super().__init__(f"limit reached: {limit}")
        self.limit = limit


class BudgetError(MathTextError):
    """What a whole call may cost is spent. Whoever gives up a part at a LimitError must let this one pass."""

    limit = "work"

    def __init__(self) -> None:
        super().__init__("limit reached: work of the whole call")
