"""GGUF files, unpacked once into a model folder in the cache that every engine can load."""

from __future__ import annotations

import io
import shutil
import sys
from contextlib import nullcontext, redirect_stderr
from pathlib import Path

from math_eval.errors import MissingPackageError, ModelError, StorageError
from math_eval.files import exclusive
from math_eval.registry import cache_root
from math_eval.sources import sha256_of


def unpack(file: Path) -> Path:
    """Unpacks a GGUF file on first use, because not every engine reads that format.

    The first call takes tens of seconds and about 2 bytes of disk space a parameter.

    Args:
        file: The .gguf file.

    Returns:
        A folder in the cache with the weights in bfloat16, the configuration and the tokenizer.

    Raises:
        ModelError: transformers cannot read the file.
        MissingPackageError: transformers, torch, accelerate or gguf is not installed.
        StorageError: The cache cannot be written.
    """
    folder = cache_root() / "models" / f"{file.stem}-{sha256_of(file)[:12]}"
    if (folder / "config.json").is_file():  # no lock file, because an existing cache may be read-only
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
        import accelerate  # noqa: F401  the loader needs it
        import gguf  # noqa: F401  the loader needs it
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
    except ImportError as error:
        raise MissingPackageError(error.name or "transformers", "transformers", "a GGUF model") from error
    print(f"unpacking {file.name} into {folder} (once)", file=sys.stderr)  # noqa: T201  announces a long wait
    part = folder.with_name(folder.name + ".part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        # in a log, a bar is hundreds of lines, and the switch of transformers does not reach the one of its reader
        with nullcontext() if sys.stderr.isatty() else redirect_stderr(io.StringIO()):
            tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
            model = AutoModelForCausalLM.from_pretrained(
                file.parent, gguf_file=file.name, quantization_config=GgufConfig(dequantize=True), dtype=torch.bfloat16
            )
            model.save_pretrained(part)
            tokenizer.save_pretrained(part)
    except (ValueError, KeyError, RuntimeError) as error:
        raise ModelError(f"{file}: transformers cannot read this GGUF file: {error}") from error
    part.replace(folder)
