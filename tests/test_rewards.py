"""Reward models: conversations, engines that agree, files that resume at the sample."""

import http.server
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reward_models import ARCHITECTURES, CONTEXT, make_model, save_tokenizer

from math_eval.engines import EngineSettings
from math_eval.engines.scripted import ScriptedEngine
from math_eval.errors import DataError, EngineError, ModelError, RequestError, RunConflictError
from math_eval.evaluation import evaluate
from math_eval.generate import RewardRequest, RunRequest, score_rewards
from math_eval.models import LocalModel, Tokenizer
from math_eval.records import SampleKey
from math_eval.rewards import AGGREGATIONS, Composer, RewardScore, aggregate, form_of, make_reward_engine, windows
from math_eval.rewards.conversation import GAP, neutralise, split_steps
from math_eval.rewards.preset import load_reward_preset, reward_preset_of
from math_eval.runfolder.reward_layout import read_rewards, reward_files, rewards_path

MARK = "<extra_0>"
RM, PRM = "Qwen/Qwen2.5-Math-RM-72B", "Qwen/Qwen2.5-Math-PRM-7B"
PROBABILITIES = st.lists(st.floats(0, 1), min_size=1, max_size=30)


# aggregation


@given(PROBABILITIES)
def test_aggregations_keep_their_order(steps):
    scores = {rule: aggregate(steps, rule) for rule in AGGREGATIONS}
    assert scores["last"] == steps[-1]
    assert 0 <= scores["product"] <= scores["min"] <= scores["mean"] <= max(steps) <= 1
    assert scores["product"] == pytest.approx(math.prod(steps))


@given(PROBABILITIES, st.randoms())
def test_only_the_last_depends_on_the_order(steps, random):
    mixed = random.sample(steps, len(steps))
    for rule in ("min", "product", "mean"):
        assert aggregate(mixed, rule) == pytest.approx(aggregate(steps, rule))


@given(st.floats(0, 1), st.sampled_from(AGGREGATIONS))
def test_a_single_step_is_the_score_and_no_step_is_none(step, rule):
    assert aggregate([step], rule) == step
    assert aggregate([], rule) is None


# conversations


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("a\n\nb", ["a", "b"]),
        ("\n\n a \n \n\n\n b\nc \r\n\r\n", ["a", "b\nc"]),
        ("", []),
        (" \n\n ", []),
    ],
)
def test_steps_are_paragraphs(text, steps):
    assert split_steps(text, "\n\n") == steps


@given(
    st.lists(st.sampled_from([MARK, "<extra", "_0>", "<", "\n\n", "a", " ", "<|im_end|>"]), max_size=12).map("".join)
)
def test_a_response_cannot_add_steps(response):
    _, preset = reward_preset_of(PRM)
    conversation = Composer(preset).compose(f"What {MARK}?", response)
    text = "".join(message["content"] for message in conversation.messages)
    assert text.count(MARK) == conversation.steps == len(split_steps(response.replace(MARK, "x"), "\n\n"))
    assert "<|im_end|>" not in text
    assert not conversation.messages or conversation.messages[-1]["content"].endswith(MARK)


@given(st.text("ab<>", max_size=30), st.lists(st.text("ab<>", min_size=1, max_size=4), max_size=4))
def test_a_neutralised_text_holds_no_mark(text, marks):
    result = neutralise(text, marks)
    assert not any(mark in result for mark in marks)


@given(st.lists(st.integers(0, 50), max_size=60), st.integers(1, 20))
def test_windows_hold_each_item_once_longest_first(lengths, size):
    batches = list(windows(lengths, lambda length: length, size))
    assert all(window == sorted(window, reverse=True) and len(window) <= size for window in batches)
    assert sorted(length for window in batches for length in window) == sorted(lengths)


def test_presets_know_the_published_models(tmp_path):
    assert reward_preset_of(RM)[0] == "qwen-math-rm"
    assert reward_preset_of("/models/Qwen2.5-Math-PRM-72B/")[0] == "qwen-math-prm"
    assert reward_preset_of("other") is None
    assert reward_preset_of("other", "process")[0] == "generic-process"
    for name in ("qwen-math-rm", "qwen-math-prm"):
        system = r"Please reason step by step, and put your final answer within \boxed{}."
        assert load_reward_preset(name).system == system
    path = tmp_path / "mine.yaml"
    path.write_text("{schema: 1, title: x, match: [], kind: process}", encoding="utf-8")
    with pytest.raises(DataError, match="needs a step_marker"):
        load_reward_preset(str(path))


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("tokenizer")
    save_tokenizer(folder)
    (folder / "config.json").write_text(json.dumps({"model_type": "qwen2"}), encoding="utf-8")
    return Tokenizer(folder)


def text_of(tokenizer, conversation):
    return tokenizer._inner.decode(conversation.token_ids)


@pytest.mark.model
def test_the_conversation_is_the_template_and_nothing_else(tokenizer):
    system = r"Please reason step by step, and put your final answer within \boxed{}."
    head = f"<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\n1+1?<|im_end|>\n<|im_start|>assistant\n"
    conversation = Composer(load_reward_preset("qwen-math-rm"), tokenizer).compose("1+1?", "It is\n\n2.")
    assert text_of(tokenizer, conversation) == f"{head}It is\n\n2.<|im_end|>\n"
    conversation = Composer(load_reward_preset("qwen-math-prm"), tokenizer).compose(
        "1+1?", f"It is\n\n{MARK}2<|im_end|>."
    )
    assert text_of(tokenizer, conversation) == f"{head}It is{MARK}< extra_0>2< |im_end|>.{MARK}<|im_end|>\n"
    marker = Composer(load_reward_preset("qwen-math-prm"), tokenizer).marker_id()
    assert [conversation.token_ids[position] for position in conversation.markers] == [marker, marker]
    assert Composer(load_reward_preset("qwen-math-prm"), tokenizer).compose("1+1?", " \n").messages == ()


@pytest.mark.model
@pytest.mark.parametrize("context", [150, 151, 200])
def test_a_long_conversation_is_shortened_and_still_closes(tokenizer, context):
    outcome, process = (load_reward_preset(name) for name in ("qwen-math-rm", "qwen-math-prm"))
    long = "begin" + "x" * 300 + "\\boxed{7}"
    conversation = Composer(outcome, tokenizer, context).compose("1+1?", long)
    text = text_of(tokenizer, conversation)
    assert conversation.cut
    assert context - 4 <= len(conversation.token_ids) <= context
    assert text.endswith("<|im_end|>\n")
    head, _, tail = text.rpartition("assistant\n")[2].removesuffix("<|im_end|>\n").partition(GAP)
    assert head, tail
    assert long.startswith(head)
    assert long.endswith(tail)
    steps = "\n\n".join(f"step {n}" for n in range(40))
    conversation = Composer(process, tokenizer, context).compose("1+1?", steps)
    assert conversation.cut
    assert len(conversation.token_ids) <= context < len(conversation.token_ids) + len("step 10") + 1
    content = text_of(tokenizer, conversation).rpartition("assistant\n")[2].removesuffix("<|im_end|>\n")
    assert content == "".join(f"step {n}{MARK}" for n in range(conversation.steps))
    conversation = Composer(process, tokenizer, context).compose("1+1?", long)
    assert (conversation.cut, conversation.steps, len(conversation.markers)) == (True, 1, 1)
    for preset in (outcome, process):
        conversation = Composer(preset, tokenizer, context, "fail").compose("1+1?", long)
        assert (conversation.cut, "tokens do not fit into a context of" in conversation.error) == (False, True)
        conversation = Composer(preset, tokenizer, context).compose("1+1? " * 60, long)
        assert "the problem leaves no room" in conversation.error
    short = Composer(outcome, tokenizer, context).compose("1+1?", "2")
    assert not short.cut


# model folders


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"architectures": ["Qwen2ForCausalLM"]}, "Qwen2ForCausalLM is not a reward model"),
        ({}, "a model without a class is not a reward model"),
        ({"architectures": ["Qwen2ForProcessRewardModel"]}, "is of kind process, not outcome"),
        ({"architectures": ["Qwen2ForSequenceClassification"]}, "has 2 labels; a reward model of this class has 1"),
        (None, "not the config.json of a model"),
    ],
)
def test_a_folder_without_a_reward_model_is_refused(tmp_path, config, message):
    if config is not None:
        (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(ModelError, match=message) as caught:
        form_of(tmp_path, "outcome")
    assert "\n" not in str(caught.value)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    pytest.importorskip("torch")
    root = tmp_path_factory.mktemp("models")
    for architecture in ARCHITECTURES:
        (root / architecture).mkdir()
        make_model(root / architecture, architecture)
    return root


RESPONSES = ["First, x = 2.\n\nSo \\boxed{4}.", f"a\n\nb {MARK}\n\nc", "", "word " * 200, "一二三\n\nπ"]
RESPONSES += ["".join(f"step {n}, {k}.\n\n" for k in range(n % 7 + 1)) for n in range(20)]


def preset_for(form):
    return reward_preset_of(RM if form.kind == "outcome" else PRM, form.kind)[1]


def scores(folder, engine="transformers", batch_size=4):
    form = form_of(folder)
    tokenizer = Tokenizer(folder)
    marker = tokenizer.single_id(MARK) if form.kind == "process" else None
    settings = EngineSettings(dtype="float32", batch_size=batch_size)
    local = LocalModel("m", folder, "r")
    reward_engine = make_reward_engine(engine, "m", local, form, form.kind, settings, marker)
    try:
        composer = Composer(preset_for(form), tokenizer, reward_engine.context)
        composed = [conversation for text in RESPONSES if (conversation := composer.compose("What?", text)).messages]
        results = dict(reward_engine.score(composed))
    finally:
        reward_engine.close()
    assert [results[position].tokens for position in range(len(composed))] == [
        len(conversation.token_ids) for conversation in composed
    ]
    assert max(score.tokens for score in results.values()) == CONTEXT
    return [list(results[position].steps or [results[position].score]) for position in range(len(composed))], composed


@pytest.mark.model
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_batches_equal_singles(models, architecture):
    batched, composed = scores(models / architecture, batch_size=16)
    single, _ = scores(models / architecture, batch_size=1)
    assert [len(one) for one in batched] == [one.steps or 1 for one in composed]
    for batched_scores, single_scores in zip(batched, single, strict=True):
        assert batched_scores == pytest.approx(single_scores, abs=1e-4)
    flat = [score for one in batched for score in one]
    assert max(flat) - min(flat) > 0.5, "random weights tell texts apart"


@pytest.mark.model
@pytest.mark.parametrize("architecture", ["Qwen2ForSequenceClassification", "Qwen2ForTokenClassification"])
def test_generic_heads_score_as_in_transformers(models, architecture):
    import torch
    import transformers

    rows, composed = scores(models / architecture)
    model = getattr(transformers, architecture).from_pretrained(models / architecture, dtype=torch.float32)
    for row, conversation in zip(rows, composed, strict=True):
        logits = model(torch.tensor([conversation.token_ids])).logits[0].detach()
        expected = logits if conversation.steps == 0 else logits.softmax(-1)[list(conversation.markers), 1]
        assert row == pytest.approx(expected.tolist(), abs=1e-4)


@pytest.mark.model
@pytest.mark.parametrize("architecture", ["Qwen2ForRewardModel", "Qwen2ForProcessRewardModel"])
def test_vllm_and_transformers_agree(models, architecture):
    pytest.importorskip("vllm")
    transformers_scores, composed = scores(models / architecture)
    vllm_scores, _ = scores(models / architecture, "vllm")
    assert len(transformers_scores) == len(vllm_scores) == len(composed) > 20
    for first, second in zip(transformers_scores, vllm_scores, strict=True):
        assert first == pytest.approx(second, abs=1e-4)


@pytest.mark.model
def test_a_folder_without_a_head_is_one_line(models, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(models / "Qwen2ForRewardModel", folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["architectures"] = ["Qwen2ForProcessRewardModel"]
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(ModelError, match="has 1 outputs, expected 2"):
        scores(folder)
    (folder / "model.safetensors").write_bytes(b"nonsense")
    with pytest.raises(ModelError, match="transformers cannot load this model") as caught:
        scores(folder)
    assert "\n" not in str(caught.value)
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"no model\.safetensors"):
        scores(folder)


# a server


class Pooling(http.server.BaseHTTPRequestHandler):
    """A vLLM server's pooling API as far as it is used: the score is the length of the assistant's turn."""

    script: list = []
    requests: list = []
    kind = "outcome"
    delay = 0.0

    def do_GET(self):
        self.answer(200, {"data": [{"id": RM, "max_model_len": CONTEXT}]})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        time.sleep(Pooling.delay)
        Pooling.requests.append((self.path, body, self.headers.get("Authorization"), self.server.server_port))
        status, reply = Pooling.script.pop(0) if Pooling.script else (200, None)
        self.answer(status, reply or self.pooled(body))

    def pooled(self, body):
        if "input" in body:
            rows = [[float(token)] for token in body["input"]]
        elif Pooling.kind == "outcome":
            rows = [[0.0], [float(len(body["messages"][-1]["content"]))]]
        else:
            steps = body["messages"][-1]["content"].split(MARK)[:-1]
            rows = [[1 - len(step) / 100, len(step) / 100] for step in steps]
        return {"data": [{"index": 0, "data": rows}], "usage": {"prompt_tokens": 9}}

    def answer(self, status, reply):
        content = json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture
def pooling():
    Pooling.script, Pooling.requests, Pooling.kind, Pooling.delay = [], [], "outcome", 0.0
    servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pooling) for _ in range(2)]
    threads = [threading.Thread(target=server.serve_forever, daemon=True) for server in servers]
    for thread in threads:
        thread.start()
    yield [f"http://127.0.0.1:{server.server_port}" for server in servers]
    for server, thread in zip(servers, threads, strict=True):
        server.shutdown()
        server.server_close()
        thread.join()


def ask(urls, response="2\n\n33", kind="outcome", tokenizer=None, **settings):
    engine = make_reward_engine("server", RM, None, None, kind, EngineSettings(base_urls=tuple(urls), **settings))
    try:
        composer = Composer(reward_preset_of(RM if kind == "outcome" else PRM)[1], tokenizer, engine.context)
        return dict(engine.score([composer.compose("1+1?", response)]))[0]
    finally:
        engine.close()


def test_a_server_gives_rewards(pooling, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    assert ask([f"{pooling[0]}/v1"]) == RewardScore(score=5.0, tokens=9)
    path, body, authorization, _ = Pooling.requests[0]
    assert (path, authorization) == ("/pooling", "Bearer secret")
    assert body["messages"][1:] == [{"role": "user", "content": "1+1?"}, {"role": "assistant", "content": "2\n\n33"}]
    assert (body["model"], body["use_activation"], body["add_generation_prompt"]) == (RM, False, False)
    Pooling.kind = "process"
    assert ask(pooling, kind="process") == RewardScore(steps=(0.01, 0.02), tokens=9)
    assert Pooling.requests[1][1]["use_activation"] is True


@pytest.mark.model
def test_the_server_gets_token_ids_where_there_is_a_tokenizer(pooling, tokenizer):
    score = ask(pooling, "x" * 1000, tokenizer=tokenizer)
    sent = Pooling.requests[0][1]["input"]
    assert score == RewardScore(score=float(sent[-1]), tokens=len(sent))
    assert CONTEXT - 4 <= len(sent) <= CONTEXT


def test_a_server_failure_is_one_line(pooling, monkeypatch):
    async def no_sleep(_):
        return None

    monkeypatch.setattr("math_eval.engines._http.asyncio.sleep", no_sleep)
    Pooling.script = [(503, {}), (429, {})]
    assert ask(pooling).score == 5.0
    Pooling.script = [(400, {"error": "maximum context length is 9"})]
    assert "with --tokenizer it could be shortened" in ask(pooling).error
    for data, message in (
        ({"nonsense": 1}, "not a reward"),
        ({"data": [{"data": [[1.0, 2.0]]}]}, "not a reward"),
        ({"data": [{"data": [[float("nan")]]}]}, "score is nan"),
    ):
        Pooling.script = [(200, data)]
        assert message in ask(pooling).error
    for rows, message in (
        ([], "0 step scores for 2 steps"),
        ([[1.0], [2.0]], "1 classes a step"),
        ([[3.0, 4.0], [0.5, 0.5]], "do not add up to 1"),
        ([[-3.0, 4.0], [0.5, 0.5]], "not a probability"),
    ):
        Pooling.script = [(200, {"data": [{"data": rows}]})]
        assert message in ask(pooling, kind="process").error
    Pooling.script = [(401, {"error": "bad key"})]
    with pytest.raises(EngineError, match="bad key"):
        ask(pooling)
    Pooling.script = [(404, {"detail": "Not Found"})]
    with pytest.raises(EngineError, match="with --runner pooling"):
        ask(pooling)
    with pytest.raises(EngineError, match="cannot be reached") as caught:
        ask(["http://user:hidden@127.0.0.1:9/v1"])
    assert "hidden" not in str(caught.value)
    with pytest.raises(RequestError, match="needs --base-url"):
        ask([])


# run folders


@pytest.fixture
def run(tmp_path):
    """A run folder with 12 problems, two sets: 12 greedy samples and 24 sampled ones, one of them failed."""
    rows = tmp_path / "sums.jsonl"
    rows.write_text(
        "".join(json.dumps({"id": str(n), "question": f"{n} + {n}?", "answer": str(2 * n)}) + "\n" for n in range(12)),
        encoding="utf-8",
    )

    def answers(prompt, sampling):
        return f"{'so ' * (len(prompt.key) + sampling.number)}\n\n\\boxed{{{prompt.key[-1]}}}"

    request = RunRequest("model", (str(rows),), engine="scripted", prompt="direct", samples=2, output=tmp_path / "run")
    evaluate(request, engine=ScriptedEngine(answers))
    segment = tmp_path / "run/samples/00000.jsonl"
    lines = [json.loads(line) for line in segment.read_text(encoding="utf-8").splitlines()]
    lines[-1] |= {"state": "failed", "text": "", "error": "no"}
    segment.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return tmp_path / "run"


class Fake:
    """Scores by length, and dies after `dies_after` conversations."""

    def __init__(self, dies_after=None, kind="outcome"):
        self.context = None
        self.calls = 0
        self.closed = 0
        self.kind = kind
        self.dies_after = dies_after
        self.lengths = []

    def score(self, conversations):
        for position, conversation in enumerate(conversations):
            if self.calls == self.dies_after:
                raise EngineError("gone")
            self.calls += 1
            self.lengths.append(conversation.length)
            length = conversation.length / 1000
            steps = tuple(length for _ in range(conversation.steps))
            yield (
                position,
                RewardScore(score=length, tokens=3) if self.kind == "outcome" else RewardScore(steps=steps, tokens=3),
            )

    def close(self):
        self.closed += 1


def request(run, model=RM, **options):
    options.setdefault("settings", EngineSettings(base_urls=("http://127.0.0.1:9",)))
    return RewardRequest(run, model, engine="server", **options)


def lines(run, model=RM):
    return [json.loads(line) for line in rewards_path(run, model).read_text(encoding="utf-8").split("\n")[:-1]]


def keys(run, model=RM):
    return [(line["problem"], line["set"], line["n"]) for line in lines(run, model)[1:]]


def test_every_finished_sample_is_scored_once(run):
    engine = Fake()
    summary = score_rewards(request(run), engine=engine)
    assert (summary.samples, summary.made, summary.failed, summary.cut, engine.closed) == (35, 35, 0, 0, 1)
    assert engine.lengths == sorted(engine.lengths, reverse=True)
    assert Path(summary.file).name == "rewards.Qwen2.5-Math-RM-72B.jsonl"
    head, *scores = lines(run)
    assert (head["format"], head["model"], head["kind"], head["preset"]) == (1, RM, "outcome", "qwen-math-rm")
    assert len(set(keys(run))) == len(scores) == 35
    second = score_rewards(request(run), engine=(engine := Fake()))
    assert (second.samples, second.made, engine.calls, engine.closed) == (35, 0, 0, 0)
    rewards = read_rewards(run)
    assert len(rewards) == 35
    assert rewards[SampleKey("sums", "test", "3", "greedy", 0)] == pytest.approx(0.119, abs=0.05)


def test_an_engine_that_dies_loses_nothing(run):
    with pytest.raises(EngineError, match="gone"):
        score_rewards(request(run), engine=Fake(dies_after=10))
    before = keys(run)
    assert len(before) == 10
    path = rewards_path(run, RM)
    path.write_bytes(path.read_bytes()[:-9])
    summary = score_rewards(request(run), engine=(engine := Fake()))
    assert (engine.calls, summary.made, summary.samples) == (26, 26, 35)
    assert keys(run)[:9] == before[:9]
    assert len(set(keys(run))) == len(keys(run)) == 35


def test_limits_sets_and_new_samples_extend(run):
    assert score_rewards(request(run, limit=3, sets=("greedy",)), engine=Fake()).made == 3
    assert score_rewards(request(run, sets=("greedy",)), engine=Fake()).made == 9
    assert score_rewards(request(run), engine=Fake()).made == 23
    assert len(set(keys(run))) == 35


def test_step_scores_are_stored_and_a_response_without_steps_has_none(run):
    segment = run / "samples/00000.jsonl"
    text = segment.read_text(encoding="utf-8").replace("so so", "", 1)
    first = json.loads(text.splitlines()[0]) | {"text": " \n"}
    segment.write_text("\n".join([json.dumps(first), *text.splitlines()[1:]]) + "\n", encoding="utf-8")
    summary = score_rewards(request(run, PRM), engine=(engine := Fake(kind="process")))
    assert (summary.samples, engine.calls) == (35, 34)
    rewards = read_rewards(run, PRM)
    assert sorted({len(steps) for steps in rewards.values()}) == [0, 2]
    assert read_rewards(run, "Qwen2.5-Math-PRM-7B") == rewards


def test_other_settings_are_refused_or_replaced(run, tmp_path):
    score_rewards(request(run), engine=Fake())
    before = lines(run)
    with pytest.raises(RunConflictError, match=r"too_long cut \(requested: fail\); --remake replaces it"):
        score_rewards(request(run, too_long="fail"), engine=Fake())
    with pytest.raises(RunConflictError, match=rf"model {RM} \(requested: other/Qwen2.5-Math-RM-72B\)"):
        score_rewards(request(run, "other/Qwen2.5-Math-RM-72B"), engine=Fake())
    assert lines(run) == before
    assert score_rewards(request(run, too_long="fail", remake=True), engine=Fake()).made == 35
    assert lines(run)[0]["too_long"] == "fail"
    preset = tmp_path / "mine.yaml"
    preset.write_text("{schema: 1, title: x, match: [], kind: outcome}", encoding="utf-8")
    with pytest.raises(RunConflictError, match=r"preset qwen-math-rm \(requested: mine\); preset_sha256"):
        score_rewards(request(run, too_long="fail", preset=str(preset)), engine=Fake())
    path = rewards_path(run, RM)
    path.write_text(path.read_text(encoding="utf-8").replace('"format":1', '"format":2'), encoding="utf-8")
    with pytest.raises(DataError, match="format 2 is newer"):
        score_rewards(request(run), engine=Fake())
    assert score_rewards(request(run, remake=True), engine=Fake()).made == 35


def test_reading_names_the_existing_files(run):
    with pytest.raises(DataError, match=r"has no rewards \(math-eval reward RUN --model MODEL makes them\)"):
        read_rewards(run)
    score_rewards(request(run), engine=Fake())
    score_rewards(request(run, PRM), engine=Fake(kind="process"))
    assert [file.head.kind for file in reward_files(run)] == ["process", "outcome"]
    with pytest.raises(DataError, match="has the rewards of several models"):
        read_rewards(run)
    with pytest.raises(DataError, match="has no rewards of x, only those of Qwen"):
        read_rewards(run, "x")


def test_failures_are_stored_counted_and_retried_on_request(run):
    class Failing(Fake):
        def score(self, conversations):
            for position, scored in super().score(conversations):
                yield position, RewardScore(error="no room") if position % 5 == 0 else scored

    summary = score_rewards(request(run), engine=Failing())
    assert (summary.samples, summary.failed) == (35, 7)
    assert len(read_rewards(run)) == 28
    assert score_rewards(request(run), engine=Fake()).made == 0
    summary = score_rewards(request(run, retry_failed=True), engine=Fake())
    assert (summary.made, summary.samples, summary.failed) == (7, 35, 0)
    assert len(read_rewards(run)) == 35
    assert score_rewards(request(run, retry_failed=True), engine=Fake()).made == 0


@pytest.mark.model
def test_cut_and_refused_conversations_are_counted(run, tokenizer):
    folder = str(tokenizer.folder)
    engine = Fake()
    engine.context = 158
    summary = score_rewards(request(run, tokenizer=folder), engine=engine)
    assert (summary.samples, 0 < summary.cut < 35, summary.failed) == (35, True, 0)
    assert max(engine.lengths) <= 158
    assert sum(line["cut"] for line in lines(run)[1:]) == summary.cut
    engine = Fake()
    engine.context = 158
    refused = score_rewards(request(run, tokenizer=folder, too_long="fail", remake=True), engine=engine)
    assert (refused.cut, refused.failed, engine.calls) == (0, summary.cut, 35 - summary.cut)


def test_the_family_of_the_run_names_its_reward_model(run):
    with pytest.raises(RequestError, match="has no reward model; use --model"):
        score_rewards(request(run, ""), engine=Fake())
    with pytest.raises(RequestError, match="add --kind outcome, --kind process or --preset"):
        score_rewards(request(run, "unheard-of"), engine=Fake())
    with pytest.raises(RequestError, match="is for process reward models"):
        score_rewards(request(run, kind="outcome", preset="qwen-math-prm"), engine=Fake())


# the command


def command(*arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "math_eval", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def test_a_killed_scoring_resumes(run, pooling):
    Pooling.delay = 0.05
    arguments = ("reward", run, "-m", RM, "--base-url", pooling[0], "--base-url", pooling[1], "--concurrency", 2)
    process = command(*arguments)
    path = rewards_path(run, RM)
    for _ in range(600):
        if path.is_file() and path.read_bytes().count(b"\n") > 6:
            break
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    scored_keys = keys(run)
    assert 5 < len(scored_keys) < 35
    requests = len(Pooling.requests)
    Pooling.delay = 0.0
    process = command(*arguments, "--json", env={**os.environ, "OPENAI_API_KEY": "very-secret"})
    out, err = process.communicate()
    assert process.returncode == 0, err
    summary = json.loads(out)
    assert (summary["samples"], summary["made"]) == (35, 35 - len(scored_keys))
    assert keys(run)[: len(scored_keys)] == scored_keys
    assert len(set(keys(run))) == len(keys(run)) == 35
    repeated = [body["messages"] for _, body, _, _ in Pooling.requests[requests:]]
    assert len(repeated) <= 35 - len(scored_keys) + 2, "at most the requests in flight when it was killed"
    assert len({port for *_, port in Pooling.requests}) == 2, "both servers share the load"
    assert not any(b"very-secret" in file.read_bytes() for file in run.rglob("*") if file.is_file())


def test_mistakes_are_one_line(run, tmp_path):
    cases = [
        (("reward", tmp_path / "none", "-m", RM), "no run.json"),
        (("reward", run, "-m", RM, "-e", "vlm"), "did you mean vllm?"),
        (("reward", run, "-m", RM, "-e", "server"), "needs --base-url"),
        (("reward", run, "-m", RM, "--base-url", "ftp://x"), "expected http://HOST"),
        (("reward", run, "-m", tmp_path, "-e", "transformers"), "no config.json"),
        (("reward", run, "-m", RM, "--limit", "0"), "expected 1 or more"),
        (("reward", run, "-m", RM, "--tensor-parallel", "0"), "--tensor-parallel 0: expected 1 or more"),
    ]
    for arguments, message in cases:
        process = command(*arguments)
        out, err = process.communicate()
        assert (process.returncode, out, err.count("\n")) == (2, "", 1), err
        assert message in err


def test_a_run_is_scored_after_generation(tmp_path, pooling):
    rows = tmp_path / "sums.jsonl"
    rows.write_text('{"question": "1+1?", "answer": "2"}\n{"question": "2+2?", "answer": "4"}\n', encoding="utf-8")
    table = tmp_path / "table.jsonl"
    table.write_text('{"id": "0", "completion": "2"}\n{"id": "1", "completion": "four"}\n', encoding="utf-8")
    arguments = (
        "run",
        "stored",
        "-b",
        rows,
        "-e",
        "replay",
        "--responses",
        table,
        "-p",
        "direct",
        "-o",
        tmp_path / "r",
    )
    process = command(*arguments, "--reward-model", RM, "--reward-base-url", pooling[0], "--json")
    out, err = process.communicate()
    assert process.returncode == 0, err
    assert json.loads(out)["rewards"]["samples"] == 2
    assert sorted(read_rewards(tmp_path / "r").values()) == [1.0, 4.0]
    for options, message in (
        (("--reward-model", "unheard-of", "--reward-base-url", pooling[0]), "add --kind outcome"),
        (("--reward-base-url", pooling[0]), "need --reward-model"),
        (("--reward-model", RM, "--shard", "1/2"), "excludes --shard"),
    ):
        process = command(*arguments, *options)
        _, err = process.communicate()
        assert (process.returncode, message in err) == (2, True), err
