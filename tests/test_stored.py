"""`math-eval grade` on files of other harnesses: recognised, graded, compared with their own labels."""

import json

import pytest

from math_eval.cli.main import main

FILES = [
    ("microsoft__rho/rho-math-1b-v0.1/gsm8k.cot.jsonl", 36.2, 0.3),
    ("microsoft__rho/rho-math-7b-interpreter-v0.1/gsm8k.tora.jsonl", 81.3, 0.3),
    ("GAIR-NLP__abel/Abel-70b/gsm8k.jsonl", 83.62, 0.1),
    ("qtli__GSM-Plus/metamath_7b/gsm8k.json", 66.72, 0.1),
    ("openai__grade-school-math/example_model_solutions.jsonl", 37.93, 0.01),
    ("lupantech__PromptPG/gpt3-exp4_test_TQ-SA_2_seed_2/tabmwp7686.json", 63.52, 0.1),
    ("mathllm__MathCoder/MathCoder-L-13b/mathematics.20230917-2337.correct.jsonl", 100.0, 1.0),
]


def grade_file(capsys, *arguments):
    with pytest.raises(SystemExit) as left:
        main(["grade", *map(str, arguments), "--json", "--examples", "3"])
    told = capsys.readouterr()
    return left.value.code, told.out, told.err


@pytest.mark.parametrize(("name", "accuracy", "within"), FILES, ids=[row[0].split("/")[0] for row in FILES])
def test_files_of_other_harnesses(capsys, shared, name, accuracy, within):
    code, out, _ = grade_file(capsys, shared / "outputs" / name)
    assert code == 0
    assert json.loads(out)["accuracy"] == pytest.approx(accuracy, abs=within)


def test_a_benchmark_gives_kinds_and_options(capsys, shared):
    path = shared / "outputs/microsoft__rho/rho-math-7b-interpreter-v0.1/math500.tora.jsonl"
    code, out, _ = grade_file(capsys, path, "-b", "math500", "--data-dir", shared / "benchmarks")
    shown = json.loads(out)
    assert (code, shown["responses"]) == (0, 500)
    assert shown["accuracy"] == pytest.approx(52.0, abs=1.0)
    assert set(shown["examples"][0]) == {
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
    path.write_text("{", encoding="utf-8")
    assert "neither JSON nor JSON lines" in grade_file(capsys, path)[2]
    assert "no such file" in grade_file(capsys, tmp_path / "y").__repr__().lower()
