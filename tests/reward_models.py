"""Tiny random reward models with a tokenizer of their own: bytes, the turns of ChatML, and a step marker."""

import json

TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<extra_0>"]
CONTEXT = 512
ARCHITECTURES = {
    "Qwen2ForRewardModel": 1,
    "Qwen2ForProcessRewardModel": 2,
    "Qwen2ForSequenceClassification": 1,
    "Qwen2ForTokenClassification": 2,
}


def save_tokenizer(folder):
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    inner = Tokenizer(models.BPE(vocab={char: index for index, char in enumerate(alphabet)}, merges=[]))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    inner.add_special_tokens([AddedToken(text, special=True) for text in SPECIAL])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner, eos_token="<|im_end|>", pad_token="<|endoftext|>", chat_template=TEMPLATE
    )
    tokenizer.save_pretrained(folder)
    return len(alphabet) + len(SPECIAL)


def make_model(folder, architecture, seed=0):
    """Writes a random model of one of the ARCHITECTURES; scores of its outputs differ visibly between texts."""
    import torch
    from safetensors.torch import load_file, save_file
    from transformers import (
        Qwen2Config,
        Qwen2ForSequenceClassification,
        Qwen2ForTokenClassification,
        Qwen2Model,
    )

    torch.manual_seed(seed)
    labels = ARCHITECTURES[architecture]
    config = Qwen2Config(
        vocab_size=save_tokenizer(folder),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=CONTEXT,
        initializer_range=0.3,
        num_labels=labels,
        tie_word_embeddings=False,
        eos_token_id=258,
        pad_token_id=256,
        bos_token_id=None,
    )
    generic = {"Qwen2ForSequenceClassification": Qwen2ForSequenceClassification}
    generic["Qwen2ForTokenClassification"] = Qwen2ForTokenClassification
    generic.get(architecture, Qwen2Model)(config).save_pretrained(folder)
    if architecture not in generic:
        weights = {f"model.{name}": value for name, value in load_file(folder / "model.safetensors").items()}
        for layer, outputs in ((0, 64), (2, labels)):
            weights[f"score.{layer}.weight"] = torch.randn(outputs, 64) * 0.3
            weights[f"score.{layer}.bias"] = torch.randn(outputs) * 0.3
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    path = folder / "config.json"
    content = json.loads(path.read_text(encoding="utf-8")) | {"architectures": [architecture]}
    path.write_text(json.dumps(content), encoding="utf-8")
    return folder
