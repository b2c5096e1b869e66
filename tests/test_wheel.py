"""What is built and installed: the wheel outside the repository, the sources' archive, and the parser alone."""

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

YAML = """\
schema: 1
title: My sums
splits:
  test:
    sources: [{file: sums.jsonl}]
question: "What is {{ a }} + {{ b }}?"
gold: "{{ a + b }}"
answer: number
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    pytest.importorskip("hatchling", reason="the wheel is built without fetching a build environment")
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", folder, ROOT], check=True)
    [wheel] = folder.glob("math_eval_harness-*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", folder / "site", wheel], check=True)
    return folder / "site"


def test_a_benchmark_of_ones_own_from_a_wheel(installed, tmp_path):
    (tmp_path / "sums.yaml").write_text(YAML, encoding="utf-8")
    (tmp_path / "sums.jsonl").write_text('{"a": 1, "b": 2}\n{"a": 3, "b": 4}\n{"a": 5, "b": 6}\n', encoding="utf-8")
    (tmp_path / "table.json").write_text(
        '{"sums/test/0": "\\\\boxed{3}", "sums/test/1": "\\\\boxed{7}", "sums/test/2": "\\\\boxed{12}"}',
        encoding="utf-8",
    )
    program = "import sys; sys.path.insert(0, sys.argv.pop(1)); from math_eval.cli.main import main; main()"

    def call(*arguments):
        command = [sys.executable, "-P", "-c", program, str(installed), *arguments]
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=environment)

    done = call("run", "m", "-b", "sums.yaml", "-e", "scripted", "--responses", "table.json", "--markdown")
    assert done.returncode == 0, done.stderr
    assert "| sums | greedy | 3 | 66.7 |" in done.stdout
    listed = call("benchmarks", "list", "--json")
    assert '"sampler"' in listed.stdout
    checked = call("benchmarks", "check", "sampler")
    assert checked.returncode == 0, checked.stderr
    where = [
        sys.executable,
        "-P",
        "-c",
        "import sys; sys.path.insert(0, sys.argv[1]); import math_eval.registry as c; print(c.data_root())",
    ]
    shown = subprocess.run([*where, str(installed)], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert shown.stdout.strip() == str(installed / "math_eval" / "data")


def test_a_wheel_hints_at_the_distribution_and_a_checkout_at_itself(installed, tmp_path):
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import math_eval.errors as e; print(e.MissingPackageError('torch', 'transformers', 'this engine'))"
    )
    hints = [
        subprocess.run(
            [sys.executable, "-P", "-c", program, str(root)], capture_output=True, text=True, check=True, cwd=tmp_path
        ).stdout.strip()
        for root in (installed, ROOT)
    ]
    assert hints == [
        "this engine needs the package torch: pip install 'math-eval-harness[transformers]'",
        f"this engine needs the package torch: pip install -e '{ROOT}[transformers]'",
    ]


def test_the_sources_archive_holds_every_tracked_file(tmp_path):
    pytest.importorskip("hatchling")
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if tracked.returncode:
        pytest.skip("not a git checkout: there is no list of files to compare with")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", tmp_path], cwd=ROOT, check=True)
    [archive] = tmp_path.glob("math_eval_harness-*.tar.gz")
    with tarfile.open(archive) as opened:
        packed = {name.partition("/")[2] for name in opened.getnames()}
    assert {name for name in tracked.stdout.splitlines() if (ROOT / name).exists()} - packed == set()


def test_the_parser_installs_alone(tmp_path):
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    source, target = tmp_path / "latex2sympy", tmp_path / "site"  # a copy: the build leaves folders in its source
    shutil.copytree(ROOT / "latex2sympy", source)
    subprocess.run([*pip, "install", "--no-deps", "--no-build-isolation", "--target", target, source], check=True)
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import latex2sympy\n"
        "print(latex2sympy.__file__, latex2sympy.latex2sympy(r'\\frac{1}{2}'), 'math_eval' in sys.modules)"
    )
    output = subprocess.run(
        [sys.executable, "-P", "-c", program, str(target)], capture_output=True, text=True, check=True, cwd=tmp_path
    ).stdout.split()
    assert output == [str(target / "latex2sympy" / "__init__.py"), "1/2", "False"]
    assert {path.name.partition("-")[0] for path in target.iterdir()} == {"latex2sympy", "math_eval_latex2sympy"}
