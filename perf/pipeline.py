"""The pipeline against its bounds.

python perf/pipeline.py schedule [--plot FILE]   a simulated GPU: makespan against its lower bound and the reference's
python perf/pipeline.py throughput               an engine without latency: samples a second, scoring included
python perf/pipeline.py memory                   memory of the main process over 5,000 problems × 256 samples

The schedule runs in virtual time: the event loop's clock jumps to the next event, so hours take seconds and the
machine's own speed plays no part.
"""

from __future__ import annotations

import argparse
import asyncio
import heapq
import json
import resource
import selectors
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from math_eval.engines.scripted import ScriptedEngine
from math_eval.records import Completion, Prompt, Sampling
from math_eval.runs import RunRequest, evaluate
from math_eval.tools.limits import ToolResult

SLOTS = 256
PROBLEMS = 500
TOKENS_PER_SECOND = 40.0
MEDIANS_S = {"short": 5.0, "middle": 10.0, "long": 20.0}
SIGMA = 0.6
REFERENCE_TOOL_WORKERS = 16
BLOCK = "```python\nprint(1)\n```\n"


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample of the trace: seconds of each turn, and of the tool call after each turn but the last."""

    turns: tuple[float, ...]
    tools: tuple[float, ...]


def trace(seed: int = 0) -> dict[str, Sample]:
    """Three benchmarks of 500: lognormal generation times, 0 to 4 tool calls of 5 ms to 5 s each."""
    generator = np.random.default_rng(seed)
    made = {}
    for name, median in MEDIANS_S.items():
        for number in range(PROBLEMS):
            calls = int(generator.integers(0, 5))
            total = median * float(generator.lognormal(0, SIGMA))
            shares = generator.dirichlet(np.ones(calls + 1))
            tools = np.exp(generator.uniform(np.log(0.005), np.log(5.0), calls))
            made[f"{name}/test/{number}"] = Sample(tuple((total * shares).tolist()), tuple(tools.tolist()))
    return made


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


class SimulatedGpu:
    """256 slots; a turn takes the trace's time once it has one. Turns that go on from a tool call come first."""

    concurrency = 2 * SLOTS

    def __init__(self, samples: dict[str, Sample]) -> None:
        self._samples = samples
        self._free = SLOTS
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._count = 0
        self.busy: list[tuple[float, int]] = []
        self.finished = 0.0

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        """The trace's next turn of the sample."""
        del sampling
        sample = self._samples[prompt.key]
        if self._free:
            self._free -= 1
        else:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._count += 1
            heapq.heappush(self._waiting, (-prompt.turn, self._count, turn))
            await turn
        loop = asyncio.get_running_loop()
        self.busy.append((loop.time(), 1))
        seconds = sample.turns[prompt.turn]
        await asyncio.sleep(seconds)
        self.finished = loop.time()
        self.busy.append((loop.time(), -1))
        if self._waiting:
            heapq.heappop(self._waiting)[2].set_result(None)
        else:
            self._free += 1
        last = prompt.turn == len(sample.turns) - 1
        return Completion("\\boxed{1}" if last else BLOCK, "stop", 10, max(1, round(seconds * TOKENS_PER_SECOND)))

    async def close(self) -> None:
        """Nothing is held."""


class SimulatedTool:
    """Takes the trace's time. Calls are told apart by what they follow, so that every sample has its own."""

    def __init__(self, times: Sequence[float]) -> None:
        self._times = iter(times)

    async def run(self, program: str, before: Sequence[str] = ()) -> ToolResult:
        """One call; which sample's it is plays no part, its time is drawn from the same trace."""
        del program, before
        await asyncio.sleep(next(self._times))
        return ToolResult("1\n")


def bound(samples: Sequence[Sample]) -> float:
    """No schedule is shorter: the work over the slots, or the longest sample with its tool calls."""
    work = sum(sum(one.turns) for one in samples) / SLOTS
    return max(work, *(sum(one.turns) + sum(one.tools) for one in samples))


def rounds(samples: dict[str, Sample]) -> tuple[float, list[tuple[float, int]]]:
    """The reference's schedule: benchmarks one after another, every turn of all samples, then all their tool calls."""
    now, busy = 0.0, []
    for name in MEDIANS_S:
        own = [one for key, one in samples.items() if key.startswith(f"{name}/")]
        for turn in range(5):
            left = [one for one in own if turn < len(one.turns)]
            slots = [now] * SLOTS
            heapq.heapify(slots)
            for one in left:
                start = heapq.heappop(slots)
                end = start + one.turns[turn]
                busy += [(start, 1), (end, -1)]
                heapq.heappush(slots, end)
                now = max(now, end)
            workers = [now] * REFERENCE_TOOL_WORKERS
            heapq.heapify(workers)
            for one in left:
                if turn < len(one.tools):
                    end = heapq.heappop(workers) + one.tools[turn]
                    heapq.heappush(workers, end)
            now = max(now, *workers)
    return now, busy


def schedule(plot: Path | None) -> None:
    """Prints the makespans and their ratios to the bound."""
    samples = trace()
    lower = bound(list(samples.values()))
    asyncio.set_event_loop_policy(VirtualPolicy())
    gpu = SimulatedGpu(samples)
    tools = [seconds for one in samples.values() for seconds in one.tools]
    np.random.default_rng(1).shuffle(tools)
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for name in MEDIANS_S:
            path = Path(folder) / f"{name}.jsonl"
            path.write_text("".join(json.dumps({"question": f"{n}?", "answer": 1}) + "\n" for n in range(PROBLEMS)))
            files.append(str(path))
        request = RunRequest(
            "simulated",
            tuple(files),
            engine="scripted",
            prompt="qwen25-math-tir",
            max_tokens=10**6,
            output=Path(folder) / "run",
        )
        done = evaluate(request, engine=gpu, executor=SimulatedTool(tools))
    asyncio.set_event_loop_policy(None)
    assert done.metrics is not None
    assert all(one.accuracy == 1 for one in done.metrics.benchmarks)
    other, other_busy = rounds(samples)
    longest = max(sum(one.turns) + sum(one.tools) for one in samples.values())
    print(f"{len(samples)} samples on {SLOTS} slots; bound {lower:.1f} s; the longest sample takes {longest:.1f} s")
    print(f"one stream:            {gpu.finished:.1f} s, {gpu.finished / lower:.3f} of the bound")
    print(f"rounds, one by one:    {other:.1f} s, {other / lower:.3f} of the bound")
    if plot:
        draw([("one stream", gpu.busy, gpu.finished), ("the reference's rounds", other_busy, other)], plot)


def draw(series: Sequence[tuple[str, list[tuple[float, int]], float]], path: Path) -> None:
    """Slots in use over time."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "math-eval"
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 3))
    for name, busy, end in series:
        events = sorted(busy)
        times = np.array([at for at, _ in events])
        used = np.cumsum([change for _, change in events])
        grid = np.linspace(0, end, 400)
        axes.plot(grid, used[np.clip(np.searchsorted(times, grid, side="right") - 1, 0, None)], label=name, linewidth=1)
    axes.set_xlabel("seconds")
    axes.set_ylabel(f"slots in use of {SLOTS}")
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


class Gauge:
    """Reads the process's memory as samples finish."""

    def __init__(self) -> None:
        self.seen = 0
        self.points: list[tuple[int, float]] = []

    def sample(self, completion: Completion, verdict: object) -> None:
        """One more sample."""
        del completion, verdict
        self.seen += 1
        if self.seen % 50_000 == 0:
            self.points.append((self.seen, resident_mib()))


def resident_mib() -> float:
    """What the process holds now, in MiB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 2**20


def stream(problems: int, samples: int) -> None:
    """Runs, grades and scores problems × samples from an engine without latency."""

    def said(prompt: Prompt, sampling: Sampling) -> str:
        number = int(prompt.key.rpartition("/")[2])
        return "Let us think step by step. " * 10 + f"\\boxed{{{number + sampling.number % 3}}}"

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sums.jsonl"
        path.write_text("".join(json.dumps({"question": f"{n}?", "answer": n}) + "\n" for n in range(problems)))
        gauge = Gauge()
        request = RunRequest(
            "simulated",
            (str(path),),
            engine="scripted",
            prompt="direct",
            greedy=False,
            samples=samples,
            temperature=1.0,
            output=Path(folder) / "run",
        )
        started = time.perf_counter()
        done = evaluate(request, engine=ScriptedEngine(said, concurrency=512), watch=lambda *_: gauge)
        seconds = time.perf_counter() - started
    total = problems * samples
    generating = total / done.timing.seconds
    print(f"{total:,} samples: {total / seconds:,.0f} a second with scoring, {generating:,.0f} while generating")
    for seen, held in gauge.points[:: max(1, len(gauge.points) // 6)]:
        print(f"  after {seen:,}: {held:.0f} MiB")
    print(f"  peak, scoring included: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


def main() -> None:
    """The part that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["schedule", "throughput", "memory"])
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--problems", type=int, default=5_000)
    parser.add_argument("--samples", type=int)
    given = parser.parse_args()
    if given.part == "schedule":
        schedule(given.plot)
    elif given.part == "throughput":
        stream(given.problems, 10 if given.samples is None else given.samples)
    else:
        stream(given.problems, 256 if given.samples is None else given.samples)


if __name__ == "__main__":
    main()
