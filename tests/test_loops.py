"""Responses that repeat themselves to their end, and how a score counts them."""

import json
import random
import time

import pytest

from math_eval.answers.loops import repeats_to_end
from math_eval.engines.scripted import ScriptedEngine
from math_eval.evaluation import evaluate
from math_eval.generate import RunRequest
from math_eval.reports import metrics_table

PIECE = "Wait, let me check that again: 3 + 4 = 7. "
LONG_PIECE = " ".join(str(number * 7919 % 1009) for number in range(400))


@pytest.mark.parametrize(
    "text",
    [
        PIECE * 10,
        "The sum is 7. " + PIECE * 10,
        PIECE * 10 + PIECE[:13],
        "=" * 400,
        "ab" * 200 + "\n\n",
        "那么答案是七。" * 60,
        LONG_PIECE[:1900] * 4,
    ],
)
def test_a_repeated_end_is_a_loop(text):
    assert repeats_to_end(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        PIECE,
        PIECE * 3,
        "=" * 399,
        PIECE * 10 + "So the answer is 7.",
        LONG_PIECE[:1900] * 3,
        LONG_PIECE,
        " ".join(f"Step {number}: add {number}." for number in range(200)),
    ],
)
def test_other_ends_are_none(text):
    assert not repeats_to_end(text)


def test_the_measure_agrees_with_trying_every_period():
    generator = random.Random(4)
    for _ in range(300):
        piece = "".join(generator.choices("ab", k=generator.randint(1, 140)))
        text = "x" * generator.randint(0, 50) + piece * generator.randint(1, 8) + piece[: generator.randint(0, 3)]
        expected = any(
            len(text) >= length and all(text[-at] == text[-at - period] for at in range(1, length - period + 1))
            for period in range(1, 150)
            for length in [max(400, 4 * period)]
        )
        assert repeats_to_end(text) == expected, text


def test_a_long_text_takes_no_longer_than_its_end():
    start = time.process_time()
    for _ in range(20):
        repeats_to_end("ab" * 1_000_000 + "c")
        repeats_to_end(("a" * 99 + "b") * 10_000 + "c")
    assert time.process_time() - start < 5


def test_a_cut_sample_that_loops_is_counted_beside_the_truncated_ones(tmp_path):
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(json.dumps({"question": f"{n}?", "answer": 1}) + "\n" for n in range(4)), encoding="utf-8")
    texts = {"0?": "again and " * 200, "1?": "<think>" + "again and " * 200, "2?": LONG_PIECE, "3?": "again " * 50}
    engine = ScriptedEngine(lambda prompt, _: texts[prompt.question])
    request = RunRequest("m", (str(rows),), engine="scripted", prompt="direct", max_tokens=100, output=tmp_path / "run")
    run = evaluate(request, engine=engine)
    [result] = run.metrics.benchmarks
    assert (result.truncated, result.looped) == (0.75, 0.5)
    assert "2 samples were cut while they repeated themselves" in "\n".join(metrics_table(run.metrics, "").notes)
    [written] = json.loads((run.folder / "metrics.json").read_text(encoding="utf-8"))["benchmarks"]
    assert written["looped"] == 0.5


def test_a_run_without_loops_writes_no_rate(tmp_path):
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"question": "1?", "answer": 1}\n', encoding="utf-8")
    request = RunRequest("m", (str(rows),), engine="scripted", prompt="direct", output=tmp_path / "run")
    run = evaluate(request, engine=ScriptedEngine(lambda _prompt, _sampling: "again and " * 200))
    [written] = json.loads((run.folder / "metrics.json").read_text(encoding="utf-8"))["benchmarks"]
    assert "looped" not in written
