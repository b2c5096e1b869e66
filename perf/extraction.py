"""How many whole responses are decided as labelled: ours, and math-verify's where its interpreter is named.

    python perf/extraction.py [--math-verify PYTHON] [FILE ...]

By default: tests/cases/responses.jsonl, on which the rules were made, and tests/cases/blind_responses.jsonl, half of
whose responses were never looked at while they were made.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
from pathlib import Path

from math_eval import grade_response

CASES = Path(__file__).resolve().parents[1] / "tests" / "cases"
THEIRS = """
import json, logging, sys
from math_verify import parse, verify
logging.disable(logging.CRITICAL)
for line in sys.stdin:
    row = json.loads(line)
    gold = row["gold"] if row.get("choices") else "$" + row["gold"].strip("$") + "$"
    try:
        correct = bool(verify(parse(gold), parse(row["response"])))
    except Exception:
        correct = False
    print(int(correct), flush=True)
"""


def ours(rows: list[dict]) -> list[bool]:
    """Our verdict on each row."""
    kinds = ["choice" if row.get("choices") else "expression" for row in rows]
    return [
        grade_response(row["response"], gold=row["gold"], kind=kind).correct
        for row, kind in zip(rows, kinds, strict=True)
    ]


def theirs(rows: list[dict], python: str) -> list[bool]:
    """math-verify's verdict on each row."""
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    done = subprocess.run([python, "-c", THEIRS], input=lines, capture_output=True, text=True, check=True)
    return [line == "1" for line in done.stdout.split()]


def is_blind(row: dict) -> bool:
    """Whether the row is of the half that was kept unseen: by the parity of its response's hash."""
    return int(hashlib.sha256(row["response"].encode()).hexdigest(), 16) % 2 == 0


def report(name: str, rows: list[dict], verdicts: list[bool]) -> None:
    """One line: rows decided as labelled, and rows accepted that should not be."""
    right = sum(verdict == row["equal"] for row, verdict in zip(rows, verdicts, strict=True))
    false_accepts = sum(verdict and not row["equal"] for row, verdict in zip(rows, verdicts, strict=True))
    negative = sum(not row["equal"] for row in rows)
    share = 100 * right / len(rows)
    print(f"{name:44} {right:5} of {len(rows)} = {share:.1f} %, false accepts {false_accepts} of {negative}")


def main() -> None:
    """Prints a line for each file, its blind half, and each grader."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--math-verify", metavar="PYTHON")
    arguments.add_argument("files", nargs="*", type=Path)
    options = arguments.parse_args()
    for path in options.files or [CASES / "responses.jsonl", CASES / "blind_responses.jsonl"]:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        halves = {"": rows}
        if path.stem == "blind_responses":
            halves |= {
                ", seen half": [row for row in rows if not is_blind(row)],
                ", blind half": [row for row in rows if is_blind(row)],
            }
        for half, part in halves.items():
            report(f"ours: {path.stem}{half}", part, ours(part))
            if options.math_verify:
                report(f"math-verify: {path.stem}{half}", part, theirs(part, options.math_verify))


if __name__ == "__main__":
    main()
