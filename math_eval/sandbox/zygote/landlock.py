"""Landlock: which files a process may touch, whatever its user may."""

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
# the rights of each version: creating and removing; then REFER, TRUNCATE and IOCTL_DEV
_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_NETWORK_FROM, _NETWORK = 4, 3
_SCOPES_FROM, _SCOPES = 6, 3
_SPECIAL_FILES = 1 << 6 | 1 << 11
"""Creating character and block devices."""


def version() -> int:
    """The version that the kernel offers; 0 where it offers none."""
    try:
        return kernel.system_call("landlock", _CREATE_RULESET, 0, 0, _VERSION_FLAG)
    except OSError:
        return 0


def restrict(read: Iterable[str], list_only: Iterable[str], write: Iterable[str]) -> None:
    """Leaves this thread, and what it starts, the reading of some files, the listing of folders, and some folders.

    Paths that are not there are passed over. no_new_privs must be set. OSError where Landlock is not there.
    """
    offered = version()
    handled = _RIGHTS[max(known for known in _RIGHTS if known <= max(offered, 1))]
    network = _NETWORK if offered >= _NETWORK_FROM else 0
    scopes = _SCOPES if offered >= _SCOPES_FROM else 0
    size = 24 if scopes else 16 if network else 8
    attributes = ctypes.create_string_buffer(struct.pack("QQQ", handled, network, scopes)[:size], size)
    ruleset = kernel.system_call("landlock_create_ruleset", _CREATE_RULESET, attributes, size, 0)
    try:
        for paths, rights in ((read, _READ), (list_only, READ_DIR), (write, handled & ~_SPECIAL_FILES)):
            for path in paths:
                with contextlib.suppress(FileNotFoundError, PermissionError):
                    _allow(ruleset, path, rights & handled)
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
