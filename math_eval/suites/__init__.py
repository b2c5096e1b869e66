"""Suites: named lists of benchmarks with their settings, as data files."""

from math_eval.suites.suite import Suite, SuiteEntry, load_suite

__all__ = ["Suite", "SuiteEntry", "load_suite"]
