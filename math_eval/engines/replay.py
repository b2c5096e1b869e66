"""An engine that returns stored completions, so that all steps after generation can be used without a model.

It reads our own run folders, rows such as `{"id": …, "completion": …}`, also with a thought apart, and the rows of the
reference (`idx`, `question` and a list `code`). A row with a question is matched by the question, because other
harnesses number rows differently. A row without one is matched by its id within the benchmark.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, cast, get_args

from math_eval.engines.base import failed
from math_eval.errors import DataError, EngineError
from math_eval.files import json_lines
from math_eval.records import Completion, Finish, Prompt, Sampling

_ID_FIELDS = ("problem", "id", "idx")
_TEXT_FIELDS = ("text", "completion", "response", "output", "code")
_THOUGHT_FIELDS = ("thought", "reasoning_content", "reasoning")


class ReplayEngine:
    """Returns stored completions by problem and sample number.

    If the file has sets, greedy samples come from the set "greedy" and sampled ones from the other sets. A sample that
    the file lacks fails. Call `check` first: it refuses a file that has none of the problems.
    """

    concurrency = 64
    settings_read = ("responses",)

    def __init__(self, path: Path) -> None:
        """Reads all completions into memory.

        Args:
            path: A file of JSON lines, or a run folder.

        Raises:
            DataError: There is no such file, or a line is not one of the supported kinds.
        """
        self._path = path
        self._stored: dict[str, dict[tuple[str, str], dict[int, Completion]]] = {}
        for place, set_name, number, completion in _read_completions(path):
            completions = self._stored.setdefault(set_name, {}).setdefault(place, {})
            completions[len(completions) if number is None else number] = completion

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        """Returns the stored completion for the sample's number; the temperature decides only which set is used."""
        completions = self._lookup(prompt, greedy=sampling.temperature == 0)
        if completions is None:
            return failed(f"no stored completion of {prompt.key}")
        if sampling.number not in completions:
            return failed(f"no stored completion {sampling.number} of {prompt.key}")
        return completions[sampling.number]

    def check(self, prompts: Iterable[Prompt]) -> None:
        """Checks that the file has at least one of the problems, before all samples are stored as failed.

        Raises:
            EngineError: It has none, so it probably belongs to another benchmark.
        """
        if not any(self._lookup(prompt, greedy=greedy) for prompt in prompts for greedy in (True, False)):
            raise EngineError(f"{self._path}: holds none of the problems of this run; is it for another benchmark?")

    def _lookup(self, prompt: Prompt, *, greedy: bool) -> dict[int, Completion] | None:
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
        """Does nothing; the engine holds no resources."""


def _folded(text: str) -> str:
    return " ".join(text.split())


def _read_completions(path: Path) -> Iterator[tuple[tuple[str, str], str, int | None, Completion]]:
    files = sorted(path.glob("samples/*.jsonl")) if path.is_dir() else [path]
    if not files or not files[0].is_file():
        raise DataError(f"{path}: no such file or run folder")
    for file in files:
        with file.open("rb") as lines:
            for line_number, row in json_lines(lines, file):
                location = f"{file}: line {line_number}"
                if not isinstance(row, dict):
                    raise DataError(f"{location}: expected a JSON object")
                place, set_name, number = _place(row, location), str(row.get("set", "")), row.get("n")
                for completion in _completions(row, location):
                    yield place, set_name, number if isinstance(number, int) else None, completion


def _place(row: dict[str, Any], location: str) -> tuple[str, str]:
    if isinstance(row.get("question"), str):
        return "question", _folded(row["question"])
    identity = next((row[name] for name in _ID_FIELDS if name in row), None)
    if identity is None:
        raise DataError(f"{location}: expected a question, or one of {', '.join(_ID_FIELDS)}")
    if "benchmark" in row and "split" in row:
        return "id", f"{row['benchmark']}/{row['split']}/{identity}"
    return "id", str(identity)


def _completions(row: dict[str, Any], location: str) -> Iterator[Completion]:
    texts = next((row[name] for name in _TEXT_FIELDS if name in row), None)
    texts = texts if isinstance(texts, list) else [texts]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise DataError(f"{location}: expected a text or a list of texts as one of {', '.join(_TEXT_FIELDS)}")
    if row.get("state") == "failed":
        yield failed(str(row.get("error") or "generation failed"))
        return
    finish: Finish = cast("Finish", row["finish"]) if row.get("finish") in get_args(Finish) else "stop"
    thought = next((row[name] for name in _THOUGHT_FIELDS if isinstance(row.get(name), str)), None)
    tokens_in, tokens_out, tokens_thought = (
        count if isinstance(count := row.get(name), int) and count >= 0 else None
        for name in ("tokens_in", "tokens_out", "tokens_thought")
    )
    error = str(row.get("error") or "")
    for text in texts:
        yield Completion(text, finish, tokens_in, tokens_out, error, thought=thought, tokens_thought=tokens_thought)
