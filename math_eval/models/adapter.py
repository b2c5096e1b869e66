"""Folders that hold no model by themselves: LoRA adapters, and the checkpoints of training frameworks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from math_eval.errors import ModelError

CONFIG = "adapter_config.json"

_TRAINING_FILES = {
    "zero_to_fp32.py": "a DeepSpeed checkpoint: its own zero_to_fp32.py writes the weights of a model",
    "*mp_rank_*_model_states.pt": "a DeepSpeed checkpoint: zero_to_fp32.py beside it writes the weights of a model",
    "latest_checkpointed_iteration.txt": "a Megatron checkpoint: Megatron Bridge exports it as a model folder",
    "model_world_size_*_rank_*.pt": "a verl checkpoint: python -m verl.model_merger merges it into a model folder",
    "__*.distcp": "a PyTorch distributed checkpoint: accelerate merge-weights merges it into a model folder",
    "*.nemo": "a NeMo checkpoint: its export script writes a model folder",
    "params.json": "weights in the format of their makers: convert_*_weights_to_hf.py of transformers converts them",
}
"""Files of a training framework's checkpoint → its name, and what makes a model folder of it."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """A LoRA adapter.

    Attributes:
        folder: Its folder.
        base: The name of the model that it was trained for; "" if it does not say.
        rank: The largest rank of its matrices.
    """

    folder: Path
    base: str
    rank: int


def read_adapter(folder: Path) -> Adapter:
    """Reads the configuration of a LoRA adapter.

    Args:
        folder: The folder of the adapter.

    Raises:
        ModelError: The folder holds no LoRA adapter.
    """
    try:
        content = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        ranks = [content["r"], *content.get("rank_pattern", {}).values()]
        rank = max(int(rank) for rank in ranks)
    except OSError as error:
        raise ModelError(f"--lora {folder}: no {CONFIG}, so it holds no LoRA adapter") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"--lora {folder}: {CONFIG} is not that of a LoRA adapter: {error}") from error
    if not any(folder.glob("adapter_model.*")):
        raise ModelError(f"--lora {folder}: no adapter_model.safetensors, so the adapter has no weights")
    return Adapter(folder.resolve(), str(content.get("base_model_name_or_path") or ""), rank)


def why_no_model(folder: Path) -> str:
    """Returns why a folder without config.json holds no model, and what makes one of it.

    Args:
        folder: A folder without config.json.
    """
    if (folder / CONFIG).is_file():
        try:
            base = read_adapter(folder).base or "its base model"
        except ModelError:
            base = "its base model"
        return f"it holds a LoRA adapter: give {base} as the model, and --lora {folder}"
    for pattern, sentence in _TRAINING_FILES.items():
        if any(folder.glob(pattern)) or any(folder.glob(f"*/{pattern}")):
            return f"it holds {sentence}"
    nested = sorted(path.parent for path in folder.glob("*/config.json"))
    if nested:
        return f"it has no config.json; did you mean {nested[-1]}?"
    return "the folder has no config.json, so it does not hold a model"
