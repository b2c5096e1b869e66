"""Qwen2's reward classes, computed with transformers' Qwen2 model, so that no code of the model folder is run.

The head is two linear layers with a ReLU between them, stored as score.0 and score.2. It is computed in
float32, as vLLM does.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from math_eval.errors import ModelError

_HEAD_KEYS = ("score.0.weight", "score.0.bias", "score.2.weight", "score.2.bias")


def load_qwen2(folder: Path, dtype: str, outputs: int) -> tuple[Any, Any]:
    """Loads a Qwen2ForRewardModel or Qwen2ForProcessRewardModel.

    Args:
        folder: The model's folder, with weights as safetensors.
        dtype: The number type of the body, by torch's name or "auto"; the head is always float32.
        outputs: Outputs a token: 1 for an outcome model, 2 for a process model.

    Returns:
        The body (token ids → hidden states) and the head (hidden states → outputs), on the CPU.

    Raises:
        ModelError: Weights are missing, or the head has another number of outputs.
    """
    from torch import nn
    from transformers import Qwen2Model

    tensors = _head_tensors(folder)
    hidden = tensors["score.0.weight"].shape[1]
    if tensors["score.2.weight"].shape[0] != outputs:
        raise ModelError(f"{folder}: its head has {tensors['score.2.weight'].shape[0]} outputs, expected {outputs}")

    class Body(Qwen2Model):  # type: ignore[misc]  # the library is not typed here
        """The body alone, which ignores the head's weights in the same files."""

        _keys_to_ignore_on_load_unexpected = (r"^score\.", r"^lm_head\.")

    body, report = Body.from_pretrained(folder, dtype=dtype, output_loading_info=True)
    if missing := sorted(report["missing_keys"]):
        raise ModelError(f"{folder}: {len(missing)} weights are missing, {missing[0]} among them")
    head = nn.Sequential(
        nn.Linear(hidden, tensors["score.0.weight"].shape[0]),
        nn.ReLU(),
        nn.Linear(tensors["score.2.weight"].shape[1], outputs),
    )
    head.load_state_dict({key.removeprefix("score."): tensor.float() for key, tensor in tensors.items()})
    return body, head


def _head_tensors(folder: Path) -> dict[str, Any]:
    from safetensors import safe_open

    index = folder / "model.safetensors.index.json"
    files = dict.fromkeys(_HEAD_KEYS, "model.safetensors")
    if index.is_file():
        files |= json.loads(index.read_text(encoding="utf-8"))["weight_map"]
    head: dict[str, Any] = {}
    for key in _HEAD_KEYS:
        file = folder / Path(files[key]).name
        if not file.is_file():
            raise ModelError(f"{folder}: no {file.name}; the transformers engine reads reward models from safetensors")
        with safe_open(file, framework="pt") as tensors:
            if key not in tensors.keys():  # noqa: SIM118  not a dict: it only has keys()
                raise ModelError(f"{file}: no weight {key}, which a Qwen2 reward model has")
            head[key] = tensors.get_tensor(key)
    return head
