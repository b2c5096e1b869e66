"""The pipeline against its bounds.

python perf/pipeline.py throughput   an engine without latency: samples a second, scoring included
python perf/pipeline.py memory       memory of the main process over 5,000 problems × 256 samples
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path

from math_eval.engines.scripted import ScriptedEngine
from math_eval.evaluation import evaluate
from math_eval.generate import RunRequest
from math_eval.records import Completion, Prompt, Sampling


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
    parser.add_argument("part", choices=["throughput", "memory"])
    parser.add_argument("--problems", type=int, default=5_000)
    parser.add_argument("--samples", type=int)
    given = parser.parse_args()
    if given.part == "throughput":
        stream(given.problems, 10 if given.samples is None else given.samples)
    else:
        stream(given.problems, 256 if given.samples is None else given.samples)


if __name__ == "__main__":
    main()
