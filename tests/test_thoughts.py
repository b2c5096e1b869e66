"""Thoughts told from answers: the marks, why samples ended, and what is stored, graded, counted and shown of them."""

import asyncio
import dataclasses
import http.server
import json
import re
import threading
import time

import httpx
import msgspec
import pytest

from math_eval.answers import extract_answer
from math_eval.answers.thoughts import (
    UNFINISHED,
    after_thought,
    opens_thought,
    split_thought,
    tell_apart,
    thought_tokens,
    whole_response,
)
from math_eval.engines import EngineSettings
from math_eval.engines.replay import ReplayEngine
from math_eval.engines.server import _completion
from math_eval.evaluation import evaluate
from math_eval.families import load_family
from math_eval.generate import RunRequest
from math_eval.generate.conversation import ToolUse, converse
from math_eval.graders import BaseGrader, grade_sample, load_grader
from math_eval.grading import grade_response
from math_eval.records import Completion, Problem, Prompt, Sampling
from math_eval.registry import names
from math_eval.reports import markdown, metrics_table
from math_eval.results import export, file_samples, run_samples, score_files, score_run
from math_eval.runfolder.layout import SampleLine
from math_eval.runfolder.store import RunStore
from math_eval.sandbox.limits import ToolResult

DRAFT, ANSWER = "Perhaps \\boxed{7}, or 8?", "So the answer is 12."

MARKS = {
    "think": ("<think>", "</think>"),
    "thinking": ("<thinking>", "</thinking>"),
    "thought": ("<thought>", "</thought>"),
    "THINK": ("[THINK]", "[/THINK]"),
    "kimi": ("◁think▷", "◁/think▷"),
    "seed": ("<seed:think>", "</seed:think>"),
    "begin_of_thought": ("<|begin_of_thought|>", "<|end_of_thought|>"),
    "cohere": ("<|START_THINKING|>", "<|END_THINKING|>"),
    "reasoning": ("<reasoning>", "</reasoning>"),
    "harmony": ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    "harmony-plain": ("analysis", "assistantfinal"),
    "own": ("<|im_start|>think", "<|im_start|>answer"),
}
"""Kinds of marks; "own" are marks of a family that no general pattern knows."""

FAMILIES = {
    f"{name} {mode}": family.mode(mode).thought
    for name in names("models")
    for family in [load_family(name)]
    for mode in family.modes or [""]
    if family.mode(mode).thought
}
ALL_MARKS = MARKS | {name: (marks.start, marks.end) for name, marks in FAMILIES.items()}


@pytest.mark.parametrize("kind", ALL_MARKS)
def test_the_answer_is_what_follows_the_thought(kind):
    start, end = ALL_MARKS[kind]
    stated = (start, end) if kind not in MARKS or kind == "own" else ("", "")
    for text, opened in ((f"{start}{DRAFT}{end}\n\n{ANSWER}", False), (f"{DRAFT}\n{end}{ANSWER}", True)):
        done = tell_apart(Completion(text, "stop", 1, 9), *stated, opened=opened)
        assert (done.thought, done.text, done.finish) == (DRAFT, ANSWER, "stop")
        assert extract_answer(done.text).text == "12"
    for text, opened in ((f"{start}{DRAFT}", False), (f"\n{DRAFT}\n", True)):
        for finish in ("stop", "length"):
            cut = tell_apart(Completion(text, finish, 1, 9), *stated, opened=opened)
            assert (cut.thought, cut.text, cut.finish) == (DRAFT, "", f"thought-{finish}")
            assert cut.tokens_thought == 9


THINK = {"start": "<think>\n", "end": "</think>"}
ANALYSIS, FINAL = MARKS["harmony"]
COMMENTARY = "<|end|><|start|>assistant<|channel|>commentary<|message|>"
SPLITS = [
    ("The answer is 12.", {}, ("", "The answer is 12.", True)),
    ("  12\n", {}, ("", "  12\n", True)),
    ("<think>\n\n</think>\n\n12", {}, ("", "\n\n12", True)),
    ("<think>7</think>", {}, ("7", "", True)),
    ("It is 7.\n</think>\n12", {}, ("It is 7.", "\n12", True)),
    ("<think>a</think>5<think>b</think>6", {}, ("a</think>5<think>b", "6", True)),
    ("<think>a</think><think>b", {}, ("a</think><think>b", "", False)),
    ("<think>a</think>The answer is 5.\n<think>b", {}, ("a\nb", "The answer is 5.\n", True)),
    ("The answer is 5.\n<think>b", {}, ("b", "The answer is 5.\n", True)),
    ("A model writes <think> first. It is 5.", {}, ("", "A model writes <think> first. It is 5.", True)),
    ("A model writes <think> first. It is 5.", {"opened": True}, ("A model writes <think> first. It is 5.", "", False)),
    ("Sure.\n<think>a</think>12", {}, ("Sure.\n<think>a", "12", True)),
    ("<THINK>a</THINK>12", {}, ("a", "12", True)),
    ("<think>a</think><analysis>b</analysis>12", {}, ("a</think><analysis>b", "12", True)),
    ("<think>a</think><analysis>b</analysis>12", THINK, ("a", "<analysis>b</analysis>12", True)),
    ("[THINK]a[/THINK]12", {"start": "<think>", "end": "</think>"}, ("a", "12", True)),
    ("a</think>12", {"start": "<think>", "end": "</think>", "opened": True}, ("a", "12", True)),
    ("<reasoning>a</reasoning><answer>12</answer>", {}, ("a", "<answer>12</answer>", True)),
    (f"{ANALYSIS}a{FINAL}12<|return|>", {}, ("a", "12", True)),
    ("<|channel|>final<|message|>12<|end|>\n<|return|>", {}, ("", "12", True)),
    (f"{ANALYSIS}a{COMMENTARY}b", {}, (f"a{COMMENTARY}b", "", False)),
    (f"{ANALYSIS}a{COMMENTARY}b{FINAL}12", {}, (f"a{COMMENTARY}b", "12", True)),
    ("analysisSo 6*7=42assistantfinalThe answer is 42.", {}, ("So 6*7=42", "The answer is 42.", True)),
    ("analysiswe see.assistantfinal42", {}, ("we see.", "42", True)),
    ("analysisWe see 42.", {}, ("We see 42.", "", False)),
    ("analysis: the answer is 42.", {}, ("", "analysis: the answer is 42.", True)),
    ("Analysis of the case: the answer is 42.", {}, ("", "Analysis of the case: the answer is 42.", True)),
    ("Analysis\n\nThe answer is 42.", {}, ("", "Analysis\n\nThe answer is 42.", True)),
    ("", {"opened": True}, ("", "", False)),
    ("", {}, ("", "", True)),
]  # fmt: skip


@pytest.mark.parametrize(("text", "options", "expected"), SPLITS)
def test_a_response_is_split(text, options, expected):
    assert split_thought(text, **options)[:3] == expected
    if not options:
        read = after_thought(text)
        empty = expected[2] is False or ("think>" in text and not expected[1].strip())
        assert (read is None) == empty
        assert read is None or read == expected[1]


@pytest.mark.parametrize(
    "response", ["Analysis of the sum: \\boxed{12}", "analysisIt is 3+9=12assistantfinalIt is 12."]
)
def test_extraction_knows_the_same_marks(response):
    assert extract_answer(response).text == "12"


def test_a_prompt_that_ends_with_an_opening_mark_opens_the_thought():
    for start, _ in MARKS.values():
        if start not in {"analysis", "<|im_start|>think"}:
            assert opens_thought(f"<|im_start|>assistant\n{start}\n"), start
    assert opens_thought("x<|im_start|>think\n", "<|im_start|>think\n")
    assert not opens_thought("x<|im_start|>think\n")
    for prompt in ("<think>\n\n</think>\n\n", "What does <think> mean?", "", "an analysis", "<think>" + " x" * 300):
        assert not opens_thought(prompt)
    assert opens_thought("x" * 1000 + "<think>")


def test_special_tokens_that_are_marks_stay():
    tokens = ["<think>", "[/THINK]", "<|im_end|>", "<|end|>", "<|message|>", "", "◁/think▷", "<|END_RESPONSE|>"]
    assert thought_tokens(tokens) == {"<think>", "[/THINK]", "◁/think▷"}
    assert thought_tokens([*tokens, "<|channel|>"]) >= {"<|end|>", "<|message|>", "<|channel|>"}
    assert thought_tokens(["<|im_start|>", "<|im_end|>"], "<|im_start|>think", "") == {"<|im_start|>"}


@pytest.mark.parametrize(
    "text",
    [
        "\n" * 200_000,
        "<|end|>" + " " * 200_000,
        "<|channel|>final" * 20_000,
        "<think>" * 50_000,
        "</think>" * 50_000,
        "<|channel|>final<|message|>" + "<|end|> \n" * 20_000 + " " * 100_000,
        "assistant" * 30_000,
    ],
    ids=["lines", "spaces", "channels", "openings", "closings", "ends", "assistants"],
)
def test_hostile_texts_take_linear_time(text):
    begin = time.process_time()
    tell_apart(Completion(text, "stop", 1, 1))
    opens_thought(text)
    assert time.process_time() - begin < 2


def test_a_thought_longer_than_extraction_reads_has_no_answer_either():
    draft = "The answer is 7. " * 40_000
    assert extract_answer(f"<think>{draft}").rule == UNFINISHED
    assert extract_answer(draft).text == "7"
    assert extract_answer(f"{draft}</think>12").text == "12"


def test_tokens_are_counted_up_to_the_closing_mark():
    pieces = ["<think>", "7", "?", "</", "think", ">\n", "\n12", "<eos>"]

    def count(text, ids, opened=False, **fields):
        completion = Completion(text, "stop", 1, len(ids), token_ids=tuple(ids), **fields)
        return tell_apart(completion, opened=opened, token_texts=lambda ids: [pieces[one] for one in ids])

    done = count("<think>7?</think>\n\n12", range(8))
    assert (done.tokens_thought, done.tokens_out, done.token_ids) == (6, 8, ())
    twice = [*range(6), *range(6), 6]
    assert count("<think>7?</think>\n<think>7?</think>\n\n12", twice).tokens_thought == 12
    assert count("7?</think>\n12", [1, 2, 3, 4, 5, 6], opened=True).tokens_thought == 5
    assert count("12", [6]).tokens_thought == 0
    assert count("7?", [1, 2], opened=True).tokens_thought == 2
    assert count("<think>7?</think>12", [0, 1, 2, 6]).tokens_thought is None, "the tokens spell no mark"
    assert count("<think>7?</think>12", range(8), tokens_thought=3).tokens_thought == 3
    assert tell_apart(Completion("<think>7?</think>12", "stop", 1, 8)).tokens_thought is None
    assert tell_apart(Completion("12", "stop", 1, 8)).tokens_thought is None
    assert tell_apart(Completion("<think>7", "length", 1, None)).tokens_thought is None


def test_what_an_engine_told_apart_stays_apart():
    told = Completion("\n\n12", "stop", 1, 9, thought=" 7? ", tokens_thought=4)
    done = tell_apart(told, opened=True)
    assert (done.thought, done.text, done.finish, done.tokens_thought) == ("7?", "12", "stop", 4)
    assert tell_apart(done) == done
    none = tell_apart(Completion("12", "stop", 1, 9, thought=""), opened=True)
    assert (none.thought, none.text, none.finish) == ("", "12", "stop")
    hidden = tell_apart(Completion("", "length", 1, 9, thought="", tokens_thought=9))
    assert (hidden.text, hidden.finish) == ("", "thought-length")
    empty = tell_apart(Completion("", "stop", 1, 0, thought="", tokens_thought=0))
    assert (empty.finish, empty.tokens_thought) == ("stop", 0)
    inline = tell_apart(Completion("<think>7</think>12", "stop", 1, 9, thought="", tokens_thought=3))
    assert (inline.thought, inline.text) == ("7", "12")
    for finish in ("filtered", "refused", "error", "abort", "tool-limit"):
        assert tell_apart(Completion("<think>7", finish, 1, 9)).finish == finish


PROBLEM = Problem("b", "test", "1", "?", "12")
OLD_READING = Problem("b", "test", "1", "?", "7", policy={"unfinished_thoughts": "answer"})


def test_a_sample_is_graded_by_what_follows_its_thought():
    grader = load_grader("equivalence")
    extraction, verdict = grade_sample(grader, ANSWER, PROBLEM, thought=DRAFT)
    assert (extraction.text, verdict.correct) == ("12", True)
    for finish in ("thought-stop", "thought-length"):
        extraction, verdict = grade_sample(grader, "", PROBLEM, thought="The answer is 12.", finish=finish)
        assert (extraction.text, extraction.rule, verdict.correct) == ("", UNFINISHED, False)


def test_the_old_reading_of_unfinished_thoughts_is_a_policy():
    grader = load_grader("equivalence")
    extraction, verdict = grade_sample(grader, "", OLD_READING, thought=DRAFT, finish="thought-length")
    assert (extraction.text, verdict.correct) == ("7", True)
    assert grade_response(f"<think>{DRAFT}", gold="7").rule != "exact"
    assert grade_response(f"<think>{DRAFT}", gold="7", policy={"unfinished_thoughts": "answer"}).correct
    assert not grade_response(f"<think>{DRAFT}</think>12", gold="7", policy={"unfinished_thoughts": "answer"}).correct
    assert grader.fingerprint([OLD_READING]) != grader.fingerprint([dataclasses.replace(OLD_READING, policy={})])


def test_the_reference_reads_thought_and_answer_together():
    assert whole_response("a", "b") == "<think>\na\n</think>\n\nb"
    read = []

    class Spy(BaseGrader):
        def extract(self, response, problem):
            read.append(response)
            return load_grader("equivalence").extract(response, problem)

        def grade(self, answer, problem):
            return load_grader("equivalence").grade(answer, problem)

    spy = Spy()
    grade_sample(spy, "12", PROBLEM, thought="7")
    spy.reads_thoughts = True
    grade_sample(spy, "12", PROBLEM, thought="7")
    grade_sample(spy, "12", PROBLEM)
    grade_sample(spy, "", PROBLEM, thought="7", finish="thought-length")
    assert read == ["12", "<think>\n7\n</think>\n\n12", "12", "<think>\n7"]
    qwen = load_grader("qwen")
    assert grade_sample(qwen, "I do not know", PROBLEM, thought="\\boxed{12}")[0].text == "12"


def reply(content="", finish="stop", usage=None, **message):
    return {"choices": [{"message": {"content": content, **message}, "finish_reason": finish}], "usage": usage}


def read(content):
    return _completion(httpx.Response(200, json=content), Prompt(stop=("END",)))


def part(kind, text):
    return {"type": kind, kind: text}


@pytest.mark.parametrize(
    "message",
    [
        {"reasoning_content": DRAFT},
        {"reasoning": DRAFT},
        {"reasoning": None, "reasoning_content": DRAFT},
        {"thinking": DRAFT},
        {"reasoning_content": [{"type": "text", "text": DRAFT}]},
        {"content": [part("thinking", [part("text", DRAFT)]), part("text", "So the answer "), part("text", "is 12.")]},
        {"content": [part("reasoning", DRAFT), {"type": "output_text", "text": ANSWER}]},
    ],
)
def test_a_server_tells_the_thought_apart(message):
    usage = {"prompt_tokens": 3, "completion_tokens": 20, "completion_tokens_details": {"reasoning_tokens": 15}}
    content = message.pop("content", ANSWER)
    completion = read(reply(content, usage=usage, **message))
    assert (completion.thought, completion.text, completion.tokens_thought) == (DRAFT, ANSWER, 15)
    cut = tell_apart(read(reply(None, "length", **message or {"reasoning": DRAFT})))
    assert (cut.thought, cut.text, cut.finish) == (DRAFT, "", "thought-length")


def test_contents_of_a_server():
    assert read(reply([part("text", "a "), "b", {"text": " c"}, {"type": "image_url"}])).text == "a b c"
    assert read(reply([part("text", "a END"), part("text", " b")])).text == "a "
    assert read(reply("12")).thought is None
    assert read(reply("12", usage={"reasoning_tokens": 7})).thought == ""
    assert read({"choices": [{"text": "12", "reasoning": "7"}]}).thought == "7"
    assert read({"choices": [{"message": {"reasoning": "7"}}]}).text == ""
    assert "KeyError" in read({"choices": [{"message": {"role": "assistant"}}]}).error


FINISHES = {
    "stop": "stop",
    "eos": "stop",
    None: "stop",
    "tool_calls": "stop",
    "length": "length",
    "max_tokens": "length",
    "content_filter": "filtered",
    "SAFETY": "filtered",
    "refusal": "refused",
    "abort": "abort",
    "error": "error",
}


@pytest.mark.parametrize("reason", FINISHES)
def test_why_a_server_ended_is_kept(reason):
    completion = read(reply("12", reason, usage={"prompt_tokens": 4}))
    assert (completion.finish, completion.tokens_in) == (FINISHES[reason], 4)
    failed = completion.finish in {"abort", "error"}
    assert (completion.text, bool(completion.error)) == (("", True) if failed else ("12", False))


def test_a_refusal_is_kept():
    for completion in (read(reply(None, refusal="I cannot.")), read(reply([part("refusal", "I cannot.")]))):
        assert (completion.finish, completion.text, completion.error) == ("refused", "", "I cannot.")
    assert read(reply("12", refusal=None)).finish == "stop"


class Listed:
    """An engine that gives completions from a list, by the number of the problem."""

    concurrency = 1

    def __init__(self, completions):
        self.completions = completions

    async def complete(self, prompt, _sampling):
        return self.completions[int(prompt.key.rpartition("/")[2])]

    async def close(self):
        pass


def evaluated(tmp_path, completions, name="run", **options):
    rows = tmp_path / "twelve.jsonl"
    lines = [{"id": str(n), "question": f"{n}?", "answer": "12"} for n in range(len(completions))]
    rows.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    options = {"prompt": "direct", "engine": "scripted", "output": tmp_path / name, **options}
    engine = Listed(completions) if options["engine"] == "scripted" else None
    return evaluate(RunRequest("model", (str(rows),), **options), engine=engine)


def stored(run):
    return list(RunStore(run.folder).samples())


MIXED = [
    Completion(f"<think>{DRAFT}</think>{ANSWER}", "stop", 5, 20, tokens_thought=15),
    Completion(f"<think>{DRAFT}", "length", 5, 40),
    Completion(f"<think>{DRAFT}", "stop", None, None),
    Completion("", "length", 5, 20, tokens_thought=0),
    Completion("", "filtered", 5, None),
    Completion("", "refused", None, 4, error="I cannot."),
    Completion("", "abort", 5, 0, error="gone"),
    Completion("", "error", 5, 0, error="broken"),
    Completion("12", "stop", 5, 10),
    Completion("12", "tool-limit", 5, 10),
]


def test_a_line_says_how_its_sample_ended(tmp_path):
    lines = {line.problem: line for line in stored(evaluated(tmp_path, MIXED))}
    found = [(lines[str(n)].state, lines[str(n)].finish) for n in range(len(MIXED))]
    assert found == [
        ("done", "stop"),
        ("done", "thought-length"),
        ("done", "thought-stop"),
        ("done", "length"),
        ("filtered", "filtered"),
        ("refused", "refused"),
        ("failed", "abort"),
        ("failed", "error"),
        ("done", "stop"),
        ("done", "tool-limit"),
    ]
    first, cut, unknown = lines["0"], lines["1"], lines["2"]
    assert (first.thought, first.text, first.tokens_out, first.tokens_thought) == (DRAFT, ANSWER, 20, 15)
    assert (cut.thought, cut.text, cut.tokens_thought) == (DRAFT, "", 40)
    assert (unknown.tokens_in, unknown.tokens_out, unknown.tokens_thought) == (None, None, None)
    assert lines["5"].error == "I cannot."


def test_the_table_shows_how_samples_ended(tmp_path):
    run = evaluated(tmp_path, MIXED)
    [result] = run.metrics.benchmarks
    assert result.accuracy == 0.3
    assert (result.cut_in_thought, result.filtered, result.refused) == (0.2, 0.1, 0.1)
    assert (result.failed, result.truncated, result.empty) == (0.2, 0.2, 0.3)
    assert result.tokens_out == (20 + 40 + 20 + 4 + 0 + 0 + 10 + 10) / 8
    assert result.tokens_in == 5
    assert result.tokens_thought == (15 + 40 + 0) / 3
    assert result.tokens_out_quantiles["0.99"] == 40
    table = metrics_table(run.metrics, "")
    cells = dict(zip(table.headers, table.rows[0], strict=True))
    assert (cells["cut in thought"], cells["filtered"], cells["refused"], cells["of thoughts"]) == (
        "20.0",
        "10.0",
        "10.0",
        "18",
    )
    notes = "\n".join(table.notes)
    assert "2 samples were cut inside the thought" in notes
    assert "1 samples were stopped by a content filter" in notes
    assert "1 samples were refused" in notes
    assert "2 samples failed" in notes
    assert "| cut in thought |" in markdown(table)
    assert score_run(run.folder)[1] == run.metrics


def test_a_run_is_graded_again_as_it_was_graded(tmp_path):
    told = Completion("I do not know.", "stop", 5, 20, thought="\\boxed{12}")
    run = evaluated(tmp_path, [Completion(f"<think>{DRAFT}", "length", 5, 40), told])
    first = {line.problem: line for line in RunStore(run.folder).verdicts("equivalence")}
    assert first["0"].found_by == UNFINISHED
    RunStore(run.folder).verdicts_path("equivalence").unlink()
    assert [one.verdict.correct for one in run_samples(run.folder, load_grader("equivalence"))] == [False, False]
    assert {line.problem: line for line in RunStore(run.folder).verdicts("equivalence")} == first
    by_reference = {one.key.problem: one for one in run_samples(run.folder, load_grader("qwen"))}
    assert (by_reference["1"].answer, by_reference["0"].answer) == ("12", "7")


def test_what_no_sample_has_is_not_written(tmp_path):
    run = evaluated(tmp_path, [Completion("12", "stop", None, None), Completion("7", "length", None, None)])
    [written] = json.loads((run.folder / "metrics.json").read_text(encoding="utf-8"))["benchmarks"]
    assert not {"cut_in_thought", "filtered", "refused", "tokens_thought"} & written.keys()
    assert {"known_bad", "groups", "unrewarded", "split_classes"} <= written.keys()
    assert (written["tokens_in"], written["tokens_out"], written["tokens_out_quantiles"]) == (None, None, {})
    table = metrics_table(run.metrics, "")
    assert table.headers[-2:] == ["failed", "tokens"]
    assert table.rows[0][-1] == "unknown"
    assert not table.notes


def test_folders_without_these_keys_read_on(tmp_path):
    run = evaluated(tmp_path, [Completion(ANSWER, "stop", 5, 20)])
    [segment] = RunStore(run.folder).segments()
    line = json.loads(segment.read_text(encoding="utf-8"))
    old = {key: value for key, value in line.items() if key not in {"thought", "tokens_thought"}}
    old["text"] = f"<think>{DRAFT}</think>{ANSWER}"
    unfinished = {**old, "problem": "1", "text": f"<think>{DRAFT}"}
    segment.write_text(json.dumps(old) + "\n" + json.dumps(unfinished) + "\n", encoding="utf-8")
    assert msgspec.json.decode(json.dumps(old), type=SampleLine).thought == ""
    [sample] = run_samples(run.folder, load_grader("equivalence"))
    assert (sample.answer, sample.thought, sample.tokens_thought) == ("12", "", None)
    [written] = json.loads(msgspec.json.encode(score_run(run.folder)[1]))["benchmarks"]
    assert "tokens_thought" not in written


def test_a_replayed_run_is_the_same_run(tmp_path):
    run = evaluated(tmp_path, MIXED)
    settings = EngineSettings(responses=run.folder)
    again = evaluated(tmp_path, MIXED, "again", engine="replay", settings=settings)
    made = [{line.problem: line for line in stored(one)} for one in (run, again)]
    for number, line in made[0].items():
        other = made[1][number]
        same = ("state", "text", "thought", "finish", "tokens_thought", "error")
        if line.finish == "abort":
            assert other.state == "failed"
            continue
        assert [getattr(line, name) for name in same] == [getattr(other, name) for name in same]


def test_replayed_rows_may_have_their_thought_apart(tmp_path):
    path = tmp_path / "rows.jsonl"
    rows = [
        {"id": "1", "response": "12", "reasoning_content": "7"},
        {"id": "2", "text": "", "thought": "7", "finish": "thought-length", "tokens_thought": 4},
        {"id": "3", "text": "", "state": "filtered", "finish": "filtered"},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    engine = ReplayEngine(path)
    found = [asyncio.run(engine.complete(Prompt(key=f"b/test/{n}"), Sampling())) for n in (1, 2, 3)]
    assert [(one.text, one.thought, one.finish) for one in found] == [
        ("12", "7", "stop"),
        ("", "7", "thought-length"),
        ("", None, "filtered"),
    ]
    assert found[1].tokens_thought == 4


def test_exports_keep_the_thought(tmp_path):
    run = evaluated(tmp_path, MIXED)
    target = tmp_path / "rows.jsonl"
    assert export.export_sft(run.folder, target) == 3
    rows = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    turns = [row["messages"][1] for row in rows]
    assert turns[0] == {"role": "assistant", "content": ANSWER, "reasoning_content": DRAFT}
    assert turns[1] == {"role": "assistant", "content": "12"}
    [path] = export.export_qwen(run.folder, tmp_path / "qwen")
    codes = [json.loads(line)["code"][0] for line in path.read_text(encoding="utf-8").splitlines()]
    assert codes[:2] == [f"<think>\n{DRAFT}\n</think>\n\n{ANSWER}", f"<think>\n{DRAFT}"]


class Turns:
    """An engine of turns; each has one token a character."""

    concurrency = 1

    def __init__(self, *turns):
        self.turns = turns

    async def complete(self, prompt, _sampling):
        return self.turns[prompt.turn]


class Executor:
    async def run(self, _program, _before=()):
        return ToolResult(state="done", stdout="5")


def test_a_sample_with_tools_counts_its_thought(tmp_path):
    call = "<think>Compute.\n```python\nprint(5)\n```\n"

    def talk(*turns, calls=3):
        use = ToolUse("blocks", "ours", calls, Executor())
        return asyncio.run(converse(Turns(*turns), Prompt("?"), Sampling(max_tokens=99), use, None))

    def turn(text, **fields):
        return Completion(text, "stop", 1, len(text), token_ids=tuple(map(ord, text)), **fields)

    whole = talk(turn(call), turn("So 5.</think>12"))
    assert (whole.finish, len(whole.token_ids)) == ("stop", len(call) + len("So 5.</think>12"))
    done = tell_apart(whole, token_texts=lambda ids: list(map(chr, ids)))
    assert (done.text, done.tokens_thought) == ("12", len(call) + len("So 5.</think>"))
    assert done.thought.startswith("Compute.")
    assert talk(turn(call), calls=0).finish == "tool-limit"
    apart = talk(turn(call[7:], thought="one", tokens_thought=2), turn("12", thought="two", tokens_thought=3))
    assert (apart.thought, apart.tokens_thought) == ("one\n\ntwo", 5)
    unknown = talk(Completion(call, "stop", None, None), turn("12"))
    assert (unknown.tokens_in, unknown.tokens_out, unknown.token_ids) == (1, None, ())


def test_files_of_other_harnesses_have_thoughts_too(tmp_path):
    layout = tmp_path / "own.yaml"
    layout.write_text(
        "schema: 1\ntitle: own\nfields: [q, a, r]\nquestion: q\ngold: a\nresponses: r\n"
        "thoughts: row.get('t')\nfinishes: row.get('f')\n",
        encoding="utf-8",
    )
    rows = [
        {"q": "a", "a": "12", "r": f"<think>{DRAFT}</think>{ANSWER}"},
        {"q": "b", "a": "7", "r": f"<think>{DRAFT}"},
        {"q": "c", "a": "12", "r": [ANSWER, ""], "t": [DRAFT, "The answer is 12."], "f": ["stop", "length"]},
        {"q": "d", "a": "12", "r": "", "f": "content_filter"},
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    samples = file_samples(path, load_grader("equivalence"), row_format=str(layout)).samples
    assert [(one.thought, one.text, one.finish, one.verdict.correct) for one in samples] == [
        (DRAFT, ANSWER, "stop", True),
        (DRAFT, "", "thought-stop", False),
        (DRAFT, ANSWER, "stop", True),
        ("The answer is 12.", "", "thought-length", False),
        ("", "", "filtered", False),
    ]
    reference = file_samples(path, load_grader("qwen"), row_format=str(layout)).samples
    assert [one.answer for one in reference][2:4] == ["7", "12"], "the reference reads the thought too"
    [result] = score_files([path], row_format=str(layout)).benchmarks
    assert (result.cut_in_thought, result.filtered, result.tokens_out) == (0.4, 0.2, None)


class Stub(http.server.BaseHTTPRequestHandler):
    """Replies to the question "N?" with the reply of that number."""

    replies: list = []

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        question = re.search(r"\b(\d)\?", json.dumps(body["messages"]))
        content = json.dumps(Stub.replies[int(question.group(1))]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def stub():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}/v1"
        running.shutdown()
        thread.join()


CUT = (DRAFT, "", "thought-length", "")
DONE = (DRAFT, ANSWER, "stop", "12")


def asked(tmp_path, url, name, replies, **options):
    """Thought, text, finish and extracted answer of the sample for each reply of a server."""
    Stub.replies = replies
    settings = EngineSettings(base_urls=(url,))
    options = {"engine": "server", "greedy": True, "samples": 0, "settings": settings, **options}
    run = evaluated(tmp_path, replies, name, **options)
    samples = {one.key.problem: one for one in run_samples(run.folder, load_grader("equivalence"))}
    ordered = [samples[str(number)] for number in range(len(replies))]
    return [(one.thought, one.text, one.finish, one.answer) for one in ordered]


@pytest.mark.parametrize("kind", MARKS)
def test_each_kind_of_marks_through_a_server(kind, stub, tmp_path):
    start, end = MARKS[kind]
    whole, cut = reply(f"{start}{DRAFT}{end}{ANSWER}"), reply(f"{start}{DRAFT}", "length")
    field = reply(ANSWER, reasoning_content=DRAFT)
    for opened in (False, True):
        replies = [whole, cut, field, *([reply(f"{DRAFT}{end}{ANSWER}"), reply(DRAFT, "length")] if opened else [])]
        marks = json.dumps({"start": start, "end": end, "opened_by_template": opened})
        path = tmp_path / f"own-{opened}.yaml"
        path.write_text(
            f"schema: 1\ntitle: own\nmatch: [own]\nprompt: chat\nfits: [chat]\nthought: {marks}\n", encoding="utf-8"
        )
        found = asked(tmp_path, stub, f"opened-{opened}", replies, prompt="chat", family=str(path))
        assert found == [DONE, CUT, DONE, DONE, CUT][: len(replies)]


@pytest.mark.parametrize("name", FAMILIES)
def test_each_family_with_marks_through_a_server(name, stub, tmp_path):
    family, _, mode = name.partition(" ")
    marks = FAMILIES[name]
    start = "" if marks.opened_by_template else marks.start
    replies = [
        reply(f"{start}{DRAFT}{marks.end}{ANSWER}"),
        reply(f"{start}{DRAFT}", "length"),
        reply(ANSWER, reasoning_content=DRAFT),
        reply(f"{marks.start}{DRAFT}{marks.end}{ANSWER}"),
    ]
    found = asked(tmp_path, stub, "run", replies, prompt="chat", family=family, mode=mode or None)
    assert found == [DONE, CUT, DONE, DONE]


def test_a_raw_prompt_that_opens_the_thought_does_so_for_every_engine(tmp_path):
    prompt = tmp_path / "open.yaml"
    prompt.write_text(
        'schema: 1\ntitle: open\nkind: raw\nprompt: "{{ question }} <think>"\nanswer: any\n', encoding="utf-8"
    )
    run = evaluated(tmp_path, [Completion(DRAFT, "length", 1, 5)], prompt=str(prompt))
    [line] = stored(run)
    assert (line.thought, line.finish, line.tokens_thought) == (DRAFT, "thought-length", 5)
