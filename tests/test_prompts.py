"""Chat prompts, demonstrations from files, and suites that name what exists."""

import pytest

from math_eval.benchmarks import define, load_benchmark, parse_name
from math_eval.errors import DataError
from math_eval.families import load_family
from math_eval.prompts import load_demonstrations, load_template
from math_eval.prompts.demonstrations import read_demonstrations
from math_eval.records import Problem
from math_eval.registry import names
from math_eval.suites import load_suite


def test_chat_wording_follows_language_and_kind():
    template = load_template("chat")
    problem = Problem("b", "test", "1", "1+1?", "2")
    [message] = template.build(problem, None, key="").messages
    assert message["role"] == "user"
    assert message["content"].startswith(
        "1+1?\n\nPlease reason step by step, and put your final answer within \\boxed{}."
    )
    chinese = Problem("b", "test", "1", "1+1？", "B", kind="choice", language="zh")
    assert "正确选项的字母" in template.build(chinese, None, key="").messages[0]["content"]


def test_chat_demonstrations_are_earlier_turns(tmp_path):
    path = tmp_path / "mine.jsonl"
    path.write_text('{"question": "q1", "answer": "a1"}\n["q2", "a2"]\n', encoding="utf-8")
    template = load_template("chat", shots=2)
    messages = template.build(Problem("b", "test", "1", "q?", "2"), load_demonstrations(path), key="").messages
    assert [message["role"] for message in messages] == ["user", "assistant"] * 2 + ["user"]
    assert messages[1]["content"] == "a1"


PYTHON_FORMS = [
    'def get_examples():\n    examples = {}\n    examples["a"] = [("q", "x" "y")]\n    return examples\n',
    'EXAMPLES = {"a": [["q", "xy"]]}\n',
    'import os\nos.abort()\nEXAMPLES = {"a": [("q", "xy")]}\n',
]


@pytest.mark.parametrize("source", PYTHON_FORMS)
def test_python_demonstrations_are_read_and_never_run(tmp_path, source):
    path = tmp_path / "examples.py"
    path.write_text(source, encoding="utf-8")
    assert [tuple(pair) for pair in read_demonstrations(path).for_key("a")] == [("q", "xy")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.py", 'examples = {}\nexamples["a"] = open("/etc/passwd").read()\n'),
        ("a.py", "def f(:\n"),
        ("a.json", '{"a": [["only one"]]}'),
        ("a.json", '{"a": "text"}'),
        ("a.json", "[1]"),
        ("a.json", "{"),
        ("a.jsonl", '{"question": "x"}\n'),
    ],
)
def test_bad_demonstrations_are_named(tmp_path, name, content):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=str(path)):
        read_demonstrations(path)


def test_suites_and_families_name_what_exists():
    for suite in names("suites"):
        for entry in load_suite(suite).entries:
            for text in entry.benchmarks:
                name, split = parse_name(text)
                assert define(name).splits(split)
                if entry.shots:
                    assert define(name).spec.demonstrations, (suite, name)
            if entry.prompt:
                load_template(entry.prompt)
    for family in names("models"):
        load_template(load_family(family).prompt)


def test_the_qwen_suite_is_the_reference_eval(shared):
    suite = load_suite("qwen-math")
    benchmarks = [name for entry in suite.entries for name in entry.benchmarks]
    assert len(benchmarks) == len(set(benchmarks)) == 23
    assert {name: entry.shots for entry in suite.entries for name in entry.benchmarks if entry.shots} == {
        "aqua": 5,
        "sat_math": 5,
        "mmlu_stem": 5,
    }
    aqua = load_benchmark("aqua", data_dir=shared / "benchmarks")
    prompt = load_template("cot", shots=5).build(
        aqua.problems[0], load_demonstrations(shared / "demonstrations.json"), key=aqua.spec.demonstrations
    )
    assert prompt.text.count("Question: ") == 5, "AQuA's key holds four demonstrations"
