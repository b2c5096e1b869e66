"""Loading a model in transformers, with stand-ins for the libraries: device, number type, errors, what a log shows."""

import sys
import types
from pathlib import Path

import pytest

from math_eval.engines import EngineSettings, transformers_start
from math_eval.engines.batch_size import BatchSize
from math_eval.errors import EngineError, MissingPackageError, ModelError

FOLDER = Path("/models/m")


class OutOfMemoryError(RuntimeError):
    pass


class SafetensorError(Exception):
    pass


class Module:
    """A part of a model that notes what is done to it."""

    def __init__(self):
        self.calls = []

    def to(self, device):
        self.calls.append(device)
        return self

    def train(self, *, mode):
        self.calls.append(mode)
        return self


@pytest.fixture
def libraries(monkeypatch):
    state = types.SimpleNamespace(cuda=False, bars=True, emptied=0)

    def disable_progress_bar():
        state.bars = False

    def empty_cache():
        state.emptied += 1

    torch = types.ModuleType("torch")
    torch.OutOfMemoryError = OutOfMemoryError
    torch.cuda = types.SimpleNamespace(is_available=lambda: state.cuda, empty_cache=empty_cache)
    safetensors = types.ModuleType("safetensors")
    safetensors.SafetensorError = SafetensorError
    utils = types.ModuleType("transformers.utils")
    utils.logging = types.SimpleNamespace(disable_progress_bar=disable_progress_bar)
    package = types.ModuleType("transformers")
    package.utils = utils
    for name, module in (
        ("torch", torch),
        ("safetensors", safetensors),
        ("transformers", package),
        ("transformers.utils", utils),
    ):
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(transformers_start, "cpu_dtype", lambda dtype: f"cpu-{dtype}")
    return state


def start(build, **settings):
    return transformers_start.start_transformers(build, FOLDER, EngineSettings(**settings))


@pytest.mark.parametrize(
    ("cuda", "settings", "device", "dtype"),
    [
        (False, {}, "cpu", "cpu-auto"),
        (True, {}, "cuda", "auto"),
        (True, {"device": "cpu", "dtype": "float16"}, "cpu", "cpu-float16"),
        (False, {"device": "cuda:1", "dtype": "float16"}, "cuda:1", "float16"),
    ],
)
def test_every_module_is_moved_to_the_device_and_out_of_training(libraries, cuda, settings, device, dtype):
    libraries.cuda = cuda
    dtypes, modules = [], (Module(), Module())
    assert start(lambda name: dtypes.append(name) or modules, **settings) == (modules, device)
    assert dtypes == [dtype]
    assert [module.calls for module in modules] == [[device, False]] * 2


@pytest.mark.parametrize("terminal", [True, False])
def test_bars_are_for_terminals_and_a_line_says_what_is_waited_for(libraries, monkeypatch, capsys, terminal):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    seen = []
    start(lambda _: seen.append(libraries.bars) or ())
    assert seen == [terminal]
    assert capsys.readouterr().err == "loading /models/m into transformers\n"


@pytest.mark.parametrize(
    ("error", "error_type", "message"),
    [
        (OutOfMemoryError("too big"), EngineError, "/models/m: the model does not fit into the memory of cpu"),
        (ValueError("no such\n  architecture"), ModelError, "cannot load this model: no such architecture$"),
        (SafetensorError("torn file"), ModelError, "cannot load this model: torn file"),
        (RuntimeError("x" * 400), ModelError, f"cannot load this model: {'x' * 300}$"),
    ],
)
def test_a_start_that_fails_is_an_error_of_ours(libraries, error, error_type, message):
    def build(_dtype):
        raise error

    with pytest.raises(error_type, match=message):
        start(build)


def test_a_missing_package_is_named(libraries, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingPackageError, match="the transformers engine needs the package torch"):
        start(lambda _: ())


def test_a_batch_that_does_not_fit_is_halved(libraries):
    """Only three tokens fit into memory, so the longest prompt fails alone and the others come in their order."""
    sizes = []

    def compute(batch):
        sizes.append(len(batch))
        if sum(batch) > 3:
            raise OutOfMemoryError
        return [f"{number} fits" for number in batch]

    batch_size = BatchSize(9)
    results = batch_size.run([1, 2, 9, 1, 1], compute, lambda number: f"{number} is too large")
    assert results == ["1 fits", "2 fits", "9 is too large", "1 fits", "1 fits"]
    assert sizes == [5, 2, 3, 1, 2]
    assert (batch_size.number, libraries.emptied) == (1, 2)


def test_other_errors_of_a_batch_are_not_hidden(libraries):
    def compute(_batch):
        raise RuntimeError("no kernel")

    with pytest.raises(RuntimeError, match="no kernel"):
        BatchSize(2).run([1, 2], compute, str)
