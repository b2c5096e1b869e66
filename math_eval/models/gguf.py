"""GGUF files unpacked once into an ordinary model folder in the cache, which every engine can load."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from math_eval.errors import MissingPackageError, ModelError, StorageError
from math_eval.files import exclusive
from math_eval.registry import cache_root
from math_eval.sources import sha256_of


def unpack(file: Path) -> Path:
    """The folder with the file's weights in bfloat16, its configuration and its tokenizer; made on first use.

    Takes some tens of seconds and about 2 bytes a parameter on disk. Raises ModelError for a file that transformers
    cannot read, MissingPackageError without transformers, torch or gguf, StorageError when the cache is not writable.
    """
    folder = cache_root() / "models" / f"{file.stem}-{sha256_of(file)[:12]}"
    if (folder / "config.json").is_file():  # a cache that is there may be read-only: no lock file
        return folder
    try:
        with exclusive(folder):
            if not (folder / "config.json").is_file():
                _convert(file, folder)
    except OSError as error:
        raise StorageError(f"{folder}: cannot be written: {error}") from error
    return folder


def _convert(file: Path, folder: Path) -> None:
    try:
        import accelerate  # noqa: F401  the loader wants it
        import gguf  # noqa: F401  the loader wants it
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
    except ImportError as error:
        raise MissingPackageError(error.name or "transformers", "transformers", "a GGUF model") from error
    print(f"unpacking {file.name} into {folder} (once)", file=sys.stderr)  # noqa: T201  a word before a long wait
    part = folder.with_name(folder.name + ".part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
        model = AutoModelForCausalLM.from_pretrained(
            file.parent, gguf_file=file.name, quantization_config=GgufConfig(dequantize=True), dtype=torch.bfloat16
        )
        model.save_pretrained(part)
        tokenizer.save_pretrained(part)
    except (ValueError, KeyError, RuntimeError) as error:
        raise ModelError(f"{file}: transformers cannot read this GGUF file: {error}") from error
    part.replace(folder)
