"""Data files, engines and graders that another package or folder adds: usable by name, and never replacing ours."""

import importlib
import json
import os
import subprocess
import sys

import pytest

import math_eval
from math_eval.engines import EngineSettings, make_engine
from math_eval.errors import RequestError
from math_eval.families import family_of
from math_eval.registry import find, longest_match, names

BENCHMARK = """\
schema: 1
title: Outside sums
splits:
  test:
    sources: [{file: sums.jsonl}]
question: "{{ ask }}"
gold: "{{ gold }}"
answer: number
"""
FAMILY = """\
schema: 1
title: Outside models
match: ["*outside-7b*"]
prompt: direct
fits: [direct]
greedy: {max_tokens: 77}
sampled: {max_tokens: 77, temperature: 0.5}
"""
LAYOUT = """\
schema: 1
title: Outside rows
fields: [outside_gold, outside_text]
gold: outside_gold
responses: outside_text
"""
PROMPT = """\
schema: 1
title: Outside prompt
kind: raw
answer: boxed
prompt: "OUTSIDE {{ question }}"
"""
CODE = """\
from math_eval import BaseGrader
from math_eval.records import Completion, Extraction, Verdict

class Parrot:
    concurrency = 1
    def __init__(self, model, settings):
        self.model = model
    async def complete(self, prompt, sampling):
        return Completion("\\\\boxed{4}", "stop", 1, 1)
    async def close(self):
        pass

class Lenient(BaseGrader):
    version = "1"
    def extract(self, response, problem):
        return Extraction(response, "whole")
    def grade(self, answer, problem):
        return Verdict("correct", "lenient")
    def fingerprint(self, problems):
        return "always"
"""


@pytest.fixture
def package(tmp_path):
    package = tmp_path / "site" / "outside"
    for kind, name, text in (
        ("benchmarks", "outside-sums", BENCHMARK),
        ("models", "outside", FAMILY),
        ("layouts", "outside", LAYOUT),
        ("prompts", "outside-ask", PROMPT),
    ):
        (package / kind).mkdir(parents=True, exist_ok=True)
        (package / kind / f"{name}.yaml").write_text(text, encoding="utf-8")
    (package / "benchmarks" / "sums.jsonl").write_text('{"ask": "2+2?", "gold": "4"}\n', encoding="utf-8")
    (package / "__init__.py").write_text(CODE, encoding="utf-8")
    return package


def entry_points(package):
    info = package.parent / "outside-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: outside\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(
        "[math_eval.data]\noutside = outside\n[math_eval.engines]\nparrot = outside:Parrot\n"
        "[math_eval.graders]\nlenient = outside:Lenient\n",
        encoding="utf-8",
    )


def call(package, *arguments, **environment):
    path = os.pathsep.join([str(package.parent), *sys.path])
    return subprocess.run(
        [sys.executable, "-m", "math_eval", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": path, **environment},
    )


@pytest.mark.parametrize("source", ["entry points", "MATH_EVAL_PATH"])
def test_another_package_adds_names(package, tmp_path, source):
    if source == "entry points":
        entry_points(package)
        engine, grader, environment = "parrot", "lenient", {}
    else:
        engine, grader, environment = "outside:Parrot", "outside:Lenient", {"MATH_EVAL_PATH": str(package)}
    arguments = (
        "run",
        "org/Outside-7B-it",
        "-b",
        "outside-sums",
        "-e",
        engine,
        "--grader",
        grader,
        "-o",
        tmp_path / "run",
    )
    arguments += ("--prompt", "outside-ask")
    process = call(package, *arguments, "--json", **environment)
    assert process.returncode == 0, process.stderr
    info = json.loads((tmp_path / "run/run.json").read_bytes())
    assert (info["engine"], info["grader"], info["family"]) == (engine, grader, "outside")
    assert info["sets"]["greedy"]["max_tokens"] == 77
    assert json.loads(process.stdout)["metrics"]["benchmarks"][0]["accuracy"] == 1.0
    assert json.loads((tmp_path / "run/prompts.jsonl").read_bytes())["text"].startswith("OUTSIDE 2+2?")
    for kind, name in (("prompts", "outside-ask"), ("models", "outside")):
        assert name in json.loads(call(package, kind, "list", "--json", **environment).stdout)
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"outside_gold": "4", "outside_text": "it is 4"}\n', encoding="utf-8")
    graded = call(package, "grade", rows, "--json", **environment)
    assert json.loads(graded.stdout)["accuracy"] == 100.0, graded.stderr
    scored = call(package, "score", rows, "--layout", "outside", "--json", **environment)
    assert json.loads(scored.stdout)["benchmarks"][0]["accuracy"] == 1.0, scored.stderr
    wrong = call(package, "grade", rows, "--layout", "outsid", **environment)
    assert wrong.returncode == 2
    assert "outside" in wrong.stderr
    listing = call(package, "benchmarks", "list", "--json", **environment)
    assert "outside-sums" in {row["benchmark"] for row in json.loads(listing.stdout)}


def test_a_layout_file_reads_rows_of_an_unknown_layout(package, tmp_path):
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"outside_gold": "4", "outside_text": "it is 4"}\n', encoding="utf-8")
    assert call(package, "grade", rows).returncode == 2
    arguments = ("grade", rows, "--layout", package / "layouts/outside.yaml", "--json")
    assert json.loads(call(package, *arguments).stdout)["accuracy"] == 100.0
    refused = call(package, "grade", rows, "--layout", "qwen")
    assert refused.returncode == 2
    assert "no row of the layout qwen, which needs idx, code, gt; its fields: outside_gold" in refused.stderr


def test_an_entry_point_may_be_a_module_beside_the_folders(package, tmp_path):
    module = package / "data_here.py"
    module.write_text("", encoding="utf-8")
    entry_points(package)
    info = package.parent / "outside-1.0.dist-info/entry_points.txt"
    info.write_text("[math_eval.data]\noutside = outside.data_here\n", encoding="utf-8")
    listing = call(package, "prompts", "list", "--json")
    assert "outside-ask" in json.loads(listing.stdout), listing.stderr
    info.write_text("[math_eval.data]\noutside = outside_gone\n", encoding="utf-8")
    missing = call(package, "prompts", "list")
    assert (missing.returncode, "outside_gone" in missing.stderr) == (2, True)


def test_an_engine_object_is_recorded_as_its_class(package, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(package.parent)
    monkeypatch.setenv("MATH_EVAL_PATH", str(package))
    outside_module = importlib.import_module("outside")
    engine = outside_module.Parrot("m", None)
    engine.dtype = "float32"
    run = math_eval.evaluate("m", "outside-sums", engine=engine, output=tmp_path / "run", prompt="outside-ask")
    info = json.loads((run.folder / "run.json").read_bytes())
    assert (info["engine"], info["engine_settings"]["dtype_used"]) == ("outside:Parrot", "float32")


def test_a_class_that_is_not_an_engine_is_refused_with_what_it_lacks():
    with pytest.raises(RequestError, match="lacks complete, close, concurrency"):
        make_engine("builtins:slice", "m", None, EngineSettings())
    with pytest.raises(RequestError, match="cannot be made as"):
        make_engine("builtins:bool", "m", None, EngineSettings())
    with pytest.raises(RequestError, match="cannot be imported"):
        make_engine("nowhere:Engine", "m", None, EngineSettings())


def test_a_name_that_two_folders_have_is_refused(tmp_path, monkeypatch):
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "direct.yaml").write_text("schema: 1\n", encoding="utf-8")
    monkeypatch.setenv("MATH_EVAL_PATH", str(tmp_path))
    with pytest.raises(RequestError, match="two files have this name"):
        find("prompts", "direct")
    assert "direct" in names("prompts")
    monkeypatch.setenv("MATH_EVAL_PATH", str(tmp_path / "gone"))
    with pytest.raises(RequestError, match="gone: no such folder"):
        find("prompts", "direct")


def test_a_users_family_is_matched_by_model_name(package, monkeypatch):
    assert family_of("org/Outside-7B").name == "generic-base"
    monkeypatch.setenv("MATH_EVAL_PATH", str(package))
    assert family_of("org/Outside-7B").name == "outside"


@pytest.mark.parametrize(
    ("model", "match"),
    [
        ("Organisation/Small-Chat", "chat"),
        ("organisation/SMALL-math-chat/", "math"),
        ("organisation/small-math", "first"),
        ("other", ""),
    ],
)
def test_the_longest_pattern_decides_and_the_first_of_equals(model, match):
    patterns = {"chat": ["*-chat"], "first": ["*small-mat?", "x"], "second": ["*small-math"], "math": ["*math-chat"]}
    assert longest_match(model, patterns) == match
