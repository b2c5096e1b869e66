"""LoRA adapters: what their folders say, and that a real one gives the text of the merged model."""

import json

import pytest

from math_eval import evaluate
from math_eval.engines.vllm import _lora_rank
from math_eval.errors import ModelError, RequestError
from math_eval.models.adapter import read_adapter, why_no_model
from math_eval.models.source import resolve
from math_eval.runfolder.layout import read_run
from math_eval.runfolder.store import RunStore


def adapter(folder, **content):
    folder.mkdir()
    (folder / "adapter_config.json").write_text(json.dumps({"r": 8, **content}), encoding="utf-8")
    (folder / "adapter_model.safetensors").write_bytes(b"")
    return folder


def test_an_adapter_says_its_base_and_its_largest_rank(tmp_path):
    folder = adapter(tmp_path / "a", base_model_name_or_path="org/base", rank_pattern={"q_proj": 32, "v_proj": 4})
    assert (read_adapter(folder).base, read_adapter(folder).rank) == ("org/base", 32)
    assert [_lora_rank(rank) for rank in (1, 8, 9, 32, 33, 600)] == [8, 8, 16, 32, 64, 600]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "no adapter_config.json, so it holds no LoRA adapter"),
        ({"adapter_config.json": "{"}, "is not that of a LoRA adapter"),
        ({"adapter_config.json": '{"peft_type": "IA3"}'}, "is not that of a LoRA adapter: 'r'"),
        ({"adapter_config.json": '{"r": 8}'}, "no adapter_model.safetensors, so the adapter has no weights"),
    ],
)
def test_a_folder_without_an_adapter_is_refused_before_the_model_is_loaded(tmp_path, files, message):
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(ModelError) as refused:
        evaluate("org/model", "sampler", engine="transformers", lora=tmp_path)
    assert message in str(refused.value)
    assert str(refused.value).startswith(f"--lora {tmp_path}: ")


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        (["adapter_config.json"], "it holds a LoRA adapter: give its base model as the model, and --lora"),
        (["zero_to_fp32.py"], "its own zero_to_fp32.py writes the weights"),
        (["global_step10/mp_rank_00_model_states.pt"], "a DeepSpeed checkpoint: zero_to_fp32.py"),
        (["latest_checkpointed_iteration.txt"], "a Megatron checkpoint"),
        (["actor/model_world_size_8_rank_0.pt"], "python -m verl.model_merger"),
        (["__0_0.distcp"], "accelerate merge-weights"),
        (["model.nemo"], "a NeMo checkpoint"),
        (["params.json"], "the format of their makers"),
        (["checkpoint-5/config.json"], "did you mean {folder}/checkpoint-5?"),
        (["notes.txt"], "the folder has no config.json, so it does not hold a model"),
    ],
)
def test_a_folder_that_holds_no_model_says_what_it_holds(tmp_path, files, sentence):
    for name in files:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("{}", encoding="utf-8")
    with pytest.raises(ModelError) as refused:
        resolve(str(tmp_path))
    assert sentence.format(folder=tmp_path) in str(refused.value)


def test_the_base_of_an_adapter_given_as_the_model_is_named(tmp_path):
    folder = adapter(tmp_path / "a", base_model_name_or_path="Qwen/Qwen3-8B")
    assert why_no_model(folder) == f"it holds a LoRA adapter: give Qwen/Qwen3-8B as the model, and --lora {folder}"


@pytest.mark.parametrize("name", ["tensor_parallel_size", "dtype", "enable_lora", "model"])
def test_an_engine_argument_that_an_option_sets_is_refused(tmp_path, name, monkeypatch):
    from math_eval.engines import EngineSettings
    from math_eval.engines.vllm_start import start_vllm

    with pytest.raises(RequestError, match=f"--engine-arg {name}: .* sets it"):
        start_vllm(dict, tmp_path, EngineSettings(engine_arguments={name: 2}), cpu_cache_gib=1, arguments={})


@pytest.fixture(scope="module")
def tuned(smollm, tmp_path_factory):
    """A random adapter over SmolLM2, and the folder of the merged model."""
    torch = pytest.importorskip("torch")
    peft = pytest.importorskip("peft")
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = tmp_path_factory.mktemp("tuned")
    torch.manual_seed(5)
    model = AutoModelForCausalLM.from_pretrained(smollm, dtype=torch.float32)
    config = peft.LoraConfig(r=4, lora_alpha=16, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    model = peft.get_peft_model(model, config)
    model.save_pretrained(folder / "adapter")
    model.merge_and_unload().save_pretrained(folder / "merged")
    AutoTokenizer.from_pretrained(smollm).save_pretrained(folder / "merged")
    return folder


def texts(model, output, engine, **options):
    settings = {"engine": engine, "dtype": "float32", "limit": 3, "max_tokens": 24, "greedy": True, "samples": 0}
    run = evaluate(str(model), "sampler", output=output, prompt="chat", **settings | options)
    lines = sorted(RunStore(output).samples(), key=lambda line: line.problem)
    return run, [line.text for line in lines]


@pytest.mark.model
@pytest.mark.parametrize("engine", ["transformers", "vllm"])
def test_an_adapter_gives_the_greedy_text_of_the_merged_model(smollm, tuned, tmp_path, engine):
    if engine == "vllm":
        pytest.importorskip("vllm")
    _, plain = texts(smollm, tmp_path / "plain", "transformers")
    _, merged = texts(tuned / "merged", tmp_path / "merged", engine)
    run, adapted = texts(smollm, tmp_path / "adapted", engine, lora=tuned / "adapter")
    assert adapted == merged
    assert adapted != plain
    assert run.info.engine_settings["lora"]["revision"].startswith("files:")
    assert read_run(tmp_path / "adapted").engine_settings["lora"]["folder"] == str(tuned / "adapter")
