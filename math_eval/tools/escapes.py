"""Programs that try to get out of the sandbox, as data.

A program prints ESCAPED when it did what it tried; what it cannot know itself is looked for outside, by the name in
`outside`. Words between @ are replaced by Python literals: see `attempts.Targets`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ESCAPED = "ESCAPED"

Outside = Literal["", "files", "datagram", "victim", "survivor", "output", "time"]
"""What to look at after the program: a folder that must be untouched, a socket that must have heard nothing, a process
that must live, a process that must not, the length of the output, the time it took."""


@dataclass(frozen=True, slots=True)
class Escape:
    """One attempt."""

    name: str
    """What it tries, as shown."""
    program: str
    outside: Outside = ""


_OPEN = """
for path in {paths}:
    try:
        with open(path, "rb") as file:
            file.read(1)
            print("ESCAPED", path)
    except OSError as error:
        print(path, error)
"""
_CONNECT = """
import socket
try:
    with socket.socket({kind}) as one:
        one.settimeout(1)
        {act}
except OSError as error:
    print(error)
"""
_LIBC = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def attempt(name, result):
    print("ESCAPED" if result >= 0 else "refused", name)
"""

ESCAPES: tuple[Escape, ...] = (
    Escape(
        "write outside its folder",
        """
import os, sys
places = [@OUTSIDE@, "/", "/usr/lib", "/.math-eval", "/.math-eval/packages", "/var/tmp", "/dev/shm", "/dev"]
for place in [*places, *filter(None, sys.path)]:
    try:
        path = os.path.join(place, "math-eval-escape")
        with open(path, "w") as file:
            file.write("x")
        os.remove(path)
        print("ESCAPED", place)
    except OSError as error:
        print(place, error)
""",
        "files",
    ),
    Escape(
        "change a file's mode, owner or time",
        """
import os
for change in (lambda: os.chmod(@RUN@, 0o777), lambda: os.chown(@RUN@, 1, 1), lambda: os.utime(@RUN@, (1, 1))):
    try:
        change()
        print("ESCAPED")
    except OSError as error:
        print(error)
""",
        "files",
    ),
    Escape("read /etc/shadow and /etc/passwd", _OPEN.format(paths='["/etc/shadow", "/etc/passwd"]')),
    Escape("read the user's home", _OPEN.format(paths="@HOME@")),
    Escape("read the benchmarks and their cache", _OPEN.format(paths="@CACHE@")),
    Escape("read a run folder", _OPEN.format(paths="[@RUN@]")),
    Escape(
        "import math_eval",
        """
import sys
for name in list(sys.modules):
    if name.startswith("math_eval"):
        print("ESCAPED", name)
sys.path[:0] = @IMPORTS@
try:
    import math_eval.errors
    print("ESCAPED")
except (ImportError, OSError) as error:
    print(error)
""",
    ),
    Escape(
        "TCP socket",
        _CONNECT.format(kind="socket.AF_INET", act='one.connect(("127.0.0.1", @TCP@)); print("ESCAPED")'),
    ),
    Escape(
        "UDP socket",
        _CONNECT.format(kind="socket.AF_INET, socket.SOCK_DGRAM", act='one.sendto(b"x", ("127.0.0.1", @UDP@))'),
        "datagram",
    ),
    Escape("Unix socket", _CONNECT.format(kind="socket.AF_UNIX", act='one.connect(@UNIX@); print("ESCAPED")')),
    Escape("abstract socket", _CONNECT.format(kind="socket.AF_UNIX", act='one.connect(@ABSTRACT@); print("ESCAPED")')),
    Escape(
        "other families of sockets",
        """
import socket
for family in (16, 17, 31, 38, 40):
    for kind in (socket.SOCK_RAW, socket.SOCK_DGRAM, socket.SOCK_STREAM, socket.SOCK_SEQPACKET):
        try:
            socket.socket(family, kind)
            print("ESCAPED", family)
        except OSError as error:
            print(family, error)
""",
    ),
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
kept, total = [], 0
try:
    while total < 2 * @MEMORY@:
        kept.append(b"x" * (16 << 20))
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
        "look at other processes",
        """
import os
own = str(os.getpid())
try:
    names = os.listdir("/proc")
except OSError as error:
    names = []
    print(error)
for name in [*names, "1", "2", str(@VICTIM@), str(@PARENT@), str(os.getppid())]:
    if name.isdigit() and name != own:
        for part in ("environ", "cmdline", "status", "mem", "maps"):
            try:
                with open(f"/proc/{name}/{part}", "rb") as file:
                    print("ESCAPED" if file.read(1) else "", name, part)
            except OSError as error:
                print(name, error)
""",
    ),
    Escape(
        "secrets of the environment",
        """
import os
texts = [repr(os.environ)]
for path in ("/proc/self/environ", "/proc/thread-self/environ", "/proc/1/environ"):
    try:
        with open(path, "rb") as file:
            texts.append(repr(file.read()))
    except OSError as error:
        print(error)
print("ESCAPED" if any(@SECRET@ in text for text in texts) else "held")
""",
    ),
    Escape(
        "use a descriptor left open",
        """
import os, stat
for number in range(3, 4096):
    try:
        found = os.fstat(number)
    except OSError:
        continue
    if not stat.S_ISFIFO(found.st_mode):
        print("ESCAPED", number)
    os.set_blocking(number, False)
    for act in (lambda: os.read(number, 1), lambda: os.read(os.dup(number), 1)):
        try:
            act()
            print("ESCAPED", number)
        except OSError as error:
            print(number, error)
    try:
        os.write(number, b'{"state": "done"}')
    except OSError as error:
        print(number, error)
""",
    ),
    Escape(
        "links to what is outside",
        """
import os
for target in ("/etc/shadow", "/etc/passwd", @RUN@, @CACHE@[0]):
    for link in (os.symlink, os.link):
        try:
            link(target, "link")
            with open("link") as file:
                print("ESCAPED", target)
        except OSError as error:
            print(error)
        if os.path.lexists("link"):
            os.remove("link")
os.symlink(@OUTSIDE@, "folder")
for act in (lambda: open("folder/x", "w"), lambda: os.mkdir("folder/y"), lambda: os.rename(@RUN@, "run"),
            lambda: os.listdir("folder")):
    try:
        act()
        print("ESCAPED")
    except OSError as error:
        print(error)
""",
        "files",
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
    Escape(
        "read other calls' programs in memory",
        """
import ctypes, gc, os, sys
head, tail = @TOKEN@
def texts():
    for one in gc.get_objects():
        if isinstance(one, dict):
            yield from (value for value in list(one.values()) if isinstance(value, (str, bytes)))
        elif isinstance(one, (list, tuple)):
            yield from (value for value in list(one) if isinstance(value, (str, bytes)))
    frame = sys._getframe()
    while frame is not None:
        yield from (value for value in list(frame.f_locals.values()) if isinstance(value, (str, bytes)))
        frame = frame.f_back
found = False
for text in texts():
    plain = text if isinstance(text, str) else text.decode("latin-1")
    if head + tail in plain:
        found = True
for folder in ("..", "/.math-eval/work", "/tmp", @SCRATCH@):
    try:
        for place, _, names in os.walk(folder):
            for name in names:
                with open(os.path.join(place, name), "rb") as file:
                    found = found or (head + tail).encode() in file.read(1 << 20)
    except OSError:
        pass
print("ESCAPED" if found else "held")
""",
    ),
)
"""Every attempt, in the order in which they are shown."""
