"""Engines on a real small model end to end, the server engine against a stub, replay of real files."""

import asyncio
import dataclasses
import http.server
import json
import threading

import httpx
import pytest

from math_eval.engines import EngineSettings
from math_eval.engines._http import HttpClient
from math_eval.engines.replay import ReplayEngine
from math_eval.engines.server import ServerEngine
from math_eval.engines.stops import cut_at_stop
from math_eval.errors import DataError, EngineError
from math_eval.evaluation import evaluate
from math_eval.generate import RunRequest
from math_eval.models import Tokenizer, has_chat_template
from math_eval.records import Prompt, Sampling

CHAT = Prompt(messages=({"role": "user", "content": "What is 2 + 3?"},))


def test_the_earliest_stop_string_cuts():
    assert cut_at_stop("a STOP b END", ("END", "STOP", "")) == ("a ", True)
    assert cut_at_stop("abc", ("x",)) == ("abc", False)


@pytest.mark.model
def test_special_tokens_stand_exactly_once(smollm):
    tokenizer = Tokenizer(smollm)
    assert has_chat_template(smollm)
    ids = tokenizer.encode(CHAT)
    start = tokenizer.encode(Prompt(text="<|im_start|>"))[-1]
    assert ids[0] == start
    assert ids.count(start) == 3, "system, user and the generation prompt"
    text = "<|im_start|>user\nWhat is 2 + 3?<|im_end|>\n"
    assert tokenizer.encode(Prompt(text=text)).count(start) == 1


def scenario(smollm, tmp_path, engine, **options):
    batches = {"batch_size": 4} if engine == "transformers" else {}
    request = {
        "prompt": "chat",
        "engine": engine,
        "limit": 8,
        "max_tokens": 96,
        "output": tmp_path / "run",
        "settings": EngineSettings(dtype="float32", max_model_len=512, **batches),
        **options,
    }
    return evaluate(RunRequest(str(smollm), ("sampler",), **request))


@pytest.mark.model
@pytest.mark.parametrize("engine", ["transformers", "vllm"])
def test_a_real_model_end_to_end(smollm, tmp_path, engine):
    pytest.importorskip("torch" if engine == "transformers" else "vllm")
    run = scenario(smollm, tmp_path, engine)
    [metric] = run.metrics.benchmarks
    assert (metric.problems, metric.samples, metric.failed) == (8, 8, 0.0)
    assert metric.accuracy > 0
    assert run.timing.tokens_out > 8
    assert metric.truncated == pytest.approx(round(metric.truncated * 8) / 8)
    second_run = scenario(smollm, tmp_path, engine)
    assert second_run.timing.samples == 0
    assert second_run.metrics == run.metrics
    extended_run = scenario(smollm, tmp_path, engine, limit=2, samples=3, temperature=0.7)
    assert extended_run.timing.samples == 6
    sets = [(result.set, result.samples) for result in extended_run.metrics.benchmarks]
    assert sets == [("greedy", 8), ("sampled", 6)]


@pytest.mark.model
@pytest.mark.parametrize("engine", ["transformers", "vllm"])
def test_a_prompt_longer_than_the_context_is_a_failed_sample(smollm, tmp_path, engine):
    pytest.importorskip("torch" if engine == "transformers" else "vllm")
    rows = tmp_path / "long.jsonl"
    long_question = "word " * 600
    lines = [json.dumps({"question": question, "answer": "5"}) + "\n" for question in ("2+3?", long_question)]
    rows.write_text("".join(lines), encoding="utf-8")
    settings = EngineSettings(dtype="float32", max_model_len=512)
    request = RunRequest(
        str(smollm),
        (str(rows),),
        engine=engine,
        prompt="direct",
        max_tokens=8,
        settings=settings,
        output=tmp_path / "run",
    )
    run = evaluate(request)
    [metric] = run.metrics.benchmarks
    assert (metric.samples, metric.failed) == (2, 0.5)
    lines = [
        json.loads(line) for line in (tmp_path / "run/samples/00000.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    [failed] = [line for line in lines if line["state"] == "failed"]
    assert "leaves no room in the context of 512" in failed["error"]


@pytest.mark.model
def test_greedy_agrees_with_a_loop_over_single_prompts(smollm, tmp_path):
    """Batching, padding and order change nothing that greedy decoding in float32 shows."""
    batched = scenario(smollm, tmp_path, "transformers", limit=4, max_tokens=24, output=tmp_path / "batched")
    single = scenario(
        smollm,
        tmp_path,
        "transformers",
        limit=4,
        max_tokens=24,
        output=tmp_path / "single",
        settings=EngineSettings(dtype="float32", batch_size=1, max_model_len=512),
    )
    texts = []
    for run in (batched, single):
        lines = (run.folder / "samples/00000.jsonl").read_text(encoding="utf-8").splitlines()
        texts.append(
            sorted((row["problem"], row["text"], row["finish"], row["tokens_out"]) for row in map(json.loads, lines))
        )
    assert texts[0] == texts[1]


class Stub(http.server.BaseHTTPRequestHandler):
    script: list = []
    requests: list = []

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        Stub.requests.append((self.path, body, self.headers.get("Authorization")))
        status, reply = Stub.script.pop(0) if Stub.script else (200, reply_with("\\boxed{4}"))
        content = json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


def reply_with(text, **fields):
    usage = {"prompt_tokens": 5, "completion_tokens": 3}
    return {"choices": [{"text": text, "finish_reason": "stop", **fields}], "usage": usage}


@pytest.fixture
def stub():
    Stub.script, Stub.requests = [], []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}/v1"
        running.shutdown()
        thread.join()


def ask(url, prompt, sampling=None, **settings):
    async def once():
        engine = ServerEngine("m", EngineSettings(base_urls=(url,), **settings))
        try:
            return await engine.complete(prompt, sampling or Sampling())
        finally:
            await engine.close()

    return asyncio.run(once())


def test_the_server_engine_speaks_both_apis(stub, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    completion = ask(stub, Prompt(text="2+2=", stop=("\n",)), Sampling(stop_token_ids=(7,), seed=3, max_tokens=9))
    assert (completion.text, completion.finish) == ("\\boxed{4}", "stop")
    assert (completion.tokens_in, completion.tokens_out) == (5, 3)
    path, body, authorization = Stub.requests[0]
    assert (path, authorization) == ("/v1/completions", "Bearer secret")
    assert body == {
        "model": "m",
        "temperature": 0.0,
        "top_p": 1.0,
        "max_tokens": 9,
        "stop": ["\n"],
        "seed": 3,
        "stop_token_ids": [7],
        "prompt": "2+2=",
    }
    Stub.script = [(200, {"choices": [{"message": {"content": "4"}, "finish_reason": "length"}]})]
    completion = ask(stub, CHAT)
    assert (completion.text, completion.finish) == ("4", "length")
    assert Stub.requests[1][0] == "/v1/chat/completions"
    assert Stub.requests[1][1]["messages"] == [{"role": "user", "content": "What is 2 + 3?"}]


def test_a_busy_server_is_tried_again(stub, monkeypatch):
    async def no_pause(_):
        return None

    monkeypatch.setattr("math_eval.engines._http.asyncio.sleep", no_pause)
    Stub.script = [(503, {}), (429, {})]
    assert ask(stub, CHAT).text == "\\boxed{4}"
    Stub.script = [(400, {"error": "prompt too long"})]
    completion = ask(stub, CHAT)
    assert (completion.finish, "prompt too long" in completion.error) == ("error", True)
    Stub.script = [(200, {"nonsense": 1})] * 6
    assert "not a completion" in ask(stub, CHAT).error
    Stub.script = [(401, {"error": "bad key"})]
    with pytest.raises(EngineError, match="bad key"):
        ask(stub, CHAT)
    with pytest.raises(EngineError, match="cannot be reached"):
        ask("http://user:pw@127.0.0.1:9/v1", CHAT)


def test_an_unknown_model_stops_the_run_at_once(stub):
    Stub.script = [(404, {"error": "no model m"})]
    with pytest.raises(EngineError, match="no model m"):
        ask(stub, CHAT)
    assert len(Stub.requests) == 1


def test_an_unfinished_turn_is_continued(stub):
    ask(stub, dataclasses.replace(CHAT, transcript="First, "))
    body = Stub.requests[0][1]
    assert body["messages"][-1] == {"role": "assistant", "content": "First, "}
    assert (body["continue_final_message"], body["add_generation_prompt"]) == (True, False)


def test_each_request_goes_to_the_base_url_with_the_fewest_open():
    """The first of two servers is held busy: of three requests that follow, none may go there while it is."""

    async def scenario():
        client = HttpClient(["http://busy.test/v1", "http://idle.test/v1"], 8, example="")
        hosts, busy, release = [], asyncio.Event(), asyncio.Event()

        async def post(request):
            hosts.append(request.url.host)
            if request.url.host == "busy.test":
                busy.set()
                await release.wait()
            return httpx.Response(200, json={})

        for index, url in enumerate(("http://busy.test/v1", "http://idle.test/v1")):
            client._clients[index] = httpx.AsyncClient(base_url=url, transport=httpx.MockTransport(post))
        open_request = asyncio.create_task(client.post("/x", {}))
        await busy.wait()
        for _ in range(3):
            await asyncio.wait_for(client.post("/x", {}), 10)
        release.set()
        await open_request
        await client.close()
        return hosts

    assert asyncio.run(scenario()) == ["busy.test", "idle.test", "idle.test", "idle.test"]


def test_no_secret_is_written_into_a_run(stub, monkeypatch, tmp_path):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    url = stub.replace("http://", "http://user:hidden@")
    settings = EngineSettings(base_urls=(url,))
    request = RunRequest(
        "m", ("sampler",), engine="server", prompt="chat", limit=3, settings=settings, output=tmp_path / "run"
    )
    assert evaluate(request).metrics.benchmarks[0].samples == 3
    for path in (tmp_path / "run").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert b"very-secret" not in content
            assert b"hidden" not in content


def test_replay_of_a_stored_run_of_the_reference(shared, tmp_path):
    """A file with eight stored responses a problem becomes a run of ours, scored with our own grader."""
    [path] = (shared / "outputs/QwenLM__Qwen2.5-Math/_unnamed_").glob("*.jsonl")
    stored = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    rows = tmp_path / "math100.jsonl"
    rows.write_text(
        "".join(
            json.dumps({"idx": row["idx"], "question": row["question"], "answer": row["gt"]}) + "\n" for row in stored
        ),
        encoding="utf-8",
    )
    settings = EngineSettings(responses=path)
    request = RunRequest(
        "stored", (str(rows),), engine="replay", prompt="direct", samples=8, settings=settings, output=tmp_path / "run"
    )
    run = evaluate(request)
    greedy, sampled = run.metrics.benchmarks
    assert (greedy.samples, sampled.samples, sampled.failed) == (100, 800, 0.0)
    assert greedy.accuracy == sum(row["score"][0] for row in stored) / 100
    reference_score = sum(score for row in stored for score in row["score"])
    assert abs(sampled.accuracy * 800 - reference_score) == pytest.approx(1), "the graders differ on one response"
    assert sampled.at["pass@8"].value >= sampled.accuracy


def test_replay_names_the_line_it_cannot_read(tmp_path):
    path = tmp_path / "x.jsonl"
    with pytest.raises(DataError, match="no such file"):
        ReplayEngine(path)
    path.write_text('{"idx": 1}\n', encoding="utf-8")
    with pytest.raises(DataError, match="line 1: expected a text"):
        ReplayEngine(path)


@pytest.mark.model
def test_rows_of_a_batch_may_have_different_budgets(smollm):
    """After a tool call, a sample has a smaller budget than the others of its batch."""
    from math_eval.engines.transformers import TransformersEngine

    tokenizer = Tokenizer(smollm)
    prompts = [Prompt(text, token_ids=tokenizer.encode(Prompt(text))) for text in ("Once upon a time", "1, 2, 3, 4,")]
    budgets = (3, 17)

    async def complete_all(size):
        engine = TransformersEngine(smollm, EngineSettings(dtype="float32", batch_size=size, max_model_len=128))
        batches = []
        run = engine._run
        engine._run = lambda batch: batches.append(len(batch)) or run(batch)
        calls = [engine.complete(prompt, Sampling(max_tokens=n)) for prompt, n in zip(prompts, budgets, strict=True)]
        completions = await asyncio.gather(*calls)
        await engine.close()
        return batches, [(completion.text, completion.finish, completion.tokens_out) for completion in completions]

    batches, batched = asyncio.run(complete_all(2))
    assert batches == [2]
    assert [(finish, tokens) for _, finish, tokens in batched] == [("length", 3), ("length", 17)]
    assert asyncio.run(complete_all(1)) == ([1, 1], batched)


@pytest.mark.model
def test_closing_does_not_wait_for_the_batch(smollm):
    """Ctrl-C and SIGTERM end a run by it: 2,048 tokens may take a CPU many minutes."""
    from math_eval.engines.transformers import TransformersEngine

    prompt = Prompt("1, 2, 3, 4,", token_ids=Tokenizer(smollm).encode(Prompt("1, 2, 3, 4,")))

    async def close_in_batch():
        engine = TransformersEngine(smollm, EngineSettings(dtype="float32"))
        steps, started = [], threading.Event()

        def step(*_arguments, **_options):
            steps.append(1)
            started.set()

        engine._model.register_forward_hook(step)
        completion = asyncio.ensure_future(engine.complete(prompt, Sampling(max_tokens=2000)))
        await asyncio.to_thread(started.wait)
        await engine.close()
        with pytest.raises(EngineError, match="the engine was closed"):
            await completion
        return len(steps)

    assert asyncio.run(close_in_batch()) < 100
