"""The coverage-guided fuzzer finds nothing: some seconds of it, half an hour in the full lane."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

FUZZER = Path(__file__).with_name("fuzz.py")
MINUTES = 30 if os.environ.get("MATH_EVAL_FULL") else 0.1


@pytest.mark.slow
def test_the_fuzzer_finds_nothing():
    pytest.importorskip("atheris", reason="atheris has no build for this platform")
    done = subprocess.run(
        [sys.executable, str(FUZZER), "--minutes", str(MINUTES)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    texts, branches = (int(one.replace(",", "")) for one in re.findall(r"([\d,]+) (?:pairs|branches)", done.stdout))
    assert texts > 20
    assert branches > 1000


@pytest.mark.slow
@pytest.mark.parametrize("table", ["hostile_text", "hostile_parse"])
def test_what_was_found_stays_mended(table, monkeypatch):
    monkeypatch.syspath_prepend(str(FUZZER.parent))
    import fuzz

    fuzz.faults("x+1", "\\sin 1")
    monkeypatch.setattr(fuzz, "SECONDS", 3 * fuzz.SECONDS)  # a busy neighbour slows CPU time too
    lines = (fuzz.CASES / f"{table}.jsonl").read_text(encoding="utf-8").splitlines()
    found = {text: fuzz.faults(text, "x+1") for text in (json.loads(line)["text"] for line in lines)}
    assert {text: faults for text, faults in found.items() if faults} == {}


@pytest.mark.slow
def test_a_fault_is_found_again_by_a_process_of_its_own(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(FUZZER.parent))
    import fuzz

    assert fuzz.confirmed(tmp_path, ("1/2", "0.5")) == []
    monkeypatch.setattr(fuzz, "SECONDS", -1)
    assert any("of CPU" in one for one in fuzz.faults("1/2", "0.5"))
    monkeypatch.setattr(fuzz, "SECONDS", 60)
    monkeypatch.setattr(fuzz, "calls", lambda *texts: [("raise", lambda: int(texts[0]))])
    assert fuzz.faults("x", "1") == ["raise: ValueError: invalid literal for int() with base 10: 'x'"]
