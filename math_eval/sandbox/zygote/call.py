"""One call: a supervisor, forked from the zygote, confines and watches the program's process and sends its result."""

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
from .settings import MAX_FILES, WORK, Settings
from .zygote_program import run

_RESULT = 1000
"""Descriptor for the result: above the limit on open files, so that a program never gets this number."""
OPEN_FILES = 1024
"""Open files that the zygote itself needs to be allowed."""
_PROGRAM_OPEN_FILES = 64
_CHUNK = 1 << 16
_TICK = 0.1
_PR_SET_CHILD_SUBREAPER = 36
_CLOCK_BITS = 3
"""The kernel's clock number of a process's time in ticks is ~pid shifted by these bits. Limits of processor time are
counted in ticks too. The exact time, which wait4 gives, differs: on a busy machine it may be a third less."""
_ENVIRONMENT = ("LANG", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "PYTHONHASHSEED")


def serve(connection: socket.socket, settings: Settings) -> NoReturn:
    """Serves one call in this process, the supervisor, which ends with it.

    Args:
        connection: The caller's socket. One line of JSON arrives, with `program` and `before`, a list of earlier
            programs; the reply is one JSON object with the fields of `ToolResult`.
        settings: The zygote's settings.
    """
    code = 1
    try:
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        with connection.makefile("rb") as stream:
            request = json.loads(stream.readline())
        start = time.monotonic()
        reply = _Supervisor(settings, request["program"], request["before"], start).reply()
        connection.sendall(json.dumps({**reply, "seconds": time.monotonic() - start}).encode())
        code = 0
    finally:
        os._exit(code)


class _Supervisor:
    def __init__(self, settings: Settings, program: str, before: list[str], start: float) -> None:
        self.settings = settings
        self.program = program
        self.before = before
        self.time_shares = 1 + len(before)
        """How many times the limits of time are granted: once for the program and for each earlier one."""
        self.deadline = start + settings.wall_seconds * self.time_shares
        self.cpu_limit = _allowed(resource.RLIMIT_CPU, settings.cpu_seconds * self.time_shares)
        self.cpu = 0.0
        self.folder = WORK if settings.private_namespaces else f"{settings.scratch}/call{os.getpid()}"
        self.received = {"out": bytearray(), "result": bytearray()}
        self.stop_state = ""
        self.inodes = 0

    def reply(self) -> dict[str, Any]:
        """Runs the program and returns the reply without its `seconds`."""
        settings = self.settings
        out, out_end = os.pipe2(os.O_CLOEXEC)
        result, result_end = os.pipe2(os.O_CLOEXEC)
        try:
            if settings.private_namespaces:
                namespaces.enter_call(settings)
            else:
                kernel.prctl(_PR_SET_CHILD_SUBREAPER, 1)
                self.folder = _make_folder(self.folder, settings.folders)
                self.inodes = _inodes(self.folder)
        except OSError as error:
            return _empty_reply("unavailable", error=f"the sandbox cannot isolate a program: {error.strerror}")
        child = os.fork()
        if child == 0:
            self._run_program(out_end, result_end)
        os.close(out_end)
        os.close(result_end)
        status = self._watch(child, out, result)
        if not settings.private_namespaces:
            shutil.rmtree(self.folder, ignore_errors=True)
        return self._compose_reply(status)

    def _run_program(self, out: int, result: int) -> NoReturn:
        """Confines the program's process to its folder and its two pipes, then runs the program in it."""
        settings = self.settings
        try:
            os.setsid()
            kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
            null = os.open(os.devnull, os.O_RDWR)
            for target, source in ((0, null), (1, out), (2, null), (_RESULT, result)):
                os.dup2(source, target, inheritable=target < 3)
            os.closerange(3, _RESULT)
            os.closerange(_RESULT + 1, 1 << 16)
            if settings.private_namespaces:
                namespaces.mount_folder(settings)
                socket.sethostname("sandbox")
            os.chdir(self.folder)
            os.umask(0o077)
            environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
            os.environ.clear()
            os.environ.update(environment, HOME=self.folder, TMPDIR=self.folder)
            self._set_limits()
            if settings.tier == "none":
                kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
            else:
                self._confine()
        except BaseException as error:  # noqa: BLE001  the program has not started, and must not
            reply = _empty_reply("unavailable", error=f"the sandbox cannot isolate a program: {error}")
            os.write(_RESULT, json.dumps(reply).encode())
            os._exit(1)
        program, before = self.program, self.before
        self.program, self.before = "", []
        run(program, before, _RESULT, settings.output_bytes)

    def _set_limits(self) -> None:
        settings = self.settings
        memory = settings.base_bytes + settings.memory_bytes
        limits = {
            resource.RLIMIT_CPU: self.cpu_limit,
            resource.RLIMIT_AS: memory,
            resource.RLIMIT_FSIZE: settings.file_bytes,
            resource.RLIMIT_NOFILE: _PROGRAM_OPEN_FILES,
            resource.RLIMIT_CORE: 0,
            resource.RLIMIT_MEMLOCK: 0,
        }
        if settings.private_namespaces:
            limits[resource.RLIMIT_NPROC] = settings.processes + 1  # the supervisor is counted
        for kind, value in limits.items():
            limit = _allowed(kind, value)
            resource.setrlimit(kind, (limit, limit))

    def _confine(self) -> None:
        settings = self.settings
        shared_namespaces = not (settings.private_namespaces and settings.may_fork)
        kernel.drop_capabilities()
        if settings.private_namespaces:
            read_paths, list_paths = ["/"], []
        else:
            read_paths, list_paths = settings.read_paths, [*settings.list_paths, settings.package_folder]
        if landlock.version():
            landlock.restrict(read_paths, list_paths, [self.folder, "/dev/null"])
        elif settings.tier == "landlock":
            raise OSError("the kernel no longer offers Landlock")
        seccomp.install(shared_namespaces=shared_namespaces)

    def _watch(self, child: int, out: int, result: int) -> int:  # noqa: C901  one loop over three descriptors
        """Collects output until the process has ended, by itself or killed at a limit; returns its wait status."""
        settings = self.settings
        bounds = {"out": settings.output_bytes, "result": 64 * settings.output_bytes + 4096}
        end = os.pidfd_open(child)
        with selectors.DefaultSelector() as selector:
            selector.register(out, selectors.EVENT_READ, "out")
            selector.register(result, selectors.EVENT_READ, "result")
            selector.register(end, selectors.EVENT_READ, "end")
            status: int | None = None
            while status is None:
                remaining = self.deadline - time.monotonic()
                if remaining <= 0:
                    self.stop_state = "timeout"
                elif self._folder_is_full():
                    self.stop_state = "killed"
                if self.stop_state:
                    break
                wait = remaining if settings.private_namespaces else min(remaining, _TICK)
                for key, _ in selector.select(wait):
                    if key.data == "end":
                        status = self._reap(child)
                    elif not self._receive(key.fd, key.data, bounds[key.data]):
                        selector.unregister(key.fd)
        status = self._kill(child) if status is None else status
        if not settings.private_namespaces:
            _kill_orphans()
        for descriptor, name in ((out, "out"), (result, "result")):
            os.set_blocking(descriptor, False)
            with contextlib.suppress(BlockingIOError):
                while len(self.received[name]) <= bounds[name] and self._receive(descriptor, name, bounds[name]):
                    pass
        return status

    def _receive(self, descriptor: int, name: str, bound: int) -> bool:
        """Reads available output; False at its end. More than `bound` bytes stop the program."""
        data = os.read(descriptor, _CHUNK)
        if name == "result" and data and not self.received[name]:  # the earlier programs have ended, or all have
            self.deadline = min(self.deadline, time.monotonic() + self.settings.wall_seconds)
        self.received[name] += data
        if len(self.received[name]) > bound:
            self.stop_state = self.stop_state or "output"
        return bool(data)

    def _reap(self, child: int) -> int:
        """Waits for a process to end, notes its processor time and returns its wait status."""
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        with contextlib.suppress(OSError):
            self.cpu = time.clock_gettime(~child << _CLOCK_BITS)
        _, status = os.waitpid(child, 0)
        return status

    def _kill(self, child: int) -> int:
        """Kills the process; where it is the first of its namespace, every process that it started dies with it."""
        os.kill(child, signal.SIGKILL)
        if os.getpgid(child) == child:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
        return self._reap(child)

    def _folder_is_full(self) -> bool:
        """Whether the program's folder holds too many bytes or files, in tiers where no mount limits them."""
        if self.settings.private_namespaces:
            return False
        if self.settings.folders:
            return _inodes(self.folder) - self.inodes > MAX_FILES
        total = 0
        for folder, _, files in os.walk(self.folder):
            for name in files:
                with contextlib.suppress(OSError):
                    total += os.lstat(os.path.join(folder, name)).st_blocks * 512
        return total > self.settings.file_bytes

    def _compose_reply(self, status: int) -> dict[str, Any]:
        """Builds the reply from the output of the pipes, which is not trusted, and the process's wait status."""
        bound, raw = self.settings.output_bytes, bytes(self.received["out"])
        stdout = raw[:bound].decode("utf-8", "replace")
        truncated = len(raw) > bound
        if self.stop_state:
            return {
                **_empty_reply(self.stop_state, error=self._limit_message()),
                "stdout": stdout,
                "truncated": truncated,
            }
        if truncated:
            return {**_empty_reply("output", error=self._limit_message("output")), "stdout": stdout, "truncated": True}
        result = _parse_result(bytes(self.received["result"]))
        if result is None:
            result = self._reply_without_result(status)
        return {**result, "stdout": stdout, "truncated": result["truncated"] or truncated}

    def _limit_message(self, state: str = "") -> str:
        settings = self.settings
        folder_limit = f"{MAX_FILES} files" if settings.folders else f"{settings.file_bytes} bytes"
        return {
            "timeout": f"ended after {settings.wall_seconds:g} seconds",
            "output": f"ended after printing more than {settings.output_bytes} bytes",
            "killed": f"ended after writing more than {folder_limit}",
        }[state or self.stop_state]

    def _reply_without_result(self, status: int) -> dict[str, Any]:
        code = os.waitstatus_to_exitcode(status)
        if code >= 0:
            return _empty_reply("killed", error=f"the program ended itself with exit code {code}")
        if -code == signal.SIGXCPU or (-code == signal.SIGKILL and self.cpu >= self.cpu_limit):
            return _empty_reply("timeout", error=f"ended after {self.cpu_limit} seconds of processor time")
        is_known = -code in {int(number) for number in signal.Signals}
        return _empty_reply("killed", error=f"ended by {signal.Signals(-code).name if is_known else f'signal {-code}'}")


def _allowed(kind: int, value: int) -> int:
    """The limit that a process can be given: `value`, or what this process itself is held to if that is less."""
    _, hard = resource.getrlimit(kind)
    return value if hard == resource.RLIM_INFINITY else min(value, hard)


def _make_folder(path: str, limited: list[str]) -> str:
    """Creates the call's empty folder: in a free one of the limited folders or, where there are none, at `path`."""
    if not limited:
        os.mkdir(path, 0o700)
        return path
    for folder in limited:
        with contextlib.suppress(FileExistsError):
            os.mkdir(f"{folder}/call", 0o700)
            return f"{folder}/call"
    raise OSError(errno.EBUSY, "every folder is in use")


def _inodes(folder: str) -> int:
    """Inodes in use on the folder's file system."""
    status = os.statvfs(folder)
    return status.f_files - status.f_ffree


def _empty_reply(state: str, *, error: str = "") -> dict[str, Any]:
    return {"state": state, "stdout": "", "value": "", "error": error, "traceback": "", "truncated": False}


def _parse_result(data: bytes) -> dict[str, Any] | None:
    """Reads the result that the program's process wrote; None where its form is not the one that `run` writes."""
    try:
        result, _ = json.JSONDecoder().raw_decode(data.decode("utf-8", "replace").lstrip())
        texts = {name: _replace_surrogates(result[name]) for name in ("value", "error", "traceback")}
        truncated, state = result["truncated"], result["state"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    if not isinstance(truncated, bool) or state not in {"done", "error", "memory", "unavailable"}:
        return None
    return {**_empty_reply(state), **texts, "truncated": truncated}


def _replace_surrogates(text: str) -> str:
    """Replaces lone surrogates, which cannot be encoded."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _kill_orphans() -> None:
    """Kills the processes that the program left behind; as orphans they are children of this process."""
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
