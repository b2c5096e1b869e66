"""System calls that Python does not offer, through ctypes; each raises OSError with the call's name."""

from __future__ import annotations

import ctypes
import os

CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
ALL_NAMESPACES = (
    CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWCGROUP
)

MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18
MNT_DETACH = 2

ATTR_RDONLY = 1
ATTR_NOSUID = 2
ATTR_NODEV = 4

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_CAPBSET_DROP = 24
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT = 47

_AT_FDCWD = -100
_AT_RECURSIVE = 0x8000
_MOUNT_SETATTR = 442
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_CAPABILITY_VERSION = 0x20080522
_LAST_CAPABILITY = 63

_libc = ctypes.CDLL(None, use_errno=True)


def machine() -> str:
    """The kernel's name of the processor, as `x86_64`."""
    return os.uname().machine


def _check(result: int, name: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


def system_call(name: str, number: int, *arguments: int | ctypes.Array[ctypes.c_char] | bytes) -> int:
    """Makes a system call by its number.

    Args:
        name: The call's name, for the error message.
        number: The call's number on this processor.
        arguments: Integers, buffers and byte strings.

    Returns:
        The call's result, 0 or more.

    Raises:
        OSError: The call failed.
    """
    words = [ctypes.c_long(argument) if isinstance(argument, int) else argument for argument in arguments]
    return _check(_libc.syscall(ctypes.c_long(number), *words), name)


def prctl(option: int, value: int = 0, third: int = 0) -> None:
    """Sets an attribute of this process or thread, as the manual page of prctl describes."""
    long = ctypes.c_ulong
    _check(_libc.prctl(option, long(value), long(third), long(0), long(0)), f"prctl {option}")


def unshare(flags: int) -> None:
    """Moves this process into new namespaces of the kinds in `flags`."""
    _check(_libc.unshare(flags), "unshare")


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    """Mounts a file system, or binds an existing folder, at `target`."""
    texts = [text.encode() if text else None for text in (source, target, kind)]
    _check(_libc.mount(*texts, ctypes.c_ulong(flags), options.encode() or None), f"mount {target}")


def detach(target: str) -> None:
    """Unmounts `target` at once; files that are still open stay usable."""
    _check(_libc.umount2(target.encode(), MNT_DETACH), f"umount {target}")


def restrict_mount(target: str, attributes: int, *, recursive: bool = True) -> None:
    """Adds attributes, such as read-only, to a mount and the mounts below it; needs Linux 5.12."""
    block = attributes.to_bytes(8, "little") + bytes(24)
    flags = _AT_RECURSIVE if recursive else 0
    buffer = ctypes.create_string_buffer(block, len(block))
    system_call(f"mount_setattr {target}", _MOUNT_SETATTR, _AT_FDCWD, target.encode(), flags, buffer, len(block))


def pivot_root(new: str, old: str) -> None:
    """Makes the mount `new` the root; the old root appears at `old`, which is `new` or a folder below it."""
    system_call("pivot_root", _PIVOT_ROOT[machine()], new.encode(), old.encode())


def drop_capabilities() -> None:
    """Gives up every capability and every way to regain one."""
    for capability in range(_LAST_CAPABILITY + 1):
        try:
            prctl(PR_CAPBSET_DROP, capability)
        except OSError:  # a capability that this kernel does not know, or no right to drop from the bounding set
            continue
    prctl(PR_CAP_AMBIENT, 4)
    header = ctypes.create_string_buffer(_CAPABILITY_VERSION.to_bytes(4, "little") + bytes(4), 8)
    _check(_libc.capset(header, ctypes.create_string_buffer(24)), "capset")
    prctl(PR_SET_NO_NEW_PRIVS, 1)
