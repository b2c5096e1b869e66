"""A run folder that exists and a new request: an extension, or a refusal that names the difference."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from math_eval.errors import RunConflictError
from math_eval.runs.layout import BenchmarkInfo, Extent, RunInfo


def merge(folder: Path, old: RunInfo | None, new: RunInfo) -> RunInfo:
    """What run.json says after the new request: more sets, benchmarks, problems or samples than before.

    RunConflictError where the folder holds another model revision, engine, prompt, data, or other sampling for a set.
    """
    if old is None:
        return new
    differences = list(_differences(old, new))
    if differences:
        raise RunConflictError(
            f"{folder}: this run folder holds other settings: {'; '.join(differences)}; use another --output"
        )
    benchmarks = {(one.benchmark, one.split): one for one in old.benchmarks}
    for one in new.benchmarks:
        before = benchmarks.get((one.benchmark, one.split))
        benchmarks[one.benchmark, one.split] = one if before is None else _extended(before, one)
    return msgspec.structs.replace(old, sets={**old.sets, **new.sets}, benchmarks=list(benchmarks.values()))


def _extended(old: BenchmarkInfo, new: BenchmarkInfo) -> BenchmarkInfo:
    sets = dict(old.sets)
    for name, extent in new.sets.items():
        before = sets.get(name, extent)
        sets[name] = Extent(max(before.problems, extent.problems), max(before.samples, extent.samples))
    return msgspec.structs.replace(old, sets=sets)


def _differences(old: RunInfo, new: RunInfo) -> Iterator[str]:
    for name in ("model_revision", "engine", "seed", "seeding"):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield f"{name} {before or 'none'} there, {after or 'none'} asked"
    if not new.model_revision and old.model != new.model:
        yield f"model {old.model} there, {new.model} asked"
    for key in ("dtype", "max_model_len"):
        before, after = old.engine_settings.get(key), new.engine_settings.get(key)
        if before != after:
            yield f"{key} {before} there, {after} asked"
    for name, settings in new.sets.items():
        if name in old.sets and old.sets[name] != settings:
            yield f"set {name}: {_changed(old.sets[name], settings)}"
    there = {(one.benchmark, one.split): one for one in old.benchmarks}
    for one in new.benchmarks:
        before_it = there.get((one.benchmark, one.split))
        if before_it is not None:
            plain = msgspec.structs.replace(one, sets=before_it.sets)
            if plain != before_it:
                yield f"{one.benchmark}/{one.split}: {_changed(before_it, plain)}"


def _changed(old: msgspec.Struct, new: msgspec.Struct) -> str:
    before, after = msgspec.structs.asdict(old), msgspec.structs.asdict(new)
    return ", ".join(
        f"{key} {_short(before[key])} there, {_short(after[key])} asked" for key in before if before[key] != after[key]
    )


def _short(value: object) -> str:
    text = str(value)
    return text[:12] if len(text) == 64 else text or "none"
