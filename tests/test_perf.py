"""The scripts of perf/ start: what they import exists, and what they call takes what they give."""

import argparse
import asyncio
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from math_eval.engines.scripted import ScriptedEngine

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = sorted((ROOT / "perf").glob("*.py"))


def load(path):
    spec = importlib.util.spec_from_file_location(f"perf_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_starts(path):
    asked = [str(ROOT / "no-such-file")] if path.stem == "qwen" else ["--help"]  # that one has no options
    done = subprocess.run(
        [sys.executable, str(path), *asked],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    expected = (1, "no-such-file is not here") if path.stem == "qwen" else (0, "usage: ")
    assert done.returncode == expected[0] and expected[1] in done.stdout + done.stderr, done.stderr


class Words:
    """A tokenizer with one id for each word."""

    def encode(self, prompt):
        return tuple(range(len(prompt.text.split())))

    def encode_plain(self, text):
        return tuple(range(len(text.split())))

    def decode(self, ids):
        return "word " * len(ids)

    def token_texts(self, ids):
        return ["word"] * len(ids)


def test_the_share_of_the_engine_is_measured_on_a_whole_run(tmp_path, benchmark_files):
    calls = []
    engine = ScriptedEngine(lambda prompt, _sampling: calls.append(prompt.key) or "The answer is 18.")
    given = argparse.Namespace(samples=2, max_tokens=8, prompts=3, data=benchmark_files / "gsm8k/test.jsonl")
    seconds = asyncio.run(load(ROOT / "perf/engine_share.py").harness(engine, tmp_path, given, Words()))
    assert seconds > 0
    assert len(calls) == 6
