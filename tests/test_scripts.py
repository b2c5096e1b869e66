"""sh/eval.sh and sh/reproduce.sh: their arguments become one run of a suite, with one model load and one table."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def call(tmp_path, *arguments, script="eval.sh", **environment):
    """Calls a script; the command `math-eval` that it finds is the code under test, whatever is installed."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    command = ["bash", str(ROOT / "sh" / script), *map(str, arguments)]
    return subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_scripts_call_the_code_under_test(tmp_path):
    imports = call(tmp_path, "cot", "m", PYTHONVERBOSE="1").stderr
    assert f"{ROOT}/math_eval/cli/__init__.py" in imports


def test_a_suite_of_ones_own_runs_and_prints_one_table(tmp_path):
    for name in ("one", "two"):
        (tmp_path / f"{name}.jsonl").write_text('{"question": "1+1?", "answer": 2}\n', encoding="utf-8")
    (tmp_path / "table.json").write_text(json.dumps({"one/test/0": "\\boxed{2}", "two/test/0": "no"}), encoding="utf-8")
    (tmp_path / "suite.yaml").write_text(
        "schema: 1\ntitle: x\nentries:\n  - benchmarks: [./one.jsonl, ./two.jsonl]\n", encoding="utf-8"
    )
    more = ("-e", "scripted", "--responses", "table.json", "-q", "--markdown")
    done = call(tmp_path, "qwen-boxed", "Qwen/Qwen2.5-Math-7B-Instruct", "out", "./suite.yaml", *more)
    assert done.returncode == 0, done.stderr
    assert "| one | greedy | 1 | 100.0 |" in done.stdout
    assert "| mean over 2 benchmarks | greedy |  | 50.0 |" in done.stdout
    assert (tmp_path / "out/run.json").is_file()
    done = call(tmp_path, "mistral", "Qwen/Qwen2.5-Math-7B-Instruct", "out2", "./suite.yaml", *more)
    assert "warning: the prompt mistral does not fit Qwen/Qwen2.5-Math-7B-Instruct" in done.stderr


def test_reproduce_says_what_its_grader_lacks_before_it_runs(tmp_path):
    (tmp_path / "math-eval").write_text('#!/bin/sh\necho "$@" >> calls\nexit 2\n', encoding="utf-8")
    (tmp_path / "math-eval").chmod(0o755)
    done = call(tmp_path, "m", script="reproduce.sh", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert done.returncode == 2
    assert (tmp_path / "calls").read_text(encoding="utf-8") == "explain 1 1 --grader qwen\n"


def test_without_arguments_it_says_how(tmp_path):
    done = call(tmp_path)
    assert done.returncode == 2
    assert "usage: bash sh/eval.sh PROMPT_TYPE MODEL" in done.stderr


@pytest.mark.parametrize("script", ["eval.sh", "reproduce.sh"])
def test_without_the_command_it_says_how_to_get_it(tmp_path, script):
    for name in ("bash", "dirname", "basename"):
        (tmp_path / name).symlink_to(shutil.which(name))
    command = ["bash", str(ROOT / "sh" / script), "cot", "m"]
    done = subprocess.run(command, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "activate the environment that has it" in done.stderr
    assert "pip install '.[vllm,hub" in done.stderr


def test_the_gpus_that_are_visible_share_the_model(tmp_path):
    tools = tmp_path / "bin"
    tools.mkdir()
    for name, text in (("nvidia-smi", "echo 'GPU 0: x'; echo 'GPU 1: x'"), ("math-eval", 'echo "$@"')):
        (tools / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (tools / name).chmod(0o755)
    path = {"PATH": f"{tools}:{os.environ['PATH']}"}
    both = call(tmp_path, "cot", "m", **path, CUDA_VISIBLE_DEVICES="").stdout
    assert both.strip() == "run m --prompt cot --suite qwen-math --tensor-parallel 2"
    one = call(tmp_path, "cot", "m", "out", "qwen-math-base", **path, CUDA_VISIBLE_DEVICES="1").stdout
    assert one.strip() == "run m --prompt cot --suite qwen-math-base --output out"


def test_reproduce_prints_measured_beside_published(tmp_path, shared):
    (tmp_path / "suite.yaml").write_text(
        "schema: 1\ntitle: x\nentries:\n  - benchmarks: [minerva_math]\n", encoding="utf-8"
    )
    stored = shared / "outputs/PRIME-RL__PRIME/Qwen2.5-Math-7B-Instruct/minerva_math.qwen25-math-cot.t0.0.jsonl"
    arguments = ["Qwen/Qwen2.5-Math-7B-Instruct", "out", "./suite.yaml", "-e", "replay", "--responses", stored, "-q"]
    done = call(tmp_path, *arguments, "--data-dir", shared / "benchmarks", script="reproduce.sh")
    assert done.returncode == 0, done.stderr
    [first, *_] = [line.split() for line in done.stdout.splitlines() if "minerva_math" in line]
    assert first[:6] == ["minerva_math", "greedy", "greedy", "34.6", "37.1", "-2.5"]
    assert "family" not in done.stderr, "the family's own prompt is used"
