"""The system-call filter: refuses, with EPERM, the calls that an escape would use and no model's program needs."""

from __future__ import annotations

import ctypes
import errno
import os
import struct

from . import kernel

# number on x86_64, number on aarch64; -1 where the processor has no such call
_DENIED: dict[str, tuple[int, int]] = {
    "acct": (163, 89), "add_key": (248, 217), "adjtimex": (159, 171), "bpf": (321, 280), "chroot": (161, 51),
    "clock_adjtime": (305, 266), "clock_settime": (227, 112), "connect": (42, 203), "delete_module": (176, 106),
    "fanotify_init": (300, 262), "finit_module": (313, 273), "fsconfig": (431, 431), "fsmount": (432, 432),
    "fsopen": (430, 430), "fspick": (433, 433), "init_module": (175, 105), "io_setup": (206, 0),
    "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "io_uring_setup": (425, 425), "ioperm": (173, -1),
    "iopl": (172, -1), "ioprio_set": (251, 30), "kcmp": (312, 272), "kexec_file_load": (320, 294),
    "kexec_load": (246, 104), "keyctl": (250, 219), "lookup_dcookie": (212, 18), "mbind": (237, 235),
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "migrate_pages": (256, 238), "mknod": (133, -1),
    "mknodat": (259, 33), "modify_ldt": (154, -1), "mount": (165, 40), "mount_setattr": (442, 442),
    "move_mount": (429, 429), "move_pages": (279, 239), "mq_open": (240, 180), "msgget": (68, 186),
    "name_to_handle_at": (303, 264), "nfsservctl": (180, 42), "open_by_handle_at": (304, 265), "open_tree": (428, 428),
    "open_tree_attr": (467, 467), "perf_event_open": (298, 241), "personality": (135, 92), "pidfd_getfd": (438, 438),
    "pidfd_open": (434, 434), "pidfd_send_signal": (424, 424), "pivot_root": (155, 41), "process_madvise": (440, 440),
    "process_mrelease": (448, 448), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "ptrace": (101, 117), "quotactl": (179, 60), "quotactl_fd": (443, 443), "reboot": (169, 142),
    "request_key": (249, 218), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
    "sched_setaffinity": (203, 122), "sched_setattr": (314, 274), "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119), "semget": (64, 190), "set_mempolicy": (238, 237), "setdomainname": (171, 162),
    "sethostname": (170, 161), "setns": (308, 268), "setpriority": (141, 140), "settimeofday": (164, 170),
    "shmget": (29, 194), "socket": (41, 198), "swapoff": (168, 225), "swapon": (167, 224), "syslog": (103, 116),
    "sysfs": (139, -1), "umount2": (166, 39), "unshare": (272, 97), "userfaultfd": (323, 282), "uselib": (134, -1),
    "ustat": (136, -1), "vhangup": (153, 58),
}  # fmt: skip
# what Landlock does not cover; refused where the program shares its file system with others
_OWNERSHIP: dict[str, tuple[int, int]] = {
    "chmod": (90, -1), "chown": (92, -1), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "fchown": (93, 55), "fchownat": (260, 54), "fremovexattr": (199, 16), "fsetxattr": (190, 7), "futimesat": (261, -1),
    "lchown": (94, -1), "lremovexattr": (198, 15), "lsetxattr": (189, 6), "removexattr": (197, 14),
    "removexattrat": (466, 466), "setxattr": (188, 5), "setxattrat": (463, 463), "utime": (132, -1),
    "utimensat": (280, 88), "utimes": (235, -1),
}  # fmt: skip
_PROCESS: dict[str, tuple[int, int]] = {"fork": (57, -1), "vfork": (58, -1), "tkill": (200, 130)}
_CLONE = (56, 220)
_CLONE3 = (435, 435)
_KILL = (62, 129)
_TGKILL = (234, 131)
_PRLIMIT = (302, 261)
_PRCTL = (157, 167)
_ARCHITECTURE = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}

_CLONE_THREAD = 0x00010000
_NAMESPACE_FLAGS = kernel.ALL_NAMESPACES  # clone cannot make a time namespace: that bit belongs to the signal number
_X32 = 0x40000000

_LOAD, _JUMP_EQUAL, _JUMP_SET, _JUMP_GREATER, _RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
_ALLOW, _KILL_PROCESS, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER, _ARCH, _FIRST_ARGUMENT = 0, 4, 16
_PR_SET_SECCOMP, _MODE_FILTER = 22, 2

Rule = tuple[int, int, int, int]


def supported() -> bool:
    """Whether the filter knows the system-call numbers of this processor."""
    return kernel.machine() in _ARCHITECTURE


def install(*, shared_namespaces: bool) -> None:
    """Installs the filter on this thread and every process that it starts.

    Args:
        shared_namespaces: Whether the program shares its process and file namespaces with others. Then it may start no
            process, signal no process but itself, and change no file's owner or mode.

    Raises:
        OSError: The kernel refuses the filter.
    """
    rules = _filter(shared_namespaces=shared_namespaces)
    code = b"".join(struct.pack("HBBI", *rule) for rule in rules)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HxxxxxxP", len(rules), ctypes.addressof(buffer))
    holder = ctypes.create_string_buffer(program, len(program))
    kernel.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(holder))


def _filter(*, shared_namespaces: bool) -> list[Rule]:
    arch, column = _ARCHITECTURE[kernel.machine()]
    refuse = (_RETURN, 0, 0, _ERRNO | errno.EPERM)
    rules: list[Rule] = [
        (_LOAD, 0, 0, _ARCH),
        (_JUMP_EQUAL, 1, 0, arch),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_LOAD, 0, 0, _NUMBER),
        (_JUMP_GREATER, 0, 1, _X32),
        refuse,
        (_JUMP_EQUAL, 0, 1, _CLONE3[column]),
        (_RETURN, 0, 0, _ERRNO | errno.ENOSYS),  # a filter cannot read its flags; libraries fall back to clone
    ]
    denied = dict(_DENIED)
    if shared_namespaces:
        denied |= _OWNERSHIP | _PROCESS
    for numbers in denied.values():
        if numbers[column] >= 0:
            rules += [(_JUMP_EQUAL, 0, 1, numbers[column]), refuse]
    rules += _on_argument(_CLONE[column], [(_JUMP_SET, 0, 1, _NAMESPACE_FLAGS), refuse])
    rules += _on_argument(_PRLIMIT[column], [(_JUMP_EQUAL, 1, 0, 0), refuse])
    if shared_namespaces:
        rules += _on_argument(_PRCTL[column], [(_JUMP_EQUAL, 0, 1, kernel.PR_SET_PDEATHSIG), refuse])
        rules += _on_argument(_CLONE[column], [(_JUMP_SET, 1, 0, _CLONE_THREAD), refuse])
        for numbers in (_KILL, _TGKILL):
            rules += _on_argument(numbers[column], [(_JUMP_EQUAL, 1, 0, os.getpid()), refuse])
    rules.append((_RETURN, 0, 0, _ALLOW))
    return rules


def _on_argument(number: int, test: list[Rule]) -> list[Rule]:
    """Applies a test to the low half of one call's first argument, then loads the call's number again."""
    body = [(_LOAD, 0, 0, _FIRST_ARGUMENT), *test, (_LOAD, 0, 0, _NUMBER)]
    return [(_JUMP_EQUAL, 0, len(body), number), *body]
