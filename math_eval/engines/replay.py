"""An engine that returns completions from a file, so that everything after generation can be used alone.

Lines are read from our own sample files, from `{"problem": …, "completion": …}` rows, and from the layout of the
harness behind the Qwen2.5-Math report (`idx` and a list `code`). Problems are matched by their id within the benchmark.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from math_eval.engines.base import failed
from math_eval.errors import DataError
from math_eval.records import Completion, Finish, Prompt, Sampling

_ID_FIELDS = ("problem", "id", "idx")
_TEXT_FIELDS = ("text", "completion", "response", "output", "code")


class ReplayEngine:
    """Stored completions by problem and number; sample n of a set is the n-th completion the file has for that problem.

    A problem (or number) that the file lacks is a failed sample. Raises DataError for a file it cannot read.
    """

    concurrency = 64

    def __init__(self, path: Path) -> None:
        self._by_problem: dict[str, list[Completion]] = {}
        for key, completion in _read(path):
            self._by_problem.setdefault(key, []).append(completion)

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        """The stored completion; sampling settings are not looked at, but for the number of the sample."""
        stored = self._by_problem.get(prompt.key) or self._by_problem.get(prompt.key.split("/", 2)[-1]) or []
        if sampling.number >= len(stored):
            return failed(f"no stored completion {sampling.number} of {prompt.key}")
        return stored[sampling.number]

    async def close(self) -> None:
        """Nothing is held."""


def _read(path: Path) -> Iterator[tuple[str, Completion]]:
    files = sorted(path.glob("samples/*.jsonl")) if path.is_dir() else [path]
    if not files or not files[0].is_file():
        raise DataError(f"{path}: no such file of responses (or run folder)")
    for file in files:
        with file.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                try:
                    row = msgspec.json.decode(line)
                except msgspec.DecodeError as error:
                    raise DataError(f"{file}: line {number}: not JSON: {error}") from error
                yield from _completions(row, f"{file}: line {number}")


def _completions(row: Any, where: str) -> Iterator[tuple[str, Completion]]:
    if not isinstance(row, dict):
        raise DataError(f"{where}: expected an object")
    identity = next((row[name] for name in _ID_FIELDS if name in row), None)
    texts = next((row[name] for name in _TEXT_FIELDS if name in row), None)
    if identity is None or texts is None:
        raise DataError(f"{where}: needs one of {', '.join(_ID_FIELDS)} and one of {', '.join(_TEXT_FIELDS)}")
    key = str(identity)
    if "benchmark" in row and "split" in row:
        key = f"{row['benchmark']}/{row['split']}/{key}"
    for text in texts if isinstance(texts, list) else [texts]:
        if row.get("state") == "failed":
            yield key, failed(str(row.get("error") or "failed when it was made"))
            continue
        finish: Finish = "length" if row.get("finish") == "length" else "stop"
        yield key, Completion(str(text), finish, int(row.get("tokens_in") or 0), int(row.get("tokens_out") or 0))
