"""The container tiers: Docker or Podman runs the zygote in a container that holds its view and nothing else."""

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
from math_eval.sandbox.zygote.settings import MAX_FILES, PACKAGES, SANDBOX_ROOT, WORK

CONTAINERS: tuple[Tier, ...] = ("docker", "podman")
"""The container tiers; each is named after its program."""

_COMMAND_SECONDS = 20.0
_IMPORT_SECONDS = 60.0
_REMOVE_SECONDS = 20.0
_POLL_SECONDS = 0.05
_IMAGE = "math-eval-sandbox"
_CONTROL = SANDBOX_ROOT + "/control"
"""The folder in the container with the socket that the zygote connects to."""
_SOCKET = "socket"
_NOBODY = 65534
_ZYGOTE_BYTES = 512 << 20
"""Memory of the warm interpreter, in addition to that of its programs."""
_ZYGOTE_PROCESSES = 16
_OPEN_FILES = 2048
_USER_PROCESSES = 32768
_LOCAL = "unix://"


@dataclass(frozen=True, slots=True)
class ContainerRuntime:
    """A container program, `docker` or `podman`, that runs on this machine, and the limits that it can set.

    `find_runtime` makes one.
    """

    tier: Tier
    program: str
    environment: Mapping[str, str]
    """Environment variables of the program itself; none of them reaches the container."""
    memory: bool
    """Whether it can limit a container's memory."""
    pids: bool
    """Whether it can limit a container's number of processes."""

    def run_command(self, *arguments: str, data: bytes = b"", seconds: float = _COMMAND_SECONDS) -> str:
        """Runs a command of the program.

        Args:
            arguments: The arguments, such as "image", "inspect", "NAME".
            data: The command's standard input.
            seconds: Time that the command may take.

        Returns:
            The command's standard output.

        Raises:
            SandboxUnavailable: The command fails or takes too long; the text is one line.
        """
        return _run_command(self.program, self.environment, arguments, data, seconds)


def find_runtime(tier: Tier, seconds: float = _COMMAND_SECONDS) -> ContainerRuntime:
    """Finds the container program of a tier and asks it what it can do.

    Args:
        tier: `docker` or `podman`.
        seconds: Time that the program may take to answer.

    Raises:
        SandboxUnavailable: The program is missing, does not answer in time, or does not run containers on this kernel.
    """
    program = shutil.which(tier)
    if program is None:
        raise SandboxUnavailable(f"the program {tier} is not on the PATH")
    environment = dict(os.environ)
    if tier == "docker":
        endpoint = _run_command(
            program, environment, ("context", "inspect", "--format", "{{.Endpoints.docker.Host}}")
        ).strip()
        if not endpoint.startswith(_LOCAL):
            raise SandboxUnavailable(
                f"the Docker daemon is at {endpoint or 'no address'}; the sandbox needs one at a Unix socket"
            )
        for name in ("DOCKER_CONTEXT", "DOCKER_DEFAULT_PLATFORM", "DOCKER_TLS_VERIFY"):
            environment.pop(name, None)
        # no client configuration: it may put proxies, with their passwords, into the container's environment
        environment |= {"DOCKER_HOST": endpoint, "DOCKER_CONFIG": "/nonexistent/docker"}
    else:
        for name in ("CONTAINER_HOST", "CONTAINER_CONNECTION"):
            if environment.get(name):
                raise SandboxUnavailable(
                    f"{name} sends podman to a service; the sandbox needs a podman that runs containers itself"
                )
    answer = _run_command(program, environment, ("info", "--format", "{{json .}}"), seconds=seconds)
    try:
        info: dict[str, Any] = json.loads(answer)
    except ValueError as error:
        raise SandboxUnavailable(f"{tier} info does not print JSON: {answer[:80]!r}") from error
    return _runtime_from_info(tier, program, environment, info)


def _runtime_from_info(
    tier: Tier, program: str, environment: Mapping[str, str], info: Mapping[str, Any]
) -> ContainerRuntime:
    """Checks the output of the `info` command and reads the supported limits from it."""
    if tier == "docker":
        for error in info.get("ServerErrors") or []:
            raise SandboxUnavailable(f"docker: {error}")
        kernel, memory, pids = info.get("KernelVersion"), info.get("MemoryLimit"), info.get("PidsLimit")
    else:
        host = info.get("host", {})
        if host.get("serviceIsRemote"):
            raise SandboxUnavailable("podman uses a service; the sandbox needs podman without one")
        controllers = host.get("cgroupControllers") or []
        kernel, memory, pids = host.get("kernel"), "memory" in controllers, "pids" in controllers
    if kernel != os.uname().release:  # in a virtual machine: no descriptor can be passed to it
        raise SandboxUnavailable(f"{tier} runs its containers on another kernel ({kernel})")
    return ContainerRuntime(tier, program, environment, memory=bool(memory), pids=bool(pids))


def _run_command(
    program: str,
    environment: Mapping[str, str],
    arguments: tuple[str, ...],
    data: bytes = b"",
    seconds: float = _COMMAND_SECONDS,
) -> str:
    name = PurePosixPath(program).name
    try:
        completed = subprocess.run(
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
    if completed.returncode:
        raise SandboxUnavailable(
            _error_line(completed.stderr) or f"{name} {arguments[0]} ends with exit code {completed.returncode}"
        )
    return completed.stdout.decode("utf-8", "replace")


def _error_line(text: bytes) -> str:
    """The line of an error text that gives the reason: the last one that does not refer to a help page."""
    lines = [line.strip() for line in text.decode("utf-8", "replace").splitlines()]
    return next((line for line in reversed(lines) if line and not line.startswith("See '")), "")


def image(aliases: Mapping[str, str]) -> tuple[str, bytes]:
    """Builds the image of the container, which holds nothing but links.

    Args:
        aliases: Path of each link, and its target.

    Returns:
        The image's name, with a hash of the links as its tag, and its tar archive.
    """
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
        runtime: The container program.
        interpreter: The interpreter to mount.
        limits: The limits of each program.
        concurrency: Programs that run at the same time; each has a folder of limited size.
    """

    def __init__(self, runtime: ContainerRuntime, interpreter: Interpreter, limits: Limits, concurrency: int) -> None:
        self._runtime = runtime
        self._interpreter = interpreter
        self._limits = limits
        self._concurrency = concurrency
        self._folders = [f"{WORK}/{number}" for number in range(concurrency)]
        self.name = f"math-eval-{secrets.token_hex(8)}"

    @property
    def zygote_settings(self) -> dict[str, Any]:
        """The settings of a zygote that differ inside the container."""
        reads = [*self._interpreter.roots, PACKAGES, "/dev/zero", "/dev/urandom"]
        return {
            "control": -1,
            "address": f"{_CONTROL}/{_SOCKET}",
            "folders": self._folders,
            "scratch": WORK,
            "read_paths": reads,
            "list_paths": [],
        }

    def start(
        self, command: list[str], settings: bytes, environment: Mapping[str, str], seconds: float
    ) -> tuple[subprocess.Popen[bytes], socket.socket]:
        """Starts the container and waits until its zygote connects.

        Args:
            command: The command line in the container.
            settings: The input of that command, as JSON.
            environment: The environment variables of that command.
            seconds: Time in which the zygote must connect.

        Returns:
            The process of the container program's client, and the socket to the zygote.

        Raises:
            SandboxUnavailable: The container does not start, or its zygote does not connect in time.
        """
        tag, archive = image(self._interpreter.aliases)
        try:
            self._runtime.run_command("image", "inspect", tag)
        except SandboxUnavailable:
            self._runtime.run_command("import", "-", tag, data=archive, seconds=_IMPORT_SECONDS)
        with contextlib.ExitStack() as stack:
            # other users may not enter this folder; those in it are open, whoever the container's user is
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
            stderr = stack.enter_context(tempfile.TemporaryFile())
            client = subprocess.Popen(
                [self._runtime.program, *self.arguments(scratch, environment), tag, *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                env=dict(self._runtime.environment),
                cwd="/",
                start_new_session=True,
            )
            try:
                assert client.stdin is not None  # noqa: S101  for the type checker: it is a pipe
                with contextlib.suppress(BrokenPipeError), client.stdin as stream:
                    stream.write(settings)
                return client, _accept_connection(listener, client, stderr, seconds)
            except BaseException:
                client.kill()
                client.wait()
                self.remove()
                raise

    def arguments(self, scratch: Path, environment: Mapping[str, str]) -> list[str]:
        """Builds the arguments of the container program up to the image's name.

        Args:
            scratch: A folder on this machine that holds the folders `control` and `empty`.
            environment: The environment variables in the container.
        """
        runtime, interpreter, limits = self._runtime, self._interpreter, self._limits
        options = ["run", "--rm", "--interactive", "--init=false", "--pull=never", f"--name={self.name}"]
        options += ["--network=none", "--ipc=none", "--hostname=sandbox", "--log-driver=none", "--workdir=/"]
        options += ["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges"]
        options += ["--security-opt=label=disable"]  # SELinux would refuse system folders and the socket
        options += [*_user(runtime.tier), f"--ulimit=nofile={_OPEN_FILES}:{_OPEN_FILES}"]
        if runtime.memory:
            program_bytes = limits.memory_bytes + limits.file_bytes
            options.append(f"--memory={_ZYGOTE_BYTES + self._concurrency * program_bytes}")
        if runtime.pids:  # each program has a supervisor
            options.append(f"--pids-limit={_ZYGOTE_PROCESSES + self._concurrency * (limits.processes + 1)}")
        if runtime.tier == "podman":
            import resource  # not on every system on which this module is imported

            _, hard = resource.getrlimit(resource.RLIMIT_NPROC)
            process_limit = _USER_PROCESSES if hard == resource.RLIM_INFINITY else min(hard, _USER_PROCESSES)
            options += [f"--ulimit=nproc={process_limit}:{process_limit}", "--no-hosts"]
            options += ["--http-proxy=false", "--env-host=false", "--read-only-tmpfs=false", "--passwd=false"]
        # Podman would copy the image's files there, and has no option for the number of inodes
        folder_option = "notmpcopyup" if runtime.tier == "podman" else f"nr_inodes={MAX_FILES}"
        options += [f"--tmpfs={folder}:size={limits.file_bytes},mode=1777,{folder_option}" for folder in self._folders]
        python = os.path.realpath(interpreter.python)
        mounts = [(path, path) for path in (*interpreter.roots, python)]
        mounts += [(str(scratch / "empty"), path) for path in interpreter.masks]
        mounts += [(path, f"{PACKAGES}/{name}") for name, path in interpreter.packages.items()]
        mounts += [
            (str(Path(__file__).parent / "zygote"), f"{SANDBOX_ROOT}/zygote"),
            (str(scratch / "control"), _CONTROL),
        ]
        options += [_mount(source, target) for source, target in mounts]
        return options + [f"--env={name}={value}" for name, value in environment.items()]

    def remove(self) -> None:
        """Kills the container's processes and removes it; does nothing where it no longer exists."""
        with contextlib.suppress(SandboxUnavailable):
            self._runtime.run_command("rm", "--force", self.name, seconds=_REMOVE_SECONDS)


def _user(tier: Tier) -> list[str]:
    """The options that run the container as the calling user, or as `nobody` where that is root."""
    user, group = os.geteuid(), os.getegid()
    if user == 0:
        return [f"--user={_NOBODY}:{_NOBODY}"]
    return [f"--user={user}:{group}", *(["--userns=keep-id"] if tier == "podman" else [])]


def _mount(source: str, target: str) -> str:
    """The option that mounts a file or folder read-only; its value is a line of CSV."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(["type=bind", f"source={source}", f"target={target}", "readonly"])
    return f"--mount={line.getvalue()}"


def _accept_connection(
    listener: socket.socket, client: subprocess.Popen[bytes], stderr: IO[bytes], seconds: float
) -> socket.socket:
    """Accepts the one connection from the container; SandboxUnavailable, with the client's error, where none comes."""
    end = time.monotonic() + seconds
    listener.settimeout(_POLL_SECONDS)
    while True:
        try:
            return listener.accept()[0]
        except TimeoutError:
            if client.poll() is not None:
                stderr.seek(0)
                reason = _error_line(stderr.read()) or f"the client ends with exit code {client.returncode}"
                raise SandboxUnavailable(f"the container does not start: {reason}") from None
            if time.monotonic() > end:
                raise SandboxUnavailable(f"the container does not connect within {seconds:g} s") from None
