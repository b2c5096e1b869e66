"""`math-eval grade` on files of other harnesses: recognised, graded, compared with their own labels."""

import json

import pytest

from math_eval.cli.main import main

FILES = [
    ("microsoft__rho/rho-math-1b-v0.1/gsm8k.cot.jsonl", 36.09, 36.16, 7),
    ("microsoft__rho/rho-math-7b-interpreter-v0.1/gsm8k.tora.jsonl", 81.12, 81.27, 2),
    ("GAIR-NLP__abel/Abel-70b/gsm8k.jsonl", 83.62, 83.62, 0),
    ("qtli__GSM-Plus/metamath_7b/gsm8k.json", 66.72, 66.72, 0),
    ("openai__grade-school-math/example_model_solutions.jsonl", 37.93, 37.93, 0),
    ("lupantech__PromptPG/gpt3-exp4_test_TQ-SA_2_seed_2/tabmwp7686.json", 63.66, 63.52, 25),
    ("mathllm__MathCoder/MathCoder-L-13b/mathematics.20230917-2337.correct.jsonl", 99.27, 100.0, 4),
]


def grade_file(capsys, *arguments):
    with pytest.raises(SystemExit) as exit_info:
        main(["grade", *map(str, arguments), "--json", "--examples", "3"])
    captured = capsys.readouterr()
    return exit_info.value.code, captured.out, captured.err


@pytest.mark.parametrize(("name", "accuracy", "file_accuracy", "changes"), FILES, ids=[row[0] for row in FILES])
def test_files_of_other_harnesses(capsys, shared, name, accuracy, file_accuracy, changes):
    code, out, _ = grade_file(capsys, shared / "outputs" / name)
    assert code == 0
    summary = json.loads(out)
    assert (summary["accuracy"], summary["accuracy by the file"]) == (accuracy, file_accuracy)
    assert summary["changed verdicts"] == changes


def test_a_benchmark_gives_kinds_and_options(capsys, shared):
    path = shared / "outputs/microsoft__rho/rho-math-7b-interpreter-v0.1/math500.tora.jsonl"
    code, out, _ = grade_file(capsys, path, "-b", "math500", "--data-dir", shared / "benchmarks")
    summary = json.loads(out)
    assert (code, summary["responses"]) == (0, 500)
    assert (summary["accuracy"], summary["accuracy by the file"], summary["changed verdicts"]) == (52.0, 52.0, 6)
    assert set(summary["examples"][0]) == {
        "where",
        "answer",
        "gold",
        "prediction in the file",
        "label",
        "verdict",
        "rule",
    }


def test_an_unknown_layout_is_one_line(capsys, tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text('{"a": 1}\n' * 10, encoding="utf-8")
    code, _, err = grade_file(capsys, path)
    assert code == 2
    assert "no known layout (known: abel" in err
    path.write_text('{"question": "1+1?", "response": "2"}\n', encoding="utf-8")
    assert "its fields: question, response; --layout FILE names one" in grade_file(capsys, path)[2]
    assert "completions without golds are scored by math-eval run NAME --engine replay" in grade_file(capsys, path)[2]
    path.write_text("{", encoding="utf-8")
    assert "neither JSON nor JSON lines" in grade_file(capsys, path)[2]
    code, _, err = grade_file(capsys, tmp_path / "y")
    assert (code, err.endswith("y: cannot be read: No such file or directory\n")) == (2, True), err
