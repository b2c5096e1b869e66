"""Where the material beside the project lies, and a cache folder of each test session's own."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared():
    folder = Path(os.environ.get("MATH_EVAL_SHARED", ROOT.parent / "shared")).resolve()
    if not (folder / "benchmarks").is_dir():
        pytest.skip(f"the shared material is not at {folder} (MATH_EVAL_SHARED)")
    return folder


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    for name in ("MATH_EVAL_DATA", "MATH_EVAL_MIRROR"):
        monkeypatch.delenv(name, raising=False)
