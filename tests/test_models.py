"""Models on this machine: the number type of a CPU, and one unpacked file for all processes."""

import concurrent.futures
import multiprocessing
import sys
import time
import types

import pytest

from math_eval.errors import ModelError
from math_eval.models import cpu_dtype, gguf
from math_eval.models.source import resolve


@pytest.mark.parametrize(
    ("flags", "dtype"),
    [
        ("flags\t\t: fpu sse2 avx2", "float32"),
        ("flags\t\t: fpu avx512f avx512_vnni", "float32"),
        ("flags\t\t: fpu avx512_bf16 avx2", "auto"),
        ("flags\t\t: fpu amx_bf16 amx_tile", "auto"),
        ("model name\t: avx512_bf16\nflags\t\t: fpu", "float32"),
    ],
)
def test_auto_is_the_fastest_dtype_of_the_cpu(tmp_path, flags, dtype):
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor\t: 0\n{flags}\nbugs\t\t:\n", encoding="utf-8")
    assert cpu_dtype("auto", cpuinfo) == dtype
    assert cpu_dtype("bfloat16", cpuinfo) == "bfloat16"


def test_auto_without_cpuinfo_is_float32(tmp_path):
    assert cpu_dtype("auto", tmp_path / "missing") == "float32"


def test_two_processes_unpack_one_file_once(tmp_path, monkeypatch):
    monkeypatch.setenv("MATH_EVAL_CACHE", str(tmp_path / "cache"))
    conversions = tmp_path / "conversions"

    def convert(file, folder):
        with conversions.open("a", encoding="utf-8") as log:
            log.write("x")
        time.sleep(0.3)
        folder.mkdir(parents=True)
        (folder / "config.json").write_text("{}", encoding="utf-8")

    monkeypatch.setattr(gguf, "_convert", convert)
    file = tmp_path / "m.gguf"
    file.write_bytes(b"GGUF")
    with concurrent.futures.ProcessPoolExecutor(3, mp_context=multiprocessing.get_context("fork")) as pool:
        folders = set(pool.map(gguf.unpack, [file] * 3))
    assert len(folders) == 1
    assert conversions.read_text(encoding="utf-8") == "x"


def test_a_read_only_cache_with_the_model_needs_no_lock(tmp_path, monkeypatch):
    monkeypatch.setenv("MATH_EVAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(gguf, "_convert", lambda _file, folder: (folder.mkdir(), (folder / "config.json").touch()))
    file = tmp_path / "m.gguf"
    file.write_bytes(b"GGUF")
    folder = gguf.unpack(file)

    def no_lock(_path):
        raise PermissionError("read-only")

    monkeypatch.setattr(gguf, "exclusive", no_lock)
    assert gguf.unpack(file) == folder


@pytest.mark.parametrize("terminal", [True, False])
def test_unpacking_draws_bars_only_on_a_terminal(tmp_path, monkeypatch, capsys, terminal):
    class Part:
        @classmethod
        def from_pretrained(cls, *_places, **_options):
            sys.stderr.write("Converting: 100%|\n")
            return cls()

        def save_pretrained(self, folder):
            folder.mkdir(exist_ok=True)

    for name in ("accelerate", "gguf", "torch", "transformers"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    sys.modules["torch"].bfloat16 = None
    sys.modules["transformers"].AutoModelForCausalLM = sys.modules["transformers"].AutoTokenizer = Part
    sys.modules["transformers"].GgufConfig = dict
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    gguf._convert(tmp_path / "m.gguf", tmp_path / "out")
    first, *rest = capsys.readouterr().err.splitlines()
    assert first == f"unpacking m.gguf into {tmp_path}/out (once)"
    assert rest == (["Converting: 100%|"] * 2 if terminal else [])
    assert (tmp_path / "out").is_dir()


@pytest.mark.parametrize("terminal", [True, False])
def test_a_hub_model_is_fetched_with_bars_only_on_a_terminal(tmp_path, monkeypatch, terminal):
    bars = [True]
    hub, errors, utils = (types.ModuleType(f"huggingface_hub{end}") for end in ("", ".errors", ".utils"))
    hub.snapshot_download = lambda *_names, **_options: bars.append(bars[-1]) or str(tmp_path)
    errors.HfHubHTTPError = errors.LocalEntryNotFoundError = OSError
    utils.disable_progress_bars = lambda: bars.append(False)
    for module in (hub, errors, utils):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    assert resolve("organisation/model").folder == tmp_path
    assert bars[-1] is terminal


@pytest.mark.parametrize("name", ["./checkpoint", "../checkpoint", "~/checkpoint", "nowhere"])
def test_a_path_without_a_folder_is_not_asked_of_the_hub(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match=r"no such folder, and not a hub name"):
        resolve(name)
