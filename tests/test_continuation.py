"""A larger token budget costs the difference: samples that were cut go on from where they stopped."""

import pytest

from math_eval import evaluate
from math_eval.engines.base import failed, no_room
from math_eval.engines.scripted import ScriptedEngine
from math_eval.errors import RequestError, RunConflictError
from math_eval.evaluation import evaluate as evaluate_request
from math_eval.generate import RunRequest
from math_eval.generate.continuation import cut_of, joined, resumed_prompt
from math_eval.generate.pipeline import request_seed
from math_eval.records import Completion, Prompt, SampleKey
from math_eval.runfolder.layout import Cut, SampleLine
from math_eval.runfolder.store import RunStore

WORDS = [*(f"w{n}" for n in range(40)), "\\boxed{2}"]


class Writer(ScriptedEngine):
    """Writes the same words for each problem, and goes on behind the transcript of a prompt."""

    def __init__(self, words=WORDS, answers=lambda completion: completion):
        super().__init__(lambda prompt, _: " ".join(words[len(prompt.transcript.split()) :]))
        self._answers = answers
        self.prompts, self.budgets, self.seeds = [], [], []
        self.tokens = 0

    async def complete(self, prompt, sampling):
        self.prompts.append(prompt)
        self.budgets.append(sampling.max_tokens)
        self.seeds.append(sampling.seed)
        completion = await super().complete(prompt, sampling)
        if prompt.transcript and completion.text:  # words are joined with a space
            completion = Completion(
                f" {completion.text}", completion.finish, completion.tokens_in, completion.tokens_out
            )
        completion = self._answers(completion)
        self.tokens += completion.tokens_out
        return completion


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "sums.jsonl"
    path.write_text('{"question": "1+1?", "answer": 2}\n{"question": "2+0?", "answer": 2}\n', encoding="utf-8")
    return path


def run(rows, output, engine, **options):
    lines = []
    request = RunRequest("m", (str(rows),), engine="scripted", prompt="direct", output=output, **options)
    finished = evaluate_request(request, engine=engine, warn=lines.append)
    return finished, lines


def last_lines(folder):
    return list({line.key: line for line in RunStore(folder).samples()}.values())


def test_a_larger_budget_makes_the_difference_only_and_the_same_text(rows, tmp_path):
    straight = Writer()
    expected, _ = run(rows, tmp_path / "straight", straight, max_tokens=100)
    first, more = Writer(), Writer()
    cut, _ = run(rows, tmp_path / "run", first, max_tokens=16)
    assert (cut.metrics.benchmarks[0].accuracy, cut.metrics.benchmarks[0].truncated) == (0, 1)
    finished, warned = run(rows, tmp_path / "run", more, max_tokens=100)
    assert [line.text for line in last_lines(tmp_path / "run")] == [
        line.text for line in last_lines(tmp_path / "straight")
    ]
    assert finished.metrics.benchmarks[0].accuracy == expected.metrics.benchmarks[0].accuracy == 1
    assert first.tokens + more.tokens == straight.tokens
    assert cut.timing.tokens_out + finished.timing.tokens_out == expected.timing.tokens_out == 82
    assert more.budgets == [84, 84]
    assert [prompt.turn for prompt in more.prompts] == [1, 1]
    assert warned == ["2 samples of the set greedy that were cut go on, to at most 100 tokens"]
    for line in last_lines(tmp_path / "run"):
        assert (line.tokens_out, line.segments, line.finish, line.cut) == (41, [16, 25], "stop", None)
    assert finished.info.sets["greedy"].max_tokens == 100


def test_a_sample_goes_on_in_several_steps(rows, tmp_path):
    for budget in (8, 20, 30):
        run(rows, tmp_path / "run", Writer(), max_tokens=budget)
    assert [line.segments for line in last_lines(tmp_path / "run")] == [[8, 12, 10]] * 2
    assert {line.cut.budget for line in last_lines(tmp_path / "run")} == {30}
    assert last_lines(tmp_path / "run")[0].cut.text.split() == WORDS[:30]


def test_the_same_budget_again_makes_nothing(rows, tmp_path):
    run(rows, tmp_path / "run", Writer(), max_tokens=16)
    again = Writer()
    finished, warned = run(rows, tmp_path / "run", again, max_tokens=16)
    assert (finished.made, again.prompts, warned) == (0, [], [])


def test_a_smaller_budget_is_refused(rows, tmp_path):
    run(rows, tmp_path / "run", Writer(), max_tokens=16)
    with pytest.raises(RunConflictError, match="max_tokens"):
        run(rows, tmp_path / "run", Writer(), max_tokens=8)


def test_finished_samples_are_not_made_again(rows, tmp_path):
    run(rows, tmp_path / "run", Writer(["\\boxed{2}"]), max_tokens=16)
    more = Writer()
    assert run(rows, tmp_path / "run", more, max_tokens=32)[0].made == 0
    assert more.prompts == []


def test_retry_truncated_makes_them_again_from_their_beginning(rows, tmp_path):
    run(rows, tmp_path / "run", Writer(), max_tokens=16)
    more = Writer()
    finished, _ = run(rows, tmp_path / "run", more, max_tokens=100, retry_truncated=True)
    assert [prompt.transcript for prompt in more.prompts] == ["", ""]
    assert (more.budgets, finished.made) == ([100, 100], 2)
    assert [line.segments for line in last_lines(tmp_path / "run")] == [[], []]


def test_a_failed_continuation_keeps_what_was_there_and_is_tried_again(rows, tmp_path):
    run(rows, tmp_path / "run", Writer(), max_tokens=16)
    broken = Writer(answers=lambda _: failed("gone"))
    run(rows, tmp_path / "run", broken, max_tokens=100)
    for line in last_lines(tmp_path / "run"):
        assert (line.finish, line.tokens_out, line.text.split()) == ("length", 16, WORDS[:16])
    more = Writer()
    run(rows, tmp_path / "run", more, max_tokens=100)
    assert [line.tokens_out for line in last_lines(tmp_path / "run")] == [41, 41]


def test_a_context_without_room_is_not_tried_again(rows, tmp_path):
    run(rows, tmp_path / "run", Writer(), max_tokens=16)
    full = Writer(answers=lambda _: Completion("", "error", 9, 0, no_room(9, 9).error))
    run(rows, tmp_path / "run", full, max_tokens=100)
    assert {line.finish for line in last_lines(tmp_path / "run")} == {"length"}
    more = Writer()
    run(rows, tmp_path / "run", more, max_tokens=100)
    assert more.prompts == []


def test_a_thought_that_was_cut_goes_on_to_its_answer(rows, tmp_path):
    words = ["<think>", "is", "it", "\\boxed{7}", "or", "2", "</think>", "so", "\\boxed{2}"]
    first, _ = run(rows, tmp_path / "run", Writer(words), max_tokens=5)
    assert first.metrics.benchmarks[0].accuracy == 0
    assert {line.finish for line in last_lines(tmp_path / "run")} == {"thought-length"}
    finished, _ = run(rows, tmp_path / "run", Writer(words), max_tokens=50)
    assert finished.metrics.benchmarks[0].accuracy == 1
    assert {line.thought for line in last_lines(tmp_path / "run")} == {"is it \\boxed{7} or 2"}


def test_each_part_has_a_seed_of_its_own(rows, tmp_path):
    run(rows, tmp_path / "run", first := Writer(), max_tokens=16, seeding="request")
    run(rows, tmp_path / "run", second := Writer(), max_tokens=32, seeding="request")
    run(rows, tmp_path / "run", third := Writer(), max_tokens=64, seeding="request")
    assert len({*first.seeds, *second.seeds, *third.seeds}) == 6
    key = SampleKey("b", "test", "1", "greedy", 0)
    assert request_seed(0, key) == request_seed(0, key, 0) != request_seed(0, key, 1) != request_seed(0, key, 2)


def test_penalties_that_would_not_count_what_is_there_are_refused(rows, tmp_path):
    options = {"presence_penalty": 1.0}
    run(rows, tmp_path / "run", Writer(), max_tokens=16, **options)
    with pytest.raises(RequestError, match="penalty would not count what they have; --retry-truncated"):
        run(rows, tmp_path / "run", Writer(), max_tokens=32, **options)
    run(rows, tmp_path / "run", Writer(), max_tokens=32, retry_truncated=True, **options)
    assert [line.tokens_out for line in last_lines(tmp_path / "run")] == [32, 32]


def test_samples_whose_thought_a_server_told_apart_cannot_go_on_and_are_counted(rows, tmp_path):
    def apart(completion):
        return Completion(completion.text, completion.finish, 1, completion.tokens_out, thought="hm")

    run(rows, tmp_path / "run", Writer(answers=apart), max_tokens=16)
    more = Writer()
    finished, warned = run(rows, tmp_path / "run", more, max_tokens=32)
    assert (finished.made, more.prompts) == (0, [])
    assert warned[0].startswith("2 cut samples cannot go on")


def line_of(cut, tokens_out=3):
    return SampleLine("b", "test", "1", "greedy", 0, "done", "x", "length", 7, tokens_out, cut=cut)


def test_tokens_and_text_are_joined():
    line = line_of(Cut("ab\ufffd", 3, [1, 2, 3]))
    prompt = Prompt("p", token_ids=(9, 9), stop=("END",))
    resumed = resumed_prompt(prompt, line)
    assert (resumed.token_ids, resumed.transcript, resumed.turn) == ((9, 9, 1, 2, 3), "ab\ufffd", 1)
    more = Completion("é rest", "length", 5, 2, token_ids=(4, 5))
    completion, cut = joined(line, more, prompt, 8)
    assert (completion.text, completion.tokens_in, completion.tokens_out) == ("abé rest", 7, 5)
    assert (completion.token_ids, cut) == ((1, 2, 3, 4, 5), Cut("abé rest", 8, [1, 2, 3, 4, 5]))


def test_a_stop_string_across_the_joint_ends_the_sample():
    line = line_of(Cut("answer EN", 3))
    completion, cut = joined(line, Completion("D more", "length", 5, 2), Prompt("p", stop=("END",)), 8)
    assert (completion.text, completion.finish, cut) == ("answer ", "stop", None)


def test_a_prompt_without_tokens_goes_on_by_its_text():
    resumed = resumed_prompt(Prompt("p"), line_of(Cut("ab", 3)))
    assert (resumed.token_ids, resumed.transcript) == ((), "ab")


@pytest.mark.parametrize(
    "completion",
    [
        Completion("x", "stop", 1, 1),
        Completion("x", "length", 1, 1, turns=({"text": "x"},)),
        Completion("x", "length", 1, 1, thought=""),
    ],
)
def test_only_a_cut_text_as_the_model_wrote_it_can_go_on(completion):
    assert cut_of(completion, 1) is None


def test_unknown_token_counts_stay_unknown():
    line = line_of(Cut("a", 3), tokens_out=None)
    completion, _ = joined(line, Completion("b", "stop", 1, 2), Prompt("p"), 8)
    assert completion.tokens_out is None


@pytest.mark.model
@pytest.mark.parametrize("engine", ["vllm", "transformers"])
def test_a_real_model_goes_on_to_the_text_of_a_straight_run(smollm, tmp_path, engine):
    pytest.importorskip(engine)

    def texts(folder, **options):
        run = evaluate(
            str(smollm), "sampler", engine=engine, dtype="float32", limit=3, output=folder, greedy=True, **options
        )
        lines = sorted(last_lines(folder), key=lambda line: line.problem)
        return run, [(line.text, line.tokens_out, line.finish) for line in lines]

    _, straight = texts(tmp_path / "straight", max_tokens=256)
    first, cut = texts(tmp_path / "run", max_tokens=64)
    second, continued = texts(tmp_path / "run", max_tokens=256)
    assert {finish for _, _, finish in cut} >= {"length"}
    assert continued == straight
    made = first.timing.tokens_out + second.timing.tokens_out
    assert made == sum(tokens for _, tokens, _ in straight)
