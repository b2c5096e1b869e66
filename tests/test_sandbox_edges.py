"""Programs that continue earlier ones, forged results, invalid limits, and sandboxes used at the wrong time."""

import asyncio
import os

import pytest

from math_eval.engines.scripted import ScriptedEngine
from math_eval.errors import RequestError, SandboxUnavailable
from math_eval.evaluation import evaluate
from math_eval.generate import RunRequest
from math_eval.runfolder.layout import read_run_info
from math_eval.sandbox import Limits, Sandbox, probe
from math_eval.sandbox import launch as launch_module

AVAILABLE_TIERS = [report.tier for report in probe() if report.available]
pytestmark = pytest.mark.skipif(not AVAILABLE_TIERS, reason="this machine offers no sandbox tier")


@pytest.fixture(scope="module")
def sandbox():
    sandbox = Sandbox(Limits(wall_seconds=30.0))
    yield sandbox
    asyncio.run(sandbox.close())


def run(sandbox, program, *before):
    return asyncio.run(sandbox.run(program, before))


@pytest.mark.parametrize(
    ("before", "program", "stdout"),
    [
        (["x = 3"], "print(x)", "3\n"),
        (["x = 3\n1 / 0", "y = x + 1"], "print(y)", "4\n"),
        (["print('seen')", "import os\nos.write(1, b'seen')\nos.system('echo seen')"], "print(1)", "1\n"),
        (["import sys\nsys.stdout = None"], "print(2)", "2\n"),
        (["raise SystemExit"], "print(3)", "3\n"),
        (["x ="], "print(4)", "4\n"),
        (["x = 1"], "from __future__ import annotations\nprint(x)", "1\n"),
        (["def f():\n    return 5"], "print(f())", "5\n"),
    ],
)
def test_variables_stay_and_nothing_else(sandbox, before, program, stdout):
    result = run(sandbox, program, *before)
    assert (result.stdout, result.state) == (stdout, "done")


def test_lines_are_counted_from_the_program_itself(sandbox):
    result = run(sandbox, "1\n1 / 0", "a = 1\nb = 2")
    assert "line 2, in <module>\n    1 / 0\n" in result.traceback


def test_each_earlier_program_has_its_own_time():
    sandbox = Sandbox(Limits(wall_seconds=6.0))
    slow = "import time\ntime.sleep(3.2)\nx = 1"
    assert run(sandbox, "time.sleep(0.1)\nprint(x)", slow, slow).stdout == "1\n", (
        "together they exceed the limit of one program"
    )
    result = run(sandbox, "while True: pass", "x = 1", "x = 2")
    assert (result.state, result.error) == ("timeout", "ended after 6 seconds")
    assert result.seconds < 12, "the program must not get the time that earlier programs leave: three shares are 18 s"
    asyncio.run(sandbox.close())


@pytest.mark.parametrize("program", ["chr(55300)", "raise ValueError('\\ud800')", "'\\ud83d' '\\ude00'"])
def test_results_can_be_encoded(sandbox, program):
    result = run(sandbox, program)
    for text in (result.value, result.error, result.traceback):
        text.encode()


@pytest.mark.parametrize(
    ("program", "error"),
    [
        ("import os\nos.write(1000, b'[' * 100_000)\nos._exit(0)", "the program ended itself with exit code 0"),
        ("import os\nos.write(1000, b'\\xff{')\nos._exit(0)", "the program ended itself with exit code 0"),
        ("import os\nos.kill(os.getpid(), 9)", "ended by SIGKILL"),
    ],
)
@pytest.mark.parametrize("tier", AVAILABLE_TIERS)
def test_a_program_that_forges_its_end_is_killed_once(tier, program, error):
    sandbox = Sandbox(Limits(), tier)
    try:
        result = run(sandbox, program)
    finally:
        sandbox.close_now()
    if tier != "namespaces" or "kill" not in program:  # a namespace's first process ignores its own signals
        assert (result.state, result.error) == ("killed", error)


@pytest.mark.parametrize(
    "limit",
    [
        {"wall_seconds": float("inf")},
        {"wall_seconds": float("nan")},
        {"wall_seconds": 0.0},
        {"wall_seconds": 1e9},
        {"cpu_seconds": 1.5},
        {"cpu_seconds": -1},
        {"memory_bytes": 1e9},
        {"processes": 0},
    ],
)
def test_an_invalid_limit_is_refused(limit):
    [name] = limit
    with pytest.raises(RequestError, match=f"^{name} .*: expected"):
        Limits(**limit)


def test_closing_in_mid_call_cancels_nobody():
    async def call_and_close():
        sandbox = Sandbox(Limits())
        calls = [asyncio.create_task(sandbox.run("import time\ntime.sleep(3)")) for _ in range(8)]
        await asyncio.sleep(1.0)
        await sandbox.close()
        return await asyncio.gather(*calls)

    assert {result.state for result in asyncio.run(call_and_close())} <= {"unavailable", "killed"}


def test_a_forked_process_is_refused(sandbox):
    child = os.fork()
    if child == 0:
        code = 1
        try:
            run(sandbox, "1")
        except RequestError:
            code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_no_folder_for_temporary_files_is_a_reason(monkeypatch):
    def fail(**_options):
        raise FileNotFoundError(2, "No usable temporary directory")

    monkeypatch.setattr(launch_module.tempfile, "mkdtemp", fail)
    with pytest.raises(SandboxUnavailable, match="temporary"):
        Sandbox(Limits(), "none")._ensure_zygote()


def run_programs(tmp_path, **options):
    rows = tmp_path / "sums.jsonl"
    rows.write_text('{"question": "1 + 1?", "answer": 2}\n', encoding="utf-8")
    turns = ["```python\nprint(1 + 1)\n```\n", "So $\\boxed{2}$."]
    warnings = []
    evaluated = evaluate(
        RunRequest(
            "m",
            (str(rows),),
            engine="scripted",
            prompt="qwen25-math-tir",
            output=tmp_path / "run",
            greedy=True,
            **options,
        ),
        engine=ScriptedEngine(lambda prompt, _: turns[prompt.turn]),
        warn=warnings.append,
    )
    return evaluated, warnings


def test_unsandboxed_only_where_no_tier_works(tmp_path, monkeypatch):
    evaluated, warnings = run_programs(tmp_path, unsandboxed=True)
    assert (evaluated.info.sandbox, evaluated.metrics.benchmarks[0].accuracy) == (AVAILABLE_TIERS[0], 1.0)
    assert not [line for line in warnings if "isolation" in line]
    monkeypatch.setenv("MATH_EVAL_SANDBOX", "docker")
    monkeypatch.setenv("PATH", "")
    evaluated, warnings = run_programs(tmp_path, unsandboxed=True, samples=1, temperature=1.0)
    assert evaluated.info.sandbox == f"{AVAILABLE_TIERS[0]}, none"
    assert read_run_info(evaluated.folder).sandbox == evaluated.info.sandbox
    assert any(line.startswith("programs run without isolation") for line in warnings)
    with pytest.raises(SandboxUnavailable, match="--unsandboxed executes them without"):
        run_programs(tmp_path, samples=2, temperature=1.0)
