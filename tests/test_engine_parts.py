"""The parts of engines that need no model: stored and scripted completions, names, URLs, retries, server answers."""

import asyncio
import contextlib
import json
import types

import httpx
import pytest

from math_eval.engines import EngineSettings
from math_eval.engines._http import HttpClient
from math_eval.engines.base import backlog, failed
from math_eval.engines.make import default_engine, make_engine, settings_read
from math_eval.engines.pace import Pace, Slots
from math_eval.engines.replay import ReplayEngine
from math_eval.engines.scripted import ScriptedEngine, read_script
from math_eval.engines.server import _completion
from math_eval.engines.urls import check_url, display_url, without_credentials
from math_eval.errors import DataError, EngineError, RequestError
from math_eval.records import Prompt, Sampling

HOT = 0.7


def complete(engine, key="b/test/1", question="", number=0, temperature=0.0, **fields):
    prompt = Prompt(key=key, question=question, **fields)
    return asyncio.run(engine.complete(prompt, Sampling(temperature=temperature, number=number)))


def fields(completion):
    return completion.text, completion.finish, completion.tokens_in, completion.tokens_out


def stored(tmp_path, *rows):
    path = tmp_path / "stored.jsonl"
    path.write_text("\n\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    return ReplayEngine(path)


def test_stored_completions_keep_the_fields_of_their_row(tmp_path):
    row = {"id": 1, "completion": "four", "finish": "length", "tokens_in": 7, "tokens_out": 2}
    completion = complete(stored(tmp_path, row))
    assert fields(completion) == ("four", "length", 7, 2)
    row = {"idx": "1", "code": "x", "finish": "eos", "tokens_in": -1, "tokens_out": "many"}
    completion = complete(stored(tmp_path, row))
    assert fields(completion) == ("x", "stop", None, None)
    completion = complete(stored(tmp_path, {"problem": "1", "text": "", "state": "failed", "error": "too  long"}))
    assert (completion.finish, completion.error) == ("error", "too long")
    assert complete(stored(tmp_path, {"id": 1, "text": "", "state": "failed"})).error == "generation failed"


@pytest.mark.parametrize("name", ["problem", "id", "idx"])
@pytest.mark.parametrize("text", ["text", "completion", "response", "output", "code"])
def test_each_name_of_a_field_is_read(tmp_path, name, text):
    assert complete(stored(tmp_path, {name: 1, text: "x"})).text == "x"


def test_rows_are_matched_by_place_then_question_then_id(tmp_path):
    engine = stored(
        tmp_path,
        {"id": "1", "text": "by id"},
        {"question": "What  is\n2+2?", "id": "9", "text": "by question"},
        {"benchmark": "b", "split": "test", "problem": "1", "text": "by place"},
    )
    assert complete(engine).text == "by place"
    assert complete(engine, "c/test/1", " What is 2+2? ").text == "by question"
    assert complete(engine, "c/test/1", "another").text == "by id"
    assert complete(engine, "c/test/9", "another").error == "no stored completion of c/test/9"


def test_numbers_and_sets_of_stored_completions(tmp_path):
    engine = stored(tmp_path, {"id": 1, "text": ["a", "b"]}, {"id": 1, "text": "c"})
    assert [complete(engine, number=n).text for n in range(3)] == ["a", "b", "c"]
    assert complete(engine, number=3).error == "no stored completion 3 of b/test/1"
    assert complete(engine, number=1, temperature=HOT).text == "b", "a file without sets answers both"
    rows = [{"id": 1, "set": name, "n": n, "text": f"{name} {n}"} for name in ("sampled", "greedy") for n in (1, 0)]
    engine = stored(tmp_path, *rows)
    assert complete(engine).text == "greedy 0"
    assert complete(engine, number=1, temperature=HOT).text == "sampled 1"


@pytest.mark.parametrize("name", ["sampled", "greedy"])
def test_a_file_of_another_benchmark_is_refused_before_it_starts(tmp_path, name):
    engine = stored(tmp_path, {"id": 1, "set": name, "text": "a"})
    engine.check([Prompt(key="b/test/7"), Prompt(key="b/test/1")])
    with pytest.raises(EngineError, match="holds none of the problems of this run"):
        engine.check([Prompt(key="b/test/7")])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 2: not JSON"),
        ("[" * 100_000, "line 2: not JSON"),
        ('{"id": 1, "text": "\udcff"}', "line 2: not JSON"),
        ("[1]", "line 2: expected a JSON object"),
        ('{"text": "x"}', "line 2: expected a question, or one of problem, id, idx"),
        ('{"id": 1, "text": []}', r"line 2: expected a text or a list of texts as one of text, completion"),
        ('{"id": 1, "text": ["a", 2]}', "line 2: expected a text"),
    ],
)
def test_a_line_that_holds_no_completion_is_named(tmp_path, line, message):
    path = tmp_path / "bad.jsonl"
    path.write_text(f'{{"id": 1, "text": "fine"}}\n{line}\n', encoding="utf-8", errors="surrogateescape")
    with pytest.raises(DataError, match=message):
        ReplayEngine(path)


def test_scripted_completions_are_cut_and_counted():
    engine = ScriptedEngine({"b/test/1": "one two STOP three", "b/test/2": ["first", "second"]})
    completion = complete(engine, stop=("STOP",), text="p q r")
    assert fields(completion) == ("one two ", "stop", 3, 2)
    assert complete(engine, text="p", token_ids=(1, 2, 3, 4)).tokens_in == 4
    assert [complete(engine, "b/test/2", turn=turn).text for turn in range(3)] == ["first", "second", ""]
    completion = asyncio.run(engine.complete(Prompt(key="b/test/1"), Sampling(max_tokens=3)))
    assert (completion.text, completion.finish, completion.tokens_out) == ("one two STOP", "length", 3)
    completion = asyncio.run(engine.complete(Prompt(key="b/test/1"), Sampling(max_tokens=4)))
    assert (completion.text, completion.finish) == ("one two STOP three", "stop")
    assert complete(engine, "b/test/3").error == "no scripted completion for b/test/3"
    assert (engine.calls, engine.concurrency) == (8, 64)


def pauses_of(monkeypatch, engine, prompt):
    """The pauses of an engine while it makes one completion, which then take no time."""
    pauses = []

    async def pause(seconds):
        pauses.append(seconds)

    monkeypatch.setattr("math_eval.engines.scripted.asyncio.sleep", pause)
    asyncio.run(engine.complete(prompt, Sampling()))
    return pauses


def test_a_scripted_completion_takes_its_latency_and_its_pace(monkeypatch):
    prompt = Prompt("p " * 10, key="b/test/1")
    table = {"b/test/1": "w " * 30}
    assert pauses_of(monkeypatch, ScriptedEngine(table, latency_s=0.25), prompt) == [0.25]
    engine = ScriptedEngine(table, pace=Pace(2, 60.0, prefill_tokens_per_second=20.0))
    assert pauses_of(monkeypatch, engine, prompt) == [0.0, 10 / 20 + 30 / 60]
    assert pauses_of(monkeypatch, engine, Prompt(key="b/test/9")) == [0.0], "a failure takes no slot"
    assert (engine.concurrency, ScriptedEngine(table, concurrency=3).concurrency) == (backlog(2), 3)


@pytest.mark.parametrize("slots", [1, 3])
def test_no_more_slots_are_busy_than_the_pace_has(slots):
    busy_counts = []

    async def use_slots():
        simulated_slots = Slots(Pace(slots, 1e6, watch=busy_counts.append))
        await asyncio.gather(*(simulated_slots.hold(0, 1) for _ in range(7)))

    asyncio.run(use_slots())
    assert (max(busy_counts), busy_counts[-1], busy_counts.count(slots)) == (slots, 0, 1), (
        "a slot that is passed on stays busy"
    )


def test_the_slot_of_a_cancelled_call_goes_to_the_next():
    finished = []

    async def use_slots():
        simulated_slot = Slots(Pace(1, 1e6))

        async def hold_slot(name):
            await simulated_slot.hold(0, 1)
            finished.append(name)

        first, second, third = (asyncio.create_task(hold_slot(name)) for name in "abc")
        await first
        second.cancel()  # its slot has been passed on to it, and it has not run since
        await asyncio.gather(second, third, return_exceptions=True)

    asyncio.run(asyncio.wait_for(use_slots(), 20))
    assert finished == ["a", "c"]


def test_a_script_is_a_json_object(tmp_path):
    path = tmp_path / "script.json"
    with pytest.raises(DataError, match="cannot be read: No such file"):
        read_script(path)
    path.write_text('{"a": 1}', encoding="utf-8")
    with pytest.raises(DataError, match="expected a JSON object"):
        read_script(path)
    path.write_text('{"a": ["x"], "b": "y"}', encoding="utf-8")
    assert read_script(path) == {"a": ["x"], "b": "y"}


def test_engines_are_made_from_what_they_need(tmp_path):
    path = tmp_path / "table.json"
    path.write_text('{"b/test/1": "x"}', encoding="utf-8")
    engine = make_engine("scripted", "m", None, EngineSettings(responses=path, latency_s=0.25))
    assert (type(engine), engine._latency_s) == (ScriptedEngine, 0.25)
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"id": 1, "text": "x"}\n', encoding="utf-8")
    assert complete(make_engine("replay", "m", None, EngineSettings(responses=rows))).text == "x"
    for name in ("replay", "scripted"):
        with pytest.raises(RequestError, match=f"--engine {name} needs --responses FILE"):
            make_engine(name, "m", None, EngineSettings())
    for name in ("vllm", "transformers"):
        with pytest.raises(RequestError, match=f"--engine {name} needs a model folder"):
            make_engine(name, "m", None, EngineSettings())
    with pytest.raises(RequestError, match="needs --base-url, for example http://127"):
        make_engine("server", "m", None, EngineSettings())
    assert settings_read("server") == tuple("base_urls concurrency seeding extra_body headers request_timeout".split())
    assert settings_read("fractions:Fraction") is None


@pytest.mark.parametrize("missing", ["complete", "close", "concurrency", None])
def test_an_engine_class_must_have_every_attribute(monkeypatch, missing):
    parts = dict.fromkeys(("complete", "close", "concurrency"), 1)
    parts.pop(missing, None)
    engine_class = type(
        "UserEngine", (), {**parts, "__init__": lambda self, *arguments: setattr(self, "arguments", arguments)}
    )
    monkeypatch.setattr("math_eval.engines.make.ENGINES", types.SimpleNamespace(load=lambda _: engine_class))
    if missing is None:
        assert make_engine("a:UserEngine", "m", None, EngineSettings()).arguments == ("m", EngineSettings())
    else:
        with pytest.raises(RequestError, match=f"engine a:UserEngine: its class lacks {missing}$"):
            make_engine("a:UserEngine", "m", None, EngineSettings())


def test_every_base_url_is_checked():
    with pytest.raises(RequestError, match="--base-url: expected http"):
        HttpClient(("http://a/v1", "ftp://b/v1"), 8, example="")


@pytest.mark.parametrize(("installed", "name"), [(True, "vllm"), (False, "transformers")])
def test_vllm_is_the_default_where_it_is_installed(monkeypatch, installed, name):
    monkeypatch.setattr("math_eval.engines.vllm.is_installed", lambda: installed)
    assert default_engine() == name


def test_a_backlog_is_a_little_more_than_the_slots():
    assert [backlog(slots) for slots in (1, 16, 256)] == [9, 24, 320]


def test_a_reason_is_one_short_line():
    completion = failed("a\n b  " + "x" * 600, 4)
    assert fields(completion) == ("", "error", 4, 0)
    assert completion.error == "a b " + "x" * 496


@pytest.mark.parametrize("url", ["http://h", "https://h:1/v1", "http://u:p@h:8000/v1"])
def test_a_base_url_is_http_with_a_host(url):
    check_url(url)


@pytest.mark.parametrize("url", ["h:8000", "ftp://h/v1", "http://", "http://h:0", "http://h:99999", "https:///v1", ""])
def test_another_url_is_refused_without_repeating_it(url):
    with pytest.raises(RequestError) as error:
        check_url(url)
    assert str(error.value) == "--base-url: expected http://HOST:PORT/v1 or https://HOST/v1"


def test_urls_are_shown_without_their_secrets():
    assert display_url(httpx.URL("https://user:key@host:8000/v1?x=1")) == "https://host:8000"
    assert without_credentials("a http://u:p@h/v1, https://k@g x@y") == "a http://h/v1, https://g x@y"


def post(monkeypatch, *answers, urls=("http://h/v1/",)):
    """The result of post() for these replies (a status, or an error to raise), its requests, and its pauses."""
    remaining, requests, pauses = list(answers), [], []

    async def pause(seconds):
        pauses.append(seconds)

    async def answer(request):
        requests.append(request)
        reply = remaining.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return httpx.Response(reply, text="busy")

    async def post_once():
        client = HttpClient(urls, 8, example="")
        for index, original in enumerate(client._clients):
            client._clients[index] = httpx.AsyncClient(
                base_url=original.base_url, headers=original.headers, transport=httpx.MockTransport(answer)
            )
        try:
            return await client.post("/x", {"a": 1}, lambda reply: f" hint {reply.status_code}")
        finally:
            assert client._open == [0] * len(urls)
            await client.close()

    monkeypatch.setattr("math_eval.engines._http.asyncio.sleep", pause)
    try:
        result = asyncio.run(post_once())
    except EngineError as error:
        result = error
    return result, requests, pauses


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504])
def test_a_busy_server_is_tried_six_times_with_growing_pauses(monkeypatch, status):
    result, requests, pauses = post(monkeypatch, *[status] * 6)
    assert (result, len(requests)) == (f"the server answered {status}: busy hint {status}", 6)
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0]
    result, requests, _ = post(monkeypatch, status, 200)
    assert (result.status_code, len(requests)) == (200, 2)
    assert (str(requests[0].url), json.loads(requests[0].content)) == ("http://h/v1/x", {"a": 1})


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_bad_request_is_final(monkeypatch, status):
    result, requests, _ = post(monkeypatch, status)
    assert (result, len(requests)) == (f"the server answered {status}: busy hint {status}", 1)


@pytest.mark.parametrize("status", [401, 403, 404, 405])
def test_a_refusal_of_the_server_ends_the_run(monkeypatch, status):
    result, requests, _ = post(monkeypatch, status, urls=("http://u:p@h:1/v1",))
    assert (type(result), str(result)) == (EngineError, f"http://h:1: the server answered {status}: busy hint {status}")
    assert len(requests) == 1


def test_connections_that_fail_are_tried_again(monkeypatch):
    result, requests, _ = post(monkeypatch, *[httpx.ConnectError("refused")] * 6)
    assert (type(result), str(result), len(requests)) == (EngineError, "http://h: cannot be reached: refused", 6)
    result, _, _ = post(monkeypatch, httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), 200)
    assert result.status_code == 200
    result, requests, _ = post(monkeypatch, *[httpx.ReadTimeout("slow")] * 6)
    assert (result, len(requests)) == ("ReadTimeout: slow", 6)


def test_connections_to_a_base_url_are_limited_and_reused():
    open_connections, open_counts, all_closed = [], [], asyncio.Event()

    async def answer(reader, writer):
        open_connections.append(writer)
        open_counts.append(len(open_connections))
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split()[0]))
                await asyncio.sleep(0.01)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        writer.close()
        await writer.wait_closed()
        open_connections.remove(writer)
        if not open_connections:
            all_closed.set()

    async def post_many():
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        client = HttpClient((url,), 3, example="")
        assert client._clients[0].timeout == httpx.Timeout(3600.0, connect=20.0)
        replies = await asyncio.gather(*(client.post("/x", {}) for _ in range(9)))
        await client.close()
        await all_closed.wait()
        server.close()
        return [reply.status_code for reply in replies]

    assert asyncio.run(post_many()) == [200] * 9
    assert (max(open_counts), len(open_counts)) == (3, 3), "three connections at a time, reused for later requests"


def test_a_request_goes_to_the_url_with_the_fewest_open():
    hosts = []

    async def post_many():
        client = HttpClient(("http://a", "http://b", "http://c"), 8, example="")
        release = asyncio.Event()

        async def answer(request):
            hosts.append(request.url.host)
            await release.wait()
            return httpx.Response(200)

        for index, original in enumerate(client._clients):
            client._clients[index] = httpx.AsyncClient(
                base_url=original.base_url, transport=httpx.MockTransport(answer)
            )
        posts = []
        for _ in range(5):
            posts.append(asyncio.create_task(client.post("/x", {})))
            await asyncio.sleep(0.01)
        release.set()
        await asyncio.gather(*posts)
        await client.close()
        assert all(connection.is_closed for connection in client._clients)

    asyncio.run(post_many())
    assert hosts == ["a", "b", "c", "a", "b"]


def test_a_key_is_sent_as_a_header_only_where_there_is_one(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    assert post(monkeypatch, 200)[1][0].headers["Authorization"] == "Bearer k"
    monkeypatch.delenv("OPENAI_API_KEY")
    assert "Authorization" not in post(monkeypatch, 200)[1][0].headers


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"choices": [{"text": "a END b", "finish_reason": "stop"}]}, ("a ", "stop", None, None)),
        ({"choices": [{"message": {"content": None}, "finish_reason": "length"}]}, ("", "length", None, None)),
        (
            {"choices": [{"text": "x"}], "usage": {"prompt_tokens": 5, "completion_tokens": -2}},
            ("x", "stop", 5, None),
        ),
        ({"choices": [{"text": "x"}], "usage": {"completion_tokens": 3}}, ("x", "stop", None, 3)),
        (
            {"choices": [{"text": "x"}], "usage": {"prompt_tokens": "y", "completion_tokens": True}},
            ("x", "stop", None, None),
        ),
        (
            {"choices": [{"text": "x"}], "usage": {"prompt_tokens": 5.0, "completion_tokens": 0.5}},
            ("x", "stop", 5, None),
        ),
    ],
)
def test_a_server_response_becomes_a_completion(content, expected):
    completion = _completion(httpx.Response(200, json=content), Prompt(stop=("END",)))
    assert fields(completion) == expected


NO_COMPLETIONS = {
    "{}": "KeyError",
    '{"choices": []}': "IndexError",
    "[1]": "AttributeError|TypeError",
    "{": "JSONDecodeError",
    '{"choices": [{"text": "x"}], "usage": [1]}': "AttributeError",
}


@pytest.mark.parametrize("content", NO_COMPLETIONS)
def test_a_response_without_a_completion_is_a_failed_sample(content):
    completion = _completion(httpx.Response(200, text=content), Prompt())
    message, reason = completion.error.split(": ")[:2]
    assert (completion.finish, message) == ("error", "the server's response is not a completion")
    assert reason in NO_COMPLETIONS[content].split("|")


def test_every_base_url_gets_the_request(monkeypatch):
    async def get_models():
        client = HttpClient(("http://a/v1", "http://b/v1"), 8, example="")
        for index, (original, status) in enumerate(zip(client._clients, (200, 500), strict=True)):
            answer = httpx.MockTransport(lambda _, status=status: httpx.Response(status))
            client._clients[index] = httpx.AsyncClient(base_url=original.base_url, transport=answer)
        replies = await client.get("/models")
        await client.close()
        return [(str(reply.url), reply.status_code) for reply in replies]

    assert asyncio.run(get_models()) == [("http://a/v1/models", 200), ("http://b/v1/models", 500)]


def test_engines_of_models_get_the_folder_and_the_settings(tmp_path, monkeypatch):
    settings = EngineSettings(seed=3)
    monkeypatch.setattr("math_eval.engines.vllm.VllmEngine", lambda *arguments: arguments)
    local = types.SimpleNamespace(folder=tmp_path)
    assert make_engine("vllm", "m", local, settings) == (tmp_path, settings)
    assert settings_read("scripted") == settings_read("replay") == ("responses",)
