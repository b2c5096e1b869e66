"""What the sandbox tells its zygote at the start, as JSON on its input."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field

OURS = "/.math-eval"
"""What is ours in a view: a name that no interpreter lies below."""
WORK = OURS + "/work"
"""The program's own folder where the file system is its own."""
PACKAGES = OURS + "/packages"
"""Where that file system shows the packages that programs may import."""

FILES = 4096
"""Files and folders that a program may have in its folder, where that is a mount of its own."""


@dataclass(slots=True)
class Settings:
    """One zygote's task; paths are resolved."""

    tier: str
    control: int
    """The descriptor of the socket that calls come through; -1 where it is reached by its address."""
    wall_seconds: float
    cpu_seconds: int
    memory_bytes: int
    processes: int
    file_bytes: int
    output_bytes: int
    scratch: str
    """A folder of the sandbox's own, for tiers whose programs share the file system."""
    roots: list[str]
    """Files and folders that programs may read."""
    aliases: dict[str, str]
    """Links to make in the view, as /lib to usr/lib."""
    masks: list[str]
    """Folders below the roots that programs may not read."""
    packages: dict[str, str]
    """Names in the packages folder and what they stand for."""
    warm: bool
    """Import NumPy and SymPy before the first call."""
    address: str = ""
    """The path of a socket to connect to, where none could be handed down."""
    folders: list[str] = field(default_factory=list)
    """Folders of limited size, one for each call at the same time; empty where a call has its own made."""
    may_fork: bool = True
    """False where the number of a program's processes cannot be limited but by refusing them."""
    proc: int = -1
    """A descriptor of the outer /proc, through which a call's namespaces get their user."""
    base_bytes: int = 0
    """Address space of the warm interpreter."""
    shared_reads: list[str] = field(default_factory=list)
    """The roots without what the masks hide, for Landlock."""
    shared_lists: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, text: str) -> Settings:
        """The settings of a JSON text."""
        return cls(**json.loads(text))

    @property
    def own_view(self) -> bool:
        """Whether the zygote is in a file system of its own."""
        return self.tier not in {"landlock", "none"}

    @property
    def package_folder(self) -> str:
        """Where programs find their packages."""
        return PACKAGES if self.own_view else f"{self.scratch}/packages"

    def statm(self) -> int:
        """Address space of this process, in pages."""
        folder = os.open("/proc", os.O_PATH | os.O_CLOEXEC) if self.proc < 0 else os.dup(self.proc)
        descriptor = os.open("self/statm", os.O_RDONLY | os.O_CLOEXEC, dir_fd=folder)
        try:
            return int(os.read(descriptor, 100).split()[0])
        finally:
            os.close(descriptor)
            os.close(folder)

    @property
    def own_namespaces(self) -> bool:
        """Whether each call has a file system, processes and a network of its own."""
        return self.tier == "namespaces"
