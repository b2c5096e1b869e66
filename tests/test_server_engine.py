"""The server engine against a recording stub: what is asked is sent or refused, and run.json says what was sent."""

import asyncio
import gzip
import json
import threading
import time

import httpx
import pytest
from recording_server import completion, recording_server, refusal

from math_eval import evaluate
from math_eval.cli.main import main
from math_eval.engines import EngineSettings, _http, event_stream
from math_eval.engines.event_stream import read_events
from math_eval.engines.server import ServerEngine
from math_eval.engines.token_room import Room, most_tokens_of, room_of
from math_eval.errors import EngineError, RequestError, RunConflictError
from math_eval.records import Prompt, Sampling

CHAT = Prompt(messages=({"role": "user", "content": "What is 2 + 2?"},), key="b/test/1")
UNSUPPORTED = "Unsupported parameter: '{}' is not supported with this model."
TOO_LONG = (
    "This model's maximum context length is {} tokens. However, you requested {} tokens ({} in the messages, {} in the "
    "completion)."
)


@pytest.fixture
def server():
    with recording_server() as running:
        yield running


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    pauses = []

    async def pause(seconds):
        pauses.append(seconds)

    monkeypatch.setattr("math_eval.engines._http.asyncio.sleep", pause)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    return pauses


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "sums.jsonl"
    path.write_text('{"question": "2+2?", "answer": 4}\n{"question": "1+3?", "answer": 4}\n', encoding="utf-8")
    return path


@pytest.fixture
def run(server, rows, tmp_path):
    """Evaluates a model of the stub on two problems."""

    def run_with(**options):
        defaults = {"engine": "server", "base_urls": server.url, "prompt": "chat", "output": tmp_path / "run"}
        return evaluate("m", str(rows), **(defaults | options))

    return run_with


def run_json(tmp_path):
    return json.loads((tmp_path / "run/run.json").read_text(encoding="utf-8"))


def samples(tmp_path):
    return [
        json.loads(line)
        for path in (tmp_path / "run/samples").glob("*")
        for line in path.read_text("utf-8").split("\n")
        if line
    ]


def ask(server, prompt=CHAT, sampling=None, times=1, on_change=lambda _: None, **settings):
    """The completions that an engine makes one after the other; the last one where it is asked once."""

    async def ask_all():
        engine = ServerEngine("m", EngineSettings(base_urls=(server.url,), **settings))
        engine.watch_changes(on_change)
        try:
            return [await engine.complete(prompt, sampling or Sampling()) for _ in range(times)]
        finally:
            await engine.close()

    completions = asyncio.run(ask_all())
    return completions[0] if times == 1 else completions


def described(info, set_name):
    """The body of a request as run.json describes it, without its messages and its seed."""
    settings, chat = info["sets"][set_name], info.get("chat", {})
    neutral = {"top_k": -1, "min_p": 0, "presence_penalty": 0, "frequency_penalty": 0, "repetition_penalty": 1}
    neutral |= {"stop": [], "stop_token_ids": [], "thinking_budget": None, "min_thinking": 0}
    body = {name: value for name, value in settings.items() if name not in neutral or value != neutral[name]}
    body |= {"model": info["model"], **info["engine_settings"].get("extra_body", {})}
    names = {"template": "chat_template", "arguments": "chat_template_kwargs", "reasoning_effort": "reasoning_effort"}
    body |= {names[name]: value for name, value in chat.items() if name in names}
    changes = info.get("server_changes", {}).get(info["base_urls"][0], {})
    for name, change in changes.items():
        if change == "left out":
            body.pop(name, None)
    if "max_tokens" in changes:
        body["max_completion_tokens"] = body.pop("max_tokens")
    if changes.get("stream") == "true" or body.get("stream"):
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return body


OPTIONS = {
    "temperature": (0.4, {"temperature": 0.4}),
    "top_p": (0.8, {"top_p": 0.8}),
    "top_k": (20, {"top_k": 20}),
    "min_p": (0.1, {"min_p": 0.1}),
    "presence_penalty": (1.5, {"presence_penalty": 1.5}),
    "frequency_penalty": (0.5, {"frequency_penalty": 0.5}),
    "repetition_penalty": (1.1, {"repetition_penalty": 1.1}),
    "max_tokens": (77, {"max_tokens": 77}),
    "stop": (("END", "###"), {"stop": ["END", "###"]}),
    "stop_token_ids": ((5, 6), {"stop_token_ids": [5, 6]}),
    "chat_template": ("{{ messages }}", {"chat_template": "{{ messages }}"}),
    "chat_template_kwargs": ({"enable_thinking": False}, {"chat_template_kwargs": {"enable_thinking": False}}),
    "reasoning_effort": ("high", {"reasoning_effort": "high"}),
    "extra_body": ({"provider": {"order": ["x"]}}, {"provider": {"order": ["x"]}}),
    "system": ("Be brief.", {}),
    "seeding": ("request", {}),
}


@pytest.mark.parametrize("option", OPTIONS)
def test_each_option_is_in_every_body_and_run_json_equals_the_bodies(server, run, tmp_path, option):
    value, expected = OPTIONS[option]
    if option == "chat_template":
        path = tmp_path / "template.jinja"
        path.write_text(value, encoding="utf-8")
        value = path
    run(samples=2, greedy=False, **{option: value})
    assert len(server.bodies) == 4
    description = described(run_json(tmp_path), "sampled")
    for body in server.bodies:
        messages, seed = body.pop("messages"), body.pop("seed", None)
        assert expected.items() <= body.items()
        assert body == description
        assert (messages[0]["role"] == "system") == (option == "system")
        assert (seed is not None) == (option == "seeding")


@pytest.fixture
def family(tmp_path):
    path = tmp_path / "thinker.yaml"
    path.write_text(
        "schema: 1\ntitle: Thinker\nmatch: [thinker]\nprompt: chat\nfits: [chat]\ndefault_mode: thinking\n"
        "stop_token_ids: [5]\nsampled: {temperature: 0.7, top_p: 0.8, top_k: 20}\n"
        "modes:\n  thinking: {}\n  non-thinking:\n    template_arguments: {enable_thinking: false}\n",
        encoding="utf-8",
    )
    return str(path)


def test_the_mode_of_a_family_is_in_every_body(server, run, tmp_path, family):
    run(family=family, mode="non-thinking", samples=1, greedy=False)
    description = described(run_json(tmp_path), "sampled")
    assert description["chat_template_kwargs"] == {"enable_thinking": False}
    assert (description["temperature"], description["top_k"]) == (0.7, 20)
    for body in server.bodies:
        assert body.pop("messages")
        assert body == description


def test_a_key_and_headers_come_from_the_environment_and_stay_out_of_every_file(server, run, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret-1")
    monkeypatch.setenv("ORG", "org secret é2")
    server.answer = lambda _: refusal("key sk-very-secret-1 of org secret é2 has no credit")
    run(headers=("X-Org=ORG", "X-Again=OPENAI_API_KEY"))
    headers = server.headers[0]
    assert (headers["Authorization"], headers["X-Again"]) == ("Bearer sk-very-secret-1", "sk-very-secret-1")
    assert headers["X-Org"] == "org secret é2"
    assert samples(tmp_path)[0]["error"] == "the server answered 400: key *** of *** has no credit"
    assert run_json(tmp_path)["engine_settings"]["headers"] == ["X-Org=ORG", "X-Again=OPENAI_API_KEY"]
    content = b"".join(path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file())
    assert b"secret" not in content


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        ('a"b/c', 'a\\"b/c'),
        ('a"b/c', 'a\\"b\\/c'),
        ("käse", "k\\u00e4se"),
        ("tok/en+1", "tok%2Fen%2B1"),
        ("Bearer abc123", "abc123"),
        ("Bearer abc123", "BEARER ABC123"),
    ],
)
def test_a_value_is_hidden_however_a_server_writes_it(server, monkeypatch, secret, said):
    monkeypatch.setenv("TOKEN", secret)
    server.answer = lambda _: (400, f"bad key <{said}>")
    assert ask(server, headers=("X-Key=TOKEN",)).error == "the server answered 400: bad key <***>"


def test_a_long_value_is_hidden_in_a_completion_and_a_short_one_is_not(server, monkeypatch):
    monkeypatch.setenv("LONG", "long-secret")
    monkeypatch.setenv("SHORT", "4")
    server.answer = lambda _: completion("long-secret is 4")
    assert ask(server, headers=("X-Long=LONG", "X-Short=SHORT")).text == "*** is 4"


def test_a_password_in_a_base_url_is_hidden(server):
    url = server.url.replace("http://", "http://me:pass%21word@")
    server.answer = lambda _: refusal("pass!word and bWU6cGFzcyF3b3Jk are wrong")

    async def ask_once():
        engine = ServerEngine("m", EngineSettings(base_urls=(url,)))
        try:
            return await engine.complete(CHAT, Sampling())
        finally:
            await engine.close()

    assert asyncio.run(ask_once()).error == "the server answered 400: *** and *** are wrong"


@pytest.mark.parametrize(
    ("headers", "value", "message"),
    [
        (("X-Key=MY_KEY",), None, "--header X-Key: the environment variable MY_KEY is not set"),
        (("X-Key=MY_KEY",), " ", "--header X-Key: the environment variable MY_KEY is empty"),
        (("X-Key=MY_KEY",), "s3cret\n", "the value of the environment variable has a line break"),
        (("X-Key=MY_KEY",), "s3cret\x7f", "another control character"),
        (("X-Key=MY_KEY",), "s3cret€", "a character outside Latin-1 at position 7"),
        (("X-Key=sk-s3cret",), None, "--header X-Key: expected the name of an environment variable behind ="),
        (("X-Key=sk_s3cret",), None, "the environment variable named there is not set"),
        (("X-Key: s3cret",), None, "--header: expected NAME=VARIABLE"),
        (("X Key=MY_KEY",), "s3cret", "--header: expected NAME=VARIABLE"),
        (("Content-Length=MY_KEY",), "s3cret", "this header is HTTP's own"),
        (("X-Key=MY_KEY", "x-key=MY_KEY"), "s3cret", "--header x-key: given twice"),
    ],
)
def test_a_header_that_cannot_be_sent_is_refused_before_anything_starts(
    server, run, tmp_path, monkeypatch, headers, value, message
):
    if value is not None:
        monkeypatch.setenv("MY_KEY", value)
    with pytest.raises(RequestError) as refused:
        run(headers=headers)
    assert message in str(refused.value)
    assert "s3cret" not in str(refused.value)
    assert not (tmp_path / "run").exists()
    assert server.bodies == []


def test_a_reward_model_gets_no_headers_and_fields_of_the_model(server, run, monkeypatch):
    monkeypatch.setenv("ORG", "org-secret")
    made = []

    def make(*arguments):
        made.append(arguments[4])
        raise RequestError("enough")

    monkeypatch.setattr("math_eval.evaluation.run_plan", make)
    with pytest.raises(RequestError, match="enough"):
        run(
            headers="X-Org=ORG", extra_body={"x": 1}, reward_model="r", reward_base_urls="http://h", request_timeout=9.0
        )
    assert [(made[0].headers, made[0].extra_body, made[0].request_timeout)] == [((), {}, 9)]


def test_a_key_that_cannot_be_sent_is_refused(run, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "s3cret\r\n")
    with pytest.raises(RequestError, match="the key in OPENAI_API_KEY has a line break"):
        run()


def test_a_header_for_the_authorization_replaces_the_key(server, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "unused")
    monkeypatch.setenv("AUTH", "Basic abc")
    ask(server, headers=("authorization=AUTH",))
    sent = {name.lower(): value for name, value in server.headers[0].items()}
    assert sent["authorization"] == "Basic abc"


@pytest.mark.parametrize(
    ("extra_body", "message"),
    [
        ({"temperature": 1}, "--extra-body temperature: this field is what --temperature sets"),
        ({"max_completion_tokens": 1}, "what --max-tokens sets"),
        ({"seed": 1}, "what --seeding request sets"),
        ({"messages": []}, "what --prompt sets"),
        ({"n": 2}, "what --samples sets"),
        ({"chat_template_kwargs": {}}, "what --chat-template-kwargs sets"),
        ({"stream": "yes"}, "--extra-body stream: expected true or false"),
        ({"x": float("nan")}, "cannot be sent as JSON"),
        ({"x": {1, 2}}, "cannot be sent as JSON"),
    ],
)
def test_a_field_that_an_option_sets_or_json_lacks_is_refused(run, tmp_path, extra_body, message):
    with pytest.raises(RequestError) as refused:
        run(extra_body=extra_body)
    assert message in str(refused.value)
    assert not (tmp_path / "run").exists()


def test_another_extra_body_is_another_run(run):
    run(extra_body={"provider": ("x",)})
    assert run(extra_body={"provider": ("x",)}).made == 0
    with pytest.raises(RunConflictError, match=r"extra_body \{'provider': \['x'\]\} \(requested: none\)"):
        run()


def test_an_old_folder_without_extra_body_is_extended(run):
    run(samples=1)
    assert run(samples=2).made == 2


# what servers want otherwise


def o1(body):
    if "max_tokens" in body:
        words = (
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
        )
        return refusal(words, param="max_tokens", code="unsupported_parameter")
    if "temperature" in body:
        words = "Unsupported value: 'temperature' does not support 0 with this model. Only default (1) is supported."
        return refusal(words, param="temperature", code="unsupported_value")
    if "top_p" in body:
        return refusal(UNSUPPORTED.format("top_p"), param="top_p")
    return completion()


def test_a_server_without_max_tokens_and_temperature_gets_what_it_wants(server, run, tmp_path, capsys):
    server.answer = o1
    result = run(concurrency=1)
    assert result.metrics.benchmarks[0].accuracy == 1.0
    assert server.statuses == [400, 400, 400, 200, 200], "what a server refuses is remembered"
    info = run_json(tmp_path)
    assert info["server_changes"] == {
        server.url: {
            "max_tokens": "sent as max_completion_tokens",
            "temperature": "left out",
            "top_p": "left out",
        }
    }
    for body in server.accepted:
        assert body.pop("messages")
        assert body == described(info, "greedy")
    assert result.info.server_changes == info["server_changes"]


def test_a_change_that_matters_is_warned_about_once(server, rows, tmp_path, capsys):
    server.answer = o1
    arguments = ["run", "m", "-b", str(rows), "-e", "server", "--base-url", server.url, "-p", "chat"]
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "-o", str(tmp_path / "run")])
    assert not ended.value.code
    warnings = [line for line in capsys.readouterr().err.splitlines() if "refuses" in line]
    [warning] = [line for line in warnings if "temperature" in line]
    assert "so it is left out and the server's own value applies: Unsupported value: 'temperature'" in warning
    assert len(warnings) == 2, "temperature and top-p; another name of max_tokens changes no completion"


@pytest.mark.parametrize(
    ("option", "value", "words", "advice"),
    [
        (
            "temperature",
            0.4,
            "Only the default (1) value is supported for 'temperature'",
            "type --temperature 1, or leave",
        ),
        ("temperature", 0.4, "temperature, top_p and n are fixed at 1", "type --temperature 1, or leave"),
        ("top_p", 0.9, UNSUPPORTED.format("top_p"), "leave --top-p out, and the server's own value applies"),
        ("top_k", 9, "Unrecognized request argument supplied: top_k", "leave --top-k out"),
        ("stop", "END", UNSUPPORTED.format("stop"), "leave --stop out"),
        ("seeding", "request", UNSUPPORTED.format("seed"), "it is what --seeding request"),
        ("reasoning_effort", "low", "reasoning_effort: Extra inputs are not permitted", "--reasoning-effort"),
        ("extra_body", {"provider": 1}, UNSUPPORTED.format("provider"), "leave provider out of --extra-body"),
        (
            "max_tokens",
            99999,
            "max_tokens is too large: 99999. This model supports at most 16384 completion tokens",
            "type --max-tokens 16384",
        ),
    ],
)
def test_what_the_user_asked_for_is_never_dropped(server, run, option, value, words, advice):
    server.answer = lambda _: refusal(words)
    with pytest.raises(EngineError) as stopped:
        run(samples=1, greedy=False, concurrency=1, **{option: value})
    assert str(stopped.value).startswith(f"{server.url} refuses ")
    assert words in str(stopped.value)
    assert advice in str(stopped.value)


def test_what_the_user_did_not_ask_for_is_left_out(server, run, tmp_path, family):
    server.answer = lambda body: refusal("top_k: Extra inputs are not permitted") if "top_k" in body else completion()
    run(family=family, samples=1, greedy=False, temperature=0.5)
    assert all(body["temperature"] == 0.5 and "top_k" not in body for body in server.accepted)
    assert run_json(tmp_path)["server_changes"][server.url] == {"top_k": "left out"}


def test_of_two_settings_that_exclude_each_other_the_temperature_stays(server):
    words = "temperature and top_p cannot both be specified for this model. Please use only one."
    server.answer = lambda body: refusal(words) if {"temperature", "top_p"} <= body.keys() else completion()
    assert ask(server).finish == "stop"
    assert ("temperature" in server.bodies[-1], "top_p" in server.bodies[-1]) == (True, False)


def test_stop_strings_that_a_server_refuses_are_cut_here(server):
    answer = completion("4 END 5")
    server.answer = lambda body: refusal(UNSUPPORTED.format("stop"), param="stop") if "stop" in body else answer
    prompt = Prompt(messages=CHAT.messages, stop=("END",))
    assert ask(server, prompt).text == "4 "


def test_words_about_something_else_change_nothing(server):
    server.answer = lambda _: refusal("Please stop sending prompts about temperature_scale", param="messages")
    assert ask(server).error.startswith("the server answered 400: Please stop")
    assert len(server.bodies) == 1


def test_a_server_that_refuses_the_change_too_is_quoted_on_the_first_request(server):
    server.answer = lambda body: refusal(
        "max_tokens must be a multiple of 3" if "max_tokens" in body else "unknown field max_completion_tokens"
    )
    assert ask(server).error == "the server answered 400: max_tokens must be a multiple of 3"
    server.answer = lambda _: completion()
    assert "max_tokens" in (ask(server), server.bodies[-1])[1]


def test_the_most_tokens_of_a_server_bound_the_budget_of_the_family(server, run, tmp_path):
    words = "Invalid max_tokens value, the valid range of max_tokens is [1, 512]"
    server.answer = lambda body: refusal(words) if body["max_tokens"] > 512 else completion()
    run()
    assert {body["max_tokens"] for body in server.accepted} == {512}
    assert run_json(tmp_path)["server_changes"][server.url] == {"budget": "at most 512 tokens"}


def test_each_server_is_remembered_by_itself(server, rows, tmp_path):
    """The server that refuses is asked again although the other one, which comes first, is idle by then."""
    done = threading.Event()

    def refuse_when_the_other_is_done(body):
        done.wait(30)
        time.sleep(0.1)
        return o1(body)

    def answer(_body):
        done.set()
        return completion()

    with recording_server() as other:
        server.answer, other.answer = refuse_when_the_other_is_done, answer
        options = {"prompt": "chat", "output": tmp_path / "run", "concurrency": 2}
        evaluate("m", str(rows), engine="server", base_urls=(other.url, server.url), **options)
        assert other.statuses == [200]
        assert "temperature" in other.bodies[0]
        assert list(run_json(tmp_path)["server_changes"]) == [server.url]


# the context


def small_context(context, prompt):
    def answer(body):
        budget = body["max_tokens"]
        if prompt + budget > context:
            return refusal(TOO_LONG.format(context, prompt + budget, prompt, budget))
        return completion(tokens_in=prompt)

    return answer


def test_a_refusal_that_states_the_lengths_is_asked_once_more(server, run, tmp_path):
    server.answer = small_context(1000, 300)
    run(samples=2, concurrency=1, limit=1)
    assert [body["max_tokens"] for body in server.bodies] == [2048, 700, 700, 700], "the length of a prompt is kept"
    changes = run_json(tmp_path)["server_changes"][server.url]
    assert changes == {"context": "1000 tokens, of which a completion gets what its prompt leaves"}


ROOMS = [
    ("maximum context length is 4,096 tokens. However, you requested 5,000 tokens (1,000 in the messages, 4,000", 1000),
    ("model's maximum context length is 4096 tokens and your request has 1000 input tokens (4000 > 4096 - 1000)", 1000),
    ("context length is 4096 tokens. However, your messages resulted in 5000 tokens.", 5000),
    ("context length of 4096 tokens. You requested a total of 5000 tokens: 1000 tokens from the input messages", 1000),
    ("The input (5000 tokens) is longer than the model's context length (4096 tokens).", 5000),
    ("The decoder prompt (length 5000) is longer than the maximum model length of 4096.", 5000),
    ("`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 1000 `inputs` tokens and 4000 `max_new_tokens`", 1000),
    ("context length is 4096 tokens. However, you requested about 5000 tokens (1000 of text input, 4000", 1000),
    ("input length and `max_tokens` exceed context limit: 1000 + 4000 > 4096, decrease input length", 1000),
    ("Prompt contains 5000 tokens and 0 draft tokens, too large for model with 4096 maximum context length", 5000),
    ("The prompt is too long: 5000, model maximum context length: 4096", 5000),
    ("max_tokens=5000 cannot be greater than max_model_len=4096", 0),
]


@pytest.mark.parametrize(("words", "prompt"), ROOMS)
def test_the_lengths_are_read_from_the_words_of_many_servers(words, prompt):
    assert room_of(words) == Room(4096, prompt)


@pytest.mark.parametrize(
    "words",
    [
        "max_tokens is too large: 99999. This model supports at most 8192 completion tokens",
        "Invalid max_tokens value, the valid range of max_tokens is [1, 8192]",
        "max_tokens: 99999 > 8192, which is the maximum allowed number of output tokens for the model",
        "`max_tokens` must be less than or equal to `8192`, the maximum value for `max_tokens`",
        "Range of max_tokens should be [1, 8192]",
    ],
)
def test_the_most_tokens_are_read_from_the_words_of_many_servers(words):
    assert (room_of(words), most_tokens_of(words)) == (None, 8192)
    assert most_tokens_of(UNSUPPORTED.format("max_tokens")) is None


def test_a_prompt_that_fills_the_context_fails_in_the_servers_words(server):
    server.answer = small_context(1000, 1200)
    failed = ask(server)
    assert (failed.finish, len(server.bodies)) == ("error", 1)
    assert failed.error.startswith("the server answered 400: This model's maximum context length is 1000 tokens.")


def test_the_context_that_a_server_states_bounds_the_first_request(server):
    server.models = {"data": [{"id": "other", "max_model_len": 9}, {"id": "m", "max_model_len": 1000}]}
    changes = []
    ask(server, on_change=changes.append)
    assert server.bodies[0]["max_tokens"] == 999
    assert [(change.field, "1000 tokens" in change.warning) for change in changes] == [("context", True)]
    ask(server, Prompt(text="x", token_ids=(1,) * 100))
    assert server.bodies[1]["max_tokens"] == 900
    ask(server, sampling=Sampling(max_tokens=50), on_change=changes.append)
    assert (server.bodies[2]["max_tokens"], len(changes)) == (50, 1)


@pytest.mark.parametrize("models", [None, [], {"data": 3}, {"data": [{"id": "m", "max_model_len": True}]}, "<html>"])
def test_a_server_that_states_no_context_is_asked_for_the_whole_budget(server, models):
    server.models = models
    ask(server)
    assert server.bodies[0]["max_tokens"] == 2048


def test_a_server_that_cannot_tell_the_length_counts_it_in_a_request_for_one_token(server):
    """Some servers stop to count a prompt one token above what the budget allows."""

    def answer(body):
        allowed = 1000 - body["max_tokens"]
        if allowed < 300:
            return refusal(
                f"You passed {allowed + 1} input tokens and requested {body['max_tokens']} output tokens. However, the "
                "model's context length is only 1000 tokens"
            )
        return completion(tokens_in=300)

    server.answer = answer
    sampling = Sampling(max_tokens=900)
    assert [answer.finish for answer in ask(server, sampling=sampling, times=2)] == ["stop", "stop"]
    assert [body["max_tokens"] for body in server.bodies] == [900, 1, 700, 700]


# streams


def events(*contents, finish="stop", key="content", done=True, end="\n\n"):
    chunks = [{"choices": [{"index": 0, "delta": {"role": "assistant"}}]}]
    chunks += [{"choices": [{"index": 0, "delta": {key: text}, "finish_reason": None}]} for text in contents]
    chunks += [{"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}]
    chunks += [{"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 9}}]
    return [f"data: {json.dumps(chunk)}{end}" for chunk in chunks] + ([f"data: [DONE]{end}"] if done else [])


def test_a_server_that_demands_a_stream_gets_one(server, run, tmp_path):
    def answer(body):
        if not body.get("stream"):
            return refusal("This model only support stream mode, please enable the stream parameter.")
        return events("\\boxed", "{4}") if body["stream_options"] == {"include_usage": True} else completion()

    server.answer = answer
    run(concurrency=1)
    assert [sample["text"] for sample in samples(tmp_path)] == ["\\boxed{4}"] * 2
    assert [(sample["tokens_in"], sample["tokens_out"]) for sample in samples(tmp_path)] == [(7, 9)] * 2
    assert server.statuses == [400, 200, 200]
    info = run_json(tmp_path)
    assert info["server_changes"][server.url] == {"stream": "true"}
    for body in server.accepted:
        assert body.pop("messages")
        assert body == described(info, "greedy")


def test_a_stream_can_be_asked_for(server):
    server.answer = lambda body: events("a ", "b", finish="length") if body.get("stream") else completion()
    answer = ask(server, extra_body={"stream": True})
    assert (answer.text, answer.finish, answer.tokens_out) == ("a b", "length", 9)


def test_a_server_without_stream_options_is_asked_without(server):
    server.answer = lambda body: (
        refusal(UNSUPPORTED.format("stream_options")) if "stream_options" in body else events("4")
    )
    assert ask(server, extra_body={"stream": True}).text == "4"


def added_up(*parts):
    async def stream():
        for part in parts:
            yield part

    return asyncio.run(read_events(stream()))


def test_events_add_up_however_they_are_cut():
    text = "".join(events("dé\u2028", "\ud83d", "\ude00", end="\r\n\r\n")).encode()
    whole = added_up(text)
    [choice] = whole["choices"]
    assert json.loads(json.dumps(choice["message"]["content"])) == "dé\u2028😀"
    assert added_up(*(text[n : n + 1] for n in range(len(text)))) == whole
    assert added_up(text.replace(b"\r\n", b"\r")) == added_up(text.replace(b"\r\n", b"\n")) == whole


def test_every_kind_of_delta_is_added():
    parts = [
        b': ping\n\nevent: x\ndata: {"choices": [{"index": 1, "delta": {"content": "other"}}]}\n\n',
        b'data: {"choices": [{"delta": {"reasoning_content": "th"}}], "usage": {"prompt_tokens": 1}}\n\n',
        b'data: {"choices": [{"delta": {"reasoning_content": "ink", "content": null}}]}\n\n',
        b'data: {"choices": [{"delta": {"content": "a"}, "stop_reason": 7}],\ndata: "usage": null}\n\n',
        b'data: {"choices": [{"delta": {"content": [{"type": "text", "text": "b"}]}, "finish_reason": "stop"}]}\n\n',
        b'data: {"choices": [{"delta": {"content": "c"}}]}\n\ndata:[DONE]\n\n',
        b'data: {"choices": [{"delta": {"content": "d"}}]}\n\n',
    ]
    content = added_up(*parts)
    [choice] = content["choices"]
    assert choice["message"]["reasoning_content"] == "think"
    assert [part["text"] for part in choice["message"]["content"]] == ["a", "b", "c"]
    assert (choice["finish_reason"], choice["stop_reason"], content["usage"]) == ("stop", 7, {"prompt_tokens": 1})
    [choice] = added_up(
        b'data: {"choices": [{"text": "x"}]}\n\ndata: {"choices": [{"text": "y", "finish_reason": "stop"}]}'
    )["choices"]
    assert (choice["text"], "message" in choice) == ("xy", False)


@pytest.mark.parametrize(
    ("stream", "message"),
    [
        (events("a", finish=None, done=False), "the server's stream ended before the completion did"),
        (["data: {"], "an event of the server's stream is not JSON: {"),
        ([": ping\n\n"], "the server's stream has no events"),
        (["event: error\n", 'data: {"error": {"message": "out of memory"}}\n\n'], "out of memory"),
    ],
)
def test_a_broken_stream_is_tried_again_and_then_a_failed_sample(server, stream, message):
    server.answer = lambda _: stream
    failed = ask(server, extra_body={"stream": True})
    assert (failed.finish, len(server.bodies)) == ("error", 6)
    assert failed.error == f"the server answered 200 with an error: {message}"


# replies that are no completions


@pytest.mark.parametrize(
    ("reply", "error", "tries"),
    [
        ({"error": {"message": "overloaded", "code": 529}}, "the server answered 200 with an error: overloaded", 6),
        ({"error": "overloaded"}, "the server answered 200 with an error: overloaded", 6),
        ({"error": {"message": "flagged", "code": 403}}, "the server answered 200 with an error: flagged", 1),
        (
            {"choices": [{"error": {"message": "upstream", "code": 502}, "message": {"content": "x"}}]},
            "the server answered 200 with an error: upstream",
            6,
        ),
        ({"choices": [], "note": "no room"}, 'it has no choices: {"choices": [], "note": "no room"}', 6),
        ({"choices": None}, "it has no choices", 6),
        ("<!DOCTYPE html><html><title>Sign\n in</title></html>", "not a completion: an HTML page: Sign in", 6),
        ("<html><style>p {}</style><p>Down</p></html>", "an HTML page: Down", 6),
        ('{"choices": [{"mess', 'not a completion: not JSON, or not all of it: {"choices": [{"mess', 6),
        ((500, {"detail": "boom"}), "the server answered 500: boom", 6),
        ((503, "<html><h1>503 Busy</h1></html>"), "the server answered 503: an HTML page: 503 Busy", 6),
        ((400, {"object": "error", "message": "bad", "code": 400}), "the server answered 400: bad", 1),
        ((400, [{"error": {"message": "bad", "status": "X"}}]), "the server answered 400: bad", 1),
        ((422, {"detail": [{"loc": ["body", "x", 0], "msg": "missing", "input": {}}]}), "422: x.0: missing", 1),
        (
            (400, {"error": {"message": "Provider error", "metadata": {"raw": "no such model"}}}),
            "the server answered 400: Provider error (no such model)",
            1,
        ),
        ((400, ""), "the server answered 400: an empty reply", 1),
    ],
)
def test_what_the_user_reads_is_the_servers_own_text(server, no_pauses, reply, error, tries):
    server.answer = lambda _: reply
    failed = ask(server)
    assert (failed.finish, failed.text) == ("error", "")
    assert error in failed.error
    assert (len(server.bodies), len(no_pauses)) == (tries, tries - 1)


def test_a_refusal_inside_a_200_is_answered_as_well(server):
    server.answer = lambda body: (
        refusal(UNSUPPORTED.format("top_p"), param="top_p")[1] if "top_p" in body else completion()
    )
    assert ask(server).finish == "stop"
    assert len(server.bodies) == 2


@pytest.mark.parametrize("slow", ["never answers", "trickles"])
def test_a_request_has_a_time_limit_of_its_own(server, no_pauses, slow):
    ended = threading.Event()

    class Trickle(list):
        def __iter__(self):
            while not ended.wait(0.05):
                yield ": ping\n"

    def answer(_body):
        if slow == "never answers":
            ended.wait()
        return Trickle([""])

    server.answer = answer
    try:
        failed = ask(server, request_timeout=0.3)
    finally:
        ended.set()
    assert failed.error == "no whole response within 0.3 s (--request-timeout)"
    assert len(no_pauses) == 1, "two tries"


def test_a_reply_larger_than_the_bound_is_a_failed_sample(server, monkeypatch):
    monkeypatch.setattr(event_stream, "MAX_REPLY_BYTES", 1 << 20)
    monkeypatch.setattr(_http, "MAX_REPLY_BYTES", 1 << 20)
    server.answer = lambda _: completion("x" * (1 << 20))
    failed = ask(server)
    assert (failed.error, len(server.bodies)) == ("the response is larger than 1 MiB", 1)
    server.answer = lambda _: events("x" * (600 << 10), "x" * (600 << 10))
    assert ask(server).error == "the response is larger than 1 MiB"
    server.answer = lambda _: completion("x" * (900 << 10))
    assert ask(server).finish == "stop"


def test_the_bound_is_of_the_decoded_reply(monkeypatch):
    monkeypatch.setattr(event_stream, "MAX_REPLY_BYTES", 1 << 20)
    packed = gzip.compress(b"x" * (2 << 20))

    async def read():
        async def answer(_request):
            return httpx.Response(200, content=packed, headers={"content-encoding": "gzip"})

        async with (
            httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client,
            client.stream("GET", "http://h") as reply,
        ):
            await event_stream.read_reply(reply, streamed=False)

    assert len(packed) < 1 << 16
    with pytest.raises(event_stream.ReplyTooLarge):
        asyncio.run(read())
