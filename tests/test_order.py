"""The order of samples: long ones first, as forecast from rows, other sets of the run, and earlier runs."""

import asyncio
import json

import pytest

from math_eval.engines.pace import Pace, Slots
from math_eval.engines.scripted import ScriptedEngine
from math_eval.errors import RequestError
from math_eval.evaluation import evaluate
from math_eval.generate import RunRequest
from math_eval.generate.order import MIN_FINISHED, LongestFirst, Part
from math_eval.records import Problem
from math_eval.runfolder.lengths import Lengths, forecast, read_lengths


def problem(number, row_chars=100):
    return Problem("sums", "test", str(number), f"{number}?", "1", row_chars=row_chars)


def part(name, lengths, *, in_tokens=True):
    items = sorted(lengths, reverse=True)
    return Part(name, ((length, (name, length)) for length in items), in_tokens)


def test_the_longest_goes_first_over_all_parts():
    order = LongestFirst([part("a", [5, 3, 1]), part("b", [4, 2])])
    assert [length for _, length in order] == [5, 4, 3, 2, 1]


def test_parts_without_a_scale_take_turns_before_all_others():
    order = LongestFirst([part("known", [100]), part("a", [5, 5], in_tokens=False), part("b", [9], in_tokens=False)])
    assert [name for name, _ in order] == ["a", "b", "a", "known"]


def test_finished_samples_scale_the_expected_lengths_of_a_part():
    order = LongestFirst([part("rows", [10] * 20, in_tokens=False), part("measured", [50] * 20)])
    for _ in range(MIN_FINISHED):
        assert next(order)[0] == "rows"
        order.record("rows", 10, 20)
    assert next(order)[0] == "measured", "20 tokens a sample against 50"
    for _ in range(10):
        order.record("rows", 10, 1000)
    assert next(order)[0] == "rows"
    order.record("gone", 1, 1)


def test_a_forecast_without_measured_lengths_is_the_row_sizes():
    prediction = forecast([problem(0, 50), problem(1, 200), problem(2, 0)], [])
    assert (prediction.lengths, prediction.in_tokens) == ((50.0, 200.0, 1.0), False)


def test_the_first_source_with_a_problem_counts_and_gaps_are_filled_to_scale():
    lengths_of_run, earlier = Lengths(), Lengths()
    lengths_of_run.add("sums", "test", "0", 30)
    lengths_of_run.add("sums", "test", "0", 50)
    earlier.add("sums", "test", "0", 4000)
    earlier.add("sums", "test", "1", 160)
    earlier.add("other", "test", "2", 9)
    prediction = forecast([problem(0), problem(1), problem(2), problem(3, 400)], [lengths_of_run, earlier])
    assert prediction.in_tokens
    # rows of 100 characters stand for (40 + 160) / 2 tokens
    assert prediction.lengths == pytest.approx((4000**0.5, 16000**0.5, 100.0, 400.0))


def test_impossible_lengths_are_ignored():
    lengths = Lengths()
    for tokens in (0, -5, 10**400):
        lengths.add("sums", "test", "0", tokens)
    assert lengths.mean(problem(0)) is None
    assert not forecast([problem(0)], [lengths]).in_tokens


def test_samples_without_tokens_leave_the_order_as_it_is():
    order = LongestFirst([part("a", [3, 2, 1] * MIN_FINISHED)])
    for _ in range(MIN_FINISHED):
        next(order)
        order.record("a", 1, 0)
    assert len(list(order)) == 2 * MIN_FINISHED


def benchmark_file(folder, solutions):
    path = folder / "sums.jsonl"
    rows = ({"question": f"{n}?", "answer": n, "solution": "s" * size} for n, size in enumerate(solutions))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def run_order(folder, rows, words, name, **options):
    """Runs one sample after another and returns the order of the problems."""
    numbers = []

    def answer(prompt, sampling):
        numbers.append(int(prompt.key.rpartition("/")[2]))
        return "w " * words[numbers[-1]] + f"\\boxed{{{numbers[-1]}}}"

    request = RunRequest("m", (str(rows),), engine="scripted", prompt="direct", output=folder / name, **options)
    evaluate(request, engine=ScriptedEngine(answer, concurrency=1))
    return numbers


def test_long_rows_go_first(tmp_path):
    rows = benchmark_file(tmp_path, [10, 500, 90])
    assert run_order(tmp_path, rows, [1, 1, 1], "run") == [1, 2, 0]


def test_an_earlier_run_changes_the_order_and_no_result(tmp_path):
    rows = benchmark_file(tmp_path, [1, 1, 1, 1])
    words = [5, 80, 20, 300]
    assert run_order(tmp_path, rows, words, "earlier") == [0, 1, 2, 3]
    assert run_order(tmp_path, rows, words, "later", lengths_from=(tmp_path / "earlier",)) == [3, 1, 2, 0]
    earlier, later = (json.loads((tmp_path / name / "metrics.json").read_text()) for name in ("earlier", "later"))
    assert earlier["benchmarks"] == later["benchmarks"]


def test_the_greedy_set_orders_the_sampled_one(tmp_path):
    rows = benchmark_file(tmp_path, [1, 1, 1])
    words = [5, 80, 300]
    run_order(tmp_path, rows, words, "run")
    assert run_order(tmp_path, rows, words, "run", samples=2, temperature=1.0) == [2, 2, 1, 1, 0, 0]


def test_a_folder_without_a_run_is_refused(tmp_path):
    file = tmp_path / "file"
    file.touch()
    for path in (tmp_path, file, tmp_path / "missing"):
        with pytest.raises(RequestError, match=r"--lengths-from .*: expected a run folder"):
            read_lengths([path])


def test_slots_serve_later_turns_first_and_are_never_overbooked():
    busy_counts, finished = [], []

    async def use_slots():
        slots = Slots(Pace(1, tokens_per_second=10_000.0, watch=busy_counts.append))

        async def hold_slot(name, turn):
            await slots.hold(0, 10, turn)
            finished.append(name)

        first_task = asyncio.create_task(hold_slot("first", 0))
        await asyncio.sleep(0)
        turns = {"new": 0, "returned": 1, "cancelled": 2}
        tasks = [asyncio.create_task(hold_slot(name, turn)) for name, turn in turns.items()]
        await asyncio.sleep(0)
        tasks[2].cancel()
        await asyncio.gather(first_task, *tasks, return_exceptions=True)

    asyncio.run(use_slots())
    assert finished == ["first", "returned", "new"]
    assert (max(busy_counts), busy_counts[-1]) == (1, 0)


def test_a_pace_takes_the_time_of_prompt_and_completion():
    async def measure():
        engine = ScriptedEngine({"a/test/0": "w " * 30}, pace=Pace(2, 1000.0, prefill_tokens_per_second=500.0))
        loop = asyncio.get_running_loop()
        start = loop.time()
        from math_eval.records import Prompt, Sampling

        await engine.complete(Prompt("p " * 10, key="a/test/0"), Sampling())
        return loop.time() - start

    assert asyncio.run(measure()) >= 30 / 1000 + 10 / 500
