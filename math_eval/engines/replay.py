"""An engine that returns completions from a file, so that everything after generation can be used alone.

Lines are read from our own run folders, from `{"id": …, "completion": …}` rows, and from the layout of the harness
behind the Qwen2.5-Math report (`idx`, `question` and a list `code`). A row with a question is matched by it,
since other harnesses number rows their own way; a row without one by its id within the benchmark.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from math_eval.engines.base import failed
from math_eval.errors import DataError, EngineError
from math_eval.records import Completion, Finish, Prompt, Sampling

_ID_FIELDS = ("problem", "id", "idx")
_TEXT_FIELDS = ("text", "completion", "response", "output", "code")


class ReplayEngine:
    """Stored completions by problem and number.

    A greedy request is answered from the set "greedy" where the file has sets, a sampled one from the others. A problem
    (or number) that the file lacks is a failed sample; `check` says beforehand that all are missing, since then the
    file belongs to something else. Raises DataError for a file it cannot read.
    """

    concurrency = 64
    settings_read = ("responses",)

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stored: dict[str, dict[tuple[str, str], dict[int, Completion]]] = {}
        for place, set_name, number, completion in _read(path):
            kept = self._stored.setdefault(set_name, {}).setdefault(place, {})
            kept[len(kept) if number is None else number] = completion

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        """The stored completion; of the sampling settings only temperature 0 or not and the sample's number count."""
        found = self._found(prompt, greedy=sampling.temperature == 0)
        if found is None:
            return failed(f"no stored completion of {prompt.key}")
        if sampling.number not in found:
            return failed(f"no stored completion {sampling.number} of {prompt.key}")
        return found[sampling.number]

    def check(self, prompts: Iterable[Prompt]) -> None:
        """EngineError where the file holds none of these problems, before any of them is recorded as failed."""
        if not any(self._found(prompt, greedy=greedy) for prompt in prompts for greedy in (True, False)):
            raise EngineError(f"{self._path}: holds none of the problems asked for; is it of this benchmark?")

    def _found(self, prompt: Prompt, *, greedy: bool) -> dict[int, Completion] | None:
        benchmark, split, problem = (*prompt.key.split("/", 2), "", "")[:3]
        places = (("id", f"{benchmark}/{split}/{problem}"), ("question", _folded(prompt.question)), ("id", problem))
        for name, stored in self._stored.items():
            if name and (name == "greedy") != greedy:
                continue
            for place in places:
                if place in stored:
                    return stored[place]
        return None

    async def close(self) -> None:
        """Nothing is held."""


def _folded(text: str) -> str:
    return " ".join(text.split())


def _read(path: Path) -> Iterator[tuple[tuple[str, str], str, int | None, Completion]]:
    files = sorted(path.glob("samples/*.jsonl")) if path.is_dir() else [path]
    if not files or not files[0].is_file():
        raise DataError(f"{path}: no such file of responses (or run folder)")
    for file in files:
        with file.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                where = f"{file}: line {number}"
                try:
                    row = msgspec.json.decode(line)
                except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                    raise DataError(f"{where}: not JSON: {error}") from error
                if not isinstance(row, dict):
                    raise DataError(f"{where}: expected an object")
                place, name, own = _place(row, where), str(row.get("set", "")), row.get("n")
                for completion in _completions(row, where):
                    yield place, name, own if isinstance(own, int) else None, completion


def _place(row: dict[str, Any], where: str) -> tuple[str, str]:
    if isinstance(row.get("question"), str):
        return "question", _folded(row["question"])
    identity = next((row[name] for name in _ID_FIELDS if name in row), None)
    if identity is None:
        raise DataError(f"{where}: needs one of {', '.join(_ID_FIELDS)}, or the question")
    if "benchmark" in row and "split" in row:
        return "id", f"{row['benchmark']}/{row['split']}/{identity}"
    return "id", str(identity)


def _completions(row: dict[str, Any], where: str) -> Iterator[Completion]:
    texts = next((row[name] for name in _TEXT_FIELDS if name in row), None)
    texts = texts if isinstance(texts, list) else [texts]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise DataError(f"{where}: needs a text (or a list of texts) under one of {', '.join(_TEXT_FIELDS)}")
    if row.get("state") == "failed":
        yield failed(str(row.get("error") or "failed when it was made"))
        return
    finish: Finish = "length" if row.get("finish") == "length" else "stop"
    counts = [row.get(name) for name in ("tokens_in", "tokens_out")]
    tokens_in, tokens_out = (count if isinstance(count, int) and count >= 0 else 0 for count in counts)
    for text in texts:
        yield Completion(text, finish, tokens_in, tokens_out)
