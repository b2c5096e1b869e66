"""Reads the lines of a run folder, appends new ones, and knows which samples exist."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from math_eval.errors import DataError, RunConflictError
from math_eval.files import LineWriter, clean_text, file_name, read_lines
from math_eval.records import CUT_BY_BUDGET, Completion, Extraction, SampleKey, Verdict
from math_eval.runfolder.layout import Cut, PromptLine, SampleLine, VerdictHead, VerdictLine, state_of
from math_eval.runfolder.lengths import Lengths

SEGMENT_BYTES = 256_000_000
"""A sample file of this size is closed and the next one is begun."""


class SampleIndex:
    """The set of samples that exist, with the number of times each was added.

    Millions of samples take little memory: each is one bit of an integer for its problem. Repeats are counted apart.
    """

    def __init__(self) -> None:
        self._bits: dict[tuple[str, str, str], dict[str, int]] = {}
        self._repeats: dict[SampleKey, int] = {}

    def add(self, key: SampleKey) -> None:
        """Counts the sample once more."""
        if key in self:
            self._repeats[key] = self._repeats.get(key, 0) + 1
        problems = self._bits.setdefault((key.benchmark, key.split, key.set), {})
        problems[key.problem] = problems.get(key.problem, 0) | 1 << key.n

    def times(self, key: SampleKey) -> int:
        """Returns how many times the sample was added."""
        return (key in self) + self._repeats.get(key, 0)

    def discard(self, key: SampleKey) -> None:
        """Marks the sample as missing."""
        problems = self._bits.setdefault((key.benchmark, key.split, key.set), {})
        problems[key.problem] = problems.get(key.problem, 0) & ~(1 << key.n)

    def __contains__(self, key: SampleKey) -> bool:
        problems = self._bits.get((key.benchmark, key.split, key.set))
        return bool(problems and problems.get(key.problem, 0) >> key.n & 1)

    def __len__(self) -> int:
        return sum(bits.bit_count() for problems in self._bits.values() for bits in problems.values())


class RunStore:
    """A run folder to read from and append to. Of several lines with one key, the last one counts.

    Attributes:
        folder: The run folder.
        sample_index: The samples that exist: those of `load_progress` and those written since.
        verdict_index: The samples that the open verdicts file covers.
        lengths: The lengths of the finished samples that `load_progress` read, in tokens.
        cut_samples: The samples that `load_progress` found cut and that have a larger budget now.
        cut_for_good: The number of samples that it found cut and that cannot go on.
    """

    def __init__(self, folder: Path, shard: str = "") -> None:
        """Opens no file yet.

        Args:
            folder: The run folder.
            shard: The shard as file names spell it, as in "2of8". It begins the names of the sample files that are
                written, so that the processes of several shards never write the same file. "" without shards.
        """
        self.folder = folder
        self._prefix = f"{shard}-" if shard else ""
        self._samples: LineWriter | None = None
        self._verdicts: LineWriter | None = None
        self._prompts: list[PromptLine] | None = None
        self.sample_index = SampleIndex()
        self.verdict_index = SampleIndex()
        self.lengths = Lengths()
        self.cut_samples: dict[SampleKey, SampleLine] = {}
        self.cut_for_good = 0

    def segments(self) -> list[Path]:
        """Returns the sample files in the order of their names, which is that of their age within a shard."""
        return sorted((self.folder / "samples").glob("*.jsonl"))

    def samples(self) -> Iterator[SampleLine]:
        """Yields the lines of all sample files."""
        for segment in self.segments():
            yield from read_lines(segment, SampleLine)

    def load_progress(
        self,
        *,
        retry_failed: bool = False,
        retry_truncated: bool = False,
        budgets: Mapping[str, int] | None = None,
    ) -> None:
        """Fills `sample_index`, `lengths` and `cut_samples` from the sample files.

        Args:
            retry_failed: Whether a sample whose last line is a failure counts as missing.
            retry_truncated: Whether a sample that its budget cut counts as missing, to be made again.
            budgets: Set → its token budget; a sample that was cut under a smaller one counts as missing.
        """
        budgets = budgets or {}
        for line in self.samples():
            self.cut_samples.pop(line.key, None)
            budget = budgets.get(line.set, 0)
            if line.finish in CUT_BY_BUDGET and (line.tokens_out is None or line.tokens_out < budget):
                if retry_truncated:
                    self.sample_index.discard(line.key)
                    continue
                if line.cut is not None and line.cut.budget < budget:
                    self.cut_samples[line.key] = line
                elif line.cut is None:
                    self.cut_for_good += 1
            if line.state == "failed":
                self.sample_index.discard(line.key)
                if retry_failed:
                    continue
            elif line.tokens_out is not None:
                self.lengths.add(line.benchmark, line.split, line.problem, line.tokens_out)
            self.sample_index.add(line.key)

    def write_sample(
        self, key: SampleKey, completion: Completion, cut: Cut | None = None, segments: Sequence[int] = ()
    ) -> None:
        """Appends one completion, finished or failed, to the current sample file.

        Args:
            key: The key of the sample.
            completion: The completion.
            cut: What the sample needs to go on under a larger budget, if its budget cut it.
            segments: The tokens of each part, if the sample was made in several.

        Raises:
            StorageError: The file cannot be written.
        """
        if self._samples is None or self._samples.size >= SEGMENT_BYTES:
            self._samples = self._next_segment()
        self._samples.write(
            SampleLine(
                **asdict(key),
                state=state_of(completion.finish),
                text=clean_text(completion.text),
                finish=completion.finish,
                tokens_in=completion.tokens_in,
                tokens_out=completion.tokens_out,
                turns=[_clean(turn) for turn in completion.turns],
                error=clean_text(completion.error),
                thought=clean_text(completion.thought or ""),
                tokens_thought=completion.tokens_thought,
                cut=cut,
                segments=list(segments),
            )
        )
        self.sample_index.add(key)

    def _next_segment(self) -> LineWriter:
        """Closes the current sample file, and opens the shard's last one if it has room, else a new one."""
        if self._samples is not None:
            self._samples.close()
            self._samples = None
        shard_name = self._prefix.rstrip("-")
        segments = [path for path in self.segments() if path.name.rpartition("-")[0] == shard_name]
        number = len(segments)
        if segments and segments[-1].stat().st_size < SEGMENT_BYTES:
            number -= 1
        return LineWriter(self.folder / "samples" / f"{self._prefix}{number:05d}.jsonl")

    def verdicts_path(self, grader: str) -> Path:
        """Returns the path of a grader's verdicts file."""
        return self.folder / f"verdicts.{file_name(grader)}.jsonl"

    def open_verdicts(self, head: VerdictHead) -> None:
        """Opens a verdicts file for writing. A file that is damaged or has another first line is begun anew.

        Args:
            head: The first line that the file must have. `verdict_index` covers the verdicts that were kept.
        """
        path = self.verdicts_path(head.grader)
        if path.exists() and not self._matches(path, head):
            path.unlink()
        self._verdicts = LineWriter(path)
        if self._verdicts.size == 0:
            self._verdicts.write(head)

    def _matches(self, path: Path, head: VerdictHead) -> bool:
        """Whether a verdicts file has this first line and no damage. Fills `verdict_index`."""
        try:
            if next(read_lines(path, VerdictHead), None) != head:
                return False
            for line in self.verdicts(head.grader):
                self.verdict_index.add(line.key)
        except DataError:
            self.verdict_index = SampleIndex()
            return False
        return True

    def verdicts(self, grader: str) -> Iterator[VerdictLine]:
        """Yields the verdict lines of a grader; nothing if it has no verdicts file."""
        path = self.verdicts_path(grader)
        if not path.is_file():
            return
        yield from read_lines(path, VerdictLine, skip=1)

    def write_verdict(self, key: SampleKey, extraction: Extraction, verdict: Verdict) -> None:
        """Appends one verdict, if a verdicts file is open (a shard grades nothing).

        Raises:
            StorageError: The file cannot be written.
        """
        if self._verdicts is None:
            return
        self._verdicts.write(
            VerdictLine(
                **asdict(key),
                answer=clean_text(extraction.text),
                found_by=extraction.rule,
                status=verdict.status,
                rule=verdict.rule,
                truncated=extraction.truncated,
                detail=clean_text(verdict.detail),
            )
        )
        self.verdict_index.add(key)

    def prompts(self) -> Iterator[PromptLine]:
        """Yields the lines of prompts.jsonl; nothing if there is no such file."""
        if self._prompts is not None:
            yield from self._prompts
            return
        path = self.folder / "prompts.jsonl"
        if path.is_file():
            yield from read_lines(path, PromptLine)

    def add_prompts(
        self,
        lines: Iterable[PromptLine],
        count: Callable[[PromptLine], int | None],
        render: Callable[[PromptLine], str] = lambda _: "",
    ) -> None:
        """Stores the prompts of a request: new ones are appended, and corrected golds replace stored ones.

        Args:
            lines: The prompt of each problem.
            count: The number of tokens of a new prompt, None if it is not known.
            render: The text that the model receives, for the first prompt of each benchmark split.

        Raises:
            RunConflictError: A stored prompt of the same problem has another text or other messages.
            StorageError: The file cannot be written.
        """
        stored_lines = {(line.benchmark, line.split, line.problem): line for line in self.prompts()}
        new_lines: list[PromptLine] = []
        rendered = {place[:2] for place in stored_lines}
        replaces = False
        for line in lines:
            place = (line.benchmark, line.split, line.problem)
            stored = stored_lines.get(place)
            if stored is None:
                text = "" if place[:2] in rendered else render(line)
                rendered.add(place[:2])
                new_lines.append(msgspec.structs.replace(line, tokens=count(line), rendered=text))
                continue
            if (stored.text, stored.messages) != (line.text, line.messages):
                raise RunConflictError(
                    f"{self.folder}: the prompt of {'/'.join(place)} differs from the stored one; "
                    "use another --output folder"
                )
            current = msgspec.structs.replace(line, tokens=stored.tokens, rendered=stored.rendered)
            replaces = replaces or current != stored
            stored_lines[place] = current
        if replaces:  # a gold was corrected
            part = self.folder / "prompts.jsonl.part"
            part.unlink(missing_ok=True)
            _append(part, [*stored_lines.values(), *new_lines])
            part.replace(self.folder / "prompts.jsonl")
        elif new_lines:
            _append(self.folder / "prompts.jsonl", new_lines)
        self._prompts = [*stored_lines.values(), *new_lines]

    def close(self) -> None:
        """Flushes and closes the files that are open for writing."""
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
