"""Speed of the sandbox beside a fresh interpreter that imports SymPy, in one run: ratios count, machines are noisy.

    python perf/sandbox.py [--tier namespaces] [--calls 200]

One small SymPy program, in sequence (the median counts) and many at once (calls a second).
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import time

from math_eval.sandbox import Sandbox

PROGRAM = "from sympy import *\nx = symbols('x')\nprint(solve(x**2 - 5*x + 6, x), integrate(x**3, x))\n"
FRESH = 5


async def measure(tier: str | None, calls: int) -> tuple[str, float, float]:
    """The tier, the median of one call after another in seconds, and calls a second with all at once."""
    sandbox = Sandbox(tier=tier)  # type: ignore[arg-type]
    try:
        first = await sandbox.run(PROGRAM)
        assert first.state == "done", first
        spent = []
        for _ in range(calls):
            began = time.perf_counter()
            await sandbox.run(PROGRAM)
            spent.append(time.perf_counter() - began)
        began = time.perf_counter()
        results = await asyncio.gather(*(sandbox.run(PROGRAM) for _ in range(calls)))
        rate = calls / (time.perf_counter() - began)
        assert {result.stdout for result in results} == {first.stdout}
    finally:
        await sandbox.close()
    return sandbox.tier, statistics.median(spent), rate


def fresh() -> float:
    """Seconds of the same program in a new interpreter: the median of a few."""
    spent = []
    for _ in range(FRESH):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-I", "-c", PROGRAM], check=True, stdout=subprocess.DEVNULL)
        spent.append(time.perf_counter() - began)
    return statistics.median(spent)


def main() -> None:
    """Prints the median, the rate and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tier")
    parser.add_argument("--calls", type=int, default=200)
    options = parser.parse_args()
    alone = fresh()
    tier, median, rate = asyncio.run(measure(options.tier, options.calls))
    cores = len(os.sched_getaffinity(0))
    print(f"tier {tier}, {options.calls} calls, {cores} cores")
    print(f"one after another: median {1000 * median:.1f} ms (bound 60 ms)")
    print(f"many at once: {rate:.1f} a second (bound 25 on two cores)")
    print(f"a fresh interpreter: {1000 * alone:.0f} ms; the sandbox takes {median / alone:.3f} of that")


if __name__ == "__main__":
    main()
