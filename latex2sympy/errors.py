"""Why a text is not read.

MathTextError
├── ParseError   the text is not mathematics in the documented grammar; `position` says where
├── LimitError   the text is larger, deeper or costs more than the limits allow; `limit` names which
└── BudgetError  what a whole call may cost is spent, on parts that were each within the limits
"""

from __future__ import annotations


class MathTextError(Exception):
    """Base of both. `args` are the arguments of the class, so that pickle can make the error again."""


class ParseError(MathTextError):
    """The text cannot be read whole; position is the index of the character where reading stopped."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message, position)
        self.position = position

    def __str__(self) -> str:
        return f"{self.args[0]} at {self.position}"


class LimitError(MathTextError):
    """A limit was reached before anything was computed; limit is its name."""

    def __init__(self, limit: str) -> None:
        super().__init__(limit)
        self.limit = limit

    def __str__(self) -> str:
        return f"limit reached: {self.limit}"


class BudgetError(MathTextError):
    """What a whole call may cost is spent. Whoever gives up a part at a LimitError must let this one pass."""

    limit = "work"

    def __str__(self) -> str:
        return "limit reached: work of the whole call"
