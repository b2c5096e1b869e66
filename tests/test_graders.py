"""Graders as objects: by name, by class, from another package; verdicts remade when what they depend on changes."""

import json

import pytest

from math_eval import BaseGrader, grade, grade_response, load_benchmark
from math_eval.cli.main import main
from math_eval.engines.scripted import ScriptedEngine
from math_eval.errors import RequestError, UnknownNameError
from math_eval.evaluation import evaluate
from math_eval.generate import RunRequest
from math_eval.graders import GRADERS, load_grader
from math_eval.graders.equivalence.grader import EquivalenceGrader
from math_eval.records import Extraction, Problem, Verdict

YAML = """\
schema: 1
title: Choices
splits:
  test:
    sources: [{{file: rows.jsonl}}]
question: "{{{{ question }}}}"
gold: "{{{{ gold }}}}"
answer: {kind}
options: {options}
policy: {policy}
corrections: {corrections}
"""


class LengthGrader(BaseGrader):
    """Calls an answer right that is as long as the gold."""

    version = "1"

    def extract(self, response, problem):
        return Extraction(response.rpartition(" ")[2], "last word")

    def grade(self, answer, problem):
        return Verdict("correct" if len(answer or "") == len(problem.gold) else "wrong", "length")

    def fingerprint(self, problems):
        return str([problem.gold for problem in problems])


def call(capsys, *arguments):
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return stopped.value.code, out, err


def test_a_class_is_a_grader_in_every_command(tmp_path, capsys, monkeypatch):
    name = f"{__name__}:LengthGrader"
    (tmp_path / "sums.jsonl").write_text('{"id": "0", "question": "1+1?", "answer": "22"}\n', encoding="utf-8")
    table = tmp_path / "table.json"
    table.write_text('{"sums/test/0": "it is 34"}', encoding="utf-8")
    run = ("run", "m", "-b", tmp_path / "sums.jsonl", "-e", "scripted", "--responses", table, "-o", tmp_path / "run")
    code, out, err = call(capsys, *run, "--grader", name, "--json")
    assert code == 0, err
    assert json.loads(out)["metrics"]["grader"] == name
    assert json.loads(out)["metrics"]["benchmarks"][0]["accuracy"] == 1.0
    assert json.loads((tmp_path / "run/run.json").read_bytes())["grader"] == name
    code, out, _ = call(capsys, "score", tmp_path / "run", "--json")
    assert json.loads(out)["benchmarks"][0]["accuracy"] == 1.0, "score takes the run's own grader"
    _, out, _ = call(capsys, "score", tmp_path / "run", "--grader", "equivalence", "--json")
    assert json.loads(out)["benchmarks"][0]["accuracy"] == 0.0
    stored = tmp_path / "rows.jsonl"
    row = {
        "idx": 0,
        "question": "1+1?",
        "gt": "22",
        "gt_cot": None,
        "code": ["it is 34"],
        "pred": [""],
        "score": [True],
    }
    stored.write_text(json.dumps({**row, "pred": [""], "score": [True]}) + "\n", encoding="utf-8")
    for path in (stored, tmp_path / "run"):
        _, out, err = call(capsys, "grade", path, "--grader", name, "--grader", "equivalence", "--json")
        assert json.loads(out)["accuracy"] == 100.0, err
        assert json.loads(out)["accuracy by equivalence"] == 0.0
    code, out, _ = call(capsys, "explain", "34", "22", "--grader", name, "--json")
    assert (json.loads(out)["status"], json.loads(out)["rule"]) == ("correct", "length")
    code, out, err = call(capsys, "export", tmp_path / "run", "--format", "sft", "--grader", name)
    assert (code, out.split()[0]) == (0, "1"), err
    code, out, _ = call(capsys, "compare", stored, stored, "--grader", name)
    assert code == 2, "one problem is no comparison, but the grader was taken"
    assert grade("34", gold="22", grader=name).correct
    assert grade_response("it is 345", gold="22", grader=name).answer == "345"


def test_another_grader_for_a_run_is_refused(tmp_path):
    (tmp_path / "sums.jsonl").write_text('{"id": "0", "question": "1+1?", "answer": "2"}\n', encoding="utf-8")

    def run(grader):
        request = RunRequest("m", (str(tmp_path / "sums.jsonl"),), engine="scripted", prompt="direct", grader=grader)
        request = RunRequest(**{**{f: getattr(request, f) for f in request.__slots__}, "output": tmp_path / "run"})
        return evaluate(request, engine=ScriptedEngine(lambda *_: "\\boxed{2}"))

    run("equivalence")
    with pytest.raises(RequestError, match=r"grader equivalence \(requested: qwen\)"):
        run("qwen")


def test_names_that_no_grader_has():
    with pytest.raises(UnknownNameError, match="did you mean equivalence"):
        load_grader("equivalent")
    with pytest.raises(RequestError, match="cannot be imported: No module named 'nowhere'"):
        load_grader("nowhere:Grader")
    with pytest.raises(RequestError, match="it lacks extract, read_answer"):
        load_grader("decimal:Context")
    assert GRADERS.names()[:1] == ["equivalence"]


BASE = Problem("b", "test", "1", "q", "A", "choice", options={"A": "1", "B": "2"})
CHANGES = {
    "gold": {"gold": "B"},
    "kind": {"kind": "expression"},
    "accepted": {"accepted": ("B",)},
    "options": {"options": {"A": "1", "B": "3"}},
    "policy": {"policy": {"choices": "letter"}},
    "id": {"id": "2"},
    "split": {"split": "train"},
    "benchmark": {"benchmark": "c"},
}


@pytest.mark.parametrize("change", CHANGES, ids=list(CHANGES))
def test_the_fingerprint_holds_what_verdicts_depend_on(change):
    fields = {name: getattr(BASE, name) for name in BASE.__slots__}
    grader = EquivalenceGrader()
    changed_problem = Problem(**{**fields, **CHANGES[change]})
    assert grader.fingerprint([BASE]) != grader.fingerprint([changed_problem])
    assert grader.fingerprint([BASE]) == grader.fingerprint([Problem(**fields)])


@pytest.mark.parametrize(
    ("old", "new", "accuracies"),
    [
        ({"options": "{'A': '5', 'B': '7'}"}, {"options": "{'A': '7', 'B': '5'}"}, (1.0, 0.0)),
        (
            {"corrections": "{'0': {gold: B, reason: test}}"},
            {"corrections": "{'0': {gold: B, reason: test, accepted: [A]}}"},
            (0.0, 1.0),
        ),
        ({"policy": "{}"}, {"policy": "{choices: letter}"}, (1.0, 0.0)),
        ({"kind": "choice"}, {"kind": "expression"}, (1.0, 0.0)),
    ],
    ids=["options", "accepted", "policy", "kind"],
)
def test_verdicts_are_remade_when_the_benchmark_changes(tmp_path, old, new, accuracies):
    defaults = {"kind": "choice", "options": "{'A': '5', 'B': '7'}", "policy": "{}", "corrections": "{}"}
    (tmp_path / "rows.jsonl").write_text('{"question": "which?", "gold": "A"}\n', encoding="utf-8")

    def run(changes):
        values = {**defaults, **changes}
        values["options"] = json.dumps(values["options"])
        (tmp_path / "choices.yaml").write_text(YAML.format(**values), encoding="utf-8")
        request = RunRequest(
            "m", (str(tmp_path / "choices.yaml"),), engine="scripted", prompt="direct", output=tmp_path / "run"
        )
        return evaluate(request, engine=ScriptedEngine(lambda *_: "\\boxed{5}")).metrics.benchmarks[0].accuracy

    assert (run(old), run(new)) == accuracies


def test_grade_and_score_of_one_file_agree(shared, tmp_path, capsys):
    path = tmp_path / "rows.jsonl"
    problems = list(load_benchmark("aqua", data_dir=shared / "benchmarks"))[:40]
    with path.open("w", encoding="utf-8") as file:
        for number, problem in enumerate(problems):
            code = [f"so the answer is \\boxed{{{problem.options[problem.gold]}}}"]
            stored = {"idx": number, "question": problem.question, "gt": problem.gold, "code": code}
            file.write(json.dumps({**stored, "gt_cot": None, "pred": [""], "score": [True]}) + "\n")
    common = ("-b", "aqua", "--data-dir", shared / "benchmarks", "--json")
    summary = json.loads(call(capsys, "grade", path, *common)[1])
    metrics = json.loads(call(capsys, "score", path, *common)[1])
    assert summary["accuracy"] == round(100 * metrics["benchmarks"][0]["accuracy"], 2)
    assert summary["accuracy"] > 90


def test_a_benchmark_for_a_run_folder_is_refused(tmp_path, capsys):
    for command in (("grade", tmp_path), ("score", tmp_path), ("compare", tmp_path, tmp_path)):
        code, _, err = call(capsys, *command, "-b", "gsm8k")
        assert (code, "--benchmark is only for files" in err) == (2, True), command
    code, _, err = call(capsys, "compare", tmp_path, "--reported", "--set", "greedy")
    assert (code, "--reported excludes --benchmark, --data-dir and --set" in err) == (2, True)


def test_explain_grades_algebra_by_its_kind(capsys):
    _, out, _ = call(capsys, "explain", "\\int_0^1 x\\,dx", "\\frac{1}{2}", "--kind", "number", "--json")
    assert (json.loads(out)["status"], json.loads(out)["rule"]) == ("correct", "sympy")


def test_the_data_dir_of_run_folders_is_read(tmp_path, capsys, monkeypatch):
    folders = []

    def recorded(folder, grader, data_dir=None, rewards=None):
        folders.append(data_dir)
        raise RequestError("seen")

    monkeypatch.setattr("math_eval.cli.grade.run_samples", recorded)
    monkeypatch.setattr("math_eval.results.compare.run_samples", recorded)
    for command in (("grade", tmp_path), ("compare", tmp_path, tmp_path)):
        call(capsys, *command, "--data-dir", tmp_path)
    assert folders == [tmp_path, tmp_path]
