"""The order of work against its lower bound, on simulated GPUs.

python perf/schedule.py simulated [--plot FILE]   lognormal lengths, tool calls: makespan over the bound, 20 traces
python perf/schedule.py recorded                  lengths of real responses of sibling checkpoints
python perf/schedule.py correlations              how well those lengths are told by a sibling's and by the row's size

Time is virtual: the event loop's clock jumps to the next event, so hours take seconds and the machine's own speed plays
no part. What is known beforehand comes from an earlier run's folder (--lengths-from), made by the same pipeline.
"""

from __future__ import annotations

import argparse
import asyncio
import heapq
import itertools
import json
import os
import selectors
import statistics
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from math_eval.engines.pace import Pace
from math_eval.engines.scripted import ScriptedEngine
from math_eval.evaluation import evaluate
from math_eval.generate import RunRequest
from math_eval.records import Prompt, Sampling
from math_eval.sandbox.limits import ToolResult

SLOTS = 256
TOKENS_PER_SECOND = 40.0
TRACES = 20
PROBLEMS = 500
MEDIANS_S = {"short": 5.0, "middle": 10.0, "long": 20.0}
SIGMAS = (0.6, 1.0)
"""Of the logarithm of a length within a benchmark: as real responses have it (`correlations`), and a heavier tail."""
SIBLINGS = 0.5
"""Correlation of two checkpoints' log-lengths of a problem (`correlations`)."""
REFERENCE_TOOL_WORKERS = 16
CHARS_PER_TOKEN = 3.0
STORED = ("XinghanLi66/rl-sft", "microsoft/rho")
"""Whose stored responses are of several checkpoints on the same benchmarks."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample of a trace: tokens of each turn, and seconds of the tool call after each turn but the last."""

    turns: tuple[int, ...]
    tools: tuple[float, ...] = ()

    @property
    def seconds(self) -> float:
        """From its first token to its last, if it never waits."""
        return sum(self.turns) / TOKENS_PER_SECOND + sum(self.tools)


@dataclass(frozen=True, slots=True)
class Trace:
    """Samples by benchmark, the same of an earlier checkpoint, and the sizes of the benchmarks' rows where known."""

    samples: Mapping[str, Sequence[Sample]]
    earlier: Mapping[str, Sequence[Sample]]
    rows: Mapping[str, Sequence[int]] = field(default_factory=dict)

    @property
    def bound(self) -> float:
        """No schedule is shorter: the work over the slots, or the longest sample with its tool calls."""
        every = [one for several in self.samples.values() for one in several]
        work = sum(sum(one.turns) for one in every) / TOKENS_PER_SECOND / SLOTS
        return max(work, *(one.seconds for one in every))


def lognormal(seed: int, sigma: float) -> Trace:
    """Three benchmarks of 500: lognormal lengths, 0 to 4 tool calls of 5 ms to 5 s; an earlier checkpoint beside."""
    generator = np.random.default_rng(seed)
    samples: dict[str, list[Sample]] = {}
    earlier: dict[str, list[Sample]] = {}
    for name, median in MEDIANS_S.items():
        samples[name], earlier[name] = [], []
        for _ in range(PROBLEMS):
            here, own = generator.normal(size=2)
            before = SIBLINGS * here + (1 - SIBLINGS**2) ** 0.5 * own
            samples[name].append(_sample(generator, median * np.exp(sigma * here)))
            earlier[name].append(_sample(generator, median * np.exp(sigma * before)))
    return Trace(samples, earlier)


def _sample(generator: np.random.Generator, seconds: float) -> Sample:
    calls = int(generator.integers(0, 5))
    shares = generator.dirichlet(np.ones(calls + 1)) * seconds * TOKENS_PER_SECOND
    tools = np.exp(generator.uniform(np.log(0.005), np.log(5.0), calls))
    return Sample(tuple(max(1, round(share)) for share in shares), tuple(tools.tolist()))


class VirtualSelector(selectors.DefaultSelector):
    """A selector that never waits: the time it was asked to wait passes at once on the loop's own clock."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        """What is ready; virtual time moves on where nothing is."""
        ready = super().select(0)
        if not ready and timeout:
            self.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in virtual time."""

    def __init__(self) -> None:
        self.virtual = VirtualSelector()
        super().__init__(self.virtual)

    def time(self) -> float:
        """Seconds of virtual time."""
        return self.virtual.now


class VirtualPolicy(asyncio.DefaultEventLoopPolicy):
    """Makes every new loop a virtual one."""

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        """A loop in virtual time."""
        return VirtualLoop()


class SimulatedTool:
    """Takes the trace's times; a program names its sample and turn."""

    def __init__(self, samples: Mapping[str, Sequence[Sample]]) -> None:
        self._samples = samples

    async def run(self, program: str, before: Sequence[str] = ()) -> ToolResult:
        """One call."""
        del before
        name, number, turn = program.strip().removeprefix("#").split("/")
        await asyncio.sleep(self._samples[name][int(number)].tools[int(turn)])
        return ToolResult("1\n")


@dataclass(slots=True)
class Usage:
    """Slots in use over time."""

    points: list[tuple[float, int]] = field(default_factory=list)

    def note(self, taken: int) -> None:
        """So many are taken from now on."""
        self.points.append((asyncio.get_running_loop().time(), taken))

    @property
    def end(self) -> float:
        """When the last one was given back."""
        return self.points[-1][0]


def one_stream(
    samples: Mapping[str, Sequence[Sample]],
    folder: Path,
    rows: Mapping[str, Sequence[int]],
    lengths: tuple[Path, ...] = (),
) -> Usage:
    """Runs the pipeline over a trace; the run's folder is left in `folder`."""
    files = []
    folder.mkdir()
    for name, several in samples.items():
        files.append(folder / f"{name}.jsonl")
        sizes = rows.get(name, [1] * len(several))
        files[-1].write_text(
            "".join(
                json.dumps({"question": f"{number:05}?", "answer": 1, "solution": "s" * size}) + "\n"
                for number, size in enumerate(sizes)
            )
        )

    def said(prompt: Prompt, sampling: Sampling) -> str:
        del sampling
        _, name, _, number = ("", *prompt.key.split("/"))
        sample = samples[name][int(number)]
        last = prompt.turn == len(sample.turns) - 1
        closing = "\\boxed{1}" if last else f"```python\n#{name}/{number}/{prompt.turn}\n```\n"
        return "w " * (sample.turns[prompt.turn] - len(closing.split())) + "\n" + closing

    usage = Usage()
    request = RunRequest(
        "simulated",
        tuple(map(str, files)),
        engine="scripted",
        prompt="qwen25-math-tir",
        max_tokens=10**6,
        output=folder / "run",
        lengths_from=lengths,
    )
    pace = Pace(SLOTS, TOKENS_PER_SECOND, watch=usage.note)
    asyncio.set_event_loop_policy(VirtualPolicy())
    try:
        done = evaluate(request, engine=ScriptedEngine(said, pace=pace), executor=SimulatedTool(samples))
    finally:
        asyncio.set_event_loop_policy(None)
    assert done.metrics is not None
    assert all(one.accuracy == 1 for one in done.metrics.benchmarks)
    return usage


def rounds(samples: Mapping[str, Sequence[Sample]]) -> Usage:
    """The reference's schedule: benchmarks one after another, every turn of all samples, then all their tool calls."""
    now, changes = 0.0, []
    for own in samples.values():
        for turn in range(max(len(one.turns) for one in own)):
            left = [one for one in own if turn < len(one.turns)]
            slots = [now] * SLOTS
            heapq.heapify(slots)
            for one in left:
                start = heapq.heappop(slots)
                end = start + one.turns[turn] / TOKENS_PER_SECOND
                changes += [(start, 1), (end, -1)]
                heapq.heappush(slots, end)
                now = max(now, end)
            workers = [now] * REFERENCE_TOOL_WORKERS
            heapq.heapify(workers)
            for one in left:
                if turn < len(one.tools):
                    heapq.heappush(workers, heapq.heappop(workers) + one.tools[turn])
            now = max(now, *workers)
    changes.sort()
    taken = itertools.accumulate(change for _, change in changes)
    return Usage([(at, count) for (at, _), count in zip(changes, taken, strict=True)])


@dataclass(frozen=True, slots=True)
class Schedules:
    """A trace's schedules by what is known beforehand, and its bound."""

    bound: float
    usage: Mapping[str, Usage]


def schedules(trace: Trace) -> Schedules:
    """Runs a trace with nothing known, with an earlier checkpoint's lengths, and in the reference's rounds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        one_stream(trace.earlier, folder / "earlier", {})
        usage = {"nothing known": one_stream(trace.samples, folder / "blind", {})}
        if trace.rows:
            usage["rows known"] = one_stream(trace.samples, folder / "rows", trace.rows)
        before = folder / "earlier/run"
        usage["a sibling's lengths known"] = one_stream(trace.samples, folder / "told", trace.rows, (before,))
    return Schedules(trace.bound, usage | {"the reference's rounds": rounds(trace.samples)})


def report(title: str, every: Sequence[Schedules]) -> None:
    """Prints the makespans of several traces over their bounds."""
    print(f"{title}, {SLOTS} slots; makespan over its bound:")
    for name in every[0].usage:
        ratios = sorted(one.usage[name].end / one.bound for one in every)
        within = sum(ratio <= 1.05 for ratio in ratios)
        print(
            f"  {name:28} median {statistics.median(ratios):.3f}, {ratios[0]:.3f} to {ratios[-1]:.3f}; "
            f"at most 1.05 in {within} of {len(ratios)}"
        )


def simulated(plot: Path | None) -> None:
    """Lognormal traces."""
    for sigma in SIGMAS:
        every = [schedules(lognormal(seed, sigma)) for seed in range(TRACES)]
        report(f"{TRACES} traces of {len(MEDIANS_S) * PROBLEMS} samples, standard deviation of logs {sigma}", every)
        if plot and sigma == SIGMAS[0]:
            draw(every[0], plot)


Responses = dict[str, dict[str, dict[int, dict[str, Any]]]]
"""Checkpoint → benchmark → row → its stored response."""


def stored(shared: Path, repository: str) -> Responses:
    """The stored responses of a repository's checkpoints."""
    found: Responses = {}
    for line in (shared / "outputs/INDEX.jsonl").read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        if entry["repo"] != repository:
            continue
        path = shared / "outputs" / entry["files"][0]
        lines = (json.loads(text) for text in path.read_text(encoding="utf-8").splitlines())
        found.setdefault(entry["model"], {})[entry["benchmark"]] = {row["idx"]: row for row in lines}
    return found


def recorded(shared: Path) -> None:
    """Lengths of real responses: a checkpoint's benchmarks, told by those of another one that it shares."""
    for repository in STORED:
        found = stored(shared, repository)
        every = []
        for one, other in itertools.permutations(found, 2):
            both = [name for name in found[one] if name in found[other]]
            if sum(len(found[one][name]) for name in both) < PROBLEMS:
                continue
            samples = {name: [_of(row) for row in rows.values()] for name, rows in found[one].items()}
            earlier = {name: [_of(row) for row in found[other][name].values()] for name in both}
            sizes = {name: [_size(row) for row in rows.values()] for name, rows in found[one].items()}
            every.append(schedules(Trace(samples, earlier, sizes)))
        report(f"{repository}: {len(every)} pairs of checkpoints", every)


def _of(row: dict[str, Any]) -> Sample:
    return Sample((max(4, round(len(row["code"][0]) / CHARS_PER_TOKEN)),))


def _size(row: dict[str, Any]) -> int:
    return len(row["question"]) + len(str(row.get("gt_cot") or row.get("gt")))


def correlations(shared: Path) -> None:
    """Prints the correlations of log-lengths between checkpoints, and with the size of the benchmark's row."""
    for repository in STORED:
        found = stored(shared, repository)
        for benchmark in sorted({name for runs in found.values() for name in runs}):
            runs = [own[benchmark] for own in found.values() if benchmark in own]
            logs = [{number: np.log(_of(row).turns[0]) for number, row in rows.items()} for rows in runs]
            sizes = [{number: np.log(_size(row)) for number, row in rows.items()} for rows in runs]
            pairs = [_correlation(one, other) for one, other in itertools.combinations(logs, 2)]
            print(f"{repository} {benchmark}, checkpoints: {len(runs)}; log-lengths' standard deviation", end=" ")
            print(_range([float(np.std(list(own.values()))) for own in logs]), end="; correlation with a sibling ")
            print(_range(pairs) if pairs else "-", end=", with the row's size ")
            print(_range([_correlation(*both) for both in zip(logs, sizes, strict=True)]))


def _correlation(one: Mapping[int, float], other: Mapping[int, float]) -> float:
    both = sorted(set(one) & set(other))
    return float(np.corrcoef([one[number] for number in both], [other[number] for number in both])[0, 1])


def _range(values: Sequence[float]) -> str:
    return f"{min(values):.2f} to {max(values):.2f} (median {statistics.median(values):.2f})"


def _steps(usage: Usage) -> Iterator[tuple[float, int]]:
    yield from usage.points
    yield usage.end, 0


def draw(made: Schedules, path: Path) -> None:
    """Slots in use over time."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "math-eval"
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 3))
    for name, usage in made.usage.items():
        times, used = zip(*_steps(usage), strict=True)
        grid = np.linspace(0, usage.end, 400)
        at = np.clip(np.searchsorted(times, grid, side="right") - 1, 0, None)
        axes.plot(grid, np.array(used)[at], label=name, linewidth=1)
    axes.axvline(made.bound, color="black", linewidth=0.5, linestyle=":", label="bound")
    axes.set_xlabel("seconds")
    axes.set_ylabel(f"slots in use of {SLOTS}")
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """The part that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["simulated", "recorded", "correlations"])
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args()
    shared = Path(os.environ.get("MATH_EVAL_SHARED", "../shared"))
    if given.part == "simulated":
        simulated(given.plot)
    elif not shared.is_dir():
        raise SystemExit(f"{shared}: no stored responses there; MATH_EVAL_SHARED names their folder")
    elif given.part == "recorded":
        recorded(shared)
    else:
        correlations(shared)


if __name__ == "__main__":
    main()
