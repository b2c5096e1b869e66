"""The zygote: confines itself, imports the packages that programs use, and forks a supervisor for each call."""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import resource
import shutil
import signal
import socket
import sys
from typing import NoReturn

from . import call, kernel, landlock, namespaces, seccomp
from .settings import Settings


def main() -> NoReturn:
    """Runs the zygote: reads its settings from standard input and serves calls until the control socket is closed.

    The first message on the socket says whether the tier works: `{"ok": true}`, or `{"ok": false, "reason": TEXT}`.
    """
    settings = Settings.from_json(sys.stdin.read())
    sys.path[:] = [path for path in sys.path[1:] if path]  # neither this file's folder nor the current one
    del sys.orig_argv[1:]
    control = _connect_control(settings)
    code = 1
    try:
        _prepare(settings)
        control.send(json.dumps({"ok": True}).encode())
        _serve(control, settings)
        code = 0
    except OSError as error:
        with contextlib.suppress(OSError):
            control.send(json.dumps({"ok": False, "reason": error.strerror or str(error)}).encode())
    finally:
        os._exit(code)


def _connect_control(settings: Settings) -> socket.socket:
    """Opens the socket through which calls arrive."""
    if settings.address:
        control = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        control.connect(settings.address)
        return control
    control = socket.socket(fileno=settings.control)
    control.set_inheritable(False)
    return control


def _prepare(settings: Settings) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < call.OPEN_FILES:
        raise OSError(f"the limit on open files is {hard}; {call.OPEN_FILES} are needed (ulimit -n)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # the calls' result descriptor has a high number
    if settings.tier != "none" and not seccomp.supported():
        raise OSError(
            f"the system-call filter does not know the processor {os.uname().machine}, only x86_64 and aarch64"
        )
    if settings.tier == "landlock" and not landlock.version():
        raise OSError("the kernel offers no Landlock")
    if settings.private_namespaces:
        namespaces.enter(settings)
    if settings.folders:  # a container's processes share one user: none may open the memory of another
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    sys.path.append(settings.package_folder)
    if settings.warm:
        _import_packages(settings)
    gc.collect()
    gc.freeze()
    gc.disable()
    settings.base_bytes = settings.address_space_pages() * os.sysconf("SC_PAGE_SIZE")


def _import_packages(settings: Settings) -> None:
    """Imports the installed packages and does some work of each kind, so that their lazy parts are loaded too."""
    for name in ("numpy", "numpy.random", "numpy.linalg", "mpmath", "sympy"):
        if name.partition(".")[0] in settings.packages:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
    sympy = sys.modules.get("sympy")
    if sympy is not None:
        x = sympy.Symbol("x")
        sympy.solve(x**2 - 3 * x + 2, x)
        sympy.simplify(sympy.sin(x) ** 2 + sympy.cos(x) ** 2)
        sympy.integrate(x**2, x)
        sympy.sqrt(2).evalf()


def _serve(control: socket.socket, settings: Settings) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # supervisors are reaped by the kernel
    while True:
        data, descriptors, _, _ = socket.recv_fds(control, 16, 1)
        if not data:
            if settings.scratch and not settings.private_view:
                shutil.rmtree(settings.scratch, ignore_errors=True)  # the sandbox may have been killed
            return
        try:
            child = os.fork()
        except OSError:  # out of processes or memory: the caller sees its socket closed and tries again
            child = -1
        if child == 0:
            control.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            call.serve(socket.socket(fileno=descriptors[0]), settings)
        for descriptor in descriptors:
            os.close(descriptor)
