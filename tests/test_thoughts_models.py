"""Thoughts of real engines: marks that are special tokens, templates that open the thought, tokens counted apart.

transformers runs SmolLM2 itself, made to say a text; vLLM runs a model of its architecture whose weights say one.
"""

import itertools
import json

import pytest

from math_eval.engines import EngineSettings
from math_eval.evaluation import evaluate
from math_eval.generate import RunRequest
from math_eval.graders import load_grader
from math_eval.models import Tokenizer
from math_eval.results import run_samples
from math_eval.runfolder.store import RunStore

pytestmark = pytest.mark.model

DRAFT, ANSWER = "Perhaps \\boxed{7}", "So the answer is 12."
USER = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
TURN = "<|im_start|>assistant\n"
SPARE = ["<repo_name>", "<reponame>", "<file_sep>", "<filename>", "<gh_stars>", "<issue_start>", "<issue_comment>"]
"""Special tokens of SmolLM2 that no prompt of ours has, to be renamed."""

KINDS = {
    "plain": (("<think>", "</think>"), (), ""),
    "plain-opened": (("<think>", "</think>"), (), "<think>\n"),
    "special": (("[THINK]", "[/THINK]"), ("[THINK]", "[/THINK]"), ""),
    "special-opened": (("[THINK]", "[/THINK]"), ("[THINK]", "[/THINK]"), "[THINK]"),
    "kimi": (("◁think▷", "◁/think▷"), ("◁think▷", "◁/think▷"), ""),
    "own": (("<|im_start|>think\n", "<|im_start|>answer\n"), (), "<|im_start|>think\n"),
    "harmony": (
        ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
        ("<|channel|>", "<|message|>", "<|start|>", "<|end|>"),
        "",
    ),
    "harmony-opened": (
        ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
        ("<|channel|>", "<|message|>", "<|start|>", "<|end|>"),
        "<|channel|>analysis<|message|>\n",
    ),
}
"""Kind → its marks, which of them are special tokens, and what the template writes of them."""


def chat_template(opening):
    """A template whose generation prompt ends with a text; Jinja would drop a newline at the end of a file."""
    return f"{USER}{{{{ {json.dumps(TURN + opening, ensure_ascii=False)} }}}}"


def model_folder(smollm, tmp_path, tokens):
    """The model's folder with some spare special tokens renamed."""
    folder = tmp_path / "model"
    folder.mkdir()
    for path in smollm.iterdir():
        (folder / path.name).symlink_to(path)
    text = (smollm / "tokenizer.json").read_text(encoding="utf-8")
    for spare, token in zip(SPARE, tokens, strict=False):
        text = text.replace(json.dumps(spare), json.dumps(token, ensure_ascii=False))
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer.json").write_text(text, encoding="utf-8")
    return folder


def asked(folder, tmp_path, engine, kind, *, name="run", template="", arguments=None, max_tokens=64):
    """The one sample of a run with a chat template of our own."""
    (start, end), _, opening = KINDS[kind]
    rows = tmp_path / "rows.jsonl"
    rows.write_text(json.dumps({"question": "5 + 7?", "answer": "12"}) + "\n", encoding="utf-8")
    template_file = tmp_path / f"{name}.jinja"
    template_file.write_text(template or chat_template(opening), encoding="utf-8")
    family = tmp_path / "own.yaml"
    marks = json.dumps({"start": start, "end": end, "opened_by_template": True}, ensure_ascii=False)
    family.write_text(
        f"schema: 1\ntitle: own\nmatch: [own]\nprompt: chat\nfits: [chat]\nthought: {marks}\n", encoding="utf-8"
    )
    request = RunRequest(
        str(folder),
        (str(rows),),
        engine=engine,
        prompt="chat",
        family=str(family),
        chat_template=template_file,
        chat_template_kwargs=arguments,
        max_tokens=max_tokens,
        greedy=True,
        settings=EngineSettings(dtype="float32", max_model_len=256),
        output=tmp_path / name,
    )
    run = evaluate(request)
    [line] = RunStore(run.folder).samples()
    [sample] = run_samples(run.folder, load_grader("equivalence"))
    return line, sample.answer


@pytest.fixture
def says(monkeypatch):
    """Makes the transformers engine say a text, token by token."""
    torch = pytest.importorskip("torch")
    from math_eval.engines.transformers import TransformersEngine

    script = []
    load = TransformersEngine.__init__

    def force(_module, _inputs, output):
        output.logits[:, -1, :] = -torch.inf
        output.logits[:, -1, script.pop(0)] = 0
        return output

    def load_forced(self, *arguments):
        load(self, *arguments)
        self._model.register_forward_hook(force)

    monkeypatch.setattr(TransformersEngine, "__init__", load_forced)

    def prepare(folder, text):
        tokenizer = Tokenizer(folder)._inner
        script[:] = [*tokenizer(text, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
        return len(script)

    return prepare


@pytest.mark.parametrize("kind", KINDS)
def test_transformers_tells_thought_and_answer_apart(smollm, tmp_path, says, kind):
    (start, end), special, opening = KINDS[kind]
    folder = model_folder(smollm, tmp_path, special)
    thought = DRAFT if opening else start + DRAFT
    tokens = says(folder, f"{thought}{end}{ANSWER}")
    line, answer = asked(folder, tmp_path, "transformers", kind)
    assert (line.thought, line.text, line.finish, answer) == (DRAFT, ANSWER, "stop", "12")
    in_answer = says(folder, end[len(end.rstrip()) :] + ANSWER)
    assert (line.tokens_out, line.tokens_thought) == (tokens, tokens - in_answer)
    says(folder, f"{thought}{end}{ANSWER}")
    line, answer = asked(folder, tmp_path, "transformers", kind, name="cut", max_tokens=tokens - in_answer - 3)
    assert (line.text, line.finish, answer) == ("", "thought-length", "")
    assert line.thought.startswith("Perhaps")
    assert line.tokens_thought == line.tokens_out == tokens - in_answer - 3


def test_the_rendered_prompt_decides_whether_the_thought_is_open(smollm, tmp_path, says):
    """The family says that its template opens the thought; an argument of the template closes it again."""
    template = chat_template("<think>\n") + "{% if not enable_thinking %}\n</think>\n\n{% endif %}"
    for thinking, parts in ((True, (ANSWER, "", "")), (False, ("", ANSWER, "12"))):
        says(smollm, ANSWER)
        line, answer = asked(
            smollm,
            tmp_path,
            "transformers",
            "plain",
            name=f"thinking-{thinking}",
            template=template,
            arguments={"enable_thinking": thinking},
        )
        assert (line.thought, line.text, answer) == parts


def test_special_tokens_that_are_no_marks_are_dropped(smollm, tmp_path, says):
    folder = model_folder(smollm, tmp_path, ("[THINK]", "[/THINK]"))
    says(folder, f"[THINK]{DRAFT}<file_sep>[/THINK]<filename>{ANSWER}")
    line, _ = asked(folder, tmp_path, "transformers", "special")
    assert (line.thought, line.text) == (DRAFT, ANSWER)
    says(smollm, f"<file_sep>{ANSWER}<filename>")
    assert asked(smollm, tmp_path, "transformers", "plain", name="none", template=chat_template(""))[0].text == ANSWER


def speaking_model(folder, script, first):
    """Makes the folder's model one that says a text of different tokens after a first token."""
    import torch
    from transformers import AutoConfig, LlamaForCausalLM

    config = AutoConfig.from_pretrained(folder)
    config.num_hidden_layers, config.tie_word_embeddings = 1, False
    config.layer_types = None
    model = LlamaForCausalLM(config)
    chain = [first, *script]
    assert len(set(chain)) == len(chain), "each token decides the next one"
    with torch.no_grad():
        for weights in model.parameters():
            weights.zero_()
        model.model.norm.weight.fill_(1)
        for number, (token, following) in enumerate(itertools.pairwise(chain)):
            model.model.embed_tokens.weight[token, number] = 1
            model.lm_head.weight[following, number] = 1
    for name in ("config.json", "model.safetensors", "generation_config.json"):
        (folder / name).unlink()
    model.generation_config.eos_token_id = script[-1]
    model.save_pretrained(folder)


@pytest.mark.parametrize("kind", ["special", "harmony-opened", "plain-opened"])
def test_vllm_tells_thought_and_answer_apart(smollm, tmp_path, kind):
    pytest.importorskip("vllm")
    (start, end), special, opening = KINDS[kind]
    folder = model_folder(smollm, tmp_path, (*special, "<spare>"))
    tokenizer = Tokenizer(folder)._inner
    draft = "Perhaps \\boxed{7}<spare>" if special else DRAFT
    text = f"{draft}{end}{ANSWER}" if opening else f"{start}{draft}{end}{ANSWER}"
    script = [*tokenizer(text, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
    speaking_model(folder, script, tokenizer(TURN + opening)["input_ids"][-1])
    line, answer = asked(folder, tmp_path, "vllm", kind)
    assert (line.thought, line.text, line.finish, answer) == (DRAFT, ANSWER, "stop", "12")
    in_answer = len(tokenizer(ANSWER, add_special_tokens=False)["input_ids"]) + 1
    assert (line.tokens_out, line.tokens_thought) == (len(script), len(script) - in_answer)
