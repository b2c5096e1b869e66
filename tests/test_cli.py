"""The command line as a user meets it: one-line errors, exit codes, JSON, a help that loads nothing heavy."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import latex2sympy
import math_eval
from math_eval.cli.main import COMMANDS, main
from math_eval.errors import UnknownNameError
from math_eval.reports import terminal
from math_eval.runfolder.lock import locked

HEAVY = (
    "torch",
    "vllm",
    "transformers",
    "datasets",
    "sympy",
    "pandas",
    "numpy",
    "ray",
    "scipy",
    "rich",
    "httpx",
    "yaml",
)


def call(capsys, *arguments):
    with pytest.raises(SystemExit) as exit_info:
        main(list(arguments))
    captured = capsys.readouterr()
    return exit_info.value.code, captured.out, captured.err


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "sums.jsonl"
    path.write_text('{"question": "1+1?", "answer": 2}\n{"question": "2+2?", "answer": 4}\n', encoding="utf-8")
    (tmp_path / "table.json").write_text(
        json.dumps({"sums/test/0": "\\boxed{2}", "sums/test/1": "\\boxed{5}"}), encoding="utf-8"
    )
    return path


def scripted(rows, *options):
    table = rows.parent / "table.json"
    return [
        "run",
        "m",
        "-b",
        str(rows),
        "-e",
        "scripted",
        "--responses",
        str(table),
        "-o",
        str(rows.parent / "run"),
        "-q",
        *options,
    ]


def test_help_loads_nothing_heavy():
    program = (
        "import sys\nfrom math_eval.cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        f"print('HEAVY', [name for name in {HEAVY!r} if name in sys.modules])\n"
        "rooms = {name.split('.')[1] for name in sys.modules if name.startswith('math_eval.')}\n"
        "print('ROOMS', *sorted(rooms))\n"
    )
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert output.splitlines()[-2:] == ["HEAVY []", "ROOMS cli errors"]
    for name in COMMANDS:
        assert f"  {name} " in output


def test_import_loads_nothing_heavy():
    program = f"import sys, math_eval\nprint([name for name in {HEAVY!r} if name in sys.modules])"
    process = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert process.stdout.strip() == "[]"


ERRORS = [
    (["run", "m", "-b", "gsm8"], 2, "unknown benchmark 'gsm8'; did you mean gsm8k"),
    (["run", "m"], 2, "no benchmark: add --benchmark NAME or --suite NAME"),
    (["run", "m", "-b", "gsm8k", "--limit", "-1"], 2, "--limit -1: expected N, 1 or more, or A:B"),
    (["run", "m", "-b", "gsm8k", "-e", "vlm"], 2, "unknown engine 'vlm'; did you mean vllm"),
    (["run", "/no/such/folder", "-b", "sampler", "-e", "transformers"], 2, "/no/such/folder: no such folder"),
    (["run", "m", "-b", "sampler", "-e", "scripted"], 2, "--engine scripted needs --responses FILE"),
    (["run", "m", "-b", "sampler", "-e", "server"], 2, "--engine server needs --base-url"),
    (["run", "m", "-b", "sampler", "-p", "qwen-bxed", "-e", "scripted"], 2, "did you mean qwen-boxed"),
    (["run", "m", "-s", "qwen-mth", "-e", "scripted"], 2, "unknown suite 'qwen-mth'; did you mean qwen-math"),
    (["run", "m", "-b", "sampler", "--no-greedy", "-e", "scripted"], 2, "--no-greedy needs --samples"),
    (
        ["run", "m", "-b", "sampler", "--samples", "2", "--temperature", "0", "-e", "scripted"],
        2,
        "would repeat the same sample",
    ),
    (["run", "m", "-b", "sampler", "--shard", "3/2", "-e", "scripted"], 2, "expected i/n"),
    (["run", "m", "-b", "sampler", "--shard", "x", "-e", "scripted"], 2, "--shard x"),
    (
        ["run", "m", "-b", "sampler", "--shots", "2", "-e", "scripted", "--demonstrations", "/no/file"],
        2,
        "no such file",
    ),
    (["run", "package:no_such", "-b", "sampler", "-e", "transformers"], 2, "the package is not installed"),
    (["run", "m", "-b", "sampler", "-b", "sampler", "-e", "scripted"], 2, "is requested twice"),
    (["rum"], 2, "unknown command 'rum'; did you mean run"),
    (["run", "--lmit", "3"], 2, "No such option"),
    (["run"], 2, "Missing argument 'MODEL'"),
    (["score", "/no/such/run"], 2, "no such run folder or file"),
    (["benchmarks", "show", "mth"], 2, "did you mean math"),
    (["suites", "show", "nothing-like-it"], 2, "known: competition-2026"),
    (["prompts", "show", "cot", "-b", "sampler", "--problem", "zz"], 2, "has no problem 'zz'"),
    (["models", "show", "../x.yaml"], 2, "no such file"),
]


@pytest.mark.parametrize(("arguments", "code", "message"), ERRORS, ids=[" ".join(row[0]) for row in ERRORS])
def test_an_expected_error_is_one_line(capsys, arguments, code, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exit_code, out, err = call(capsys, *arguments)
    lines = [line for line in err.splitlines() if not line.startswith("warning: ")]
    assert (exit_code, out) == (code, "")
    assert len(lines) == 1
    assert lines[0].startswith("math-eval: ")
    assert message in lines[0]


def test_a_run_and_its_score(capsys, rows):
    code, out, _ = call(capsys, *scripted(rows, "--json"))
    assert code == 0
    result = json.loads(out)
    assert result["made"] == 2
    assert result["metrics"]["benchmarks"][0]["accuracy"] == 0.5
    code, out, _ = call(capsys, *scripted(rows))
    assert "50.0" in out
    code, out, _ = call(capsys, "score", str(rows.parent / "run"), "--json")
    assert json.loads(out) == result["metrics"]
    code, out, _ = call(capsys, "score", str(rows.parent / "run"), "--markdown")
    assert out.splitlines()[2].startswith("| sums | greedy | 2 | 50.0 |")
    code, out, err = call(capsys, "score", str(rows.parent / "run"), "--k", "8")
    assert (code, "k = 8 needs 8 samples" in err) == (2, True)


def test_a_locked_folder_is_one_line(capsys, rows):
    with locked(rows.parent / "run"):
        code, _, err = call(capsys, *scripted(rows))
    assert code == 2
    assert f"process {os.getpid()}" in err


def test_a_missing_field_names_file_row_and_field(capsys, rows):
    rows.write_text('{"question": "1+1?", "answer": 2}\n{"question": "2+2?"}\n', encoding="utf-8")
    code, _, err = call(capsys, *scripted(rows))
    assert code == 2
    assert f"{rows}: row 2: gold: no field 'answer'; the row has: question" in err


def test_a_prompt_that_does_not_fit_is_a_warning(capsys, rows):
    code, _, err = call(capsys, *scripted(rows, "-p", "mistral"))
    assert code == 0
    assert "warning: the prompt mistral does not fit m" in err


def test_a_prompt_of_ones_own_is_no_warning(capsys, rows, monkeypatch):
    monkeypatch.chdir(rows.parent)
    text = "schema: 1\ntitle: x\nkind: raw\nprompt: '{{ question }}'\nanswer: any\n"
    (rows.parent / "short.yaml").write_text(text, encoding="utf-8")
    code, _, err = call(capsys, *scripted(rows, "-p", "short.yaml"))
    assert (code, "warning" in err) == (0, False), err


@pytest.mark.parametrize("window", [50, 80, 100])
def test_a_table_wider_than_the_window_loses_nothing(capsys, monkeypatch, window):
    monkeypatch.setattr(terminal, "_PLAIN_WIDTH", window)
    headers = ["benchmark", "set", *(f"figure-{n}" for n in range(12))]
    rows = [
        ["gaokao_math_cloze", "sampled ×64", *(f"{n}.25" for n in range(12))],
        ["  level 1", "", "77.5", *[""] * 11],
    ]
    terminal.show(terminal.Table("title", headers, rows, ["a note"]))
    shown = capsys.readouterr().out
    assert all(len(line) <= window for line in shown.splitlines())
    parts = shown.count("gaokao_math_cloze") if window > 50 else shown.count("sampled")
    assert parts > 1
    for text in [*headers[2:], *rows[0][2:], "title", "77.5", "level 1", "note: a note"]:
        assert len(re.findall(rf"(?<!\S){text}(?!\S)", shown)) == 1, text
    capsys.readouterr()
    terminal.show(terminal.Table("", headers[:4], [row[:4] for row in rows], []))
    assert capsys.readouterr().out.count("sampled ×64") == 1


@pytest.mark.parametrize(
    ("window", "headers"),
    [
        (200, "benchmark split rows on disk title language licence"),
        (100, "benchmark split rows on disk title language"),
        (80, "benchmark split rows on disk title"),
        (60, "benchmark split rows on disk"),
    ],
)
def test_the_list_of_benchmarks_is_readable_in_a_narrow_window(capsys, monkeypatch, window, headers):
    monkeypatch.setattr(terminal, "_PLAIN_WIDTH", window)
    shown = call(capsys, "benchmarks", "list")[1]
    lines = [line for line in shown.splitlines() if line.strip()]
    assert " ".join(lines[0].split()) == headers
    assert all(len(line) <= window for line in lines)
    assert sum(line.startswith(" gsm8k ") for line in lines) == 1
    note = " ".join(shown.split()).partition("note: no room for the columns ")[2]
    assert note.partition(":")[0] == {200: "", 100: "licence", 80: "licence, language"}.get(
        window, "licence, language, title"
    )


def test_a_wrong_prompt_is_refused_before_a_model_is_looked_for(capsys, rows):
    code, _, err = call(capsys, "run", "./no-model", "-e", "transformers", "-b", str(rows), "-p", "cott")
    assert (code, err) == (2, "math-eval: unknown prompt 'cott'; did you mean cot or chat?\n")


def test_what_show_prints_is_no_python(capsys, rows):
    shown = call(capsys, "benchmarks", "show", str(rows))[1]
    assert "sums.jsonl" in shown
    assert "None" not in shown
    shown = call(capsys, "models", "show", "qwen2.5-math-instruct")[1]
    assert re.search(r"sampled +0\.7 +0\.8 +2,048", shown)
    assert "151645, 151643" in shown
    assert "[" not in shown


def test_a_model_folder_is_shown_with_the_family_that_a_run_takes(capsys, tmp_path):
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    assert "generic-base" in call(capsys, "models", "show", str(tmp_path))[1]
    (tmp_path / "chat_template.jinja").write_text("x", encoding="utf-8")
    assert "generic-chat" in call(capsys, "models", "show", str(tmp_path))[1]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["benchmarks", "list"], "sampler"),
        (["benchmarks", "show", "sampler"], "L1-"),
        (["benchmarks", "check", "sampler"], "141"),
        (["prompts", "list"], "qwen-boxed"),
        (["prompts", "show", "qwen-boxed"], "Please reason step by step"),
        (["prompts", "show", "chat", "-b", "sampler", "--problem", "L1-zh-01"], "boxed"),
        (["suites", "list"], "qwen-math"),
        (["suites", "show", "qwen-math"], "gaokao2024_I"),
        (["models", "list"], "generic-chat"),
        (["models", "show", "Qwen/Qwen2.5-Math-7B-Instruct"], "qwen25-math-cot"),
        (["version"], "python"),
    ],
    ids=str,
)
def test_listings_have_a_table_and_json(capsys, arguments, word):
    code, table, _ = call(capsys, *arguments)
    assert code == 0
    assert word in table
    code, out, _ = call(capsys, *arguments, "--json")
    assert code == 0
    assert json.loads(out)
    assert word in out


def test_bare_command_version_and_debug(capsys):
    code, out, err = call(capsys)
    assert (code, err) == (0, "")
    assert out.startswith("Usage: math-eval")
    code, out, _ = call(capsys, "--version")
    assert (code, out) == (0, f"math-eval {math_eval.__version__}\n")
    with pytest.raises(UnknownNameError):
        main(["--debug", "suites", "show", "nothing"])
    capsys.readouterr()
    code, _, err = call(capsys, "suites", "show", "nothing")
    assert (code, err.count("\n")) == (2, 1), "--debug holds for one call"


def test_the_public_names():
    assert dir(math_eval) == sorted(math_eval.__all__)
    for name in math_eval.__all__:
        assert getattr(math_eval, name) is not None
    for package in (math_eval, latex2sympy):
        assert (Path(package.__file__).parent / "py.typed").is_file()


def test_families_are_found_by_name(capsys):
    expected = {
        "Qwen/Qwen2.5-Math-72B-Instruct": ("qwen2.5-math-instruct", "qwen25-math-cot", 0.7),
        "/models/Qwen2-Math-7B-Instruct/": ("qwen2-math-instruct", "qwen-boxed", 1.0),
        "Qwen/Qwen2.5-Math-7B": ("qwen-math-base", "cot", 0.7),
        "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B": ("deepseek-r1-distill", "chat", 0.6),
        "meta-llama/Llama-3.1-8B-Instruct": ("generic-chat", "chat", 0.7),
        "meta-llama/Llama-3.1-8B": ("generic-base", "cot", 0.7),
    }
    for model, (family, prompt, temperature) in expected.items():
        _, out, _ = call(capsys, "models", "show", model, "--json")
        shown = json.loads(out)
        assert (shown["family"], shown["prompt"], shown["sampled"]["temperature"]) == (family, prompt, temperature)
