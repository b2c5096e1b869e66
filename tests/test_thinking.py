"""Bounds of thoughts: closed at a budget, made to go on below a least length, and recorded."""

import asyncio

import pytest

from math_eval.engines.scripted import ScriptedEngine
from math_eval.errors import EngineError, RequestError
from math_eval.evaluation import evaluate
from math_eval.families import load_family
from math_eval.generate import RunRequest
from math_eval.generate.thinking import THINK_ON, ThoughtBounds, think_within
from math_eval.records import Completion, Prompt, Sampling
from math_eval.runfolder.store import RunStore

BOUNDS = ThoughtBounds("<think>", "</think>", "\nTime is up.\n</think>\n\n", opened=False)
OPENED = ThoughtBounds("<think>", "</think>", "\n</think>\n\n", opened=True)
ANSWER = "so \\boxed{2}"


class Thinker(ScriptedEngine):
    """Thinks for a number of words, and answers once its thought is closed."""

    def __init__(self, words, *, opening="<think> ", answer=ANSWER):
        self.words, self.opening, self.answer = words, opening, answer
        super().__init__(self.write)
        self.made = []

    def write(self, prompt, sampling):
        self.made.append((prompt.transcript, prompt.stop, sampling.max_tokens))
        text = prompt.transcript
        if "</think>" in text:
            return self.answer
        if not text:
            return self.opening + " ".join(f"t{n}" for n in range(self.words)) + " </think> " + self.answer
        return " more" * 3 + " </think> " + self.answer


def think(engine, bounds=BOUNDS, **sampling):
    settings = Sampling(**{"max_tokens": 100, **sampling})
    return asyncio.run(think_within(engine, Prompt("1+1?"), settings, bounds, None))


def test_a_short_thought_is_left_alone():
    engine = Thinker(5)
    completion, parts = think(engine, thinking_budget=50)
    assert completion.text == "<think> t0 t1 t2 t3 t4 </think> so \\boxed{2}"
    assert (completion.finish, completion.tokens_out, parts) == ("stop", 9, (9,))
    assert engine.made == [("", (), 50)]


def test_a_long_thought_is_closed_with_the_familys_words_and_answered():
    engine = Thinker(200)
    completion, parts = think(engine, thinking_budget=10)
    thought = "<think> " + " ".join(f"t{n}" for n in range(9))
    assert completion.text == f"{thought}\nTime is up.\n</think>\n\n{ANSWER}"
    assert (completion.finish, parts, completion.tokens_out) == ("stop", (10, 2), 12)
    assert engine.made[1] == (f"{thought}\nTime is up.\n</think>\n\n", (), 90)


def test_a_template_that_opens_the_thought_is_known():
    engine = Thinker(200, opening="")
    completion, _ = think(engine, OPENED, thinking_budget=3)
    assert completion.text == f"t0 t1 t2\n</think>\n\n{ANSWER}"


def test_a_budget_that_ends_inside_the_answer_lets_it_go_on():
    engine = Thinker(2, answer="a b c d")
    completion, parts = think(engine, thinking_budget=6)
    assert engine.made[1][0] == "<think> t0 t1 </think> a b"
    assert "Time is up" not in completion.text
    assert (parts, completion.finish) == ((6, 4), "stop")


def test_the_whole_budget_still_bounds_the_sample():
    completion, parts = think(Thinker(200), thinking_budget=10, max_tokens=11)
    assert (completion.finish, parts) == ("length", (10, 1))
    completion, parts = think(Thinker(200), thinking_budget=10, max_tokens=10)
    assert (completion.finish, parts) == ("length", (10,))
    completion, parts = think(Thinker(200), thinking_budget=50, max_tokens=10)
    assert (completion.finish, parts) == ("length", (10,))


def test_a_thought_that_ends_too_early_goes_on():
    engine = Thinker(2)
    completion, parts = think(engine, min_thinking=8)
    thought = f"<think> t0 t1{THINK_ON} more more more{THINK_ON} more more more"
    assert completion.text == f"{thought}\n</think>\n\n{ANSWER}".replace("t1\nWait", "t1 \nWait").replace(
        "more\nWait", "more \nWait"
    ).replace("more\n</think>", "more \n</think>")
    assert parts == (3, 3, 3, 2)
    assert [stop for _, stop, _ in engine.made] == [("</think>",)] * 3 + [()]


def test_a_thought_that_is_long_enough_is_closed_where_it_ended():
    engine = Thinker(9)
    completion, parts = think(engine, min_thinking=5)
    assert THINK_ON not in completion.text
    assert (len(parts), completion.finish) == (2, "stop")
    assert completion.text.endswith(f"</think>\n\n{ANSWER}")


def test_a_model_that_stops_at_once_ends_all_the_same():
    engine = ScriptedEngine(lambda prompt, _: "<think> </think>" if not prompt.transcript else "</think> \\boxed{2}")
    completion, parts = think(engine, min_thinking=90)
    assert len(parts) < 25
    assert "</think>" in completion.text


def test_a_response_without_a_thought_is_left_alone():
    completion, parts = think(ScriptedEngine(lambda *_: "\\boxed{2}"), min_thinking=5)
    assert (completion.text, len(parts)) == ("\\boxed{2}", 1)


def test_a_server_that_tells_thoughts_apart_is_refused_by_name():
    class Apart(ScriptedEngine):
        async def complete(self, prompt, sampling):
            return Completion("2", "length", 1, 1, thought="hm")

    with pytest.raises(EngineError, match="tells thoughts apart"):
        think(Apart({}), thinking_budget=5)


def test_a_failure_in_a_part_is_the_failure_of_the_sample():
    engine = ScriptedEngine({})
    completion, _ = think(engine, thinking_budget=5)
    assert (completion.finish, completion.text) == ("error", "")


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "sums.jsonl"
    path.write_text('{"question": "1+1?", "answer": 2}\n', encoding="utf-8")
    return path


def test_a_run_records_its_bounds_and_scores_the_answers(rows, tmp_path):
    options = {"engine": "scripted", "prompt": "direct", "max_tokens": 60, "output": tmp_path / "run"}
    run = evaluate(RunRequest("m", (str(rows),), thinking_budget=10, min_thinking=5, **options), engine=Thinker(200))
    assert run.metrics.benchmarks[0].accuracy == 1
    settings = run.info.sets["greedy"]
    assert (settings.thinking_budget, settings.min_thinking) == (10, 5)
    [line] = RunStore(tmp_path / "run").samples()
    assert (line.segments, line.tokens_out, line.text) == ([10, 2], 12, ANSWER)
    assert line.thought.startswith("t0 t1")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"thinking_budget": 0}, "--thinking-budget 0: expected 1 tokens or more"),
        ({"thinking_budget": 5, "min_thinking": 6}, "--min-thinking 6 exceeds --thinking-budget 5"),
    ],
)
def test_bounds_that_contradict_each_other_are_refused(options, message):
    with pytest.raises(RequestError) as refused:
        RunRequest("m", ("sampler",), **options)
    assert str(refused.value) == message


def test_bounds_exclude_programs(rows):
    request = RunRequest("m", (str(rows),), engine="scripted", prompt="tool-integrated", thinking_budget=5)
    with pytest.raises(RequestError, match="exclude prompts with programs"):
        evaluate(request, engine=Thinker(1))


def test_a_family_says_how_its_thoughts_are_closed():
    closing = load_family("qwen3").mode("thinking").closing
    assert closing.rstrip().endswith("</think>")
    assert "limited time" in closing
    assert load_family("qwen3").mode("non-thinking").closing == ""
