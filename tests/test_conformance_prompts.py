"""Questions and prompts equal the reference's, to the byte, over every row (digests) and in the recorded examples."""

import hashlib
import json
from functools import lru_cache
from pathlib import Path

import pytest

from math_eval.benchmarks import load_benchmark
from math_eval.errors import RequestError
from math_eval.prompts import load_template
from math_eval.registry import names


def vectors(shared, name):
    with (shared / "conformance" / name).open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


@lru_cache
def bench(name, folder):
    return load_benchmark(name, data_dir=folder)


def digests(subject):
    lines = (Path(__file__).parent / "digests.jsonl").read_text(encoding="utf-8").splitlines()
    return [record for record in map(json.loads, lines) if record["what"] == subject]


def prompts(benchmarks, demonstrations, record, problems=None):
    loaded = bench(record["benchmark"], benchmarks)
    template = load_template(record["prompt"], shots=record["shots"], adaptive=record["adapt_few_shot"])
    adaptive = loaded.spec.adaptive
    key = loaded.spec.demonstrations
    return [
        template.build(problem, demonstrations, key=key, adaptive=adaptive).text
        for problem in (loaded.problems if problems is None else [loaded.problems[i] for i in problems])
    ]


def digest(texts):
    return hashlib.sha256(b"".join(text.encode() + b"\0" for text in texts)).hexdigest()


def test_question_digests(benchmark_files):
    records = digests("question")
    assert len(records) == 23
    for record in records:
        loaded = bench(record["benchmark"], benchmark_files)
        assert len(loaded) == record["rows"], record["benchmark"]
        assert digest(problem.question for problem in loaded) == record["sha256"], record["benchmark"]


def test_prompt_digests(benchmark_files, demonstrations):
    records = digests("prompt")
    assert len(records) == 571
    assert {record["prompt"] for record in records} | {"chat"} <= set(names("prompts"))
    for record in records:
        label = (record["benchmark"], record["prompt"], record["shots"], record["adapt_few_shot"])
        if "error" in record:
            with pytest.raises(RequestError, match=f"{record['benchmark']} has no demonstrations"):
                prompts(benchmark_files, demonstrations, record)
        else:
            assert digest(prompts(benchmark_files, demonstrations, record)) == record["sha256"], label


def test_prompt_examples(shared, demonstrations):
    records = vectors(shared, "prompts.jsonl")
    assert len(records) == 622
    for record in records:
        [text] = prompts(shared / "benchmarks", demonstrations, record, [record["idx"]])
        assert text == record["text"], (record["benchmark"], record["prompt"], record["shots"])
