"""A run folder that exists and a new request: an extension, or a refusal that names the difference."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from math_eval.errors import RunConflictError
from math_eval.runfolder.layout import BenchmarkInfo, Extent, RunInfo


def merge(folder: Path, old: RunInfo | None, new: RunInfo) -> RunInfo:
    """What run.json says after the new request: more sets, benchmarks, problems or samples than before.

    RunConflictError where the folder holds another model revision, engine, prompt, data, or other sampling for a set.
    """
    if old is None:
        return new
    differences = list(_differences(old, new))
    if differences:
        empty = "" if any((folder / "samples").glob("*.jsonl")) else " (it holds no samples, so it may be removed)"
        raise RunConflictError(
            f"{folder}: this run folder holds other settings: {'; '.join(differences)}; use another --output{empty}"
        )
    benchmarks = {(one.benchmark, one.split): one for one in old.benchmarks}
    for one in new.benchmarks:
        before = benchmarks.get((one.benchmark, one.split))
        benchmarks[one.benchmark, one.split] = one if before is None else _extended(before, one)
    return msgspec.structs.replace(old, sets={**old.sets, **new.sets}, benchmarks=list(benchmarks.values()))


def refuse_foreign(folder: Path) -> None:
    """RunConflictError for a folder that is not empty and holds no run.json: it is somebody else's, or damaged."""
    if not folder.exists() or (folder / RunInfo.NAME).is_file():
        return
    if not folder.is_dir():
        raise RunConflictError(f"{folder}: not a folder; --output names the run folder")
    if any(not path.name.startswith("lock") for path in folder.iterdir()):
        raise RunConflictError(f"{folder}: not empty, and no run folder (it has no run.json); use another --output")


def _extended(old: BenchmarkInfo, new: BenchmarkInfo) -> BenchmarkInfo:
    sets = dict(old.sets)
    for name, extent in new.sets.items():
        before = sets.get(name, extent)
        sets[name] = Extent(max(before.problems, extent.problems), max(before.samples, extent.samples))
    return msgspec.structs.replace(old, sets=sets)


def _differences(old: RunInfo, new: RunInfo) -> Iterator[str]:
    for name in ("model_revision", "engine", "seed", "seeding", "grader"):
        yield from _difference(name, getattr(old, name), getattr(new, name))
    if not new.model_revision:
        yield from _difference("model", old.model, new.model)
    for key in ("dtype", "max_model_len"):
        yield from _difference(key, old.engine_settings.get(key), new.engine_settings.get(key))
    for name in old.sets.keys() & new.sets.keys():
        yield from _changes(f"set {name}", old.sets[name], new.sets[name])
    there = {(one.benchmark, one.split): one for one in old.benchmarks}
    for one in new.benchmarks:
        if before := there.get((one.benchmark, one.split)):
            # how far a set goes may grow, and a file may have moved
            same = msgspec.structs.replace(one, sets=before.sets, definition=before.definition)
            yield from _changes(f"{one.benchmark}/{one.split}", before, same)


def _changes(what: str, old: msgspec.Struct, new: msgspec.Struct) -> Iterator[str]:
    before, after = msgspec.structs.asdict(old), msgspec.structs.asdict(new)
    found = [said for key in before for said in _difference(key, before[key], after[key])]
    if found:
        yield f"{what}: {', '.join(found)}"


def _difference(name: str, old: object, new: object) -> Iterator[str]:
    if old != new:
        yield f"{name} {_short(old)} there, {_short(new)} asked"


def _short(value: object) -> str:
    text = str(value)
    return text[:12] if len(text) == 64 else text or "none"
