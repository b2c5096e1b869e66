"""Attempts to break a program's confinement: its limits, its termination, the kernel's isolation."""

from __future__ import annotations

from math_eval.sandbox.escape import Escape

_LIBC = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def attempt(name, result):
    print("ESCAPED" if result >= 0 else "refused", name)
"""

HOLD: tuple[Escape, ...] = (
    Escape(
        "signal the parent",
        """
import os, signal
for pid in (@VICTIM@, @PARENT@, os.getppid()):
    if pid > 1:
        for number in (0, signal.SIGUSR1):
            try:
                os.kill(pid, number)
                print("ESCAPED", pid)
            except OSError as error:
                print(pid, error)
""",
        "victim",
    ),
    Escape(
        "ptrace and process memory",
        _LIBC
        + """
import os
for pid in (@VICTIM@, os.getppid(), 1):
    attempt("attach", libc.ptrace(16, pid, 0, 0))
    attempt("seize", libc.ptrace(0x4206, pid, 0, 0))
    buffer = ctypes.create_string_buffer(8)
    part = (ctypes.c_size_t * 2)(ctypes.addressof(buffer), 8)
    attempt("read", libc.process_vm_readv(pid, part, 1, part, 1, 0))
""",
        "victim",
    ),
    Escape(
        "fork bomb",
        """
import os, time
count = 0
try:
    while count < 500:
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
        count += 1
except OSError as error:
    print(error)
print("ESCAPED" if count > @PROCESSES@ else "held", count)
""",
    ),
    Escape(
        "fork bomb that doubles",
        """
import os
while True:
    try:
        os.fork()
    except BaseException:
        pass
""",
        "time",
    ),
    Escape(
        "survive by setsid and a double fork",
        """
import ctypes, os, signal, time
for number in range(1, 32):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
ctypes.CDLL(None).prctl(1, 0)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        ctypes.CDLL(None).prctl(15, @NAME@.encode())
        os.closerange(0, 2000)
        time.sleep(600)
    os._exit(0)
time.sleep(0.3)
""",
        "survivor",
    ),
    Escape(
        "survive in a thread",
        """
import ctypes, threading, time
def stay():
    ctypes.CDLL(None).prctl(15, @NAME@.encode())
    while True:
        try:
            time.sleep(600)
        except BaseException:
            pass
threading.Thread(target=stay).start()
raise SystemExit
""",
        "survivor",
    ),
    Escape(
        "memory bomb",
        """
blocks, total = [], 0
try:
    while total < 2 * @MEMORY@:
        blocks.append(b"x" * (16 << 20))
        total += 16 << 20
except MemoryError as error:
    print("refused")
print("ESCAPED" if total > @MEMORY@ else "held", total)
""",
    ),
    Escape(
        "memory that no limit of a process counts",
        _LIBC
        + """
import os
attempt("shared segment", libc.shmget(0, 1 << 20, 0o1600))
attempt("queue", libc.msgget(0, 0o1600))
try:
    os.memfd_create("x")
    print("ESCAPED memfd")
except OSError as error:
    print(error)
""",
    ),
    Escape(
        "fill the disk",
        """
import os
total, chunk = 0, b"x" * (1 << 20)
for number in range(1000):
    try:
        with open(f"file{number}", "wb", buffering=0) as file:
            while total < 4 * @FILES@:
                total += file.write(chunk)
    except OSError as error:
        if number > 20:
            break
    if total > 2 * @FILES@:
        break
print("ESCAPED" if total > 2 * @FILES@ else "held", total)
""",
    ),
    Escape(
        "a gigabyte of output",
        """
import os
chunk = b"x" * (1 << 20)
for _ in range(1024):
    os.write(1, chunk)
print("ESCAPED")
""",
        "output",
    ),
    Escape("infinite loop", "while True:\n    pass\n", "time"),
    Escape(
        "catch the kill",
        """
import signal, time
for number in range(1, 65):
    try:
        signal.signal(number, lambda *_: None)
    except (OSError, ValueError):
        pass
def forever():
    while True:
        try:
            while True:
                time.sleep(0.01)
        except BaseException:
            pass
        finally:
            forever()
forever()
""",
        "time",
    ),
    Escape(
        "new namespaces and mounts",
        _LIBC
        + """
for flag in (0x10000000, 0x20000, 0x20000000, 0x40000000, 0x80):
    attempt("unshare", libc.unshare(flag))
    if flag != 0x80:
        attempt("clone", libc.syscall(56, flag | 17, 0, 0, 0, 0))
attempt("mount", libc.mount(b"tmpfs", b".", b"tmpfs", 0, None))
attempt("umount", libc.umount2(b"/.math-eval/work", 2))
attempt("chroot", libc.chroot(b"."))
attempt("personality", libc.personality(0x0040000))
attempt("bpf", libc.syscall(321, 0, 0, 0))
attempt("keyctl", libc.syscall(250, 0, -3, 1))
attempt("io_uring", libc.syscall(425, 1, ctypes.create_string_buffer(120)))
attempt("userfaultfd", libc.syscall(323, 1))
attempt("perf", libc.syscall(298, ctypes.create_string_buffer(128), 0, -1, -1, 0))
attempt("open_tree", libc.syscall(428, -100, b"/", 1))
attempt("x32", libc.syscall(0x40000000 + 41, 2, 1, 0))
""",
    ),
    Escape(
        "raise its own limits",
        """
import os, resource
for kind in (resource.RLIMIT_AS, resource.RLIMIT_NPROC, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE):
    soft, hard = resource.getrlimit(kind)
    if hard < 0:
        continue
    try:
        resource.setrlimit(kind, (hard + 1, hard + 1))
        print("ESCAPED", kind)
    except (OSError, ValueError) as error:
        print(error)
try:
    os.setuid(0)
    print("ESCAPED" if @USER@ != 0 else "held")
except OSError as error:
    print(error)
""",
    ),
)
