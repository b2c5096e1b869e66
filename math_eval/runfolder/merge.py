"""Decides whether a request extends an existing run folder or contradicts it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from math_eval.errors import RunConflictError
from math_eval.runfolder.difference import differences
from math_eval.runfolder.layout import BenchmarkInfo, Extent, RunInfo


def merge(folder: Path, old: RunInfo | None, new: RunInfo) -> RunInfo:
    """Merges a request into the run.json of a folder: sets, benchmarks, problems and samples may be added.

    Args:
        folder: The run folder, for the message.
        old: The run.json of the folder, None if it has none.
        new: The run.json of the request by itself.

    Returns:
        The run.json that covers both.

    Raises:
        RunConflictError: The folder has another model revision, engine, seed, grader, prompt or data, or other sampling
            settings for a set of the same name. The message names the differences.
    """
    if old is None:
        return new
    conflicts = list(_conflicts(old, new))
    if conflicts:
        empty = "" if any((folder / "samples").glob("*.jsonl")) else " (it holds no samples, so it may be removed)"
        raise RunConflictError(
            f"{folder}: the run folder was made with other settings: {'; '.join(conflicts)}; "
            f"use another --output folder{empty}"
        )
    benchmarks = {(info.benchmark, info.split): info for info in old.benchmarks}
    for info in new.benchmarks:
        stored = benchmarks.get((info.benchmark, info.split))
        benchmarks[info.benchmark, info.split] = info if stored is None else _extend(stored, info)
    return msgspec.structs.replace(old, sets={**old.sets, **new.sets}, benchmarks=list(benchmarks.values()))


def refuse_foreign(folder: Path) -> None:
    """Refuses a folder with files but no run.json, so that a run never mixes with files of another kind.

    Raises:
        RunConflictError: The path is a file, or a folder that holds anything but lock files and has no run.json.
    """
    if not folder.exists() or (folder / RunInfo.NAME).is_file():
        return
    if not folder.is_dir():
        raise RunConflictError(f"{folder} is a file; --output must name a folder")
    if any(not path.name.startswith("lock") for path in folder.iterdir()):
        raise RunConflictError(
            f"{folder} is not empty and has no run.json, so it is not a run folder; use another --output folder"
        )


def _extend(old: BenchmarkInfo, new: BenchmarkInfo) -> BenchmarkInfo:
    sets = dict(old.sets)
    for name, extent in new.sets.items():
        stored = sets.get(name, extent)
        sets[name] = Extent(max(stored.problems, extent.problems), max(stored.samples, extent.samples))
    return msgspec.structs.replace(old, sets=sets)


def _conflicts(old: RunInfo, new: RunInfo) -> Iterator[str]:
    names = ["model_revision", "engine", "seed", "seeding", "grader"]
    if not new.model_revision:
        names.append("model")
    yield from differences(*({name: getattr(info, name) for name in names} for info in (old, new)))
    keys = ("dtype", "max_model_len", "engine_arguments", "lora", "tokenizer", "extra_body")
    yield from differences(*({key: info.engine_settings.get(key) for key in keys} for info in (old, new)))
    yield from differences(old.chat, new.chat)
    for name in old.sets.keys() & new.sets.keys():
        before, asked = old.sets[name], new.sets[name]
        if asked.max_tokens > before.max_tokens:  # samples that were cut go on
            before = msgspec.structs.replace(before, max_tokens=asked.max_tokens)
        yield from _struct_conflicts(f"set {name}", before, asked)
    benchmarks = {(info.benchmark, info.split): info for info in old.benchmarks}
    for info in new.benchmarks:
        if stored := benchmarks.get((info.benchmark, info.split)):
            # extents may grow, and a benchmark file may have moved
            comparable = msgspec.structs.replace(info, sets=stored.sets, definition=stored.definition)
            yield from _struct_conflicts(f"{info.benchmark}/{info.split}", stored, comparable)


def _struct_conflicts(label: str, old: msgspec.Struct, new: msgspec.Struct) -> Iterator[str]:
    conflicts = differences(msgspec.structs.asdict(old), msgspec.structs.asdict(new))
    if conflicts:
        yield f"{label}: {', '.join(conflicts)}"
