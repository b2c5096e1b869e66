"""How far reruns of one model differ: the spread of the third-party reruns in data/reported/reruns.yaml.

python docs/reruns.py     prints the table of docs/reproducing.md
"""

from __future__ import annotations

import math
import statistics

from math_eval.benchmarks import define
from math_eval.documents import read_document
from math_eval.registry import find
from math_eval.reported.scores import Report

MODEL = "Qwen2.5-Math-1.5B-Instruct"


def main() -> None:
    """One row a benchmark: the lowest and the highest run, their standard deviation, and the bound on noise."""
    report = read_document(find("reported", "reruns"), Report)
    runs = [row for row in report.scores if row.model == MODEL and "collected_data" in row.source]
    names = sorted({name for row in runs for name in row.values}, key=lambda name: -_problems(name))
    print(f"{len(runs)} runs of {MODEL}\n")
    print("| benchmark | problems | lowest | highest | standard deviation | bound |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name in names:
        values = [float(row.values[name]) for row in runs if name in row.values]
        share, problems = statistics.mean(values) / 100, _problems(name)
        bound = 100 * math.sqrt(share * (1 - share) / problems)
        spread = statistics.stdev(values) if len(values) > 1 else 0.0
        print(f"| {name} | {problems} | {min(values)} | {max(values)} | {spread:.2f} | {bound:.2f} |")


def _problems(name: str) -> int:
    return define(name).spec.splits["test"].rows or 0


if __name__ == "__main__":
    main()
