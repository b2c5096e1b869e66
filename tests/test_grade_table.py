"""What `math-eval grade` prints: every figure in words, and nothing that a file has nothing to say about."""

import json
from pathlib import Path

import pytest

from math_eval.cli.main import main


@pytest.fixture
def printed(tmp_path, monkeypatch, capsys):
    """Writes files of rows and returns what the command prints of them, its spaces folded."""

    monkeypatch.chdir(tmp_path)

    def grade(files, *options):
        paths = []
        for number, rows in enumerate(files):
            paths.append(Path(f"{number}.jsonl"))
            paths[-1].write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        with pytest.raises(SystemExit) as ended:
            main(["grade", *map(str, paths), *options])
        assert ended.value.code == 0
        return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]

    return grade


def row(number, responses, **columns):
    return {
        "idx": number,
        "question": f"{number}?",
        "gt": "2",
        "code": [f"\\boxed{{{text}}}" for text in responses],
    } | columns


def test_a_file_without_verdicts_gets_no_row_about_them(printed):
    lines = printed([[row(0, ["2"]), row(1, ["3"])]])
    assert lines[1] == "what value"
    assert [line for line in lines[3:] if line] == [
        "grader equivalence",
        "accuracy, mean over problems, % 50.0",
        "responses 2",
        "undecided (counted as wrong) 0",
    ]


def test_the_verdicts_and_answers_of_a_file_are_laid_beside_ours(printed):
    lines = printed(
        [[row(0, ["2"], score=[False], pred=["2."]), row(1, ["3"], score=[False], pred=["3"])]], "--grader", "qwen"
    )
    assert "accuracy by the file's own verdicts, % 0.0" in lines
    assert "verdicts that differ from the file's 1" in lines
    assert "answers that differ from the file's 1" in lines
    assert "where the file says something else:" in lines
    [header] = [line for line in lines if line.startswith("where answer")]
    assert header == "where answer gold answer in the file verdict in the file verdict rule"
    assert sum(" 2 2 2. wrong correct " in line for line in lines) == 1


def test_several_responses_are_counted_by_k_with_the_meaning_of_every_column(printed):
    rows = [
        row(0, ["3", "2", "2"], pred_score=[0.1, 0.2, 0.3]),
        row(1, ["2", "3"], pred_score=[0.9, 0.2]),
    ]
    lines = printed([rows])
    assert "accuracy of each problem's first response, % 50.0" in lines
    assert "share of right responses, % 60.0" in lines, "the problems have different numbers of responses"
    assert "accuracy, mean over problems, % 58.33" in lines
    assert "with the first k responses of each problem, where answers of the same text vote together:" in lines
    header = "k maj@k: the most frequent answer is right, % rm@k: the response of the highest reward is right, %"
    at = lines.index(header)
    assert lines[at + 2 : at + 4] == ["2 50.0 100.0", ""]


def test_a_mean_that_says_nothing_new_is_left_out(printed):
    lines = printed([[row(0, ["3", "2"]), row(1, ["2", "2"])]])
    assert not any(line.startswith("share of right responses") for line in lines)
    assert "k maj@k: the most frequent answer is right, %" in lines


def test_a_second_grader_and_several_files_have_tables_of_their_own(printed):
    files = [[row(0, ["2.0"])], [row(1, ["3"], score=[False])]]
    lines = printed(files, "--grader", "qwen", "--grader", "equivalence")
    assert "accuracy by equivalence, % 50.0" in lines
    assert "responses that only equivalence finds right 0" in lines
    *_, header, _, first, second = [line for line in lines if line]
    assert header == "file accuracy, % responses undecided by the file, % other verdicts"
    assert first == "0.jsonl 100.0 1 0"
    assert second == "1.jsonl 0.0 1 0 0.0 0"


def test_json_keeps_its_keys(printed):
    rows = [row(0, ["2", "3"], score=[True, True], level=1)]
    keys = set(json.loads("".join(printed([rows], "--grader", "qwen", "--json"))))
    assert keys == {
        "accuracy", "grader", "responses", "undecided", "accuracy by the file", "changed verdicts",
        "changed predictions", "first k, votes by string", "groups", "examples", "editions",
    }  # fmt: skip
