"""The run folder by itself, without a run: merging requests, locks, segments, verdict heads, prompts, rewards."""

import os
import re
import socket

import msgspec
import pytest

from math_eval.errors import DataError, RequestError, RunConflictError
from math_eval.files import LineWriter
from math_eval.records import Completion, Extraction, Problem, Prompt, SampleKey, Verdict
from math_eval.runfolder.layout import (
    BenchmarkInfo,
    Extent,
    PromptLine,
    RunInfo,
    SetInfo,
    VerdictHead,
    read_run,
    read_run_info,
    write_json,
)
from math_eval.runfolder.lengths import Lengths, forecast, read_lengths
from math_eval.runfolder.lock import locked
from math_eval.runfolder.merge import merge, refuse_foreign
from math_eval.runfolder.reward_layout import (
    RewardHead,
    RewardLine,
    read_head,
    read_rewards,
    reward_file,
    reward_files,
    rewards_path,
    sample_rewards,
)
from math_eval.runfolder.store import RunStore, SampleIndex

GREEDY = SetInfo(temperature=0.0, top_p=1.0, top_k=-1, max_tokens=10)
SUMS = BenchmarkInfo(
    benchmark="sums",
    split="test",
    rows=10,
    prompt="direct",
    prompt_sha256="a" * 64,
    shots=0,
    adapt_few_shot=False,
    demonstrations_sha256="",
    data_sha256="b" * 64,
    definition="sums",
    sets={"greedy": Extent(4, 2)},
)
INFO = RunInfo(
    format=1,
    model="m",
    model_revision="r1",
    family="generic",
    engine="scripted",
    engine_settings={"dtype": "auto", "max_model_len": None, "tensor_parallel": 1},
    seed=0,
    seeding="none",
    sets={"greedy": GREEDY},
    benchmarks=[SUMS],
    versions={},
    hardware={},
)
replace = msgspec.structs.replace


def key(n, problem="0", name="greedy"):
    return SampleKey("sums", "test", problem, name, n)


def completion(text="x", finish="stop"):
    return Completion(text=text, finish=finish, tokens_in=1, tokens_out=5)


CONFLICTS = [
    ("model_revision r1 (requested: r2)", {"model_revision": "r2"}),
    ("model m (requested: n)", {"model": "n", "model_revision": ""}),
    ("engine scripted (requested: vllm)", {"engine": "vllm"}),
    ("seed 0 (requested: 1)", {"seed": 1}),
    ("seeding none (requested: request)", {"seeding": "request"}),
    ("grader equivalence (requested: qwen)", {"grader": "qwen"}),
    ("dtype auto (requested: float16)", {"engine_settings": {"dtype": "float16"}}),
    ("max_model_len none (requested: 99)", {"engine_settings": {"dtype": "auto", "max_model_len": 99}}),
    ("set greedy: top_k -1 (requested: 3)", {"sets": {"greedy": replace(GREEDY, top_k=3)}}),
    ("sums/test: rows 10 (requested: 9)", {"benchmarks": [replace(SUMS, rows=9)]}),
    (f"data_sha256 {'b' * 12} (requested: {'c' * 12})", {"benchmarks": [replace(SUMS, data_sha256="c" * 64)]}),
    ("demonstrations_sha256 none (requested: d)", {"benchmarks": [replace(SUMS, demonstrations_sha256="d")]}),
    ("shots 0 (requested: 4)", {"benchmarks": [replace(SUMS, shots=4)]}),
    ("tools none (requested: python)", {"benchmarks": [replace(SUMS, tools="python")]}),
]


@pytest.mark.parametrize(("message", "changes"), CONFLICTS, ids=[row[0][:30] for row in CONFLICTS])
def test_a_request_that_differs_is_refused_by_name(tmp_path, message, changes):
    with pytest.raises(RunConflictError) as error:
        merge(tmp_path, INFO, replace(INFO, **changes))
    assert str(error.value).startswith(f"{tmp_path}: the run folder was made with other settings: ")
    assert re.search(rf"[:;,] {re.escape(message)}[;,]", str(error.value))


def test_a_folder_without_samples_may_be_removed(tmp_path):
    (tmp_path / "samples").mkdir()
    with pytest.raises(RunConflictError, match=r"folder \(it holds no samples, so it may be removed\)$"):
        merge(tmp_path, INFO, replace(INFO, seed=1))
    (tmp_path / "samples/00000.jsonl").touch()
    with pytest.raises(RunConflictError, match=r"use another --output folder$"):
        merge(tmp_path, INFO, replace(INFO, seed=1))


def test_all_differences_are_named_together(tmp_path):
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples/00000.jsonl").touch()
    benchmark = replace(SUMS, shots=4, rows=9)
    with pytest.raises(RunConflictError) as error:
        merge(tmp_path, INFO, replace(INFO, seed=1, benchmarks=[benchmark]))
    differences = "seed 0 (requested: 1); sums/test: rows 10 (requested: 9), shots 0 (requested: 4)"
    message = f"{tmp_path}: the run folder was made with other settings: {differences}; use another --output folder"
    assert str(error.value) == message


def test_fields_that_may_differ_keep_the_value_of_the_folder(tmp_path):
    new = replace(INFO, model="a/m", family="other", versions={"x": "2"}, created="now", command=["run"])
    new_with_other_path = replace(new, benchmarks=[replace(SUMS, definition="elsewhere/sums.yaml")])
    merged = merge(tmp_path, INFO, new_with_other_path)
    assert merged == INFO
    assert merge(tmp_path, None, new) == new
    assert merge(tmp_path, INFO, INFO) == INFO


def test_extents_grow_and_never_shrink(tmp_path):
    def merged_sets(**sets):
        return merge(tmp_path, INFO, replace(INFO, benchmarks=[replace(SUMS, sets=sets)])).benchmarks[0].sets

    assert merged_sets(greedy=Extent(9, 1)) == {"greedy": Extent(9, 2)}
    assert merged_sets(greedy=Extent(1, 7)) == {"greedy": Extent(4, 7)}
    assert merged_sets(sampled=Extent(3, 8)) == {"greedy": Extent(4, 2), "sampled": Extent(3, 8)}


def test_sets_and_benchmarks_add_up(tmp_path):
    sampled = replace(GREEDY, temperature=0.7)
    benchmarks = [replace(SUMS, split="train"), replace(SUMS, benchmark="more")]
    merged = merge(tmp_path, INFO, replace(INFO, sets={"sampled": sampled}, benchmarks=benchmarks))
    assert merged.sets == {"greedy": GREEDY, "sampled": sampled}
    assert merged.benchmarks == [SUMS, *benchmarks]


def test_a_foreign_folder_is_refused(tmp_path):
    refuse_foreign(tmp_path / "nothing")
    refuse_foreign(tmp_path)
    (tmp_path / "lock-1of2").write_text("", encoding="utf-8")
    refuse_foreign(tmp_path)
    (tmp_path / "thesis.tex").write_text("", encoding="utf-8")
    with pytest.raises(RunConflictError, match=r"is not empty and has no run\.json"):
        refuse_foreign(tmp_path)
    with pytest.raises(RunConflictError, match="is a file; --output must name a folder"):
        refuse_foreign(tmp_path / "thesis.tex")
    write_json(tmp_path / "run.json", INFO)
    refuse_foreign(tmp_path)


def test_run_json_comes_back(tmp_path):
    write_json(tmp_path / "run.json", INFO)
    assert read_run(tmp_path) == INFO
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run.json"]
    assert (tmp_path / "run.json").read_text(encoding="utf-8").startswith('{\n  "format": 1,\n  "model": "m",\n')
    assert read_run_info(tmp_path / "other") is None
    with pytest.raises(DataError, match=r"no run\.json"):
        read_run(tmp_path / "other")
    with pytest.raises(DataError, match="is a file; expected a run folder"):
        read_run(tmp_path / "run.json")
    for text, message in (
        ("[1]", "no format number"),
        ("{", "not valid JSON"),
        ('{"format": 2}', "format 2 is newer"),
    ):
        (tmp_path / "run.json").write_text(text, encoding="utf-8")
        with pytest.raises(DataError, match=message):
            read_run_info(tmp_path)


def test_a_lock_names_its_holder_and_ends_with_its_block(tmp_path):
    holder = f"process {os.getpid()} on {socket.gethostname()}"
    with locked(tmp_path), pytest.raises(RunConflictError) as error, locked(tmp_path):
        pass
    assert str(error.value).startswith(f"{tmp_path}: {holder} is writing this run; ")
    with locked(tmp_path, "1of2"):
        with pytest.raises(RunConflictError, match="is writing"), locked(tmp_path):
            pass
        with pytest.raises(RunConflictError, match="is writing"), locked(tmp_path, "1of2"):
            pass
        with locked(tmp_path, "2of2"):
            pass
    with locked(tmp_path / "two/deep"):
        assert (tmp_path / "two/deep/lock").is_file()
    (tmp_path / "lock").write_text("x" * 300, encoding="utf-8")
    with locked(tmp_path):
        assert (tmp_path / "lock").read_text(encoding="utf-8") == f"{holder}\n"


def test_an_index_counts_samples_and_repeats():
    index = SampleIndex()
    for n in (0, 2, 2, 2):
        index.add(key(n))
    assert [key(n) in index for n in range(4)] == [True, False, True, False]
    assert [index.times(key(n)) for n in range(3)] == [1, 0, 3]
    index.add(key(0, "1"))
    index.add(key(0, "0", "sampled"))
    assert len(index) == 4
    index.discard(key(2))
    index.discard(key(9, "2"))
    assert [key(n) in index for n in range(3)] == [True, False, False]
    assert key(0, "1") in index and key(0, "0", "sampled") in index and len(index) == 3


def test_failed_samples_are_missing_only_with_retry_failed(tmp_path):
    store = RunStore(tmp_path)
    store.write_sample(key(0), completion())
    store.write_sample(key(1), completion(finish="error"))
    store.write_sample(key(2), completion(finish="error"))
    store.write_sample(key(2), completion())
    assert len(store.sample_index) == 3
    store.close()
    store_all, store_retry = RunStore(tmp_path), RunStore(tmp_path)
    store_all.load_progress()
    store_retry.load_progress(retry_failed=True)
    assert [key(n) in store_all.sample_index for n in range(4)] == [True, True, True, False]
    assert [key(n) in store_retry.sample_index for n in range(4)] == [True, False, True, False]
    assert store_retry.sample_index.times(key(2)) == 1
    assert store_all.lengths.mean(Problem("sums", "test", "0", "q", "g")) == 5.0


def test_segments_are_filled_before_new_ones_begin(tmp_path, monkeypatch):
    def segment_sizes(*numbers, shard=""):
        store = RunStore(tmp_path, shard)
        for n in numbers:
            store.write_sample(key(n), completion())
        store.close()
        return {
            path.name: path.read_bytes().count(b"\n") for path in store.segments() if path.name.startswith(shard or "0")
        }

    size = len(msgspec.json.encode(next(iter_samples(tmp_path / "one")))) + 1
    monkeypatch.setattr("math_eval.runfolder.store.SEGMENT_BYTES", 2 * size - 1)
    assert segment_sizes(0) == {"00000.jsonl": 1}
    assert segment_sizes(1) == {"00000.jsonl": 2}
    assert segment_sizes(2) == {"00000.jsonl": 2, "00001.jsonl": 1}
    assert segment_sizes(3, 4) == {"00000.jsonl": 2, "00001.jsonl": 2, "00002.jsonl": 1}
    assert segment_sizes(5, shard="1of2") == {"1of2-00000.jsonl": 1}, "a shard has segments of its own"
    assert segment_sizes(6, 7, shard="1of2") == {"1of2-00000.jsonl": 2, "1of2-00001.jsonl": 1}
    assert len(list(RunStore(tmp_path).samples())) == 8


def iter_samples(folder):
    store = RunStore(folder)
    store.write_sample(key(0), completion())
    store.close()
    return RunStore(folder).samples()


def test_a_closed_store_opens_again_and_turns_are_stored_clean(tmp_path):
    store = RunStore(tmp_path)
    store.add_prompts(iter([prompt(0)]), lambda _: 1)
    store.write_sample(key(0), completion())
    (tmp_path / "prompts.jsonl").unlink()
    assert [line.problem for line in store.prompts()] == ["0"], "they are read once"
    store.close()
    assert list(store.prompts()) == [], "nothing is kept after closing"
    turns = ({"text": "a\ud800", "tokens_out": 3},)
    store.write_sample(key(1), Completion(text="\udfff", finish="stop", tokens_in=1, tokens_out=3, turns=turns))
    store.close()
    [_, line] = store.samples()
    assert (line.text, line.turns) == ("\ufffd", [{"text": "a\ufffd", "tokens_out": 3}])


HEAD = VerdictHead(format=1, grader="equivalence", version="1", fingerprint="f")


def write_verdicts(folder, head, *numbers):
    store = RunStore(folder)
    store.open_verdicts(head)
    kept_count = len(store.verdict_index)
    for n in numbers:
        store.write_verdict(key(n), Extraction("4", "boxed", truncated=True), Verdict("correct", "same", "d"))
        assert key(n) in store.verdict_index
    store.close()
    return kept_count


@pytest.mark.parametrize("changes", [{"version": "2"}, {"fingerprint": "g"}], ids=["version", "fingerprint"])
def test_verdicts_are_kept_under_the_same_head_and_replaced_under_another(tmp_path, changes):
    assert write_verdicts(tmp_path, HEAD, 0, 1) == 0
    assert write_verdicts(tmp_path, HEAD, 2) == 2
    [first, *_] = lines = list(RunStore(tmp_path).verdicts("equivalence"))
    assert [line.n for line in lines] == [0, 1, 2]
    assert (first.answer, first.found_by, first.status, first.rule) == ("4", "boxed", "correct", "same")
    assert (first.truncated, first.detail) == (True, "d")
    assert write_verdicts(tmp_path, replace(HEAD, **changes), 5) == 0
    assert [line.n for line in RunStore(tmp_path).verdicts("equivalence")] == [5]
    assert list(RunStore(tmp_path).verdicts("qwen")) == []


def test_a_damaged_verdicts_file_begins_anew(tmp_path):
    write_verdicts(tmp_path, HEAD, 0, 1)
    path = RunStore(tmp_path).verdicts_path("equivalence")
    assert path.name == "verdicts.equivalence.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"n":1', b'"n":"x"'))
    assert write_verdicts(tmp_path, HEAD, 7) == 0, "the verdict before the damage does not count either"
    assert [line.n for line in RunStore(tmp_path).verdicts("equivalence")] == [7]


def test_a_prompt_line_keeps_the_whole_problem():
    problem = Problem(
        benchmark="sums",
        split="validation",
        id="7",
        question="2+2?",
        gold="4",
        kind="number",
        language="zh",
        accepted=("four",),
        options={"A": "4"},
        groups={"level": "1"},
        grader_fields={"qwen": {"gold": "4."}},
        policy={"units": "ignore"},
        known_bad="no, but say so",
    )
    prompt = Prompt("2+2? ", messages=({"role": "user", "content": "2+2?"},))
    line = PromptLine.of(problem, prompt)
    assert line.as_problem() == problem
    assert msgspec.json.decode(msgspec.json.encode(line), type=PromptLine) == line
    assert (line.text, line.messages) == ("2+2? ", [{"role": "user", "content": "2+2?"}])


def prompt(number, text="?", gold="1", messages=()):
    return PromptLine("sums", "test", str(number), "q", gold, text, list(messages))


def test_prompts_are_counted_once_and_kept_current(tmp_path):
    encoded = []

    def count(line):
        encoded.append(line.problem)
        return 7

    RunStore(tmp_path).add_prompts(iter([prompt(0), prompt(1)]), count)
    (tmp_path / "prompts.jsonl.part").write_text("what a killed process left", encoding="utf-8")
    store = RunStore(tmp_path)
    store.add_prompts(iter([prompt(1, gold="2"), prompt(2)]), count)
    assert encoded == ["0", "1", "2"]
    expected = [("0", "1", 7), ("1", "2", 7), ("2", "1", 7)]
    assert [(line.problem, line.gold, line.tokens) for line in store.prompts()] == expected
    assert [(line.problem, line.gold, line.tokens) for line in RunStore(tmp_path).prompts()] == expected
    assert [path.name for path in tmp_path.iterdir()] == ["prompts.jsonl"]


@pytest.mark.parametrize("fields", [{"text": "??"}, {"messages": [{"role": "user", "content": "?"}]}], ids=str)
def test_another_prompt_of_the_same_problem_is_refused(tmp_path, fields):
    RunStore(tmp_path).add_prompts(iter([prompt(0), prompt(1)]), lambda _: 1)
    content = (tmp_path / "prompts.jsonl").read_bytes()
    with pytest.raises(RunConflictError, match="the prompt of sums/test/1 differs from the stored one"):
        RunStore(tmp_path).add_prompts(iter([prompt(1, **fields), prompt(2)]), lambda _: 1)
    assert (tmp_path / "prompts.jsonl").read_bytes() == content


def write_rewards(folder, model, kind, *rows):
    writer = LineWriter(rewards_path(folder, model))
    writer.write(RewardHead(1, model, "", kind, "preset", "p", "fail", "server", "auto"))
    for n, row in enumerate(rows):
        writer.write(RewardLine("sums", "test", "0", "greedy", n, **row))
    writer.close()


def test_rewards_are_found_by_model_or_file(tmp_path):
    assert rewards_path(tmp_path, "org/RM 7B/").name == "rewards.RM-7B.jsonl"
    assert rewards_path(tmp_path, "//").name == "rewards.model.jsonl"
    assert sample_rewards(tmp_path) is None
    with pytest.raises(DataError, match=r"no rewards \(math-eval reward"):
        reward_file(tmp_path)
    write_rewards(tmp_path, "org/RM", "outcome", {"score": 1.5}, {"error": "too long"})
    (tmp_path / "rewards.empty.jsonl").write_text("", encoding="utf-8")
    assert [file.head.model for file in reward_files(tmp_path)] == ["org/RM"]
    assert read_rewards(tmp_path) == {key(0): 1.5}
    rewards = sample_rewards(tmp_path)
    assert (rewards.rewards, rewards.kind, rewards.source) == ({key(0): 1.5}, "outcome", "rewards.RM.jsonl")
    write_rewards(tmp_path, "PRM", "process", {"steps": (0.5, 0.25)}, {"steps": ()}, {"steps": (1.0,)})
    with pytest.raises(DataError, match=r"has the rewards of several models: PRM, org/RM; name one"):
        sample_rewards(tmp_path)
    with pytest.raises(DataError, match="has no rewards of other, only those of PRM, org/RM"):
        reward_file(tmp_path, "other")
    assert reward_file(tmp_path, "elsewhere/RM").head.model == "org/RM", "found by the name of its file"
    assert read_rewards(tmp_path, "PRM")[key(0)] == (0.5, 0.25)
    rewards = sample_rewards(tmp_path, "PRM", "min")
    assert (rewards.rewards[key(0)], rewards.rewards[key(2)], rewards.source) == (0.25, 1.0, "rewards.PRM.jsonl, min")
    path = rewards_path(tmp_path, "PRM")
    path.write_bytes(path.read_bytes().replace(b'"format":1', b'"format":2'))
    with pytest.raises(DataError, match="format 2 is newer"):
        read_head(path)
    assert read_head(tmp_path / "nothing") is None


def problem(number, chars):
    return Problem("sums", "test", str(number), "q", "g", row_chars=chars)


def test_lengths_are_means_of_finished_samples(tmp_path):
    lengths = Lengths()
    for tokens in (10, 30, 0, 1 << 40):
        lengths.add("sums", "test", "0", tokens)
    assert lengths.mean(problem(0, 1)) == 20.0
    assert lengths.mean(problem(1, 1)) is None
    with pytest.raises(RequestError, match="expected a run folder"):
        read_lengths([tmp_path])
    store = RunStore(tmp_path)
    store.write_sample(key(0), completion())
    store.write_sample(key(1), Completion(text="", finish="error", tokens_in=1, tokens_out=99))
    store.close()
    write_json(tmp_path / "run.json", INFO)
    assert read_lengths([tmp_path]).mean(problem(0, 1)) == 5.0


def test_a_forecast_combines_measured_lengths_and_row_sizes():
    first, second = Lengths(), Lengths()
    first.add("sums", "test", "0", 40)
    second.add("sums", "test", "0", 9)
    second.add("sums", "test", "1", 160)
    problems = [problem(0, 10), problem(1, 90), problem(2, 25)]
    prediction = forecast(problems, [first, second])
    assert prediction.in_tokens
    assert prediction.lengths == pytest.approx(((40 * 20) ** 0.5, (160 * 180) ** 0.5, 50.0)), "2 tokens a character"
    row_prediction = forecast([problem(0, 0), problem(1, 3)], [first.__class__()])
    assert (row_prediction.lengths, row_prediction.in_tokens) == ((1.0, 3.0), False)


def test_only_the_first_prompt_of_a_benchmark_is_kept_as_the_model_receives_it(tmp_path):
    RunStore(tmp_path).add_prompts(iter([prompt(0), prompt(1)]), lambda _: 1, lambda line: f"<{line.problem}>")
    RunStore(tmp_path).add_prompts(iter([prompt(0), prompt(2)]), lambda _: 1, lambda line: f"<{line.problem}>")
    stored = {line.problem: line.rendered for line in RunStore(tmp_path).prompts()}
    first = prompt(0).problem
    assert stored[first] == f"<{first}>"
    assert [text for problem, text in stored.items() if problem != first] == ["", ""]
