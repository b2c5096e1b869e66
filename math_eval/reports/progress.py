"""Progress of a run on standard error: bars on a terminal, and a few lines in a log."""

from __future__ import annotations

import sys
import time
from typing import Any

from tqdm import tqdm

from math_eval.records import Completion, Verdict
from math_eval.rewards import RewardScore


class ProgressBar:
    """Progress of generation: samples, accuracy so far, tokens a second and time left.

    On a terminal it is a bar; in a log it is a line at the start, one every half minute at first, and ever fewer, down
    to one every ten minutes.

    Args:
        missing: Samples that are still to be made.
        stored: Samples that the run folder already has.
        quiet: Prints nothing.
    """

    _LOG_INTERVALS_S = (30.0, 600.0)
    """Least and most seconds between two lines of a log; between them it is a fifth of the time since the start."""

    def __init__(self, missing: int, stored: int, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._terminal = sys.stderr.isatty() and not quiet
        self._bar = tqdm(
            total=missing + stored, initial=stored, unit="sample", disable=not self._terminal, smoothing=0.05
        )
        self._correct = self._done = self._tokens = 0
        self._start = self._last_log = time.monotonic()
        self._missing = missing
        if not quiet and not self._terminal:
            print(f"{missing} samples to make, {stored} already stored", file=sys.stderr)  # noqa: T201  the log's first line

    def sample(self, completion: Completion, verdict: Verdict) -> None:
        """Counts one stored sample."""
        self._done += 1
        self._correct += verdict.correct
        self._tokens += completion.tokens_out or 0
        now = time.monotonic()
        speed = self._tokens / max(now - self._start, 1e-9)
        tokens = f"{speed:.0f} tokens/s" if self._tokens else "tokens unknown"
        status = f"accuracy {100 * self._correct / self._done:.1f} %, {tokens}"
        if self._terminal:
            self._bar.set_postfix_str(status, refresh=False)
            self._bar.update(1)
        elif not self._quiet and now - self._last_log > self._log_interval(now):
            self._last_log = now
            print(f"{self._done} of {self._missing} samples, {status}", file=sys.stderr)  # noqa: T201  a log line
        if self._done == self._missing:
            self._bar.close()

    def _log_interval(self, now: float) -> float:
        least, most = self._LOG_INTERVALS_S
        return min(most, max(least, (now - self._start) / 5))


class RewardBar:
    """Progress of scoring with a reward model: samples, tokens a second and failures.

    Args:
        missing: Samples that are still to be scored.
        stored: Samples that already have a score.
        quiet: Prints nothing.
    """

    def __init__(self, missing: int, stored: int, *, quiet: bool = False) -> None:
        self._bar = tqdm(
            total=missing + stored,
            initial=stored,
            unit="reward",
            disable=quiet or not sys.stderr.isatty(),
            smoothing=0.05,
        )
        self._missing, self._done, self._tokens, self._failed = missing, 0, 0, 0
        self._start = time.monotonic()
        if not quiet and not sys.stderr.isatty():
            print(f"{missing} samples to score, {stored} already scored", file=sys.stderr)  # noqa: T201  the log's first line

    def __call__(self, score: RewardScore) -> None:
        """Counts one scored sample."""
        self._done += 1
        self._tokens += score.tokens
        self._failed += bool(score.error)
        speed = self._tokens / max(time.monotonic() - self._start, 1e-9)
        failed = f", {self._failed} failed" if self._failed else ""
        self._bar.set_postfix_str(f"{speed:.0f} tokens/s{failed}", refresh=False)
        self._bar.update(1)
        if self._done == self._missing:
            self._bar.close()


class DownloadBar:
    """Progress of one download: a line with the size, and a bar on a terminal."""

    def __init__(self, url: str) -> None:
        self._name = url.rpartition("/")[2]
        self._bar: Any = None

    def __call__(self, received: int, total: int) -> None:
        """Shows the bytes received of the total, which is 0 where it is not known."""
        if self._bar is None:
            size = f", {total / 1e6:.1f} MB" if total else ""
            print(f"fetching {self._name}{size}", file=sys.stderr)  # noqa: T201  announces the size
            self._bar = tqdm(
                total=total or None, unit="B", unit_scale=True, disable=not sys.stderr.isatty(), leave=False
            )
        self._bar.update(received - self._bar.n)
        if total and received >= total:
            self._bar.close()
