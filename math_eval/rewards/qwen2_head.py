"""Qwen2's reward classes computed with transformers' own Qwen2 body: no code of the model folder is run.

The head is two linear layers with a ReLU between, stored as score.0 and score.2, computed in float32 as vLLM does.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from math_eval.errors import ModelError

_HEAD_KEYS = ("score.0.weight", "score.0.bias", "score.2.weight", "score.2.bias")


def load_qwen2(folder: Path, dtype: str, outputs: int) -> tuple[Any, Any]:
    """The body and the head of a Qwen2ForRewardModel or Qwen2ForProcessRewardModel folder.

    outputs: 1 for an outcome model, 2 for a process model. ModelError for weights that are missing or of another shape.
    """
    from torch import nn
    from transformers import Qwen2Model

    tensors = _head_tensors(folder)
    hidden = tensors["score.0.weight"].shape[1]
    if tensors["score.2.weight"].shape[0] != outputs:
        raise ModelError(f"{folder}: its head has {tensors['score.2.weight'].shape[0]} outputs, expected {outputs}")

    class Body(Qwen2Model):  # type: ignore[misc]  # the library is not typed here
        """The body alone; the head's weights in the same files are no surprise to it."""

        _keys_to_ignore_on_load_unexpected = (r"^score\.", r"^lm_head\.")

    body, loaded = Body.from_pretrained(folder, dtype=dtype, output_loading_info=True)
    if missing := sorted(loaded["missing_keys"]):
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
    places = dict.fromkeys(_HEAD_KEYS, "model.safetensors")
    if index.is_file():
        places |= json.loads(index.read_text(encoding="utf-8"))["weight_map"]
    found: dict[str, Any] = {}
    for key in _HEAD_KEYS:
        file = folder / Path(places[key]).name
        if not file.is_file():
            raise ModelError(f"{folder}: no {file.name}; the transformers engine reads reward models from safetensors")
        with safe_open(file, framework="pt") as tensors:
            if key not in tensors.keys():  # noqa: SIM118  not a dict: it only has keys()
                raise ModelError(f"{file}: no weight {key}, which a Qwen2 reward model has")
            found[key] = tensors.get_tensor(key)
    return found
