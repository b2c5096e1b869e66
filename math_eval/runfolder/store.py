"""The run folder as a store: which samples exist, appending new ones, reading everything back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from math_eval.errors import DataError, RunConflictError
from math_eval.files import LineWriter, clean_text, file_name, read_lines
from math_eval.records import Completion, Extraction, SampleKey, Verdict
from math_eval.runfolder.layout import PromptLine, SampleLine, VerdictHead, VerdictLine
from math_eval.runfolder.lengths import Lengths

SEGMENT_BYTES = 256_000_000

_Place = tuple[str, str, str]


class SampleIndex:
    """Which samples of which sets exist: one bit a sample, one integer a problem; repeats are counted apart."""

    def __init__(self) -> None:
        self._bits: dict[_Place, dict[str, int]] = {}
        self._again: dict[SampleKey, int] = {}

    def add(self, key: SampleKey) -> None:
        """Marks a sample as there once more."""
        if key in self:
            self._again[key] = self._again.get(key, 0) + 1
        problems = self._bits.setdefault((key.benchmark, key.split, key.set), {})
        problems[key.problem] = problems.get(key.problem, 0) | 1 << key.n

    def times(self, key: SampleKey) -> int:
        """How often the sample was marked."""
        return (key in self) + self._again.get(key, 0)

    def discard(self, key: SampleKey) -> None:
        """Marks a sample as missing."""
        problems = self._bits.setdefault((key.benchmark, key.split, key.set), {})
        problems[key.problem] = problems.get(key.problem, 0) & ~(1 << key.n)

    def __contains__(self, key: SampleKey) -> bool:
        problems = self._bits.get((key.benchmark, key.split, key.set))
        return bool(problems and problems.get(key.problem, 0) >> key.n & 1)

    def __len__(self) -> int:
        return sum(bits.bit_count() for problems in self._bits.values() for bits in problems.values())


class RunStore:
    """A run folder, read and appended to. A later line of a key stands for an earlier one."""

    def __init__(self, folder: Path, shard: str = "") -> None:
        self.folder = folder
        self._prefix = f"{shard}-" if shard else ""
        self._samples: LineWriter | None = None
        self._verdicts: LineWriter | None = None
        self._prompts: list[PromptLine] | None = None
        self.done = SampleIndex()
        self.graded = SampleIndex()
        self.lengths = Lengths()

    def segments(self) -> list[Path]:
        """The sample files, in the order in which they were begun."""
        return sorted((self.folder / "samples").glob("*.jsonl"))

    def samples(self) -> Iterator[SampleLine]:
        """Every sample line of every segment."""
        for segment in self.segments():
            yield from read_lines(segment, SampleLine)

    def load_progress(self, *, retry_failed: bool = False) -> None:
        """Learns which samples exist and how long they are; with retry_failed, failed ones count as missing."""
        for line in self.samples():
            if line.state == "failed":
                self.done.discard(line.key)
                if retry_failed:
                    continue
            else:
                self.lengths.add(line.benchmark, line.split, line.problem, line.tokens_out)
            self.done.add(line.key)

    def write_sample(self, key: SampleKey, completion: Completion) -> None:
        """Appends one finished sample to the current segment; StorageError where it cannot."""
        if self._samples is None or self._samples.size >= SEGMENT_BYTES:
            self._next_segment()
        if self._samples is None:
            raise DataError(f"{self.folder}: no segment to write to")
        self._samples.write(
            SampleLine(
                **asdict(key),
                state="failed" if completion.finish == "error" else "done",
                text=clean_text(completion.text),
                finish=completion.finish,
                tokens_in=completion.tokens_in,
                tokens_out=completion.tokens_out,
                turns=[_clean(turn) for turn in completion.turns],
                error=clean_text(completion.error),
            )
        )
        self.done.add(key)

    def _next_segment(self) -> None:
        own = [path for path in self.segments() if path.name.rpartition("-")[0] == self._prefix.rstrip("-")]
        if self._samples is not None:
            self._samples.close()
            self._samples = None
        number = len(own)
        if own and own[-1].stat().st_size < SEGMENT_BYTES:
            number -= 1
        self._samples = LineWriter(self.folder / "samples" / f"{self._prefix}{number:05d}.jsonl")

    def verdicts_path(self, grader: str) -> Path:
        """Where the verdicts of a grader lie."""
        return self.folder / f"verdicts.{file_name(grader)}.jsonl"

    def open_verdicts(self, head: VerdictHead) -> None:
        """Goes on with a verdicts file of the same fingerprint, or begins it anew."""
        path = self.verdicts_path(head.grader)
        if path.exists() and not self._usable(path, head):
            path.unlink()
        self._verdicts = LineWriter(path)
        if self._verdicts.size == 0:
            self._verdicts.write(head)

    def _usable(self, path: Path, head: VerdictHead) -> bool:
        """Whether a verdicts file is of this fingerprint and whole; learns which samples it covers."""
        try:
            if next(read_lines(path, VerdictHead), None) != head:
                return False
            for line in self.verdicts(head.grader):
                self.graded.add(line.key)
        except DataError:
            self.graded = SampleIndex()
            return False
        return True

    def verdicts(self, grader: str) -> Iterator[VerdictLine]:
        """Every verdict line of a grader; none where the file is missing."""
        path = self.verdicts_path(grader)
        if not path.is_file():
            return
        yield from read_lines(path, VerdictLine, skip=1)

    def write_verdict(self, key: SampleKey, found: Extraction, verdict: Verdict) -> None:
        """Appends one verdict; StorageError where it cannot."""
        if self._verdicts is None:
            return
        self._verdicts.write(
            VerdictLine(
                **asdict(key),
                answer=clean_text(found.text),
                found_by=found.rule,
                status=verdict.status,
                rule=verdict.rule,
                truncated=found.truncated,
                detail=clean_text(verdict.detail),
            )
        )
        self.graded.add(key)

    def prompts(self) -> Iterator[PromptLine]:
        """Every line of prompts.jsonl, which is read unless add_prompts has; none where the file is missing."""
        if self._prompts is not None:
            yield from self._prompts
            return
        path = self.folder / "prompts.jsonl"
        if path.is_file():
            yield from read_lines(path, PromptLine)

    def add_prompts(self, wanted: Iterator[PromptLine], count: Callable[[PromptLine], int | None]) -> None:
        """Appends the prompts that are not there yet, with their token counts; RunConflictError where one differs."""
        there = {(line.benchmark, line.split, line.problem): line for line in self.prompts()}
        added: list[PromptLine] = []
        changed = False
        for line in wanted:
            place = (line.benchmark, line.split, line.problem)
            stored = there.get(place)
            if stored is None:
                added.append(msgspec.structs.replace(line, tokens=count(line)))
                continue
            if (stored.text, stored.messages) != (line.text, line.messages):
                raise RunConflictError(
                    f"{self.folder}: the prompt of {'/'.join(place)} differs from the stored one; use another --output"
                )
            current = msgspec.structs.replace(line, tokens=stored.tokens)
            changed = changed or current != stored
            there[place] = current
        if changed:  # a gold was corrected: the file is replaced whole
            part = self.folder / "prompts.jsonl.part"
            part.unlink(missing_ok=True)
            _append(part, [*there.values(), *added])
            part.replace(self.folder / "prompts.jsonl")
        elif added:
            _append(self.folder / "prompts.jsonl", added)
        self._prompts = [*there.values(), *added]

    def close(self) -> None:
        """Flushes and closes what is open for writing."""
        for writer in (self._samples, self._verdicts):
            if writer is not None:
                writer.close()
        self._samples = self._verdicts = self._prompts = None


def _clean(turn: Mapping[str, Any]) -> dict[str, Any]:
    return {name: clean_text(value) if isinstance(value, str) else value for name, value in turn.items()}


def _append(path: Path, lines: list[PromptLine]) -> None:
    writer = LineWriter(path)
    try:
        for line in lines:
            writer.write(line)
    finally:
        writer.close()
