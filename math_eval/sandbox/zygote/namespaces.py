"""Namespaces: the zygote gets a small read-only file system, and each call gets new namespaces of every kind."""

from __future__ import annotations

import contextlib
import errno
import os

from . import kernel
from .settings import MAX_FILES, PACKAGES, SANDBOX_ROOT, WORK, Settings

_USER = 1000
"""User and group inside the namespaces."""
_NOBODY = 65534
"""The user outside where root starts the sandbox: the number of root's own processes cannot be limited."""
_OLD_ROOT = "/.math-eval-old"
_EMPTY = SANDBOX_ROOT + "/empty"
_DEVICES = ("null", "zero", "urandom", "random", "full")


def enter(settings: Settings) -> None:
    """Moves the zygote into namespaces and a file system of its own.

    Returns in a new process, the first of its process namespace; the calling process waits for it and ends with it.

    Args:
        settings: The zygote's settings; `proc` and `may_fork` are set here.

    Raises:
        OSError: The machine does not allow it.
    """
    settings.proc = os.open("/proc", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        switch_user = _enter_user_namespace(settings)
    except OSError as error:
        cause = "used up or switched off" if error.errno == errno.ENOSPC else "refused by the system or its container"
        raise OSError(error.errno, f"user namespaces are {cause} ({error.strerror})") from error
    kernel.unshare(kernel.ALL_NAMESPACES & ~kernel.CLONE_NEWUSER)
    _fork_into_namespaces()
    _build_view(settings)
    if switch_user:
        os.setresgid(_USER, _USER, _USER)
        os.setresuid(_USER, _USER, _USER)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 1)  # else /proc/self belongs to root and the calls' maps cannot be written
    kernel.prctl(kernel.PR_SET_PDEATHSIG, 9)


def enter_call(settings: Settings) -> None:
    """Moves a supervisor into the namespaces of one call; its next child is their first process."""
    kernel.unshare(kernel.ALL_NAMESPACES)
    _write(settings.proc, "self/setgroups", "deny")
    _write(settings.proc, "self/uid_map", f"{_USER} {_USER} 1")
    _write(settings.proc, "self/gid_map", f"{_USER} {_USER} 1")


def mount_folder(settings: Settings) -> None:
    """Mounts the empty folder of one call, with limits on its size and its number of files."""
    flags = kernel.MS_NOSUID | kernel.MS_NODEV
    kernel.mount("tmpfs", WORK, "tmpfs", flags, f"size={settings.file_bytes},mode=700,nr_inodes={MAX_FILES}")


def _write(proc: int, name: str, text: str) -> None:
    descriptor = os.open(name, os.O_WRONLY | os.O_CLOEXEC, dir_fd=proc)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def _enter_user_namespace(settings: Settings) -> bool:
    """Enters a user namespace; returns whether the process must still switch to the user inside it."""
    user, group, proc = os.geteuid(), os.getegid(), settings.proc
    if user != 0:
        kernel.unshare(kernel.CLONE_NEWUSER)
        _write(proc, "self/setgroups", "deny")
        _write(proc, "self/uid_map", f"{_USER} {user} 1")
        _write(proc, "self/gid_map", f"{_USER} {group} 1")
        return False
    with contextlib.suppress(PermissionError):
        os.setgroups([])
    mapped = _map_users_by_helper(proc)
    settings.may_fork = mapped
    if not mapped:
        _write(proc, "self/setgroups", "deny")
        _write(proc, "self/uid_map", f"{_USER} 0 1")
        _write(proc, "self/gid_map", f"{_USER} {group} 1")
    return mapped


def _map_users_by_helper(proc: int) -> bool:
    """Enters a user namespace that a child, still outside, maps to root and nobody; False where that is refused."""
    pid = os.getpid()
    ready, go = os.pipe()
    helper = os.fork()
    if helper == 0:
        code = 1
        try:
            os.close(go)
            if os.read(ready, 1):
                for kind in ("uid_map", "gid_map"):
                    _write(proc, f"{pid}/{kind}", f"0 0 1\n{_USER} {_NOBODY} 1")
                code = 0
        finally:
            os._exit(code)
    os.close(ready)
    try:
        kernel.unshare(kernel.CLONE_NEWUSER)
        os.write(go, b"1")
    finally:
        os.close(go)
        _, status = os.waitpid(helper, 0)
    return status == 0


def _fork_into_namespaces() -> None:
    child = os.fork()
    if child:
        os.closerange(3, 1024)
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def _build_view(settings: Settings) -> None:
    """Builds the file system: the paths that the settings allow, read-only, and nothing else of the machine's."""
    kernel.mount("", "/", "", kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount("tmpfs", "/tmp", "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "size=4m,mode=755")  # noqa: S108  any existing folder will do: it becomes the root
    os.mkdir("/tmp" + _OLD_ROOT)  # noqa: S108  below the new mount
    kernel.pivot_root("/tmp", "/tmp" + _OLD_ROOT)  # noqa: S108  the same
    os.chdir("/")
    for folder in (WORK, PACKAGES, _EMPTY, "/dev"):
        os.makedirs(folder, 0o755)
    for path in settings.roots:
        _bind(path, path)
    for path in settings.masks:
        kernel.mount(_EMPTY, path, "", kernel.MS_BIND)
    for name, path in settings.packages.items():
        _bind(path, f"{PACKAGES}/{name}")
    for name in _DEVICES:
        if os.path.exists(f"{_OLD_ROOT}/dev/{name}"):
            _bind(f"/dev/{name}", f"/dev/{name}", device=True)
    for alias, target in settings.aliases.items():
        with contextlib.suppress(FileExistsError):
            os.makedirs(os.path.dirname(alias), 0o755, exist_ok=True)
            os.symlink(target, alias)
    with contextlib.suppress(FileExistsError):  # an interpreter may lie in /tmp
        os.symlink(WORK, "/tmp")  # noqa: S108  the program's own folder under its usual name
    kernel.detach(_OLD_ROOT)
    os.rmdir(_OLD_ROOT)
    kernel.restrict_mount("/", kernel.ATTR_RDONLY | kernel.ATTR_NOSUID)


def _bind(source: str, target: str, *, device: bool = False) -> None:
    if os.path.isdir(_OLD_ROOT + source):
        os.makedirs(target, 0o755, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), 0o755, exist_ok=True)
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT, 0o644))
    kernel.mount(_OLD_ROOT + source, target, "", kernel.MS_BIND | kernel.MS_REC)
    kernel.restrict_mount(target, kernel.ATTR_RDONLY | kernel.ATTR_NOSUID | (0 if device else kernel.ATTR_NODEV))
