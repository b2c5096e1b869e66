"""Model families: which one a name gets, how its models are asked and sampled in each mode, and where that was read."""

import functools
import json
import re
import time
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from math_eval.errors import DataError, RequestError, UnknownNameError
from math_eval.families import family_of, load_family, match, plain_name, samples_by_size
from math_eval.families.family import Mode, SamplingPreset
from math_eval.generate.model_settings import model_settings
from math_eval.generate.request import RunRequest
from math_eval.generate.sets import make_sets
from math_eval.prompts import load_template
from math_eval.registry import names
from math_eval.reports import terminal
from math_eval.suites import load_suite

CASES = Path(__file__).with_name("cases") / "model_names.jsonl"
ROWS = [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]
KNOWN = [row for row in ROWS if row.get("known", True)]
UNKNOWN = [row for row in ROWS if not row.get("known", True)]

THINK = ("<think>", "</think>")
OPENED = (*THINK, True)
MARKS = {
    "acereason-nemotron": (*THINK, False),
    "deepscaler": OPENED,
    "deepseek-r1": OPENED,
    "deepseek-r1-0528": (*THINK, False),
    "deepseek-r1-distill": OPENED,
    "deepseek-v3.1": OPENED,
    "deepseek-v3.2": OPENED,
    "falcon-h1r": (*THINK, False),
    "glm-4.5": (*THINK, False),
    "glm-4.6": (*THINK, False),
    "glm-5": (*THINK, False),
    "gpt-oss": ("<|channel|>analysis<|message|>", "<|channel|>final<|message|>", False),
    "k2-think": (*THINK, False),
    "kimi-k2-thinking": (*THINK, False),
    "kimi-vl-thinking": ("◁think▷", "◁/think▷", False),
    "klear-reasoner": (*THINK, False),
    "llama-nemotron": (*THINK, False),
    "magistral-2506": (*THINK, False),
    "magistral-2507": ("[THINK]", "[/THINK]", False),
    "mimo": (*THINK, False),
    "nemotron-3-super": (*THINK, False),
    "nemotron-nano": (*THINK, False),
    "olmo-3-think": OPENED,
    "openreasoning-nemotron": (*THINK, False),
    "openthinker": ("<|begin_of_thought|>", "<|end_of_thought|>", False),
    "openthinker2": (*THINK, False),
    "phi-4-mini-reasoning": (*THINK, False),
    "phi-4-reasoning": (*THINK, False),
    "polaris": (*THINK, False),
    "qwen3": (*THINK, False),
    "qwen3-quantized": (*THINK, False),
    "qwen3-thinking-2507": OPENED,
    "qwen3.5": OPENED,
    "qwen3.6-27b": OPENED,
    "qwen3.8": OPENED,
    "qwq": OPENED,
    "s1": ("<|im_start|>think", "<|im_start|>answer", False),
    "skywork-or1": OPENED,
}
"""The marks of thoughts in the default mode; the other families' models write none."""

AGAINST_GREEDY = {
    "deepseek-r1",
    "deepseek-r1-distill",
    "gpt-oss",
    "phi-4-reasoning",
    "qwen3",
    "qwen3-quantized",
    "qwen3-thinking-2507",
    "qwen3.5",
    "qwen3.6-27b",
    "qwen3.8",
    "qwq",
}
"""The families whose makers advise against greedy decoding in the default mode."""


@pytest.fixture(autouse=True)
def files_read_once(monkeypatch):
    monkeypatch.setattr(match, "load_family", _load)


_load = functools.cache(load_family)


def settings(model, engine="vllm", **options):
    """How a run asks a model of which only the name is known, the sets that it makes, and its warnings."""
    request = RunRequest(model=model, benchmarks=("sampler",), **options)
    found = model_settings(request, engine, None)
    warnings = []
    return found, list(make_sets(request, None, found, warnings.append)), warnings


@pytest.mark.parametrize("row", KNOWN, ids=lambda row: " ".join([row["model"], row.get("asked", "")]).strip())
def test_a_known_name_gets_its_makers_settings(row):
    found, sets, warnings = settings(row["model"], mode=row.get("asked"))
    assert (found.match.name, found.match.known, found.mode_name) == (row["family"], True, row["mode"])
    assert found.assumptions == ()
    assert [made.name for made in sets] == [row["set"]]
    sampling = sets[0].sampling
    keys = ("temperature", "top_p", "top_k", "presence_penalty", "max_tokens")
    assert {key: getattr(sampling, key) for key in keys} == {key: row[key] for key in keys}
    assert (sampling.min_p, sampling.repetition_penalty) == (0.0, 1.0)
    assert sets[0].samples == row["samples"]
    assert (found.chat.arguments, found.chat.reasoning_effort) == (row["arguments"], row["effort"])
    assert found.system == row["system"]
    assert warnings == [], "the default set never goes against the makers' advice"


@pytest.mark.parametrize("row", UNKNOWN, ids=lambda row: row["model"])
def test_other_names_stay_unknown(row):
    found = family_of(row["model"])
    assert (found.name, found.known) == (row["family"], False)
    if "near" in row:
        assert list(found.near) == row["near"]
    assert not {"generic-base", "generic-chat"} & set(found.near)
    served = family_of(row["model"], has_chat_template=True)
    assert (served.name, served.known) == ("generic-chat", False)


def test_the_table_covers_every_family():
    assert len(ROWS) >= 80
    assert len(ROWS) == len({(row["model"], row.get("asked")) for row in ROWS})
    assert {row["family"] for row in ROWS} == set(names("models"))
    covered = {(row["family"], row["mode"]) for row in KNOWN}
    modes = {(name, mode) for name in names("models") for mode in _load(name).modes}
    assert modes - covered == set(), "every mode of every family has a row"


def test_no_two_families_fit_a_name_equally_well():
    for row in ROWS:
        name = plain_name(row["model"])
        lengths = [
            max((len(pattern) for pattern in _load(family).match if fnmatchcase(name, pattern)), default=0)
            for family in names("models")
        ]
        longest = max(lengths)
        assert longest and lengths.count(longest) == 1, row["model"]


@pytest.mark.parametrize("name", names("models"))
def test_a_family_file_is_whole(name):
    family = _load(name)
    assert family.sources, "settings without a source"
    for source in family.sources:
        assert re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])(-[0-3]\d)?", source.date), source
        assert source.text.strip()
        if re.search(r"memory|not confirmed|second hand|stored|card|was found", source.text):
            assert not source.confirmed, source
    assert family.prompt in family.fits
    for prompt in family.fits:
        load_template(prompt)
    assert family.match == list(dict.fromkeys(pattern.lower() for pattern in family.match))
    assert family.match or name in {_load(other).quantized for other in names("models")}, "no name leads here"
    for mode in family.modes or [""]:
        assert isinstance(family.mode(mode), Mode)
    if family.quantized:
        assert family.quantized in names("models")
        assert _load(family.quantized).modes.keys() == family.modes.keys()


@pytest.mark.parametrize("name", names("models"))
def test_the_marks_of_thoughts_and_the_advice_on_greedy_decoding(name):
    mode = _load(name).mode()
    thought = mode.thought
    assert (thought and (thought.start, thought.end, thought.opened_by_template)) == MARKS.get(name)
    assert (mode.greedy_decoding == "advised-against") == (name in AGAINST_GREEDY)
    assert mode.prefix == ("<think>\n" if name in {"deepseek-r1", "deepseek-r1-distill"} else "")


@pytest.mark.parametrize(
    ("name", "sampled", "greedy_decoding", "stop_token_ids", "reward_model"),
    [
        ("generic-base", (0.7, 0.95, 1024), "allowed", [], ""),
        ("generic-chat", (0.7, 0.95, 2048), "allowed", [], ""),
        ("qwen-math-base", (0.7, 0.8, 2048), "advised", [151645, 151643], ""),
        ("qwen2-math-instruct", (1.0, 0.9, 2048), "advised", [151645, 151643], "Qwen/Qwen2-Math-RM-72B"),
        ("qwen2.5-math-instruct", (0.7, 0.8, 2048), "advised", [151645, 151643], "Qwen/Qwen2.5-Math-RM-72B"),
    ],
)
def test_families_that_are_asked_greedily(name, sampled, greedy_decoding, stop_token_ids, reward_model):
    family = _load(name)
    temperature, top_p, max_tokens = sampled
    assert family.mode().sampled == SamplingPreset(temperature=temperature, top_p=top_p, max_tokens=max_tokens)
    assert family.mode().greedy_settings == SamplingPreset(max_tokens=max_tokens)
    assert (family.greedy_decoding, family.samples) == (greedy_decoding, 0)
    assert (family.stop_token_ids, family.reward_model) == (stop_token_ids, reward_model)


def test_modes_without_thinking_have_no_marks():
    without = [(name, mode) for name in names("models") for mode in _load(name).modes if mode.startswith("non-")]
    assert len(without) >= 10
    for name, mode in without:
        assert _load(name).mode(mode).thought is None, (name, mode)
        assert _load(name).mode(mode).greedy_decoding != "advised-against", (name, mode)


@pytest.mark.parametrize(
    ("model", "plain"),
    [
        ("Qwen/Qwen3-8B", "qwen3-8b"),
        ("  Qwen3 8B ", "qwen3-8b"),
        ("./Qwen3_8B/", "qwen3-8b"),
        ("Qwen3-8B/checkpoint-500/", "qwen3-8b"),
        ("Qwen3-8B/global_step_20/actor/huggingface", "qwen3-8b"),
        ("Qwen3-8B/model.safetensors", "qwen3-8b"),
        ("Qwen3-8B/model-00001-of-00002.safetensors", "qwen3-8b"),
        ("models--Qwen--Qwen3-8B/snapshots/0123", "qwen3-8b"),
        ("Qwen--Qwen3-8B", "qwen3-8b"),
        ("qwen3:8b-q8_0", "qwen3-8b"),
        ("qwen3-8b-awq-int4-latest", "qwen3-8b"),
        ("qwen3-8b-mathtune-awq", "qwen3-8b-mathtune"),
        ("qwen3-8b-free", "qwen3-8b-free"),
        ("qwen-3-32b", "qwen-3-32b"),
        ("checkpoint-500", "checkpoint-500"),
        ("/model", "model"),
        ("./checkpoint-7", "checkpoint-7"),
        ("awq", "awq"),
        ("-awq", "-awq"),
        ("", ""),
    ],
)
def test_the_plain_form_of_a_name(model, plain):
    assert plain_name(model) == plain


@pytest.mark.parametrize("name", ["-awq" * 20_000, "/checkpoint-1" * 20_000, "q4_k" * 20_000, "x/" * 20_000 + "y"])
def test_long_names_take_no_time(name):
    begun = time.process_time()
    assert not family_of("a" + name).known
    assert time.process_time() - begun < 2


def test_samples_by_size():
    sizes = (1, 15, 30, 31, 100, 500, 1319, 5000, 100_000)
    assert [samples_by_size(64, size) for size in sizes] == [64, 64, 64, 62, 20, 4, 2, 1, 1]
    assert [samples_by_size(8, size) for size in sizes] == [8, 8, 8, 8, 3, 1, 1, 1, 1]
    assert samples_by_size(1, 30) == 1


def test_the_makers_number_of_samples_shrinks_with_the_benchmark():
    class Sized:
        def __init__(self, size):
            self.size = size

        def __len__(self):
            return self.size

    (made,) = settings("Qwen/Qwen3-8B")[1]
    assert [made.samples_of(Sized(size)) for size in (30, 500)] == [64, 4]
    (asked,) = settings("Qwen/Qwen3-8B", samples=16)[1]
    assert [asked.samples_of(Sized(size)) for size in (30, 500)] == [16, 16]


def test_what_the_user_gives_comes_first():
    found, sets, warnings = settings(
        "Qwen/Qwen3-8B", temperature=0.9, top_k=5, max_tokens=100, system="Be brief.", reasoning_effort="low"
    )
    sampling = sets[0].sampling
    assert (sampling.temperature, sampling.top_k, sampling.max_tokens, sampling.top_p) == (0.9, 5, 100, 0.95)
    assert (found.system, found.chat.reasoning_effort, warnings) == ("Be brief.", "low", [])
    _, sets, warnings = settings("Qwen/Qwen3-8B", greedy=True)
    assert [(made.name, made.sampling.temperature, made.sampling.top_k) for made in sets] == [("greedy", 0.0, -1)]
    assert ["advise against greedy decoding" in warning for warning in warnings] == [True]
    found, *_ = settings("Qwen/Qwen3-8B", mode="non-thinking", chat_template_kwargs={"enable_thinking": True, "a": 1})
    assert found.chat.arguments == {"enable_thinking": True, "a": 1}
    found, *_ = settings("qwen3:8b", family="qwen3-quantized")
    assert (found.match.name, found.mode.sampled.presence_penalty) == ("qwen3-quantized", 1.5)


def test_an_unknown_name_is_said_with_the_nearest_families():
    found, _, _ = settings("my-org/Qwen3-8B-mathtune", engine="server")
    (said,) = found.assumptions
    assert "belongs to no known family" in said
    assert said.endswith("similar names: qwen3")


def test_an_unknown_mode_names_those_that_there_are():
    with pytest.raises(RequestError, match=r"--mode high: Qwen3, hybrid: expected one of thinking, non-thinking"):
        settings("Qwen/Qwen3-8B", mode="high")
    with pytest.raises(RequestError, match=r"--mode thinking: QwQ-32B: expected none: its models have a single mode"):
        settings("Qwen/QwQ-32B", mode="thinking")


FILE = "schema: 1\ntitle: Mine\nmatch: [mine]\nprompt: chat\nfits: [chat]\n"


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ("modes: {a: {}}\n", "default_mode must name one of the modes"),
        ("modes: {a: {}}\ndefault_mode: b\n", "default_mode must name one of the modes"),
        ("default_mode: a\n", "default_mode must name one of the modes"),
        ("modes: {a: {heat: 1}}\ndefault_mode: a\n", "mode a: unknown key 'heat'"),
        ("modes: {a: {samples: many}}\ndefault_mode: a\n", "samples"),
        ("greedy_decoding: never\n", "greedy_decoding"),
        ("sources: [{text: a card, date: '2026'}]\n", "confirmed"),
        ("thought: {start: <think>}\n", "end"),
        ("sampled: {heat: 1}\n", "heat"),
    ],
)
def test_a_wrong_family_file_is_refused_by_name(tmp_path, keys, text):
    path = tmp_path / "mine.yaml"
    path.write_text(FILE + keys, encoding="utf-8")
    with pytest.raises(DataError, match=rf"mine\.yaml: .*{text}"):
        load_family(str(path))


def test_a_mode_states_only_what_differs(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        FILE
        + "samples: 4\nsystem: s\nthought: {start: a, end: b}\nsampled: {temperature: 0.3, max_tokens: 9}\n"
        + "default_mode: x\nmodes: {x: {system: t}, y: {thought: null, sampled: {temperature: 0.5}}}\n",
        encoding="utf-8",
    )
    family = load_family(str(path))
    assert family.mode() == family.mode("x")
    assert (family.mode("x").system, family.mode("x").samples, family.mode("x").sampled.max_tokens) == ("t", 4, 9)
    assert (family.mode("y").system, family.mode("y").thought) == ("s", None)
    assert family.mode("y").sampled == SamplingPreset(temperature=0.5)
    assert family.mode("x").greedy_settings == SamplingPreset(max_tokens=9)


@pytest.mark.parametrize(
    ("keys", "greedy"),
    [
        ({}, False),
        ({"greedy": SamplingPreset()}, True),
        ({"greedy": SamplingPreset(), "samples": 8}, False),
        ({"greedy_decoding": "advised", "samples": 8}, True),
        ({"greedy_decoding": "advised-against", "greedy": SamplingPreset()}, False),
    ],
)
def test_the_set_that_a_run_makes_by_default(keys, greedy):
    assert Mode(**keys).makes_greedy_set == greedy


def test_a_missing_family_offers_similar_names():
    with pytest.raises(UnknownNameError, match=r"qwen3"):
        load_family("qwen-3")


def shown(capsys, monkeypatch, *arguments):
    from math_eval.cli.main import main

    monkeypatch.setattr(terminal, "_PLAIN_WIDTH", 80)
    with pytest.raises(SystemExit, match=r"^0$"):
        main(["models", *arguments])
    return capsys.readouterr().out


@pytest.mark.parametrize("name", names("models"))
def test_a_family_is_shown_in_80_columns(capsys, monkeypatch, name):
    family = _load(name)
    out = shown(capsys, monkeypatch, "show", name)
    assert max(map(len, out.splitlines())) <= 80
    for mode in family.modes:
        assert f"{mode} sampled" in out
    for word in ("temperature", "top-p", "max-tokens", "greedy decoding", "confirmed"):
        assert word in out
    assert f"{family.mode().sampled.max_tokens:,}" in out
    for source in family.sources:
        assert source.date in out
    assert out.count("yes  ") == sum(source.confirmed for source in family.sources)
    thoughts = [thought for mode in family.modes or [""] if (thought := family.mode(mode).thought)]
    assert all(thought.start in out and thought.end in out for thought in thoughts)


def test_one_mode_is_shown_alone(capsys, monkeypatch):
    out = shown(capsys, monkeypatch, "show", "Qwen/Qwen3-8B", "--mode", "non-thinking")
    assert "enable_thinking=False" in out
    assert "enable_thinking=True" not in out
    data = json.loads(shown(capsys, monkeypatch, "show", "Qwen/Qwen3-8B", "--mode", "non-thinking", "--json"))
    assert (data["mode"], data["sampled"]["temperature"], data["thought"]) == ("non-thinking", 0.7, None)
    assert list(data["modes"]) == ["non-thinking"]
    data = json.loads(shown(capsys, monkeypatch, "show", "Qwen/Qwen3-8B", "--json"))
    assert (data["mode"], data["sampled"]["temperature"], data["samples"]) == ("thinking", 0.6, 64)
    assert list(data["modes"]) == ["thinking", "non-thinking"]


def test_a_name_that_fits_nothing_is_shown_as_such(capsys, monkeypatch):
    out = shown(capsys, monkeypatch, "show", "my-org/qwen3-8b-mathtune")
    assert "no: the name fits no pattern; similar names: qwen3" in out
    data = json.loads(shown(capsys, monkeypatch, "show", "my-org/qwen3-8b-mathtune", "--json"))
    assert (data["known"], data["near"], data["mode"]) == (False, ["qwen3"], "")


def test_the_list_fits_80_columns(capsys, monkeypatch):
    out = shown(capsys, monkeypatch, "list")
    assert max(map(len, out.splitlines())) <= 80
    assert len(names("models")) >= 25
    for name in names("models"):
        assert re.search(rf"^ *{re.escape(name)} ", out, re.MULTILINE), name
    assert re.search(r"gpt-oss +medium, low, high +8 samples at 1", out), "the default mode comes first"


def test_the_suite_of_contests_leaves_the_sets_to_the_family(capsys):
    from math_eval.cli.main import main

    suite = load_suite("reasoning-2026")
    assert (suite.greedy, suite.samples, suite.k) == (None, None, [])
    request = RunRequest(model="Qwen/Qwen3-8B", suite="reasoning-2026")
    (made,) = make_sets(request, suite, model_settings(request, "vllm", None), [].append)
    assert (made.name, made.samples, made.by_size) == ("sampled", 64, True)
    with pytest.raises(SystemExit, match=r"^0$"):
        main(["suites", "show", "reasoning-2026"])
    assert "sets: as the family of the model has them" in capsys.readouterr().out
