"""vLLM's start-up, with a stand-in for vLLM: the arguments that it gets, and what its errors become."""

import sys
import types
from pathlib import Path

import pytest

from math_eval.engines import EngineSettings, vllm_start
from math_eval.errors import EngineError, MissingPackageError, ModelError

FOLDER = Path("/models/m")


@pytest.fixture
def platform(monkeypatch):
    """A vLLM whose platform is a CPU, or a GPU where `cpu` is set to False."""
    vllm_platform = types.SimpleNamespace(cpu=True)
    vllm_platform.is_cpu = lambda: vllm_platform.cpu
    platforms = types.ModuleType("vllm.platforms")
    platforms.current_platform = vllm_platform
    package = types.ModuleType("vllm")
    package.platforms = platforms
    monkeypatch.setitem(sys.modules, "vllm", package)
    monkeypatch.setitem(sys.modules, "vllm.platforms", platforms)
    for name in ("VLLM_LOGGING_LEVEL", "TOKENIZERS_PARALLELISM", "VLLM_CPU_KVCACHE_SPACE"):
        monkeypatch.setenv(name, "before")  # restored afterwards, whatever the start sets
        monkeypatch.delenv(name)
    monkeypatch.setattr(vllm_start, "cpu_dtype", lambda dtype: f"cpu-{dtype}")
    return vllm_platform


def start(build, **settings):
    arguments = {"enable_prefix_caching": True}
    return vllm_start.start_vllm(build, FOLDER, EngineSettings(**settings), cpu_cache_gib=2, arguments=arguments)


def test_a_cpu_gets_little_memory_its_dtype_and_no_compilation(platform):
    arguments = start(dict)
    assert (arguments["model"], arguments["dtype"], arguments["enforce_eager"]) == ("/models/m", "cpu-auto", True)
    assert (arguments["gpu_memory_utilization"], arguments["enable_prefix_caching"]) == (0.3, True)
    assert vllm_start.os.environ["VLLM_CPU_KVCACHE_SPACE"] == "2"


def test_a_gpu_gets_the_requested_settings(platform):
    platform.cpu = False
    arguments = start(dict, tensor_parallel=2, max_model_len=9, engine_arguments={"enable_prefix_caching": False})
    assert (arguments["gpu_memory_utilization"], arguments["dtype"], arguments["enforce_eager"]) == (0.9, "auto", False)
    assert (arguments["tensor_parallel_size"], arguments["max_model_len"]) == (2, 9)
    defaults = {"pipeline_parallel_size": 1, "trust_remote_code": False, "seed": 0, "disable_log_stats": True}
    assert {name: arguments[name] for name in defaults} == defaults
    assert arguments["enable_prefix_caching"] is False, "the user's extra arguments win"
    assert start(dict, gpu_memory=0.5)["gpu_memory_utilization"] == 0.5
    assert "VLLM_CPU_KVCACHE_SPACE" not in vllm_start.os.environ


@pytest.mark.parametrize("terminal", [True, False])
def test_bars_are_for_terminals_and_a_line_says_what_is_waited_for(platform, monkeypatch, capsys, terminal):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    assert start(dict)["use_tqdm_on_load"] is terminal
    assert capsys.readouterr().err == "loading /models/m into vLLM\n"


@pytest.mark.parametrize(
    ("error", "error_type", "message"),
    [
        (ValueError("first\nno such architecture\n"), ModelError, "cannot load this model: no such architecture"),
        (RuntimeError("Engine core failed"), EngineError, "could not start: Engine core failed"),
        (RuntimeError("x" * 400), EngineError, f"could not start: {'x' * 300} "),
        (RuntimeError(" \n"), EngineError, "could not start: RuntimeError "),
        (ImportError("gone"), MissingPackageError, "vllm"),
    ],
)
def test_a_start_that_fails_is_an_error_of_ours(platform, error, error_type, message):
    def build(_arguments):
        raise error

    with pytest.raises(error_type, match=message):
        start(build)
