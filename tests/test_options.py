"""Options: declared once for the command line, requests and evaluate(); refused where they have no effect."""

import inspect
import json
from collections import Counter
from dataclasses import replace

import click
import pytest

from math_eval import evaluate
from math_eval.benchmarks import load
from math_eval.cli.main import cli, main
from math_eval.cli.run import command
from math_eval.engines import ENGINES, EngineSettings
from math_eval.engines.scripted import ScriptedEngine
from math_eval.errors import RequestError
from math_eval.generate import RunRequest
from math_eval.generate.effect import Effects, refuse_without_effect
from math_eval.options import Option, declared
from math_eval.prompts import Template
from math_eval.runfolder import store

DECLARED = declared(RunRequest) | declared(EngineSettings)
OF_THE_COMMAND_LINE = {"model", "groups", "as_markdown", "quiet", "as_json"}
OF_PYTHON = {"model", "settings"}
NOT_OPTIONS = {"model", "settings", "command", "stated", "latency_s", "chat", "thought_marks"}


def test_requests_evaluate_and_the_command_line_agree_name_by_name():
    in_requests = {*RunRequest.__slots__, *EngineSettings.__slots__} - NOT_OPTIONS
    in_python = set(inspect.signature(evaluate).parameters) - OF_PYTHON
    in_cli = {parameter.name for parameter in command.params} - OF_THE_COMMAND_LINE
    assert in_requests == in_python == in_cli == set(DECLARED)


def test_requests_evaluate_and_the_command_line_agree_default_by_default():
    parameters = inspect.signature(evaluate).parameters
    top = click.Context(cli, **cli.context_settings)
    parsed = command.make_context("run", ["m"], parent=top, resilient_parsing=True).params
    for name, declaration in DECLARED.items():
        assert parameters[name].default == declaration.default, name
        assert parsed[name] == declaration.default, name
    assert all(parameter.kind is not parameter.VAR_KEYWORD for parameter in parameters.values())


def test_the_help_of_evaluate_and_of_the_command_say_the_same_of_every_option():
    context = click.Context(command, info_name="run", parent=click.Context(cli, **cli.context_settings))
    context.terminal_width = context.max_content_width = 10_000
    context_help = " ".join(command.get_help(context).split())
    for name, declaration in DECLARED.items():
        assert f"{name}: {declaration.option.help}" in evaluate.__doc__
        assert " ".join(declaration.option.help.split()) in context_help, name
        assert declaration.flag in context_help
    assert all(name in DECLARED["engine"].option.help for name in ENGINES.builtin)


def test_the_help_is_in_groups(capsys):
    with pytest.raises(SystemExit):
        main(["run", "--help"])
    headings = [line for line in capsys.readouterr().out.splitlines() if line.endswith(":") and line[0].isupper()]
    assert headings == [
        f"{group}:" for group in "Model,Data and prompt,Sampling,Engine,Programs,Rewards,Output".split(",")
    ]


@pytest.mark.parametrize(
    ("option", "values", "bounds"),
    [
        (Option("engine", "", low=1), {1: True, 0: False, None: True}, "1 or more"),
        (
            Option("engine", "", above=0, high=1),
            {0: False, 0.5: True, 1: True, 1.5: False},
            "more than 0 and at most 1",
        ),
        (Option("engine", "", low=0, high=10), {0: True, 10: True, 11: False}, "0 to 10"),
        (Option("engine", "", low=0), {(0, 3): True, (0, -1): False, True: True}, "0 or more"),
        (
            Option("engine", "", words=("cpu", "cuda:N", "a.b")),
            {"cpu": True, "cuda:12": True, "cuda:": False, "cuda:N": False, "cuda:1 ": False, "axb": False, None: True},
            "one of cpu, cuda:N, a.b",
        ),
    ],
)
def test_bounds(option, values, bounds):
    assert {value: option.allows(value) for value in values} == values
    assert option.bounds == bounds


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"limit": 0}, "--limit 0: expected N, 1 or more, or A:B with 0 ≤ A < B"),
        ({"temperature": 11.0}, "--temperature 11.0: expected 0 to 10"),
        ({"top_p": 0.0}, "--top-p 0.0: expected more than 0 and at most 1"),
        ({"stop_token_ids": (1, -2)}, "--stop-token-ids 1,-2: expected 0 or more"),
        ({"settings": EngineSettings(tensor_parallel=0)}, "--tensor-parallel 0: expected 1 or more"),
        ({"settings": EngineSettings(gpu_memory=1.5)}, "--gpu-memory 1.5: expected more than 0 and at most 1"),
        (
            {"settings": EngineSettings(dtype="bf16")},
            "--dtype bf16: expected one of auto, bfloat16, float16, float32, half, float",
        ),
        (
            {"settings": EngineSettings(device="gpu")},
            "--device gpu: expected one of auto, cpu, cuda, cuda:N, mps, xpu, xpu:N",
        ),
        ({"hub": "hf"}, "--hub hf: expected one of huggingface, modelscope"),
        ({"tools": "bash"}, "--tools bash: expected one of python, none"),
    ],
)
def test_a_value_out_of_bounds_is_refused(options, message):
    with pytest.raises(RequestError) as refused:
        RunRequest("m", ("sampler",), **options)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("option", "wrong", "choices"),
    [
        ("--dtype", "bf16", ["bfloat16", "float16", "float32", "half", "float"]),
        ("--device", "cuda0", ["cpu", "cuda", "cuda:N", "mps"]),
    ],
)
@pytest.mark.parametrize("command", [["run", "m", "-b", "sampler"], ["reward", "run", "-m", "m"]])
def test_a_typo_on_the_command_line_is_refused_with_the_choices(capsys, command, option, wrong, choices):
    with pytest.raises(SystemExit) as refused:
        main([*command, option, wrong])
    message = capsys.readouterr().err
    assert refused.value.code == 2
    assert wrong in message and all(choice in message for choice in choices)


@pytest.mark.parametrize("words", [{"dtype": "half", "device": "cuda:1"}, {"dtype": "float", "device": "xpu"}])
def test_every_word_that_the_engines_take_is_taken(words):
    assert RunRequest("m", ("sampler",), settings=EngineSettings(**words)).settings.dtype == words["dtype"]


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "sums.jsonl"
    path.write_text('{"question": "1+1?", "answer": 2}\n{"question": "2+2?", "answer": 4}\n', encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": 0.6}, "--temperature has no effect: no sampled set is made"),
        ({"top_p": 0.9}, "--top-p has no effect: no sampled set"),
        ({"top_k": 20}, "--top-k has no effect: no sampled set"),
        ({"set_name": "other"}, "--set has no effect: no sampled set"),
        ({"tools": "python"}, "--tools has no effect: no prompt asks for programs"),
        ({"max_tool_calls": 2}, "--max-tool-calls has no effect: no prompt asks for programs"),
        ({"tool_timeout": 2.0}, "--tool-timeout has no effect: no prompt asks for programs"),
        ({"unsandboxed": True}, "--unsandboxed has no effect: no programs are executed"),
        ({"revision": "abc"}, "--revision has no effect: the engine scripted loads no model from a hub"),
        ({"dtype": "float32"}, "--dtype has no effect: the engine scripted does not read it"),
        ({"tensor_parallel": 2}, "--tensor-parallel has no effect: the engine scripted"),
        ({"gpu_memory": 0.5}, "--gpu-memory has no effect: the engine scripted"),
        ({"device": "cpu"}, "--device has no effect: the engine scripted"),
        ({"batch_size": 2}, "--batch-size has no effect: the engine scripted"),
        ({"seed": 3}, "--seed has no effect: the engine scripted"),
        ({"base_urls": "http://h/v1"}, "--base-url has no effect: the engine scripted"),
        (
            {"engine": "server", "base_urls": "http://h/v1", "responses": "x"},
            "--responses has no effect: the engine server",
        ),
        (
            {"engine": "server", "base_urls": "http://h/v1", "dtype": "float32"},
            "--dtype has no effect: the engine server",
        ),
    ],
)
def test_an_option_without_effect_is_refused_with_the_reason(rows, tmp_path, options, message):
    options = {"engine": "scripted", "prompt": "direct", "output": tmp_path / "run", **options}
    with pytest.raises(RequestError) as refused:
        evaluate("m", str(rows), **options)
    assert str(refused.value).startswith(message)
    assert not (tmp_path / "run").exists()


def test_shots_are_refused_where_the_template_shows_none(rows, tmp_path):
    template = tmp_path / "bare.yaml"
    template.write_text('schema: 1\ntitle: Bare\nkind: raw\nprompt: "{{ question }}"\n', encoding="utf-8")
    with pytest.raises(RequestError, match="--shots has no effect: the prompt template shows no demonstrations"):
        evaluate("m", str(rows), engine="scripted", prompt=str(template), shots=2, output=tmp_path / "run")


EFFECTS = Effects("vllm", ("tensor_parallel",), *[True] * 7)


def test_a_stated_option_is_refused_even_with_its_default():
    request = RunRequest("m", ("sampler",), stated=frozenset({"dtype"}))
    with pytest.raises(RequestError, match="--dtype has no effect"):
        refuse_without_effect(request, EFFECTS)
    refuse_without_effect(replace(request, stated=frozenset({"tensor_parallel"})), EFFECTS)
    refuse_without_effect(request, replace(EFFECTS, settings_read=None))


def test_a_reward_model_reads_its_share_of_the_settings():
    request = RunRequest(
        "m", ("sampler",), settings=EngineSettings(device="cpu"), reward_model="r", reward_engine="transformers"
    )
    refuse_without_effect(request, EFFECTS)
    with pytest.raises(RequestError, match="--device"):
        refuse_without_effect(replace(request, reward_engine="vllm"), EFFECTS)


def test_a_run_loads_each_benchmark_and_renders_each_prompt_and_reads_its_prompts_once(tmp_path, monkeypatch):
    paths = []
    for number in range(6):
        path = tmp_path / f"sums{number}.jsonl"
        lines = [json.dumps({"id": str(n), "question": f"{n}+{number}?", "answer": n + number}) for n in range(3)]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        paths.append(str(path))
    loads, renders, reads = Counter(), Counter(), Counter()

    def count(owner, name, counter, key):
        original = getattr(owner, name)

        def count_call(*arguments, **options):
            counter[key(*arguments)] += 1
            return original(*arguments, **options)

        monkeypatch.setattr(owner, name, count_call)

    count(load, "Benchmark", loads, lambda name, *_: name)
    count(Template, "build", renders, lambda _, problem, *__: (problem.benchmark, problem.id))
    count(store, "read_lines", reads, lambda path, *_: path.name)

    def answer(prompt, _sampling):
        return "\\boxed{1}"

    def run():
        for counter in (loads, renders, reads):
            counter.clear()
        return evaluate("m", paths, engine=ScriptedEngine(answer), prompt="direct", samples=2, output=tmp_path / "run")

    assert run().made == 6 * 3 * 3
    assert loads == {f"sums{number}": 1 for number in range(6)}
    assert renders == {(f"sums{number}", str(n)): 1 for number in range(6) for n in range(3)}
    assert reads["prompts.jsonl"] <= 1
    assert run().made == 0
    assert set(loads.values()) == set(renders.values()) == {1} and len(renders) == 18
    assert reads["prompts.jsonl"] == 1


def test_a_folder_with_more_benchmarks_than_requested_reads_its_prompts_once(rows, tmp_path, monkeypatch):
    second_benchmark = tmp_path / "other.jsonl"
    second_benchmark.write_text('{"question": "3+3?", "answer": 6}\n', encoding="utf-8")
    options = {"engine": ScriptedEngine(lambda *_: "\\boxed{2}"), "prompt": "direct", "output": tmp_path / "run"}
    evaluate("m", [str(rows), str(second_benchmark)], **options)
    second_benchmark.unlink()
    reads = Counter()
    original = store.read_lines

    def count_read(path, *arguments, **options_of_call):
        reads[path.name] += 1
        return original(path, *arguments, **options_of_call)

    monkeypatch.setattr(store, "read_lines", count_read)
    run = evaluate("m", str(rows), **options)
    assert [result.benchmark for result in run.metrics.benchmarks] == ["sums", "other"]
    assert reads["prompts.jsonl"] == 1
