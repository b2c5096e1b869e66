"""The container tiers: a container of Docker or Podman that shows a zygote its view and nothing else."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import json
import os
import secrets
import shutil
import socket
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from math_eval.errors import SandboxUnavailable
from math_eval.sandbox.interpreter import Interpreter
from math_eval.sandbox.limits import Limits, Tier
from math_eval.sandbox.zygote.settings import FILES, OURS, PACKAGES, WORK

CONTAINERS: tuple[Tier, ...] = ("docker", "podman")
"""The container tiers: the names of the programs too."""

_ANSWER_SECONDS = 20.0
_IMPORT_SECONDS = 60.0
_REMOVE_SECONDS = 20.0
_LOOK_SECONDS = 0.05
_IMAGE = "math-eval-sandbox"
_CONTROL = OURS + "/control"
"""The folder in which the container finds the socket to call."""
_SOCKET = "socket"
_NOBODY = 65534
_ZYGOTE_BYTES = 512 << 20
"""What the warm interpreter may take, beside what its programs may."""
_ZYGOTE_PROCESSES = 16
_OPEN_FILES = 2048
_USER_PROCESSES = 32768
_LOCAL = "unix://"


@dataclass(frozen=True, slots=True)
class Engine:
    """A container program that answers, and what it can do."""

    tier: Tier
    program: str
    environment: Mapping[str, str]
    """Of the program itself; nothing of it reaches the container."""
    memory: bool
    """Whether it can limit the memory of a container."""
    pids: bool
    """Whether it can limit the processes of a container."""

    def ask(self, *arguments: str, data: bytes = b"", seconds: float = _ANSWER_SECONDS) -> str:
        """What a command of the program prints. SandboxUnavailable, in one line, where it fails or takes too long."""
        return _answer(self.program, self.environment, arguments, data, seconds)


def find(tier: Tier, seconds: float = _ANSWER_SECONDS) -> Engine:
    """The container program of a tier, if it answers in time.

    SandboxUnavailable where it is missing, does not answer, or is not local.
    """
    program = shutil.which(tier)
    if program is None:
        raise SandboxUnavailable(f"no program {tier} on the PATH")
    environment = dict(os.environ)
    if tier == "docker":
        endpoint = _answer(
            program, environment, ("context", "inspect", "--format", "{{.Endpoints.docker.Host}}")
        ).strip()
        if not endpoint.startswith(_LOCAL):
            raise SandboxUnavailable(f"the Docker daemon is at {endpoint or 'no address'}; only a Unix socket will do")
        for name in ("DOCKER_CONTEXT", "DOCKER_DEFAULT_PLATFORM", "DOCKER_TLS_VERIFY"):
            environment.pop(name, None)
        # no configuration of the client: it may put proxies, with their passwords, into the container's environment
        environment |= {"DOCKER_HOST": endpoint, "DOCKER_CONFIG": "/nonexistent/docker"}
    else:
        for name in ("CONTAINER_HOST", "CONTAINER_CONNECTION"):
            if environment.get(name):
                raise SandboxUnavailable(f"{name} sends podman to a service; only containers of its own will do")
    answer = _answer(program, environment, ("info", "--format", "{{json .}}"), seconds=seconds)
    try:
        told: dict[str, Any] = json.loads(answer)
    except ValueError as error:
        raise SandboxUnavailable(f"{tier} info prints no JSON: {answer[:80]!r}") from error
    return _engine(tier, program, environment, told)


def _engine(tier: Tier, program: str, environment: Mapping[str, str], told: Mapping[str, Any]) -> Engine:
    """The engine that this account of itself describes."""
    if tier == "docker":
        for error in told.get("ServerErrors") or []:
            raise SandboxUnavailable(f"docker: {error}")
        kernel, memory, pids = told.get("KernelVersion"), told.get("MemoryLimit"), told.get("PidsLimit")
    else:
        host = told.get("host", {})
        if host.get("serviceIsRemote"):
            raise SandboxUnavailable("podman uses a service; only containers of its own will do")
        controllers = host.get("cgroupControllers") or []
        kernel, memory, pids = host.get("kernel"), "memory" in controllers, "pids" in controllers
    if kernel != os.uname().release:  # a virtual machine's: no descriptor can be passed to it
        raise SandboxUnavailable(f"{tier} runs its containers on another kernel ({kernel})")
    return Engine(tier, program, environment, memory=bool(memory), pids=bool(pids))


def _answer(
    program: str,
    environment: Mapping[str, str],
    arguments: tuple[str, ...],
    data: bytes = b"",
    seconds: float = _ANSWER_SECONDS,
) -> str:
    name = PurePosixPath(program).name
    try:
        done = subprocess.run(
            [program, *arguments],
            input=data,
            capture_output=True,
            timeout=seconds,
            check=False,
            env=dict(environment),
            cwd="/",
        )
    except subprocess.TimeoutExpired as error:
        raise SandboxUnavailable(f"{name} {arguments[0]} does not answer within {seconds:g} s") from error
    except OSError as error:
        raise SandboxUnavailable(f"{program}: {error.strerror}") from error
    if done.returncode:
        raise SandboxUnavailable(_last(done.stderr) or f"{name} {arguments[0]} ends with exit code {done.returncode}")
    return done.stdout.decode("utf-8", "replace")


def _last(text: bytes) -> str:
    """The line of an error text that says why: the last that is no hint to a help page."""
    lines = [line.strip() for line in text.decode("utf-8", "replace").splitlines()]
    return next((line for line in reversed(lines) if line and not line.startswith("See '")), "")


def image(aliases: Mapping[str, str]) -> tuple[str, bytes]:
    """The image that holds links alone: its name, which depends on them, and its archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        folders = {str(parent) for alias in aliases for parent in PurePosixPath(alias).parents} - {"/"}
        for folder in sorted(folders):
            info = tarfile.TarInfo(folder.lstrip("/"))
            info.type, info.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(info)
        for alias, target in sorted(aliases.items()):
            info = tarfile.TarInfo(alias.lstrip("/"))
            info.type, info.linkname = tarfile.SYMTYPE, target
            archive.addfile(info)
    data = buffer.getvalue()
    return f"{_IMAGE}:{hashlib.sha256(data).hexdigest()[:12]}", data


class Container:
    """One container with a zygote in it, from its start to its removal.

    Args:
        engine: what runs it.
        found: the interpreter to show.
        limits: of each program.
        at_once: programs that run at the same time; each has a folder of limited size.
    """

    def __init__(self, engine: Engine, found: Interpreter, limits: Limits, at_once: int) -> None:
        self._engine = engine
        self._found = found
        self._limits = limits
        self._at_once = at_once
        self._folders = [f"{WORK}/{number}" for number in range(at_once)]
        self.name = f"math-eval-{secrets.token_hex(8)}"

    @property
    def inside(self) -> dict[str, Any]:
        """The settings of a zygote that differ in the container."""
        reads = [*self._found.roots, PACKAGES, "/dev/zero", "/dev/urandom"]
        return {
            "control": -1,
            "address": f"{_CONTROL}/{_SOCKET}",
            "folders": self._folders,
            "scratch": WORK,
            "shared_reads": reads,
            "shared_lists": [],
        }

    def start(
        self, code: list[str], told: bytes, environment: Mapping[str, str], seconds: float
    ) -> tuple[subprocess.Popen[bytes], socket.socket]:
        """The client of the container and the socket to its zygote.

        Args:
            code: the command line in the container.
            told: its input.
            environment: its variables.
            seconds: in which it must have called.

        SandboxUnavailable where it does not start.
        """
        tag, archive = image(self._found.aliases)
        try:
            self._engine.ask("image", "inspect", tag)
        except SandboxUnavailable:
            self._engine.ask("import", "-", tag, data=archive, seconds=_IMPORT_SECONDS)
        with contextlib.ExitStack() as stack:
            # others on the machine may not enter; the folders in it are open, to whomever the container's user is
            scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="math-eval-tool-")))
            for name in ("control", "empty"):
                (scratch / name).mkdir()
                (scratch / name).chmod(0o755)
            listener = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET))
            folder = os.open(scratch / "control", os.O_PATH | os.O_DIRECTORY)
            stack.callback(os.close, folder)
            listener.bind(f"/proc/self/fd/{folder}/{_SOCKET}")  # the folder's own path may be too long for an address
            (scratch / "control" / _SOCKET).chmod(0o777)
            listener.listen(1)
            said = stack.enter_context(tempfile.TemporaryFile())
            client = subprocess.Popen(
                [self._engine.program, *self.arguments(scratch, environment), tag, *code],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=said,
                env=dict(self._engine.environment),
                cwd="/",
                start_new_session=True,
            )
            try:
                assert client.stdin is not None  # noqa: S101  for the type checker: it is a pipe
                with contextlib.suppress(BrokenPipeError), client.stdin as stream:
                    stream.write(told)
                return client, _accepted(listener, client, said, seconds)
            except BaseException:
                client.kill()
                client.wait()
                self.remove()
                raise

    def arguments(self, scratch: Path, environment: Mapping[str, str]) -> list[str]:
        """The arguments of the program up to the image; the scratch folder holds `control` and `empty`."""
        engine, found, limits = self._engine, self._found, self._limits
        options = ["run", "--rm", "--interactive", "--init=false", "--pull=never", f"--name={self.name}"]
        options += ["--network=none", "--ipc=none", "--hostname=sandbox", "--log-driver=none", "--workdir=/"]
        options += ["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges"]
        options += ["--security-opt=label=disable"]  # with labels, system folders and the socket would be refused
        options += [*_user(engine.tier), f"--ulimit=nofile={_OPEN_FILES}:{_OPEN_FILES}"]
        if engine.memory:
            each = limits.memory_bytes + limits.file_bytes
            options.append(f"--memory={_ZYGOTE_BYTES + self._at_once * each}")
        if engine.pids:  # with each program a supervisor
            options.append(f"--pids-limit={_ZYGOTE_PROCESSES + self._at_once * (limits.processes + 1)}")
        if engine.tier == "podman":
            import resource  # not on every system on which this module is imported

            _, hard = resource.getrlimit(resource.RLIMIT_NPROC)
            most = _USER_PROCESSES if hard == resource.RLIM_INFINITY else min(hard, _USER_PROCESSES)
            options += [f"--ulimit=nproc={most}:{most}", "--no-hosts"]
            options += ["--http-proxy=false", "--env-host=false", "--read-only-tmpfs=false", "--passwd=false"]
        # Podman would copy what the image has there, and knows no number of inodes
        more = "notmpcopyup" if engine.tier == "podman" else f"nr_inodes={FILES}"
        options += [f"--tmpfs={folder}:size={limits.file_bytes},mode=1777,{more}" for folder in self._folders]
        real = os.path.realpath(found.python)
        shown = [(path, path) for path in (*found.roots, real)]
        shown += [(str(scratch / "empty"), path) for path in found.masks]
        shown += [(path, f"{PACKAGES}/{name}") for name, path in found.packages.items()]
        shown += [(str(Path(__file__).parent / "zygote"), f"{OURS}/zygote"), (str(scratch / "control"), _CONTROL)]
        options += [_mount(source, target) for source, target in shown]
        return options + [f"--env={name}={value}" for name, value in environment.items()]

    def remove(self) -> None:
        """Kills what runs in the container and removes it; nothing where it is gone."""
        with contextlib.suppress(SandboxUnavailable):
            self._engine.ask("rm", "--force", self.name, seconds=_REMOVE_SECONDS)


def _user(tier: Tier) -> list[str]:
    """The options that make the container's user the caller, or nobody where that is root."""
    user, group = os.geteuid(), os.getegid()
    if user == 0:
        return [f"--user={_NOBODY}:{_NOBODY}"]
    return [f"--user={user}:{group}", *(["--userns=keep-id"] if tier == "podman" else [])]


def _mount(source: str, target: str) -> str:
    """The option that shows a file or folder read-only; its value is a line of comma-separated values."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(["type=bind", f"source={source}", f"target={target}", "readonly"])
    return f"--mount={line.getvalue()}"


def _accepted(
    listener: socket.socket, client: subprocess.Popen[bytes], said: IO[bytes], seconds: float
) -> socket.socket:
    """The one connection from the container. SandboxUnavailable, with the client's last words, where none comes."""
    end = time.monotonic() + seconds
    listener.settimeout(_LOOK_SECONDS)
    while True:
        try:
            return listener.accept()[0]
        except TimeoutError:
            if client.poll() is not None:
                said.seek(0)
                why = _last(said.read()) or f"the client ends with exit code {client.returncode}"
                raise SandboxUnavailable(f"the container does not start: {why}") from None
            if time.monotonic() > end:
                raise SandboxUnavailable(f"the container does not call within {seconds:g} s") from None
