"""Landlock: limits the files that a process may use, whatever its user may do."""

from __future__ import annotations

import contextlib
import ctypes
import os
import stat
import struct
from collections.abc import Iterable

from . import kernel

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG = 1
_PATH_BENEATH = 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
_FILE_RIGHTS = EXECUTE | WRITE_FILE | READ_FILE | 1 << 14
_READ = READ_FILE | READ_DIR | EXECUTE
# all rights of each version: those of version 1, then REFER, TRUNCATE and IOCTL_DEV are added
_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_NETWORK_VERSION, _NETWORK = 4, 3
_SCOPES_VERSION, _SCOPES = 6, 3
_SPECIAL_FILES = 1 << 6 | 1 << 11
"""The rights to create character and block devices."""


def version() -> int:
    """The Landlock version of the kernel; 0 where it has none or does not allow it."""
    try:
        return kernel.system_call("landlock", _CREATE_RULESET, 0, 0, _VERSION_FLAG)
    except OSError:
        return 0


def restrict(read_paths: Iterable[str], list_paths: Iterable[str], write_paths: Iterable[str]) -> None:
    """Limits this thread, and every process that it starts, to the given paths.

    Paths that do not exist or cannot be opened are skipped. The flag no_new_privs must be set.

    Args:
        read_paths: Files and folders that may be read and executed, with everything below them.
        list_paths: Folders that may only be listed, with every folder below them.
        write_paths: Files and folders with every right except to create devices.

    Raises:
        OSError: The kernel has no Landlock.
    """
    kernel_version = version()
    handled_rights = _RIGHTS[max(number for number in _RIGHTS if number <= max(kernel_version, 1))]
    network = _NETWORK if kernel_version >= _NETWORK_VERSION else 0
    scopes = _SCOPES if kernel_version >= _SCOPES_VERSION else 0
    size = 24 if scopes else 16 if network else 8
    attributes = ctypes.create_string_buffer(struct.pack("QQQ", handled_rights, network, scopes)[:size], size)
    ruleset = kernel.system_call("landlock_create_ruleset", _CREATE_RULESET, attributes, size, 0)
    try:
        for paths, rights in (
            (read_paths, _READ),
            (list_paths, READ_DIR),
            (write_paths, handled_rights & ~_SPECIAL_FILES),
        ):
            for path in paths:
                with contextlib.suppress(FileNotFoundError, PermissionError):
                    _allow(ruleset, path, rights & handled_rights)
        kernel.system_call("landlock_restrict_self", _RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= _FILE_RIGHTS
        if rights:
            rule = ctypes.create_string_buffer(struct.pack("=Qi", rights, descriptor), 12)
            kernel.system_call("landlock_add_rule", _ADD_RULE, ruleset, _PATH_BENEATH, rule, 0)
    finally:
        os.close(descriptor)
