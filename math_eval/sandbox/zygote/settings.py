"""The settings that the sandbox sends to its zygote at the start, as JSON on standard input."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field

SANDBOX_ROOT = "/.math-eval"
"""The folder for the sandbox's own files in a view; no interpreter lies below it."""
WORK = SANDBOX_ROOT + "/work"
"""The program's working folder, in tiers with a file system of their own."""
PACKAGES = SANDBOX_ROOT + "/packages"
"""The folder with the packages that programs may import, in the same tiers."""

MAX_FILES = 4096
"""Files and folders that a program may create in its folder, where that folder is a mount."""


@dataclass(slots=True)
class Settings:
    """The settings of one zygote; paths are resolved."""

    tier: str
    control: int
    """Descriptor of the socket through which calls arrive; -1 where `address` names it instead."""
    wall_seconds: float
    cpu_seconds: int
    memory_bytes: int
    processes: int
    file_bytes: int
    output_bytes: int
    scratch: str
    """The folder below which each call gets its own, in tiers where calls share a file system."""
    roots: list[str]
    """Files and folders that programs may read."""
    aliases: dict[str, str]
    """Links to make in the view: path of the link, such as /lib, and its target."""
    masks: list[str]
    """Folders below the roots that programs may not read."""
    packages: dict[str, str]
    """Name in the packages folder, and the path where the package is installed."""
    warm: bool
    """Whether to import NumPy and SymPy before the first call."""
    address: str = ""
    """Path of the socket to connect to, where the zygote cannot inherit one."""
    folders: list[str] = field(default_factory=list)
    """Folders of limited size, one for each concurrent call; empty where a folder is created for each call."""
    may_fork: bool = True
    """Whether programs may start processes; False where their number cannot be limited."""
    proc: int = -1
    """Descriptor of the /proc outside, needed to map the user of each call's namespaces; -1 for none."""
    base_bytes: int = 0
    """Address space of the warm interpreter, in bytes."""
    read_paths: list[str] = field(default_factory=list)
    """Paths that Landlock lets programs read: the roots without the masks."""
    list_paths: list[str] = field(default_factory=list)
    """Folders that Landlock lets programs list only, since a mask lies below them."""

    @classmethod
    def from_json(cls, text: str) -> Settings:
        """Reads settings from JSON."""
        return cls(**json.loads(text))

    @property
    def private_view(self) -> bool:
        """Whether the zygote has a file system of its own."""
        return self.tier not in {"landlock", "none"}

    @property
    def package_folder(self) -> str:
        """The folder from which programs import their packages."""
        return PACKAGES if self.private_view else f"{self.scratch}/packages"

    def address_space_pages(self) -> int:
        """The address space of this process, in pages."""
        folder = os.open("/proc", os.O_PATH | os.O_CLOEXEC) if self.proc < 0 else os.dup(self.proc)
        descriptor = os.open("self/statm", os.O_RDONLY | os.O_CLOEXEC, dir_fd=folder)
        try:
            return int(os.read(descriptor, 100).split()[0])
        finally:
            os.close(descriptor)
            os.close(folder)

    @property
    def private_namespaces(self) -> bool:
        """Whether each call has its own file system, process and network namespaces."""
        return self.tier == "namespaces"
