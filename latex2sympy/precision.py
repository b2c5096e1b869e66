"""The precision of ball arithmetic, which FLINT's Python binding keeps once for the whole process.

Threads that want the same precision compute at the same time; one that wants another waits until those within have
left, and keeps newcomers out meanwhile, so that it waits no longer than the evaluations under way take.
"""

from __future__ import annotations

import os
import threading

from flint import ctx


class _Room:
    """Who computes, and at which precision. The precision found is put back when the last one leaves."""

    def __init__(self) -> None:
        self.door = threading.Lock()
        self.change = threading.Condition(threading.Lock())
        self.inside: set[int] = set()
        self.bits = self.found = 0

    def enter(self, thread: int, bits: int) -> None:
        with self.door, self.change:
            while self.inside and self.bits != bits:
                self.change.wait()
            first = not self.inside
            if first:
                self.found, self.bits = ctx.prec, bits
            self.inside.add(thread)  # before anything changes, so that an interrupt or a fork finds what to undo
            if first:
                ctx.prec = bits

    def leave(self, thread: int) -> None:
        """Harmless for a thread that is not inside, as after an interrupt at the door."""
        with self.change:
            if thread in self.inside:
                if len(self.inside) == 1:
                    ctx.prec = self.found
                self.inside.remove(thread)
                if not self.inside:
                    self.change.notify()


_room = _Room()


class precision:  # noqa: N801  used like a function: with precision(256)
    """Everything within is computed with so many bits. Must not be nested."""

    # a class, since a generator's context costs as much as a small evaluation
    __slots__ = ("_bits", "_room", "_thread")

    def __init__(self, bits: int) -> None:
        self._bits = bits
        self._room = _room
        self._thread = threading.get_ident()

    def __enter__(self) -> None:
        try:
            self._room.enter(self._thread, self._bits)
        except BaseException:
            self._room.leave(self._thread)
            raise

    def __exit__(self, *_error: object) -> None:
        self._room.leave(self._thread)


def _forked() -> None:
    """A new room for the child of a fork: the threads within, and the locks that they held, are the parent's."""
    global _room  # noqa: PLW0603  one room a process
    if _room.inside:
        ctx.prec = _room.found
    _room = _Room()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
