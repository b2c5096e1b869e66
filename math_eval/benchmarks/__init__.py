"""Benchmarks: data files that define where rows come from and how a row becomes a problem."""

from math_eval.benchmarks.load import Benchmark, Definition, define, load_benchmark, load_split, parse_name
from math_eval.benchmarks.locate import is_available
from math_eval.benchmarks.selection import Selection, covered_groups, parse_conditions, parse_limit
from math_eval.benchmarks.spec import BenchmarkSpec, read_spec

__all__ = [
    "Benchmark",
    "BenchmarkSpec",
    "Definition",
    "Selection",
    "covered_groups",
    "define",
    "is_available",
    "load_benchmark",
    "load_split",
    "parse_conditions",
    "parse_limit",
    "parse_name",
    "read_spec",
]
