"""Programs of stored tool-integrated runs, run again in the sandbox: how many give the recorded output.

python perf/recorded_programs.py FILE... [--limit N]     FILE: rows of the reference, whose `code` holds transcripts

A transcript's blocks are run as the harness that made it did: all blocks so far as one program, earlier prints removed.
Calls whose recorded output was an error or cut are counted apart.
"""

from __future__ import annotations

import argparse
import asyncio
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from math_eval.external.row_format import read_stored
from math_eval.sandbox import Limits, Sandbox, ToolResult
from math_eval.tools.transcript import reference_output, reference_program

_FAILED = re.compile(r"Error|Exception|Timeout|Traceback")


class Call(NamedTuple):
    """One recorded execution."""

    where: str
    program: str
    output: str


def calls(path: Path) -> Iterator[Call]:
    """Every execution of a file's transcripts."""
    for one in read_stored(path):
        parts = one.text.split("```output\n")
        transcript = parts[0]
        for part in parts[1:]:
            output, fence, rest = part.partition("\n```")
            if fence and transcript.rstrip().endswith("```"):
                yield Call(one.location, reference_program(transcript), output)
            transcript += f"```output\n{output}{fence}{rest}"


def kind(call: Call, result: ToolResult, made: str) -> str:
    """Why an output differs."""
    if result.state in {"timeout", "memory", "killed", "output", "unavailable"}:
        return result.state
    if result.error:
        return result.error.partition(":")[0]
    if sorted(made) == sorted(call.output):
        return "order"
    try:
        near = abs(float(made) - float(call.output)) < 1e-6
    except ValueError:
        return "text"
    return "last digits" if near else "number"


async def run(files: list[Path], limit: int | None) -> None:
    """Runs every call and prints the shares."""
    box = Sandbox(Limits(wall_seconds=10.0))
    print(f"tier: {box.tier}")
    try:
        for path in files:
            every = list(calls(path))[:limit]
            sound = [one for one in every if not _FAILED.search(one.output) and "..." not in one.output]
            results = await asyncio.gather(*(box.run(one.program) for one in sound))
            differing: Counter[str] = Counter()
            shown = 0
            for one, result in zip(sound, results, strict=True):
                made = reference_output(
                    result.stdout, result.value, result.error, one.program, timed_out=result.state == "timeout"
                )
                if made.strip() != one.output.strip():
                    why = kind(one, result, made.strip())
                    differing[why] += 1
                    shown += 1
                    if shown <= 12:
                        print(f"  {one.where}: {why}: recorded {one.output[:80]!r}, now {made[:80]!r}")
            equal = len(sound) - sum(differing.values())
            share = 100 * equal / max(1, len(sound))
            print(
                f"{path.name}: {len(every)} calls, {len(sound)} without a recorded error, {equal} equal ({share:.2f} %)"
            )
            print(f"  differing: {dict(differing.most_common())}")
    finally:
        await box.close()


def main() -> None:
    """Reads the arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--limit", type=int)
    given = parser.parse_args()
    asyncio.run(run(given.files, given.limit))


if __name__ == "__main__":
    main()
