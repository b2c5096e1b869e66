"""Run folders: resume at the sample, extensions, refusals, locks, crashes, full disks."""

import _thread
import asyncio
import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

import math_eval
from math_eval.cli.main import main
from math_eval.engines import EngineSettings
from math_eval.engines.scripted import ScriptedEngine
from math_eval.engines.urls import without_credentials
from math_eval.errors import DataError, EngineError, RunConflictError, StoppedError, StorageError
from math_eval.evaluation import evaluate
from math_eval.generate import RunRequest
from math_eval.generate.plan import make_plan
from math_eval.graders import load_grader
from math_eval.results import score_run
from math_eval.runfolder.lock import locked

ROWS = [{"id": str(n), "question": f"{n} + {n}?", "answer": str(2 * n)} for n in range(10)]


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "sums.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    return path


def answers(prompt, sampling):
    number = int(prompt.key.rpartition("/")[2])
    if number == 7:
        return "I do not know"
    return f"\\boxed{{{2 * number + (sampling.temperature > 0 and sampling.number == 1)}}}"


def run(rows, tmp_path, engine=None, **options):
    engine = engine or ScriptedEngine(answers)
    options = {"output": tmp_path / "run", "prompt": "direct", **options}
    request = RunRequest("model", (str(rows),), engine="scripted", **options)
    return evaluate(request, engine=engine), engine


def lines(tmp_path, pattern="samples/*.jsonl"):
    files = sorted((tmp_path / "run").glob(pattern))
    return [json.loads(line) for path in files for line in path.read_text(encoding="utf-8").split("\n")[:-1]]


def test_the_same_command_again_makes_nothing(rows, tmp_path):
    first_run, engine = run(rows, tmp_path)
    assert engine.calls == 10
    [metric] = first_run.metrics.benchmarks
    assert (metric.problems, metric.accuracy, metric.empty) == (10, 0.9, 0.1)
    content = (tmp_path / "run/metrics.json").read_bytes()
    second_run, engine = run(rows, tmp_path)
    assert engine.calls == 0
    assert second_run.metrics == first_run.metrics
    assert (tmp_path / "run/metrics.json").read_bytes() == content


def test_samples_problems_and_benchmarks_extend(rows, tmp_path):
    run(rows, tmp_path, limit=4)
    result, engine = run(rows, tmp_path, limit=4, samples=4)
    assert engine.calls == 16
    assert result.metrics.benchmarks[1].at["maj@4"].value == 1.0
    assert result.metrics.benchmarks[1].accuracy == 0.75
    result, engine = run(rows, tmp_path, limit=4, samples=6)
    assert engine.calls == 8
    result, engine = run(rows, tmp_path)
    assert engine.calls == 6
    second_benchmark = tmp_path / "more.jsonl"
    second_benchmark.write_text(rows.read_text(encoding="utf-8"), encoding="utf-8")
    result, engine = run(second_benchmark, tmp_path)
    assert engine.calls == 10
    assert [(metric.benchmark, metric.set, metric.samples) for metric in result.metrics.benchmarks] == [
        ("sums", "greedy", 10),
        ("sums", "sampled", 24),
        ("more", "greedy", 10),
    ]
    keys = [(line["benchmark"], line["set"], line["problem"], line["n"]) for line in lines(tmp_path)]
    assert len(keys) == len(set(keys)) == 44


REFUSED = [
    ({"settings": EngineSettings(seed=1)}, "seed 0 (requested: 1)"),
    ({"settings": EngineSettings(dtype="float16")}, "dtype auto (requested: float16)"),
    ({"settings": EngineSettings(max_model_len=99)}, "max_model_len none (requested: 99)"),
    ({"samples": 2, "temperature": 0.5}, "set sampled: temperature 0.7 (requested: 0.5)"),
    ({"samples": 2, "max_tokens": 7}, "max_tokens 1024 (requested: 7)"),
    ({"prompt": "cot"}, "prompt direct (requested: cot)"),
    ({"seeding": "request"}, "seeding none (requested: request)"),
]


@pytest.mark.parametrize(("options", "message"), REFUSED, ids=[row[1] for row in REFUSED])
def test_other_settings_are_refused_by_name(rows, tmp_path, options, message):
    run(rows, tmp_path, samples=2)
    stored = lines(tmp_path)
    with pytest.raises(RunConflictError) as error:
        run(rows, tmp_path, **options)
    assert message in str(error.value)
    assert lines(tmp_path) == stored


def test_other_data_and_another_model_are_refused(rows, tmp_path):
    run(rows, tmp_path)
    rows.write_text(rows.read_text(encoding="utf-8").replace("3 + 3", "3 plus 3"), encoding="utf-8")
    with pytest.raises(RunConflictError, match=r"data_sha256 .* \(requested: .*\)"):
        run(rows, tmp_path)
    request = RunRequest("other", (str(rows),), engine="scripted", prompt="direct", output=tmp_path / "run")
    with pytest.raises(RunConflictError, match=r"model model \(requested: other\)"):
        evaluate(request, engine=ScriptedEngine(answers))


def test_a_future_or_foreign_folder_is_refused(rows, tmp_path):
    run(rows, tmp_path)
    path = tmp_path / "run/run.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(content | {"format": 2}), encoding="utf-8")
    with pytest.raises(DataError, match="format 2 is newer"):
        run(rows, tmp_path)
    path.write_text(json.dumps(content | {"colour": "red"}), encoding="utf-8")
    with pytest.raises(DataError, match="unknown key 'colour'"):
        run(rows, tmp_path)
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(DataError, match="not a run folder of math-eval"):
        run(rows, tmp_path)


def test_a_second_process_on_the_folder_is_refused(rows, tmp_path):
    with (
        locked(tmp_path / "run"),
        pytest.raises(RunConflictError, match=rf"process {os.getpid()} on .* is writing this run"),
    ):
        run(rows, tmp_path)
    run(rows, tmp_path)


def test_a_torn_line_is_made_again(rows, tmp_path):
    run(rows, tmp_path)
    [segment] = (tmp_path / "run/samples").glob("*")
    content = segment.read_bytes()
    segment.write_bytes(content[:-25])
    verdicts = tmp_path / "run/verdicts.equivalence.jsonl"
    verdicts.write_bytes(verdicts.read_bytes()[:-3])
    result, engine = run(rows, tmp_path)
    assert engine.calls == 1
    assert result.metrics.benchmarks[0].samples == 10
    assert len(lines(tmp_path)) == 10


def test_a_bad_line_in_the_middle_is_named(rows, tmp_path):
    run(rows, tmp_path)
    [segment] = (tmp_path / "run/samples").glob("*")
    broken = segment.read_text(encoding="utf-8").splitlines()
    broken[3] = broken[3].replace('"n":0', '"n":"x"')
    segment.write_text("\n".join(broken) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"00000\.jsonl: line 4: .*n"):
        run(rows, tmp_path)


def test_an_engine_that_dies_loses_nothing(rows, tmp_path):
    class Dying(ScriptedEngine):
        async def complete(self, prompt, sampling):
            if self.calls == 5:
                raise EngineError("gone")
            return await super().complete(prompt, sampling)

    with pytest.raises(EngineError, match="gone"):
        run(rows, tmp_path, Dying(answers, concurrency=1))
    result, engine = run(rows, tmp_path)
    assert engine.calls == 5
    assert result.metrics.benchmarks[0].samples == 10


def test_a_full_disk_loses_nothing(rows, tmp_path, monkeypatch):
    os_write = os.write
    budget = [1500]

    def write_to_full_disk(descriptor, data):
        if b'"tokens_out"' not in bytes(data):
            return os_write(descriptor, data)
        if budget[0] <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        part = bytes(data)[: budget[0]]
        budget[0] -= len(part)
        return os_write(descriptor, part)

    monkeypatch.setattr(os, "write", write_to_full_disk)
    with pytest.raises(StorageError, match="No space left on device; every earlier line is kept"):
        run(rows, tmp_path, ScriptedEngine(answers, concurrency=1))
    monkeypatch.setattr(os, "write", os_write)
    stored = lines(tmp_path)
    assert 0 < len(stored) < 10
    _, engine = run(rows, tmp_path)
    assert engine.calls == 10 - len(stored)
    assert lines(tmp_path)[: len(stored)] == stored


@pytest.mark.skipif(sys.platform != "linux", reason="needs mount namespaces")
def test_a_really_full_disk(rows, tmp_path):
    program = f"""
import sys; sys.path[:0] = {sys.path!r}
from math_eval.engines import EngineSettings
from math_eval.engines.scripted import ScriptedEngine
from math_eval.errors import StorageError
from math_eval.generate import RunRequest
from math_eval.evaluation import evaluate
def answers(prompt, sampling): return "word " * 1000 + "\\\\boxed{{1}}"
out = {str(tmp_path / "small/run")!r}
request = RunRequest("m", ({str(rows)!r},), engine="scripted", prompt="direct", samples=64, max_tokens=5000, output=out)
try:
    evaluate(request, engine=ScriptedEngine(answers))
except StorageError as error:
    print("full:", error)
import pathlib
content = pathlib.Path({str(tmp_path / "small/run/samples/00000.jsonl")!r}).read_bytes()
print("whole:", content.endswith(b"\\n") and len(content) > 500_000)
"""
    small = tmp_path / "small"
    small.mkdir()
    script = tmp_path / "fill.py"
    script.write_text(program, encoding="utf-8")
    command = f"mount -t tmpfs -o size=1m none {small} && exec {sys.executable} {script}"
    process = subprocess.run(["unshare", "-Urm", "sh", "-c", command], capture_output=True, text=True, check=False)
    if process.returncode and "fill.py" not in process.stderr:
        pytest.skip(f"no mount namespace here: {process.stderr.strip()}")
    assert "full: " in process.stdout, process.stdout + process.stderr
    assert "No space left" in process.stdout
    assert "whole: True" in process.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_stop_keeps_finished_samples_and_names_the_way_to_resume(rows, tmp_path, number):
    table = tmp_path / "table.json"
    table.write_text(json.dumps({f"sums/test/{n}": f"\\boxed{{{2 * n}}}" for n in range(10)}), encoding="utf-8")
    program = (
        "from math_eval.generate import request\n"
        "from math_eval.evaluation import evaluate\n"
        "import sys\n"
        "from math_eval.engines import EngineSettings\n"
        "import math_eval.cli.run as cli\n"
        "from math_eval.engines import make\n"
        "from math_eval.engines.scripted import ScriptedEngine, read_script\n"
        "make_engine = lambda *a: ScriptedEngine(read_script(a[3].responses), latency_s=0.2, concurrency=1)\n"
        "import math_eval.evaluation as ev\n"
        "sys.modules['math_eval.evaluation'].make_engine = make_engine\n"
        "from math_eval.cli.main import main\n"
        "main(sys.argv[1:])\n"
    )
    command = [sys.executable, "-c", program, "run", "m", "-b", str(rows), "-e", "scripted", "-p", "direct"]
    command += ["--responses", str(table), "-o", str(tmp_path / "run")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and len(lines(tmp_path)) < 3:
        time.sleep(0.05)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 3
    assert err.strip().splitlines()[-1].startswith("math-eval: stopped; finished samples are stored")
    assert "Traceback" not in err
    stored = lines(tmp_path)
    assert 3 <= len(stored) < 10
    resumed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert resumed.returncode == 0, resumed.stderr
    assert len(lines(tmp_path)) == 10
    assert lines(tmp_path)[: len(stored)] == stored


def test_a_kill_anywhere_resumes_to_the_same_metrics(rows, tmp_path):
    uninterrupted, _ = run(rows, tmp_path, samples=4, output=tmp_path / "whole")
    program = (
        f"import sys; sys.path[:0] = {[str(tmp_path)]!r} + {sys.path!r}\n"
        "from test_runs import answers\n"
        "from math_eval.engines.scripted import ScriptedEngine\n"
        "from math_eval.generate import RunRequest\n"
        "from math_eval.evaluation import evaluate\n"
        f"out = {str(tmp_path / 'run')!r}\n"
        f"request = RunRequest('model', ({str(rows)!r},), engine='scripted', prompt='direct', samples=4, output=out)\n"
        "evaluate(request, engine=ScriptedEngine(answers, latency_s=0.004, concurrency=1))\n"
    )
    rounds = 30 if os.environ.get("MATH_EVAL_FULL") else 4
    for number in range(rounds):
        environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
        process = subprocess.Popen([sys.executable, "-c", program], env=environment, stderr=subprocess.DEVNULL)
        kill_at = (number + 1) * 50 // (rounds + 1)
        deadline = time.monotonic() + 30
        while process.poll() is None and len(lines_safely(tmp_path)) < kill_at and time.monotonic() < deadline:
            time.sleep(0.002)
        process.kill()
        process.wait()
    result, _ = run(rows, tmp_path, samples=4)
    assert result.metrics == uninterrupted.metrics
    keys = [(line["set"], line["problem"], line["n"]) for line in lines(tmp_path)]
    assert len(keys) == len(set(keys)) == 50


def lines_safely(tmp_path):
    return [line for path in (tmp_path / "run/samples").glob("*.jsonl") for line in path.read_bytes().split(b"\n")[:-1]]


def test_failed_samples_are_counted_and_can_be_made_again(rows, tmp_path):
    def fail_two(prompt, sampling):
        if prompt.key.endswith(("/3", "/4")):
            raise KeyError(prompt.key)
        return answers(prompt, sampling)

    result, _ = run(rows, tmp_path, ScriptedEngine(fail_two))
    assert result.metrics.benchmarks[0].failed == 0.2
    errors = [line["error"] for line in lines(tmp_path) if line["state"] == "failed"]
    assert errors == ["no scripted completion for sums/test/3", "no scripted completion for sums/test/4"]
    result, engine = run(rows, tmp_path)
    assert engine.calls == 0, "a failed sample is a recorded state"
    result, engine = run(rows, tmp_path, retry_failed=True)
    assert engine.calls == 2
    assert (result.metrics.benchmarks[0].failed, result.metrics.benchmarks[0].accuracy) == (0.0, 0.9)


def test_shards_share_a_folder(rows, tmp_path):
    for shard in ((1, 3), (2, 3), (3, 3)):
        result, engine = run(rows, tmp_path, shard=shard)
        assert result.metrics is None
        assert engine.calls in {3, 4}
    _, metrics = score_run(tmp_path / "run")
    assert metrics.benchmarks[0].samples == 10
    whole_run, engine = run(rows, tmp_path)
    assert engine.calls == 0
    assert whole_run.metrics == metrics


def test_verdicts_are_remade_when_a_gold_changes(rows, tmp_path):
    yaml = tmp_path / "sums.yaml"
    text = (
        "schema: 1\ntitle: x\nsplits: {test: {sources: [{file: sums.jsonl}]}}\nid: '{{ id }}'\n"
        "question: '{{ question }}'\ngold: '{{ answer }}'\n"
    )
    yaml.write_text(text, encoding="utf-8")
    result, _ = run(yaml, tmp_path)
    assert result.metrics.benchmarks[0].accuracy == 0.9
    yaml.write_text(text + "corrections: {'1': {gold: '3', reason: a test}}\n", encoding="utf-8")
    result, engine = run(yaml, tmp_path)
    assert engine.calls == 0
    assert result.metrics.benchmarks[0].accuracy == 0.8
    assert score_run(tmp_path / "run")[1].benchmarks[0].accuracy == 0.8
    rows.unlink()
    assert score_run(tmp_path / "run")[1].benchmarks[0].accuracy == 0.8, "the stored golds are kept current"


def test_lone_surrogates_are_stored_as_replacement_characters(rows, tmp_path):
    run(rows, tmp_path, ScriptedEngine(lambda *_: "\ud800 \\boxed{4}"))
    assert lines(tmp_path)[0]["text"] == "\ufffd \\boxed{4}"


def test_seeds_by_request_depend_on_the_key_alone(rows, tmp_path):
    seeds = {}

    def answer(prompt, sampling):
        seeds[prompt.key, sampling.temperature > 0, sampling.number] = sampling.seed
        return "1"

    run(rows, tmp_path, ScriptedEngine(answer, concurrency=3), samples=2, seeding="request")
    assert len(set(seeds.values())) == len(seeds) == 30
    first_seeds = dict(seeds)
    run(rows, tmp_path, ScriptedEngine(answer, concurrency=7), samples=2, seeding="request", output=tmp_path / "other")
    assert seeds == first_seeds


def test_evaluate_works_inside_a_running_loop(rows, tmp_path):
    async def notebook():
        return run(rows, tmp_path)

    result, _ = asyncio.run(notebook())
    assert result.metrics.benchmarks[0].accuracy == 0.9


def test_evaluate_works_outside_the_main_thread(rows, tmp_path):
    results = []
    thread = threading.Thread(target=lambda: results.append(run(rows, tmp_path)[0]))
    thread.start()
    thread.join()
    assert results[0].metrics.benchmarks[0].accuracy == 0.9


def test_segments_turn_over(rows, tmp_path, monkeypatch):
    monkeypatch.setattr("math_eval.runfolder.store.SEGMENT_BYTES", 600)
    run(rows, tmp_path)
    names = sorted(path.name for path in (tmp_path / "run/samples").glob("*"))
    assert len(names) > 2
    assert names[:2] == ["00000.jsonl", "00001.jsonl"]
    _, engine = run(rows, tmp_path)
    assert engine.calls == 0


def test_work_is_bounded(rows, tmp_path):
    running = 0
    peak = 0

    class Counting(ScriptedEngine):
        async def complete(self, prompt, sampling):
            nonlocal running, peak
            running += 1
            peak = max(peak, running)
            await asyncio.sleep(0.001)
            running -= 1
            return await super().complete(prompt, sampling)

    run(rows, tmp_path, Counting(answers, concurrency=3), samples=8)
    assert peak == 3


def test_a_user_engine_is_recorded_by_its_class(rows, tmp_path):
    class UserEngine(ScriptedEngine):
        pass

    result = math_eval.evaluate(
        "model", str(rows), engine=UserEngine(answers), output=tmp_path / "own", prompt="direct"
    )
    assert result.info.engine.endswith(":test_a_user_engine_is_recorded_by_its_class.<locals>.UserEngine")
    with pytest.raises(RunConflictError, match=r"engine .*UserEngine \(requested: test_runs:Other\)"):
        run_with(rows, tmp_path / "own", "test_runs:Other")


def run_with(rows, output, engine):
    request = RunRequest("model", (str(rows),), engine=engine, prompt="direct", output=output)
    return evaluate(request, engine=ScriptedEngine(answers))


def test_a_run_records_its_command_and_time(rows, tmp_path):
    table = tmp_path / "table.json"
    table.write_text('{"sums/test/0": "\\\\boxed{0}"}', encoding="utf-8")
    arguments = ["run", "m", "-b", rows, "-e", "scripted", "--responses", table, "-o", tmp_path / "run", "--limit", 1]
    with pytest.raises(SystemExit):
        main([*map(str, arguments)])
    info = json.loads((tmp_path / "run/run.json").read_bytes())
    assert info["command"] == [*map(str, arguments)]
    assert abs((datetime.now(UTC) - datetime.fromisoformat(info["created"])).total_seconds()) < 600


def test_credentials_of_a_server_are_not_recorded(rows, tmp_path):
    settings = EngineSettings(base_urls=("http://user:secret@host/v1",))
    request = RunRequest("m", (str(rows),), engine="server", prompt="direct", settings=settings, output=tmp_path)
    assert make_plan(request, warn=print).info.base_urls == ["http://host/v1"]
    assert without_credentials("--base-url=https://a:b@c/v1 x@y") == "--base-url=https://c/v1 x@y"


def test_a_changed_prompt_is_refused(rows, tmp_path):
    run(rows, tmp_path)
    path = tmp_path / "run/prompts.jsonl"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("3 + 3?", "3 plus 3?"), encoding="utf-8")
    content = path.read_bytes()
    with pytest.raises(RunConflictError, match="prompt of sums/test/3 differs"):
        run(rows, tmp_path, samples=2)
    assert path.read_bytes() == content


def test_shards_hold_the_folder_together_and_against_others(tmp_path):
    with locked(tmp_path, "1of2"), locked(tmp_path, "2of2"):
        with pytest.raises(RunConflictError), locked(tmp_path):
            pass
        with pytest.raises(RunConflictError), locked(tmp_path, "2of2"):
            pass


def test_ctrl_c_in_a_notebook_ends_the_run_before_its_lock(rows, tmp_path):
    def answer(prompt, sampling):
        if engine.calls == 2:
            _thread.interrupt_main()
        return answers(prompt, sampling)

    engine = ScriptedEngine(answer, latency_s=0.5, concurrency=1)

    async def cell():
        with pytest.raises(StoppedError, match="finished samples are stored"):
            run(rows, tmp_path, engine)

    asyncio.run(cell())
    assert not [thread for thread in threading.enumerate() if thread.name == "math-eval-run"]
    calls = engine.calls
    assert 0 < calls < 10
    time.sleep(1.0)
    assert engine.calls == calls


def test_a_grader_that_fails_loses_no_sample(rows, tmp_path, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(load_grader("equivalence"), "extract", fail, raising=False)
    with pytest.raises(ZeroDivisionError):
        run(rows, tmp_path, ScriptedEngine(answers, concurrency=1))
    monkeypatch.undo()
    stored = len(lines(tmp_path))
    assert stored >= 1
    _, engine = run(rows, tmp_path)
    assert engine.calls == 10 - stored


SLOW = """
import time
from math_eval.engines.scripted import ScriptedEngine

class Loading:
    concurrency = 1
    def __init__(self, model, settings):
        print("loading", flush=True)
        time.sleep(60)

class Slow(ScriptedEngine):
    def __init__(self, model, settings):
        super().__init__(lambda prompt, sampling: "\\\\boxed{1}", latency_s=0.2, concurrency=1)
"""


def start(rows, tmp_path, engine, **options):
    (tmp_path / "slow_engines.py").write_text(SLOW, encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "math_eval",
        "run",
        "m",
        "-b",
        str(rows),
        "-p",
        "direct",
        "-q",
        "--family",
        "generic-base",
    ]
    command += ["--family", "generic-base", "-e", f"slow_engines:{engine}", "-o", str(tmp_path / "run")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment, **options)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_stop_while_the_model_loads_is_one_line(rows, tmp_path, number):
    process = start(rows, tmp_path, "Loading")
    assert process.stdout.readline() == "loading\n"
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err.strip()) == (3, "math-eval: stopped; run the same command again to continue")


def test_a_run_under_nohup_outlives_its_terminal(rows, tmp_path):
    process = start(rows, tmp_path, "Slow", preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and len(lines(tmp_path)) < 2:
        time.sleep(0.05)
    process.send_signal(signal.SIGHUP)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert len(lines(tmp_path)) == 10
