"""Speed of the grader beside rivals, in one run: ratios, not absolute figures, since machines are noisy.

    python perf/grading.py [--math-verify PYTHON]

PYTHON: the interpreter of an environment of its own with math-verify 0.9.0 (its extra antlr4_13_2). Pairs come
from MATH_EVAL_SHARED (the 800 stored answers of the Qwen2.5-Math example) and from tests/cases/pairs.jsonl. Golds are
parsed once on both sides; our verdicts have no cache. Each side runs in one process; the best of three rounds counts.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from math_eval.answers import extract_answer
from math_eval.graders.equivalence import grade

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("MATH_EVAL_SHARED", ROOT.parent / "shared"))
ROUNDS = 3
HARD = 400
THREADS = 8

RIVAL = """
import json, sys, time
from math_verify import parse, verify
pairs = json.load(sys.stdin)
golds = {}
for _, gold in pairs:
    if gold not in golds:
        golds[gold] = parse("$" + gold + "$")
best = None
for _ in range(int(sys.argv[1])):
    began = time.perf_counter()
    for answer, gold in pairs:
        verify(golds[gold], parse("$" + answer + "$"))
    spent = time.perf_counter() - began
    best = spent if best is None else min(best, spent)
print(len(pairs) / best)
"""


def easy_pairs() -> list[tuple[str, str]]:
    """The 800 (prediction, gold) pairs of the stored example."""
    [path] = (SHARED / "outputs/QwenLM__Qwen2.5-Math/_unnamed_").glob("*.jsonl")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [(extract_answer(code).text, row["answer"]) for row in rows for code in row["code"]]


def hard_pairs() -> list[tuple[str, str]]:
    """An even selection of the case table."""
    path = ROOT / "tests/cases/pairs.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    step = max(len(rows) // HARD, 1)
    return [(row["answer"], row["gold"]) for row in rows[::step]]


def ours(pairs: list[tuple[str, str]]) -> float:
    """Pairs a second of our grader, golds parsed before the clock starts."""
    for _, gold in pairs:
        grade("?", gold=gold)
    best = 0.0
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for answer, gold in pairs:
            grade(answer, gold=gold)
        best = max(best, len(pairs) / (time.perf_counter() - began))
    return best


def rival(python: str, pairs: list[tuple[str, str]], rounds: int) -> float:
    """Pairs a second of math-verify."""
    done = subprocess.run(
        [python, "-c", RIVAL, str(rounds)], input=json.dumps(pairs), capture_output=True, text=True, check=True
    )
    return float(done.stdout.split()[-1])


def responses() -> float:
    """Responses a second with extraction, on GSM8K answers of a stored run."""
    [path] = (SHARED / "outputs/microsoft__rho/rho-math-1b-v0.1").glob("gsm8k*.jsonl")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    best = 0.0
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for row in rows:
            grade(extract_answer(row["code"][0], "number").text, gold=row["gt"], kind="number")
        best = max(best, len(rows) / (time.perf_counter() - began))
    return best


def stalls() -> list[float]:
    """Seconds of extraction and verdict for each stored response in the reference's layout, in order."""
    took = []
    for line in (SHARED / "outputs/INDEX.jsonl").read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        if entry["harness_family"] not in {"qwen2.5-math", "math-evaluation-harness"}:
            continue
        for name in entry["files"]:
            if name.endswith(".jsonl"):
                for text in (SHARED / "outputs" / name).read_text(encoding="utf-8").splitlines():
                    row = json.loads(text)
                    for code in row.get("code", ()) if "gt" in row else ():
                        began = time.perf_counter()
                        grade(extract_answer(code).text, gold=str(row["gt"]))
                        took.append(time.perf_counter() - began)
    return sorted(took)


def threads_ratio(pairs: list[tuple[str, str]]) -> float:
    """Pairs a second of eight threads over those of one: 1 where they merely take turns, less where they wait."""
    best = 0.0
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for answer, gold in pairs:
            grade(answer, gold=gold)
        alone = time.perf_counter() - began
        parts = [pairs[at::THREADS] for at in range(THREADS)]
        threads = [threading.Thread(target=lambda part=part: [grade(a, gold=g) for a, g in part]) for part in parts]
        began = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        best = max(best, alone / (time.perf_counter() - began))
    return best


def cold_start() -> float:
    """CPU seconds of a new process that grades one pair."""
    program = "from math_eval import grade; grade('1/2', gold='0.5'); import time; print(time.process_time())"
    done = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True) for _ in range(5)
    ]
    return min(float(one.stdout) for one in done)


def main() -> None:
    """Prints every figure."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--math-verify", metavar="PYTHON")
    chosen = options.parse_args()
    for name, pairs, rounds in (("stored answers", easy_pairs(), ROUNDS), ("hard cases", hard_pairs(), 1)):
        own = ours(pairs)
        line = f"{name}: {len(pairs)} pairs, ours {own:,.0f} a second"
        if chosen.math_verify:
            other = rival(chosen.math_verify, pairs, rounds)
            line += f", math-verify {other:,.0f}, ratio {own / other:.1f}"
        print(line, flush=True)
    print(f"responses with extraction (GSM8K): {responses():,.0f} a second")
    print(f"{THREADS} threads: {threads_ratio(easy_pairs() + hard_pairs()):.2f} of the speed of one")
    took = stalls()
    print(
        f"{len(took):,} stored responses, one by one: mean {1000 * sum(took) / len(took):.2f} ms, "
        f"99 % within {1000 * took[int(0.99 * len(took))]:.1f} ms, longest {1000 * took[-1]:.0f} ms"
    )
    print(f"cold start of one verdict: {cold_start():.3f} s of CPU")


if __name__ == "__main__":
    main()
