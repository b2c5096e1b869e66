"""One call: a supervisor, forked from the zygote, that holds the program's process, watches it and tells the result."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import resource
import selectors
import shutil
import signal
import socket
import time
from typing import Any, NoReturn

from . import kernel, landlock, namespaces, seccomp
from .settings import FILES, WORK, Settings
from .zygote_program import run

_RESULT = 1000
"""The descriptor that the result is written to: above the limit of open files, so that no program meets it."""
OPEN_FILES = 1024
"""What the zygote itself may have open, at the least."""
_OPEN_FILES = 64
_CHUNK = 1 << 16
_TICK = 0.1
_SUBREAPER = 36
_ENVIRONMENT = ("LANG", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "PYTHONHASHSEED")


def serve(connection: socket.socket, settings: Settings) -> NoReturn:
    """Reads the program and those that it goes on from, runs them, writes the reply and ends the process."""
    code = 1
    try:
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        with connection.makefile("rb") as stream:
            told = json.loads(stream.readline())
        began = time.monotonic()
        reply = _Call(settings, told["program"], told["before"], began).reply()
        connection.sendall(json.dumps({**reply, "seconds": time.monotonic() - began}).encode())
        code = 0
    finally:
        os._exit(code)


class _Call:
    def __init__(self, settings: Settings, program: str, before: list[str], began: float) -> None:
        self.settings = settings
        self.program = program
        self.before = before
        self.shares = 1 + len(before)
        """How often the limits of time are granted: once for each earlier program too."""
        self.deadline = began + settings.wall_seconds * self.shares
        self.cpu = 0.0
        self.folder = WORK if settings.own_namespaces else f"{settings.scratch}/call{os.getpid()}"
        self.taken = {"out": bytearray(), "result": bytearray()}
        self.ended = ""
        self.inodes = 0

    def reply(self) -> dict[str, Any]:
        """What became of the program, without the seconds."""
        settings = self.settings
        out, out_end = os.pipe2(os.O_CLOEXEC)
        result, result_end = os.pipe2(os.O_CLOEXEC)
        try:
            if settings.own_namespaces:
                namespaces.enter_call(settings)
            else:
                kernel.prctl(_SUBREAPER, 1)
                self.folder = _made(self.folder, settings.folders)
                self.inodes = _inodes(self.folder)
        except OSError as error:
            return _told("unavailable", error=f"the sandbox cannot hold a program: {error.strerror}")
        child = os.fork()
        if child == 0:
            self._become(out_end, result_end)
        os.close(out_end)
        os.close(result_end)
        status = self._watch(child, out, result)
        if not settings.own_namespaces:
            shutil.rmtree(self.folder, ignore_errors=True)
        return self._read(status)

    def _become(self, out: int, result: int) -> NoReturn:
        """The program's process: gives up everything but its folder and its two pipes, then runs the program."""
        settings = self.settings
        try:
            os.setsid()
            kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
            null = os.open(os.devnull, os.O_RDWR)
            for target, source in ((0, null), (1, out), (2, null), (_RESULT, result)):
                os.dup2(source, target, inheritable=target < 3)
            os.closerange(3, _RESULT)
            os.closerange(_RESULT + 1, 1 << 16)
            if settings.own_namespaces:
                namespaces.own_folder(settings)
                socket.sethostname("sandbox")
            os.chdir(self.folder)
            os.umask(0o077)
            kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
            os.environ.clear()
            os.environ.update(kept, HOME=self.folder, TMPDIR=self.folder)
            self._limit()
            if settings.tier == "none":
                kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
            else:
                self._lock()
        except BaseException as error:  # noqa: BLE001  nothing of the program has run: it must not
            told = _told("unavailable", error=f"the sandbox cannot hold a program: {error}")
            os.write(_RESULT, json.dumps(told).encode())
            os._exit(1)
        program, before = self.program, self.before
        self.program, self.before = "", []
        run(program, before, _RESULT, settings.output_bytes)

    def _limit(self) -> None:
        settings = self.settings
        memory = settings.base_bytes + settings.memory_bytes
        limits = {
            resource.RLIMIT_CPU: settings.cpu_seconds * self.shares,
            resource.RLIMIT_AS: memory,
            resource.RLIMIT_FSIZE: settings.file_bytes,
            resource.RLIMIT_NOFILE: _OPEN_FILES,
            resource.RLIMIT_CORE: 0,
            resource.RLIMIT_MEMLOCK: 0,
        }
        if settings.own_namespaces:
            limits[resource.RLIMIT_NPROC] = settings.processes + 1  # the supervisor is counted
        for kind, value in limits.items():
            _, hard = resource.getrlimit(kind)
            wanted = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(kind, (wanted, wanted))

    def _lock(self) -> None:
        settings = self.settings
        shared = not (settings.own_namespaces and settings.may_fork)
        kernel.drop_capabilities()
        if settings.own_namespaces:
            read, lists = ["/"], []
        else:
            read, lists = settings.shared_reads, [*settings.shared_lists, settings.package_folder]
        if landlock.version():
            landlock.restrict(read, lists, [self.folder, "/dev/null"])
        elif settings.tier == "landlock":
            raise OSError("Landlock is gone")
        seccomp.install(shared=shared)

    def _watch(self, child: int, out: int, result: int) -> int:  # noqa: C901  one loop over three descriptors
        """Takes what comes until the process has ended, killed at a limit or by itself; its wait status."""
        settings = self.settings
        bounds = {"out": settings.output_bytes, "result": 64 * settings.output_bytes + 4096}
        end = os.pidfd_open(child)
        with selectors.DefaultSelector() as selector:
            selector.register(out, selectors.EVENT_READ, "out")
            selector.register(result, selectors.EVENT_READ, "result")
            selector.register(end, selectors.EVENT_READ, "end")
            status: int | None = None
            while status is None:
                left = self.deadline - time.monotonic()
                if left <= 0:
                    self.ended = "timeout"
                elif self._overfull():
                    self.ended = "killed"
                if self.ended:
                    break
                wait = left if settings.own_namespaces else min(left, _TICK)
                for key, _ in selector.select(wait):
                    if key.data == "end":
                        status = self._reaped(child)
                    elif not self._take(key.fd, key.data, bounds[key.data]):
                        selector.unregister(key.fd)
        status = self._ended(child) if status is None else status
        if not settings.own_namespaces:
            _sweep()
        for descriptor, name in ((out, "out"), (result, "result")):
            os.set_blocking(descriptor, False)
            with contextlib.suppress(BlockingIOError):
                while len(self.taken[name]) <= bounds[name] and self._take(descriptor, name, bounds[name]):
                    pass
        return status

    def _take(self, descriptor: int, name: str, bound: int) -> bool:
        """Reads what is there; False at its end. More than the bound ends the program."""
        data = os.read(descriptor, _CHUNK)
        if name == "result" and data and not self.taken[name]:  # the earlier programs are over, or all is
            self.deadline = min(self.deadline, time.monotonic() + self.settings.wall_seconds)
        self.taken[name] += data
        if len(self.taken[name]) > bound:
            self.ended = self.ended or "output"
        return bool(data)

    def _reaped(self, child: int) -> int:
        """The wait status of a process that has ended; what it used is noted."""
        _, status, used = os.wait4(child, 0)
        self.cpu = used.ru_utime + used.ru_stime
        return status

    def _ended(self, child: int) -> int:
        """Kills the process: with it, where it is the first of its namespace, all that it started."""
        os.kill(child, signal.SIGKILL)
        if os.getpgid(child) == child:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
        return self._reaped(child)

    def _overfull(self) -> bool:
        """Whether the program's folder holds more bytes, or files, than it may, where no mount limits them."""
        if self.settings.own_namespaces:
            return False
        if self.settings.folders:
            return _inodes(self.folder) - self.inodes > FILES
        total = 0
        for folder, _, files in os.walk(self.folder):
            for name in files:
                with contextlib.suppress(OSError):
                    total += os.lstat(os.path.join(folder, name)).st_blocks * 512
        return total > self.settings.file_bytes

    def _read(self, status: int) -> dict[str, Any]:
        """The reply, from what came through the pipes and how the process ended; nothing in it is trusted."""
        bound, raw = self.settings.output_bytes, bytes(self.taken["out"])
        stdout = raw[:bound].decode("utf-8", "replace")
        cut = len(raw) > bound
        if self.ended:
            return {**_told(self.ended, error=self._why()), "stdout": stdout, "truncated": cut}
        if cut:
            return {**_told("output", error=self._why("output")), "stdout": stdout, "truncated": True}
        told = _checked(bytes(self.taken["result"]))
        if told is None:
            told = self._without_result(status)
        return {**told, "stdout": stdout, "truncated": told["truncated"] or cut}

    def _why(self, ended: str = "") -> str:
        settings = self.settings
        most = f"{FILES} files" if settings.folders else f"{settings.file_bytes} bytes"
        return {
            "timeout": f"ended after {settings.wall_seconds:g} seconds",
            "output": f"ended after printing more than {settings.output_bytes} bytes",
            "killed": f"ended after writing more than {most}",
        }[ended or self.ended]

    def _without_result(self, status: int) -> dict[str, Any]:
        code = os.waitstatus_to_exitcode(status)
        if code >= 0:
            return _told("killed", error=f"the program ended itself with exit code {code}")
        if -code == signal.SIGXCPU or (-code == signal.SIGKILL and self.cpu > 0.9 * self.settings.cpu_seconds):
            return _told("timeout", error=f"ended after {self.settings.cpu_seconds} seconds of processor time")
        named = -code in {int(one) for one in signal.Signals}
        return _told("killed", error=f"ended by {signal.Signals(-code).name if named else f'signal {-code}'}")


def _made(own: str, limited: list[str]) -> str:
    """An empty folder: in a limited one that no other call is in, where there are such; else a call's own."""
    if not limited:
        os.mkdir(own, 0o700)
        return own
    for folder in limited:
        with contextlib.suppress(FileExistsError):
            os.mkdir(f"{folder}/call", 0o700)
            return f"{folder}/call"
    raise OSError(errno.EBUSY, "every folder is in use")


def _inodes(folder: str) -> int:
    """Inodes in use on the folder's file system."""
    found = os.statvfs(folder)
    return found.f_files - found.f_ffree


def _told(state: str, *, error: str = "") -> dict[str, Any]:
    return {"state": state, "stdout": "", "value": "", "error": error, "traceback": "", "truncated": False}


def _checked(data: bytes) -> dict[str, Any] | None:
    """What a program's process says about its end; None where it is not what our own code would have written."""
    try:
        told, _ = json.JSONDecoder().raw_decode(data.decode("utf-8", "replace").lstrip())
        texts = {name: _whole(told[name]) for name in ("value", "error", "traceback")}
        cut, state = told["truncated"], told["state"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    if not isinstance(cut, bool) or state not in {"done", "error", "memory", "unavailable"}:
        return None
    return {**_told(state), **texts, "truncated": cut}


def _whole(text: str) -> str:
    """The text with lone surrogates replaced: no encoding has them."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _sweep() -> None:
    """Ends what the program left: orphans are given to this process."""
    for _ in range(100):
        try:
            with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
                children = [int(pid) for pid in file.read().split()]
        except OSError:
            return
        if not children:
            return
        for pid in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)
