"""Two runs side by side, a run beside published scores, exports that come back, rewards in scores."""

import json
import random

import pytest

from math_eval.cli.main import main
from math_eval.engines import EngineSettings
from math_eval.errors import DataError, RequestError
from math_eval.evaluation import evaluate
from math_eval.generate import RunRequest
from math_eval.records import SampleKey
from math_eval.reported import reported_models, reported_scores
from math_eval.results import score_run
from math_eval.results.compare import compare_reported, compare_runs
from math_eval.results.export import export_qwen, export_sft
from math_eval.runfolder.reward_layout import RewardHead, RewardLine
from math_eval.scoring import ScoreOptions

MINERVA = "outputs/PRIME-RL__PRIME/Qwen2.5-Math-7B-Instruct/minerva_math.qwen25-math-cot.t0.0.jsonl"
SUMS = 40


def call(capsys, *arguments):
    capsys.readouterr()
    with pytest.raises(SystemExit) as exit_info:
        main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return exit_info.value.code, captured.out, captured.err


@pytest.fixture(scope="module")
def replayed(shared, tmp_path_factory):
    """A stored greedy run of the reference, replayed over its benchmark."""
    folder = tmp_path_factory.mktemp("compare") / "run"
    evaluate(
        RunRequest(
            model="Qwen/Qwen2.5-Math-7B-Instruct",
            engine="replay",
            settings=EngineSettings(responses=shared / MINERVA),
            benchmarks=("minerva_math",),
            prompt="qwen25-math-cot",
            data_dir=shared / "benchmarks",
            output=folder,
        )
    )
    return folder


def scripted_run(folder, right, seed=0, samples=4):
    """A scripted run over small sums in which each sample is right with that chance."""
    chance = random.Random(seed)
    bench = folder.parent / "sums.jsonl"
    bench.write_text("".join(json.dumps({"question": f"{n} + 1 = ?", "answer": n + 1}) + "\n" for n in range(SUMS)))
    lines = [
        {
            "id": str(n),
            "completion": [
                f"\\boxed{{{n + 1 if chance.random() < right else n + chance.choice([2, 3])}}}" for _ in range(samples)
            ],
        }
        for n in range(SUMS)
    ]
    answers = folder.parent / f"answers-{seed}.jsonl"
    answers.write_text("".join(json.dumps(line) + "\n" for line in lines))
    evaluate(
        RunRequest(
            model="scripted",
            engine="replay",
            settings=EngineSettings(responses=answers),
            benchmarks=(str(bench),),
            samples=samples,
            greedy=False,
            temperature=0.7,
            output=folder,
        )
    )
    return folder


def test_published_scores_are_data():
    assert len(reported_models()) == 10
    scores = reported_scores("Qwen/Qwen2.5-Math-7B-Instruct")
    values = {(score.benchmark, score.mode, score.metric): score.value for score in reversed(scores) if not score.rerun}
    assert values["math", "cot", "greedy"] == 83.6
    assert values["gsm8k", "cot", "greedy"] == 95.2
    assert {score.confidence for score in scores} == {"high", "medium", "low"}
    assert reported_scores("qwen2.5-math-7b-instruct/") == scores
    assert reported_scores("unheard of") == []


def test_no_published_score_is_missing(shared):
    total = sum(len(reported_scores(model)) for model in reported_models())
    assert total == len((shared / "reported_scores.jsonl").read_text(encoding="utf-8").splitlines())


@pytest.mark.slow
def test_a_replayed_run_beside_its_published_scores(replayed, capsys):
    code, out, _ = call(capsys, "compare", replayed, "--reported")
    assert code == 0
    rows = [line.split() for line in out.splitlines() if line.strip().startswith("minerva_math")]
    assert rows[0][:6] == ["minerva_math", "greedy", "greedy", "34.6", "37.1", "-2.5"]
    assert "consistent" in rows[0]
    assert "by chance verdict confidence" in " ".join(out.split()), "no column is without a name"
    assert rows[1][3:5] == ["34.6", "34.6"], "the stored run's own score, a rerun"
    assert "published scores were made with vLLM 0.5.1" in out
    code, out, _ = call(capsys, "compare", replayed, "--reported", "--model", "Qwen2-Math-72B-Instruct", "--json")
    comparisons = json.loads(out)["rows"]
    assert [(comparison["reported"], comparison["noise"]) for comparison in comparisons] == [(40.1, "bound")]


@pytest.mark.slow
def test_differences_beyond_chance_are_marked(replayed):
    _, rows, causes = compare_reported(replayed, grader="equivalence", model="Qwen2.5-Math-1.5B-Instruct")
    assert {row.verdict for row in rows if row.reported < 32} == {"differs by more than chance"}
    assert any(cause.startswith("engine: replay") for cause in causes)
    with pytest.raises(RequestError, match="no published scores of 'gpt'; choose --model from: "):
        compare_reported(replayed, model="gpt")


@pytest.mark.slow
def test_an_export_in_the_references_layout_comes_back(replayed, tmp_path, capsys):
    [path] = export_qwen(replayed, tmp_path / "out")
    metrics = json.loads(next(path.parent.glob("*_metrics.json")).read_text())
    assert (metrics["num_samples"], metrics["acc"]) == (272, 34.6)
    row = json.loads(path.read_text(encoding="utf-8").splitlines()[0])
    assert list(row)[:4] == ["idx", "question", "gt_cot", "gt"]
    assert {"code", "pred", "report", "score"} < set(row)
    code, out, _ = call(capsys, "grade", path, "--grader", "qwen", "--benchmark", "minerva_math", "--json")
    summary = json.loads(out)
    assert (code, summary["accuracy"], summary["changed verdicts"], summary["changed predictions"]) == (0, 34.56, 0, 0)
    code, _, err = call(capsys, "export", replayed, "--format", "qwen", "-o", tmp_path / "out")
    assert (code, "exists already" in err) == (2, True)


@pytest.mark.slow
def test_a_run_is_graded_and_read_as_the_reference_does(replayed, capsys):
    _, metrics = score_run(replayed, ScoreOptions(reading="qwen"), None, "qwen")
    assert round(100 * metrics.benchmarks[0].accuracy, 1) == 34.6
    assert (replayed / "verdicts.qwen.jsonl").is_file() and (replayed / "metrics.qwen.json").is_file()
    code, out, _ = call(capsys, "grade", replayed, "--grader", "qwen", "--grader", "equivalence", "--json")
    summary = json.loads(out)
    assert (code, summary["accuracy"]) == (0, 34.56)
    assert summary["accuracy by equivalence"] > 41
    assert summary["right by equivalence alone, count"] > 15 and summary["right by qwen alone, count"] == 0


def test_two_runs_paired(tmp_path, capsys):
    a, b = scripted_run(tmp_path / "a", 0.3, seed=1), scripted_run(tmp_path / "b", 0.8, seed=2)
    [row] = compare_runs(a, b)
    assert (row.problems, row.test) == (SUMS, "permutation")
    assert row.b - row.a == pytest.approx(row.difference)
    assert 0 < row.low < row.difference < row.high
    assert row.p < 0.001 and row.p_corrected == row.p
    code, out, _ = call(capsys, "compare", a, b)
    assert code == 0 and "permutation" in out
    assert f"A: {a}, B: {b}; accuracies in percent. better, worse: problems on which B is better or worse" in out
    for wrong in (("compare", a), ("compare", a, b, "--reported")):
        code, _, err = call(capsys, *wrong)
        assert (code, "expected two runs, or one run and --reported" in err) == (2, True)


def test_two_stored_runs_paired(shared, capsys):
    base, tuned = (
        next((shared / "outputs/XinghanLi66__rl-sft").glob(f"*1.5B-eval-{name}/math500*")) for name in ("pi1", "to+pi1")
    )
    code, out, _ = call(capsys, "compare", base, tuned, "--json")
    [row] = json.loads(out)
    assert (code, row["problems"], row["test"]) == (0, 500, "McNemar, exact")
    assert row["difference"] > 0.05 and row["p"] < 1e-4


def write_rewards(folder, model, kind, value):
    """A rewards file as a reward model would have made it."""
    lines = [RewardHead(1, model, "", kind, "generic-outcome", "", "cut", "server", "auto")]
    for sample in (
        json.loads(line) for path in (folder / "samples").glob("*") for line in path.read_text().splitlines()
    ):
        key = SampleKey(sample["benchmark"], sample["split"], sample["problem"], sample["set"], sample["n"])
        right = sample["text"] == f"\\boxed{{{int(sample['problem']) + 1}}}"
        scores = {"score": value(right)} if kind == "outcome" else {"steps": (0.9, value(right))}
        lines.append(RewardLine(key.benchmark, key.split, key.problem, key.set, key.n, **scores))
    import msgspec

    path = folder / f"rewards.{model}.jsonl"
    path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))


def test_rewards_reach_the_scores(tmp_path, capsys):
    run = scripted_run(tmp_path / "run", 0.4)
    _, without_rewards = score_run(run, ScoreOptions(ks=(1, 2, 4)))
    assert "rm@4" not in without_rewards.benchmarks[0].at and without_rewards.rewards == ""
    write_rewards(run, "knows", "outcome", lambda right: 2.0 if right else -3.0)
    _, metrics = score_run(run, ScoreOptions(ks=(1, 2, 4)))
    figures = metrics.benchmarks[0].at
    assert metrics.rewards == "rewards.knows.jsonl"
    assert figures["rm@4"].value == pytest.approx(figures["pass@4"].value), "a perfect model finds every right answer"
    assert figures["rm@2"].value == pytest.approx(figures["pass@2"].value)
    assert figures["weighted maj@4"].value >= figures["maj@4"].value
    write_rewards(run, "steps", "process", lambda right: 0.2 if right else 0.8)
    code, _, err = call(capsys, "score", run)
    assert (code, "has the rewards of several models" in err) == (2, True)
    _, last = score_run(run, ScoreOptions(), reward_model="steps")
    _, mean = score_run(run, ScoreOptions(), reward_model="steps", aggregation="mean")
    assert last.rewards == "rewards.steps.jsonl, last" and last.options.weigh == "as-is"
    assert last.benchmarks[0].at["rm@4"].value < metrics.benchmarks[0].at["rm@4"].value
    assert mean.rewards.endswith(", mean")


def test_training_rows_are_the_best_correct_samples(tmp_path, capsys):
    run = scripted_run(tmp_path / "run", 0.5, samples=6)
    target = tmp_path / "sft.jsonl"
    write_rewards(run, "order", "outcome", lambda right: 1.0 if right else 9.0)
    code, out, _ = call(capsys, "export", run, "--format", "sft", "-o", target, "--per-problem", "2")
    rows = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert (code, out.split()[0]) == (0, str(len(rows)))
    solved = {row["problem"] for row in rows}
    assert len(rows) == len(solved), "the same text is taken once"
    assert all(row["messages"][1]["content"] == f"\\boxed{{{row['gold']}}}" for row in rows)
    assert {row["reward"] for row in rows} == {1.0}
    assert all(row["model"] == "scripted" and row["grader"] == "equivalence" for row in rows)
    with pytest.raises(DataError, match="exists already"):
        export_sft(run, target)


def test_a_wrong_file_of_completions_leaves_nothing_behind(shared, tmp_path, capsys):
    wrong = tmp_path / "wrong.jsonl"
    wrong.write_text('{"id": "x", "completion": "y"}\n', encoding="utf-8")
    common = ("run", "q", "--engine", "replay", "-b", "minerva_math", "-p", "qwen25-math-cot", "-q")
    place = ("--data-dir", shared / "benchmarks", "-o", tmp_path / "run", "--json")
    code, _, err = call(capsys, *common, "--responses", wrong, *place)
    assert (code, "holds none of the problems of this run" in err) == (3, True)
    code, out, _ = call(capsys, *common, "--responses", shared / MINERVA, *place)
    assert (code, round(100 * json.loads(out)["metrics"]["benchmarks"][0]["accuracy"], 1)) == (0, 42.6)


@pytest.mark.slow
def test_odd_requests_are_one_line(shared, tmp_path, capsys):
    rows = tmp_path / "rows.jsonl"
    good = {"idx": 0, "question": "1+1?", "gt": "2", "code": ["no idea", "\\boxed{2}"], "pred_score": [[1], [2]]}
    rows.write_text(
        json.dumps(good) + "\n" + json.dumps({**good, "idx": 1, "code": ["\\boxed{2}"] * 2}) + '\n{"foo": 1}\n'
    )
    code, out, err = call(capsys, "grade", rows, "--json")
    assert (code, json.loads(out)["responses"]) == (0, 4)
    assert "1 rows lack a field of their row format" in err
    assert call(capsys, "score", rows, "--first-k", "--k", "1")[0] == 0
    for wrong in ("1-1000000000000", "3-1", "0", "x"):
        code, _, err = call(capsys, "score", rows, "--k", wrong)
        assert (code, err.count("\n")) == (2, 1), wrong
    (tmp_path / "latin.jsonl").write_bytes(b'{"idx": 0, "gt": "\xe9"}\n{')
    (tmp_path / "deep.jsonl").write_bytes(b"[" * 100_000)
    (tmp_path / "none.jsonl").write_text(json.dumps({**good, "code": []}) + "\n")
    for name in ("latin", "deep", "none"):
        code, _, err = call(capsys, "grade", tmp_path / f"{name}.jsonl", "--grader", "qwen")
        assert (code, err.count("\n")) == (2, 1), err
    code, _, err = call(capsys, "compare", rows, "--reported")
    assert (code, "expected a run folder" in err) == (2, True)
    code, out, _ = call(
        capsys, "grade", shared / MINERVA, "--grader", "qwen", "--grader", "equivalence", "--examples", "0", "--json"
    )
    assert json.loads(out)["right by equivalence alone"] == []
    code, _, err = call(capsys, "grade", rows, "--grader", "qwen", "-b", "nosuch")
    assert (code, "there is no benchmark 'nosuch'" in err) == (0, True)


def halves(folder, easy, hard, limit=None):
    """A scripted run over a benchmark of two splits; so many of ten sums are right in each."""
    parent = folder.parent
    for split in ("easy", "hard"):
        rows = "".join(json.dumps({"question": f"{n} + 1 = ?", "answer": n + 1}) + "\n" for n in range(10))
        (parent / f"{split}.jsonl").write_text(rows, encoding="utf-8")
    (parent / "halves.yaml").write_text(
        "schema: 1\ntitle: Halves\nsplits:\n  easy: {sources: [{file: easy.jsonl}]}\n"
        '  hard: {sources: [{file: hard.jsonl}]}\nquestion: "{{ question }}"\ngold: "{{ answer }}"\nanswer: number\n',
        encoding="utf-8",
    )
    right = {"easy": easy, "hard": hard}
    table = {
        f"halves/{split}/{n}": f"\\boxed{{{n + 1 if n < right[split] else -1}}}" for split in right for n in range(10)
    }
    path = folder.with_suffix(".json")
    path.write_text(json.dumps(table), encoding="utf-8")
    benchmarks = tuple(f"{parent / 'halves.yaml'}:{split}" for split in right)
    settings = EngineSettings(responses=path)
    evaluate(
        RunRequest("m", benchmarks, engine="scripted", prompt="direct", settings=settings, limit=limit, output=folder)
    )
    return folder


def test_splits_are_compared_apart_and_unshared_problems_are_counted(tmp_path, capsys):
    a, b = halves(tmp_path / "a", 3, 9), halves(tmp_path / "b", 5, 1, limit=8)
    rows = {row.split: row for row in compare_runs(a, b)}
    assert [(name, row.problems, row.only_a, row.only_b) for name, row in rows.items()] == [
        ("easy", 8, 2, 0),
        ("hard", 8, 2, 0),
    ]
    assert (rows["easy"].a, rows["easy"].b) == (3 / 8, 5 / 8)
    assert (rows["hard"].a, rows["hard"].b) == (8 / 8, 1 / 8)
    code, out, _ = call(capsys, "compare", a, b)
    assert code == 0
    assert "halves:hard" in out
    assert "halves:easy greedy: not compared: 2 problems only in A, 0 only in B" in out
