"""The number type that a CPU computes fastest."""

from __future__ import annotations

import re
from pathlib import Path

_BF16 = re.compile(r"^(?:flags|Features)\s*:.*\b(?:avx512_bf16|amx_bf16|bf16)\b", re.MULTILINE)


def cpu_dtype(dtype: str, cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Chooses the number type for this machine's CPU.

    On a CPU without bfloat16 arithmetic, bfloat16 runs at a quarter of the speed of float32 or less.

    Args:
        dtype: The number type asked for: torch's name, or "auto" for that of the model.
        cpuinfo: The file that lists the CPU's features.

    Returns:
        `dtype`, except that "auto" becomes "float32" where the CPU has no bfloat16 arithmetic.
    """
    if dtype != "auto":
        return dtype
    try:
        flags = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "float32"
    return "auto" if _BF16.search(flags) else "float32"
