"""Attempts to reach targets outside the sandbox: files, sockets, other processes, secrets."""

from __future__ import annotations

from math_eval.sandbox.escape import Escape

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
    with socket.socket({kind}) as client:
        client.settimeout(1)
        {act}
except OSError as error:
    print(error)
"""

REACH: tuple[Escape, ...] = (
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
        _CONNECT.format(kind="socket.AF_INET", act='client.connect(("127.0.0.1", @TCP@)); print("ESCAPED")'),
    ),
    Escape(
        "UDP socket",
        _CONNECT.format(kind="socket.AF_INET, socket.SOCK_DGRAM", act='client.sendto(b"x", ("127.0.0.1", @UDP@))'),
        "datagram",
    ),
    Escape("Unix socket", _CONNECT.format(kind="socket.AF_UNIX", act='client.connect(@UNIX@); print("ESCAPED")')),
    Escape(
        "abstract socket", _CONNECT.format(kind="socket.AF_UNIX", act='client.connect(@ABSTRACT@); print("ESCAPED")')
    ),
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
        "look at other processes",
        """
import os
pid = str(os.getpid())
try:
    names = os.listdir("/proc")
except OSError as error:
    names = []
    print(error)
for name in [*names, "1", "2", str(@VICTIM@), str(@PARENT@), str(os.getppid())]:
    if name.isdigit() and name != pid:
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
        status = os.fstat(number)
    except OSError:
        continue
    if not stat.S_ISFIFO(status.st_mode):
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
        "read other calls' programs in memory",
        """
import ctypes, gc, os, sys
head, tail = @TOKEN@
def texts():
    for container in gc.get_objects():
        if isinstance(container, dict):
            yield from (value for value in list(container.values()) if isinstance(value, (str, bytes)))
        elif isinstance(container, (list, tuple)):
            yield from (value for value in list(container) if isinstance(value, (str, bytes)))
    frame = sys._getframe()
    while frame is not None:
        yield from (value for value in list(frame.f_locals.values()) if isinstance(value, (str, bytes)))
        frame = frame.f_back
has_token = False
for text in texts():
    plain = text if isinstance(text, str) else text.decode("latin-1")
    if head + tail in plain:
        has_token = True
for folder in ("..", "/.math-eval/work", "/tmp", @SCRATCH@):
    try:
        for place, _, names in os.walk(folder):
            for name in names:
                with open(os.path.join(place, name), "rb") as file:
                    has_token = has_token or (head + tail).encode() in file.read(1 << 20)
    except OSError:
        pass
print("ESCAPED" if has_token else "held")
""",
    ),
)
