"""The order of work: what is likely long goes first, told by rows, by the run's other sets, and by earlier runs."""

import asyncio
import json

import pytest

from math_eval.engines.pace import Pace, Slots
from math_eval.engines.scripted import ScriptedEngine
from math_eval.errors import RequestError
from math_eval.evaluation import evaluate
from math_eval.generate import RunRequest
from math_eval.generate.order import ENOUGH, LongestFirst, Part
from math_eval.records import Problem
from math_eval.runfolder.lengths import Lengths, forecast, read_lengths


def problem(number, row_chars=100):
    return Problem("sums", "test", str(number), f"{number}?", "1", row_chars=row_chars)


def part(name, lengths, *, measured=True):
    items = sorted(lengths, reverse=True)
    return Part(name, ((length, (name, length)) for length in items), measured)


def test_the_longest_goes_first_over_all_parts():
    order = LongestFirst([part("a", [5, 3, 1]), part("b", [4, 2])])
    assert [length for _, length in order] == [5, 4, 3, 2, 1]


def test_what_nobody_knows_takes_turns_before_all_else():
    order = LongestFirst([part("known", [100]), part("a", [5, 5], measured=False), part("b", [9], measured=False)])
    assert [name for name, _ in order] == ["a", "b", "a", "known"]


def test_finished_samples_scale_what_is_expected_of_a_part():
    order = LongestFirst([part("rows", [10] * 20, measured=False), part("measured", [50] * 20)])
    for _ in range(ENOUGH):
        assert next(order)[0] == "rows"
        order.finished("rows", 10, 20)
    assert next(order)[0] == "measured", "20 tokens a sample against 50"
    for _ in range(10):
        order.finished("rows", 10, 1000)
    assert next(order)[0] == "rows"
    order.finished("gone", 1, 1)


def test_a_forecast_is_the_rows_where_nothing_is_measured():
    told = forecast([problem(0, 50), problem(1, 200), problem(2, 0)], [])
    assert (told.expected, told.measured) == ((50.0, 200.0, 1.0), False)


def test_the_first_source_that_knows_a_problem_counts_and_gaps_are_filled_to_scale():
    own, earlier = Lengths(), Lengths()
    own.add("sums", "test", "0", 30)
    own.add("sums", "test", "0", 50)
    earlier.add("sums", "test", "0", 4000)
    earlier.add("sums", "test", "1", 160)
    earlier.add("other", "test", "2", 9)
    told = forecast([problem(0), problem(1), problem(2), problem(3, 400)], [own, earlier])
    assert told.measured
    # rows of 100 characters stand for (40 + 160) / 2 tokens
    assert told.expected == pytest.approx((4000**0.5, 16000**0.5, 100.0, 400.0))


def test_a_length_that_nobody_counted_tells_nothing():
    known = Lengths()
    for tokens in (0, -5, 10**400):
        known.add("sums", "test", "0", tokens)
    assert known.mean(problem(0)) is None
    assert not forecast([problem(0)], [known]).measured


def test_samples_without_tokens_leave_the_order_as_it_is():
    order = LongestFirst([part("a", [3, 2, 1] * ENOUGH)])
    for _ in range(ENOUGH):
        next(order)
        order.finished("a", 1, 0)
    assert len(list(order)) == 2 * ENOUGH


def benchmark_file(folder, solutions):
    path = folder / "sums.jsonl"
    rows = ({"question": f"{n}?", "answer": n, "solution": "s" * size} for n, size in enumerate(solutions))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def made(folder, rows, words, name, **more):
    """Runs one sample after another and says in which order problems were asked."""
    asked = []

    def said(prompt, sampling):
        asked.append(int(prompt.key.rpartition("/")[2]))
        return "w " * words[asked[-1]] + f"\\boxed{{{asked[-1]}}}"

    request = RunRequest("m", (str(rows),), engine="scripted", prompt="direct", output=folder / name, **more)
    evaluate(request, engine=ScriptedEngine(said, concurrency=1))
    return asked


def test_long_rows_go_first(tmp_path):
    rows = benchmark_file(tmp_path, [10, 500, 90])
    assert made(tmp_path, rows, [1, 1, 1], "run") == [1, 2, 0]


def test_an_earlier_run_tells_what_takes_long_and_changes_no_result(tmp_path):
    rows = benchmark_file(tmp_path, [1, 1, 1, 1])
    words = [5, 80, 20, 300]
    assert made(tmp_path, rows, words, "earlier") == [0, 1, 2, 3]
    assert made(tmp_path, rows, words, "told", lengths_from=(tmp_path / "earlier",)) == [3, 1, 2, 0]
    one, other = (json.loads((tmp_path / name / "metrics.json").read_text()) for name in ("earlier", "told"))
    assert one["benchmarks"] == other["benchmarks"]


def test_the_greedy_set_orders_the_sampled_one(tmp_path):
    rows = benchmark_file(tmp_path, [1, 1, 1])
    words = [5, 80, 300]
    made(tmp_path, rows, words, "run")
    assert made(tmp_path, rows, words, "run", samples=2, temperature=1.0) == [2, 2, 1, 1, 0, 0]


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    file = tmp_path / "file"
    file.touch()
    for path in (tmp_path, file, tmp_path / "missing"):
        with pytest.raises(RequestError, match=r"--lengths-from .*: expected a run folder"):
            read_lengths([path])


def test_slots_serve_later_turns_first_and_are_never_overbooked():
    taken, ended = [], []

    async def scene():
        slots = Slots(Pace(1, tokens_per_second=10_000.0, watch=taken.append))

        async def one(name, turn):
            await slots.hold(0, 10, turn)
            ended.append(name)

        first = asyncio.create_task(one("first", 0))
        await asyncio.sleep(0)
        others = [asyncio.create_task(one(*said)) for said in (("new", 0), ("returned", 1), ("cancelled", 2))]
        await asyncio.sleep(0)
        others[2].cancel()
        await asyncio.gather(first, *others, return_exceptions=True)

    asyncio.run(scene())
    assert ended == ["first", "returned", "new"]
    assert (max(taken), taken[-1]) == (1, 0)


def test_a_pace_takes_the_time_of_prompt_and_completion():
    async def scene():
        engine = ScriptedEngine({"a/test/0": "w " * 30}, pace=Pace(2, 1000.0, prefill_tokens_per_second=500.0))
        loop = asyncio.get_running_loop()
        began = loop.time()
        from math_eval.records import Prompt, Sampling

        await engine.complete(Prompt("p " * 10, key="a/test/0"), Sampling())
        return loop.time() - began

    assert asyncio.run(scene()) >= 30 / 1000 + 10 / 500
