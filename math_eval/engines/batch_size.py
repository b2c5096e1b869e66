"""The size of the batches of a model on one device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class BatchSize:
    """The number of items in a batch. It is halved when a batch does not fit into memory.

    Attributes:
        number: The largest number of items to put into a batch.
    """

    def __init__(self, number: int) -> None:
        self.number = number

    def run(
        self,
        batch: Sequence[Item],
        compute: Callable[[Sequence[Item]], list[Result]],
        too_large: Callable[[Item], Result],
    ) -> list[Result]:
        """Computes a batch, in halves if it does not fit into memory as a whole.

        Args:
            batch: The items, at least one.
            compute: Gives the results of some items, in order.
            too_large: Makes the result of an item that does not fit into memory alone.

        Returns:
            One result for each item, in order.
        """
        import torch

        try:
            return compute(batch)
        except torch.OutOfMemoryError:
            if len(batch) == 1:
                return [too_large(batch[0])]
        torch.cuda.empty_cache()  # not in the handler above, where the error still holds the tensors of the batch
        self.number = half = len(batch) // 2
        return self.run(batch[:half], compute, too_large) + self.run(batch[half:], compute, too_large)
