"""How a model is asked: by its family, by what its own files say, and what of it was assumed."""

import json

import pytest

from math_eval import evaluate
from math_eval.engines import EngineSettings
from math_eval.errors import DataError, RequestError
from math_eval.generate import RunRequest
from math_eval.generate.model_settings import model_settings, text_or_file
from math_eval.generate.plan import make_plan
from math_eval.models import LocalModel
from math_eval.models.generation_config import GenerationConfig, read_generation_config

URLS = EngineSettings(base_urls=("http://127.0.0.1:9/v1",))


def folder_with(path, *, template="", generation=None):
    path.mkdir()
    (path / "config.json").write_text("{}", encoding="utf-8")
    (path / "tokenizer_config.json").write_text(
        json.dumps({"chat_template": template} if template else {}), encoding="utf-8"
    )
    if generation is not None:
        (path / "generation_config.json").write_text(json.dumps(generation), encoding="utf-8")
    return path


def settings_of(folder, **options):
    request = RunRequest(str(folder), ("sampler",), engine="transformers", **options)
    return model_settings(request, "transformers", LocalModel(str(folder), folder, "files:x"))


def plan_of(**options):
    lines = []
    plan = make_plan(RunRequest(**{"benchmarks": ("sampler",), **options}), warn=lines.append)
    return plan, lines


def test_an_unknown_model_with_a_chat_template_is_asked_in_chat_and_says_so(tmp_path):
    folder = folder_with(tmp_path / "mystery", template="{{ messages }}")
    settings = settings_of(folder)
    assert (settings.match.name, settings.match.known) == ("generic-chat", False)
    [line] = settings.assumptions
    assert line.startswith(
        f"{folder} belongs to no known family and is asked as a chat model (its tokenizer has a chat"
    )
    assert "sampled sets at temperature 0.7, top-p 0.95" in line


def test_an_unknown_model_without_one_is_asked_as_a_base_model_and_says_so(tmp_path):
    [line] = settings_of(folder_with(tmp_path / "mystery-chat")).assumptions
    assert "is asked as a base model (its tokenizer has no chat template)" in line


def test_generation_config_gives_the_sampling_of_an_unknown_model(tmp_path):
    generation = {"do_sample": True, "temperature": 0.6, "top_p": 0.9, "top_k": 20, "repetition_penalty": 1.05}
    settings = settings_of(folder_with(tmp_path / "mystery", template="x", generation=generation))
    sampled = settings.mode.sampled
    assert (sampled.temperature, sampled.top_p, sampled.top_k, sampled.repetition_penalty) == (0.6, 0.9, 20, 1.05)
    assert "temperature 0.6, top-p 0.9, top-k 20 from generation_config.json" in settings.assumptions[0]
    assert settings.mode.samples == 4
    assert not settings.mode.makes_greedy_set


@pytest.mark.parametrize(
    ("content", "config"),
    [
        ({}, GenerationConfig()),
        ({"do_sample": True, "temperature": 0}, GenerationConfig(samples=False, temperature=0)),
        ({"do_sample": False, "temperature": 0.5}, GenerationConfig(temperature=0.5)),
        ({"top_k": 0}, GenerationConfig(top_k=-1)),
        ({"temperature": "hot", "top_p": 3, "top_k": True, "min_p": -1, "repetition_penalty": 0}, GenerationConfig()),
        (["no", "object"], GenerationConfig()),
    ],
)
def test_what_generation_config_states_within_bounds_is_read(tmp_path, content, config):
    (tmp_path / "generation_config.json").write_text(json.dumps(content), encoding="utf-8")
    assert read_generation_config(tmp_path) == config


def test_a_missing_or_broken_generation_config_states_nothing(tmp_path):
    assert read_generation_config(tmp_path).stated == {}
    (tmp_path / "generation_config.json").write_bytes(b"\xff{")
    assert read_generation_config(tmp_path).stated == {}


def test_a_known_model_assumes_nothing_and_ignores_generation_config(tmp_path):
    generation = {"do_sample": True, "temperature": 0.1}
    settings = settings_of(folder_with(tmp_path / "DeepSeek-R1-Distill-Qwen-7B", template="x", generation=generation))
    assert settings.assumptions == ()
    assert settings.mode.sampled.temperature == 0.6


def test_a_served_model_that_is_not_known_is_asked_by_the_servers_own_template():
    plan, lines = plan_of(model="prod-model-v3", engine="server", settings=URLS)
    [line] = lines
    assert line.startswith("prod-model-v3 belongs to no known family and is asked as a chat model (the server applies")
    assert plan.info.assumptions == [line]
    assert plan.info.benchmarks[0].prompt == "chat"
    assert [sampling_set.name for sampling_set in plan.sets] == ["greedy"]


def test_a_stated_family_assumes_nothing():
    plan, lines = plan_of(model="prod-model-v3", engine="server", settings=URLS, family="generic-chat")
    assert (lines, plan.info.assumptions, plan.info.family) == ([], [], "generic-chat")


def test_a_base_prompt_for_a_chat_family_is_a_warning_that_says_what_to_type():
    _, lines = plan_of(model="deepseek-r1-distill-qwen-7b", engine="server", settings=URLS, prompt="cot", samples=1)
    assert any(
        "the prompt cot does not fit" in line and "--prompt chat asks as its makers do" in line for line in lines
    )


def test_a_reasoning_model_makes_the_set_that_its_makers_report():
    plan, _ = plan_of(model="deepseek-r1-distill-qwen-7b", engine="server", settings=URLS)
    [sampling_set] = plan.sets
    assert sampling_set.name == "sampled"
    assert sampling_set.sampling.temperature == 0.6
    assert sampling_set.samples_of(range(30)) >= sampling_set.samples_of(range(500)) >= 1


def test_greedy_decoding_against_the_makers_advice_is_a_warning():
    plan, lines = plan_of(model="deepseek-r1-distill-qwen-7b", engine="server", settings=URLS, greedy=True)
    assert [sampling_set.name for sampling_set in plan.sets] == ["greedy"]
    assert any("advise against greedy decoding" in line for line in lines)


def test_what_is_asked_for_goes_before_the_family():
    plan, _ = plan_of(
        model="deepseek-r1-distill-qwen-7b",
        engine="server",
        settings=URLS,
        samples=2,
        temperature=0.9,
        min_p=0.05,
        presence_penalty=1.5,
        frequency_penalty=0.5,
        repetition_penalty=1.1,
        stop=("END",),
        system="Be brief.",
        chat_template_kwargs={"enable_thinking": False},
        reasoning_effort="low",
    )
    [sampling_set] = plan.sets
    info = plan.info.sets["sampled"]
    assert (info.temperature, info.min_p, info.presence_penalty, info.frequency_penalty) == (0.9, 0.05, 1.5, 0.5)
    assert (info.repetition_penalty, info.stop, info.top_p) == (1.1, ["END"], 0.95)
    assert sampling_set.samples_of(range(5000)) == 2
    assert plan.info.chat["system"] == "Be brief."
    assert plan.info.chat["arguments"]["enable_thinking"] is False
    assert plan.info.chat["reasoning_effort"] == "low"
    task = plan.tasks[0]
    assert task.prompt(task.problems[0]).messages[0] == {"role": "system", "content": "Be brief."}


def test_penalties_act_on_the_greedy_set_too_and_sampling_does_not():
    plan, _ = plan_of(
        model="m", engine="server", settings=URLS, greedy=True, samples=1, repetition_penalty=1.1, min_p=0.1
    )
    greedy, sampled = plan.sets
    assert (greedy.sampling.repetition_penalty, greedy.sampling.min_p, greedy.sampling.temperature) == (1.1, 0.0, 0.0)
    assert (sampled.sampling.repetition_penalty, sampled.sampling.min_p) == (1.1, 0.1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"prompt": "direct", "system": "x"}, "--system has no effect: the prompts are raw text; --prompt chat"),
        ({"prompt": "direct", "reasoning_effort": "low"}, "--reasoning-effort has no effect: the prompts are raw"),
        ({"mode": "thinking"}, "--mode thinking: Any model with a chat template: expected none"),
        ({"greedy": False}, "no set to make: --no-greedy needs --samples N"),
        ({"min_p": 0.1}, "--min-p has no effect: no sampled set is made"),
        ({"samples": 2, "temperature": 0.0}, "--samples with --temperature 0 would repeat the same sample"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(options, message):
    with pytest.raises(RequestError) as refused:
        plan_of(model="m", engine="server", settings=URLS, **options)
    assert str(refused.value).startswith(message)


def test_a_penalty_that_an_engine_cannot_apply_is_refused_or_left_out_with_a_warning(tmp_path):
    folder = folder_with(tmp_path / "m", template="x")
    with pytest.raises(RequestError, match="--presence-penalty has no effect: the engine transformers cannot apply it"):
        evaluate(str(folder), "sampler", engine="transformers", presence_penalty=1.0)
    family = tmp_path / "f.yaml"
    family.write_text(
        "schema: 1\ntitle: F\nmatch: [x]\nprompt: chat\nfits: [chat]\n"
        "sampled: {temperature: 0.6, presence_penalty: 1.5}\nsamples: 4\n",
        encoding="utf-8",
    )
    plan, lines = plan_of(model=str(folder), engine="transformers", family=str(family))
    assert plan.info.sets["sampled"].presence_penalty == 0
    assert any("cannot apply the family's presence-penalty 1.5; it is left out" in line for line in lines)


def test_a_system_message_is_a_text_or_a_file(tmp_path):
    file = tmp_path / "system.txt"
    file.write_text("From a file.\n", encoding="utf-8")
    assert text_or_file(str(file)) == "From a file."
    assert text_or_file("From here.") == "From here."
    assert text_or_file("two\nlines") == "two\nlines"
    assert text_or_file("\0") == "\0"
    file.write_bytes(b"\xff")
    with pytest.raises(DataError, match="not UTF-8 at byte 0"):
        text_or_file(str(file))


def test_another_chat_form_is_refused_in_the_same_folder(tmp_path):
    from math_eval.errors import RunConflictError
    from math_eval.runfolder.merge import merge

    first, _ = plan_of(model="m", engine="server", settings=URLS, system="one")
    second, _ = plan_of(model="m", engine="server", settings=URLS, system="two")
    assert merge(tmp_path, first.info, first.info).chat == {"system": "one"}
    with pytest.raises(RunConflictError, match="system"):
        merge(tmp_path, first.info, second.info)
