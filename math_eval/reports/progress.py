"""Progress of a run: samples, running accuracy, tokens a second, time left; silent where the output is a log."""

from __future__ import annotations

import sys
import time
from typing import Any

from tqdm import tqdm

from math_eval.records import Completion, Verdict
from math_eval.rewards import RewardScore


class ProgressBar:
    """A tqdm bar on a terminal. In a log it says one line at the start and then one every ten minutes."""

    _LOG_EVERY_S = 600.0

    def __init__(self, missing: int, there: int, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._terminal = sys.stderr.isatty() and not quiet
        self._bar = tqdm(
            total=missing + there, initial=there, unit="sample", disable=not self._terminal, smoothing=0.05
        )
        self._right = self._seen = self._tokens = 0
        self._began = self._logged = time.monotonic()
        self._missing = missing
        if not quiet and not self._terminal:
            print(f"{missing} samples to make, {there} there", file=sys.stderr)  # noqa: T201  the log's first line

    def sample(self, completion: Completion, verdict: Verdict) -> None:
        """One more sample is stored."""
        self._seen += 1
        self._right += verdict.correct
        self._tokens += completion.tokens_out
        now = time.monotonic()
        speed = self._tokens / max(now - self._began, 1e-9)
        said = f"accuracy {100 * self._right / self._seen:.1f} %, {speed:.0f} tokens/s"
        if self._terminal:
            self._bar.set_postfix_str(said, refresh=False)
            self._bar.update(1)
        elif not self._quiet and now - self._logged > self._LOG_EVERY_S:
            self._logged = now
            print(f"{self._seen} of {self._missing} samples, {said}", file=sys.stderr)  # noqa: T201  a log line
        if self._seen == self._missing:
            self._bar.close()


class RewardBar:
    """The same for scoring with a reward model: samples and tokens a second."""

    def __init__(self, missing: int, there: int, *, quiet: bool = False) -> None:
        self._bar = tqdm(
            total=missing + there,
            initial=there,
            unit="reward",
            disable=quiet or not sys.stderr.isatty(),
            smoothing=0.05,
        )
        self._missing, self._seen, self._tokens, self._failed = missing, 0, 0, 0
        self._began = time.monotonic()
        if not quiet and not sys.stderr.isatty():
            print(f"{missing} samples to score, {there} there", file=sys.stderr)  # noqa: T201  the log's first line

    def __call__(self, scored: RewardScore) -> None:
        """One more sample is scored."""
        self._seen += 1
        self._tokens += scored.tokens
        self._failed += bool(scored.error)
        speed = self._tokens / max(time.monotonic() - self._began, 1e-9)
        failed = f", {self._failed} failed" if self._failed else ""
        self._bar.set_postfix_str(f"{speed:.0f} tokens/s{failed}", refresh=False)
        self._bar.update(1)
        if self._seen == self._missing:
            self._bar.close()


class DownloadBar:
    """Bytes of one download."""

    def __init__(self, url: str) -> None:
        self._name = url.rpartition("/")[2]
        self._bar: Any = None

    def __call__(self, done: int, total: int) -> None:
        """Bytes so far and in all (0: not known)."""
        if self._bar is None:
            size = f", {total / 1e6:.1f} MB" if total else ""
            print(f"fetching {self._name}{size}", file=sys.stderr)  # noqa: T201  the size before it starts
            self._bar = tqdm(
                total=total or None, unit="B", unit_scale=True, disable=not sys.stderr.isatty(), leave=False
            )
        self._bar.update(done - self._bar.n)
        if total and done >= total:
            self._bar.close()
