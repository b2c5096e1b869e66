"""The container tiers: used only by name, tested with a stand-in for the program and, where they run, for real."""

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from math_eval.cli.main import cli
from math_eval.errors import RequestError, SandboxUnavailable
from math_eval.sandbox import Limits, Sandbox, containers, probe
from math_eval.sandbox import sandbox as sandbox_module
from math_eval.sandbox.attempts import TRIAL_LIMITS, run_attempts
from math_eval.sandbox.containers import CONTAINERS, Container, ContainerRuntime, find_runtime, image
from math_eval.sandbox.escapes import ESCAPES
from math_eval.sandbox.interpreter import Interpreter, inspect_interpreter
from math_eval.sandbox.launch import Zygote
from math_eval.sandbox.limits import TierReport

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")
INTERPRETER = Interpreter(
    "/opt/py/bin/python",
    ("/opt/py/lib", "/usr/lib"),
    {"/lib": "/usr/lib", "/etc/localtime": "/usr/share/zoneinfo/UTC"},
    ("/opt/py/lib/python3/site-packages",),
    {"numpy": "/a,b/numpy"},
)

STAND_IN = """#!{python}
# as much of docker or podman as the sandbox uses: `run` starts the zygote as a plain child
import json, os, pathlib, sys, time
name, arguments = pathlib.Path(sys.argv[0]).name, sys.argv[1:]
with open({log!r}, "a") as log:
    log.write(json.dumps([name, *arguments]) + "\\n")
mode = os.environ.get("STAND_IN", "")
command = arguments[0]
if mode == "silent":
    time.sleep(30)
if mode == command + " fails":
    sys.exit("docker: the daemon says no.\\nSee 'docker run --help'.")
if command == "context":
    print(os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock"))
if command == "info":
    kernel = "another" if mode == "virtual" else os.uname().release
    info = {{"KernelVersion": kernel, "MemoryLimit": True, "PidsLimit": True}}
    info["host"] = {{"kernel": kernel, "cgroupControllers": ["memory"], "serviceIsRemote": mode == "service"}}
    if mode == "errors":
        info["ServerErrors"] = ["no daemon"]
    print("nothing" if mode == "no JSON" else json.dumps(info))
if command == "image" and mode == "no image":
    sys.exit("no such image")
if command == "run" and mode == "dead":
    sys.exit(3)
if command == "run":
    settings = json.loads(sys.stdin.read())
    mounts = [dict(part.partition("=")[::2] for part in argument.split("=", 1)[1].split(","))
              for argument in arguments if argument.startswith("--mount=")]
    places = {{mount["target"]: mount["source"] for mount in mounts}}
    folder = {folder!r} + "/" + str(os.getpid())
    os.makedirs(folder + "/packages")
    settings |= {{"tier": "none", "scratch": folder, "warm": False}}
    os.chdir(places[os.path.dirname(settings["address"])])
    settings["address"] = os.path.basename(settings["address"])  # the whole path may be too long for an address
    settings["folders"] = [path.replace("/.math-eval/work", folder) for path in settings["folders"]]
    for path in settings["folders"]:
        os.mkdir(path)
    read, write = os.pipe()
    os.write(write, json.dumps(settings).encode())
    os.close(write)
    os.dup2(read, 0)
    code = arguments[-1].replace("'/.math-eval'", repr(str(pathlib.Path(places["/.math-eval/zygote"]).parent)))
    os.execv(sys.executable, [sys.executable, *arguments[-5:-1], code])
"""


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """Puts stand-ins for both programs on the PATH; a function that lists their command lines."""
    log = tmp_path / "log"
    for name in CONTAINERS:
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(STAND_IN.format(python=sys.executable, log=str(log), folder=str(tmp_path)), encoding="utf-8")
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "CONTAINER_HOST", "CONTAINER_CONNECTION"):
        monkeypatch.delenv(name, raising=False)
    sandbox_module._try_tier.cache_clear()
    yield lambda: [json.loads(line) for line in log.read_text("utf-8").splitlines()] if log.exists() else []
    sandbox_module._try_tier.cache_clear()


@pytest.fixture(params=CONTAINERS)
def container_tier(request):
    """A container tier that runs here."""
    report = sandbox_module._try_tier(request.param, sys.executable)
    if not report.available:
        pytest.skip(f"{request.param} does not run here: {report.reason}")
    return request.param


def run(sandbox, program):
    return asyncio.run(sandbox.run(program))


def containers_of(tier):
    names = containers.find_runtime(tier).run_command(
        "ps", "--all", "--filter", "name=math-eval-", "--format", "{{.Names}}"
    )
    return set(names.split())


def is_removed(tier, name, seconds=60.0):
    end = time.monotonic() + seconds
    while name in containers_of(tier) and time.monotonic() < end:
        time.sleep(0.1)
    return name not in containers_of(tier)


def test_the_variable_fixes_the_tier(monkeypatch):
    monkeypatch.setattr(sandbox_module, "_try_tier", lambda tier, _: TierReport(tier, available=True, reason=""))
    for tier in ("docker", "podman", "namespaces", "bubblewrap", "landlock"):
        monkeypatch.setenv("MATH_EVAL_SANDBOX", tier)
        sandbox = Sandbox()
        assert sandbox.tier == tier
        sandbox.close_now()
    for explicit in ("none", "landlock"):
        sandbox = Sandbox(tier=explicit)
        assert sandbox.tier == explicit
        sandbox.close_now()
    monkeypatch.setenv("MATH_EVAL_SANDBOX", "")
    sandbox = Sandbox()
    assert sandbox.tier == "namespaces"
    sandbox.close_now()


@pytest.mark.parametrize("name", ["lxc", "none", "Docker", " "])
def test_an_unknown_tier_in_the_variable_is_refused_with_the_valid_ones(monkeypatch, name):
    monkeypatch.setenv("MATH_EVAL_SANDBOX", name)
    with pytest.raises(RequestError, match="possible: namespaces, bubblewrap, landlock, docker, podman") as caught:
        Sandbox()
    assert not isinstance(caught.value, SandboxUnavailable)
    Sandbox(tier="none").close_now()


def test_a_tier_that_the_variable_fixes_is_never_replaced_by_another(monkeypatch, stand_in):
    monkeypatch.setenv("MATH_EVAL_SANDBOX", "docker")
    monkeypatch.setenv("STAND_IN", "info fails")
    with pytest.raises(SandboxUnavailable, match=r"^sandbox tier docker: docker: the daemon says no.$"):
        Sandbox()


def test_containers_are_tried_only_by_name(stand_in):
    assert not {report.tier for report in probe()} & set(CONTAINERS)
    if any(report.available for report in probe()):
        Sandbox().close_now()
    assert stand_in() == []


def test_the_command_takes_a_container_tier(monkeypatch, stand_in):
    monkeypatch.setattr("math_eval.sandbox.attempts.ESCAPES", ())
    result = CliRunner().invoke(cli, ["sandbox", "check", "--tier", "podman", "--json"], standalone_mode=False)
    report = json.loads(result.output)
    assert result.return_value == 0
    assert report["tier"] == "podman"
    assert report["tiers"][-1] == {"tier": "podman", "available": True, "reason": ""}
    assert {name for name, *_ in stand_in()} == {"podman"}


def test_a_missing_program_is_named(monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    for tier in CONTAINERS:
        with pytest.raises(SandboxUnavailable, match=f"^the program {tier} is not on the PATH$"):
            find_runtime(tier)


@pytest.mark.parametrize("address", ["tcp://10.0.0.1:2375", "ssh://user@host", "npipe:////./pipe/docker", ""])
def test_a_remote_daemon_is_refused_before_it_is_contacted(monkeypatch, stand_in, address):
    monkeypatch.setenv("DOCKER_HOST", address)
    with pytest.raises(SandboxUnavailable, match="needs one at a Unix socket"):
        find_runtime("docker")
    assert [arguments[0] for _, *arguments in stand_in()] == ["context"]


@pytest.mark.parametrize("name", ["CONTAINER_HOST", "CONTAINER_CONNECTION"])
def test_a_podman_service_is_refused(monkeypatch, stand_in, name):
    monkeypatch.setenv(name, "tcp://10.0.0.1:1")
    with pytest.raises(SandboxUnavailable, match=f"^{name} sends podman to a service"):
        find_runtime("podman")
    monkeypatch.delenv(name)
    monkeypatch.setenv("STAND_IN", "service")
    with pytest.raises(SandboxUnavailable, match="podman uses a service"):
        find_runtime("podman")


@pytest.mark.parametrize("tier", CONTAINERS)
@pytest.mark.parametrize(
    ("mode", "message"),
    [
        ("virtual", "runs its containers on another kernel .another.$"),
        ("no JSON", "info does not print JSON: 'nothing"),
        ("info fails", "^docker: the daemon says no.$"),
    ],
)
def test_an_unsuitable_program_is_refused_in_one_line(monkeypatch, stand_in, tier, mode, message):
    monkeypatch.setenv("STAND_IN", mode)
    with pytest.raises(SandboxUnavailable, match=message) as caught:
        find_runtime(tier)
    assert "\n" not in str(caught.value)


def test_errors_that_a_daemon_reports_with_success_count(monkeypatch, stand_in):
    monkeypatch.setenv("STAND_IN", "errors")
    with pytest.raises(SandboxUnavailable, match=r"^docker: no daemon$"):
        find_runtime("docker")


def test_a_daemon_that_does_not_answer_is_given_up(monkeypatch, stand_in):
    monkeypatch.setenv("STAND_IN", "silent")
    with pytest.raises(SandboxUnavailable, match=r"^podman info does not answer within 0.5 s$"):
        find_runtime("podman", 0.5)


def test_dockers_own_configuration_stays_out(monkeypatch, stand_in):
    monkeypatch.setenv("DOCKER_HOST", "unix:///run/user/1000/docker.sock")
    monkeypatch.setenv("DOCKER_CONTEXT", "other")
    environment = find_runtime("docker").environment
    assert environment["DOCKER_HOST"] == "unix:///run/user/1000/docker.sock"
    assert "DOCKER_CONTEXT" not in environment
    assert not Path(environment["DOCKER_CONFIG"]).exists()


def runtime(tier, *, memory=True, pids=True):
    return ContainerRuntime(tier, f"/usr/bin/{tier}", {}, memory=memory, pids=pids)


def arguments(container_runtime, limits=None, concurrency=3):
    container = Container(container_runtime, INTERPRETER, limits or Limits(), concurrency)
    return container, container.arguments(Path("/scratch"), {"LANG": "C.UTF-8"})


@pytest.mark.parametrize("tier", CONTAINERS)
def test_the_command_line_holds_the_container(tier):
    container, line = arguments(runtime(tier), Limits(memory_bytes=1 << 20, file_bytes=1 << 10, processes=4))
    assert line[0] == "run"
    assert {
        "--rm", "--interactive", "--pull=never", "--network=none", "--ipc=none", "--read-only", "--cap-drop=ALL",
        "--security-opt=no-new-privileges", "--init=false", "--log-driver=none", f"--name={container.name}",
    } <= set(line)  # fmt: skip
    assert f"--memory={(512 << 20) + 3 * ((1 << 20) + (1 << 10))}" in line
    assert f"--pids-limit={16 + 3 * 5}" in line
    folders = [argument for argument in line if argument.startswith("--tmpfs=")]
    assert [argument.split(":")[0] for argument in folders] == [
        f"--tmpfs={path}" for path in container.zygote_settings["folders"]
    ]
    assert all(":size=1024,mode=1777," in argument for argument in folders)
    assert len(set(container.zygote_settings["folders"])) == 3
    assert [argument for argument in line if argument.startswith("--env=")] == ["--env=LANG=C.UTF-8"]
    mounts = [argument for argument in line if "bind" in argument]
    assert all(argument.startswith("--mount=") and argument.endswith(",readonly") for argument in mounts)
    assert "--mount=type=bind,source=/scratch/empty,target=/opt/py/lib/python3/site-packages,readonly" in mounts
    assert '--mount=type=bind,"source=/a,b/numpy",target=/.math-eval/packages/numpy,readonly' in mounts
    targets = [argument.split("target=")[1].removesuffix(",readonly") for argument in mounts]
    assert set(targets) == {
        "/opt/py/lib", "/usr/lib", "/opt/py/bin/python", "/opt/py/lib/python3/site-packages",
        "/.math-eval/packages/numpy", "/.math-eval/zygote", "/.math-eval/control",
    }  # fmt: skip
    assert not {"--privileged", "--device", "--volume", "-v"} & set(line)


def test_the_command_lines_differ_where_the_programs_do():
    _, docker = arguments(runtime("docker"))
    _, podman = arguments(runtime("podman"))
    podman_only = {"--no-hosts", "--http-proxy=false", "--env-host=false", "--read-only-tmpfs=false", "--passwd=false"}
    assert podman_only <= set(podman)
    assert not podman_only & set(docker)
    assert all(argument.endswith(",notmpcopyup") for argument in podman if argument.startswith("--tmpfs"))
    assert all(argument.endswith(",nr_inodes=4096") for argument in docker if argument.startswith("--tmpfs"))


def test_limits_that_the_machine_cannot_set_are_left_out():
    _, line = arguments(runtime("podman", memory=False, pids=False))
    assert not [argument for argument in line if argument.startswith(("--memory", "--pids"))]


@pytest.mark.parametrize(
    ("tier", "user", "options"),
    [
        ("docker", 0, ["--user=65534:65534"]),
        ("podman", 0, ["--user=65534:65534"]),
        ("docker", 1000, ["--user=1000:100"]),
        ("podman", 1000, ["--user=1000:100", "--userns=keep-id"]),
    ],
)
def test_no_container_runs_as_root(monkeypatch, tier, user, options):
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(os, "getegid", lambda: 100)
    _, line = arguments(runtime(tier))
    assert [argument for argument in line if argument.startswith("--user")] == options


def test_two_containers_have_two_names():
    assert arguments(runtime("docker"))[0].name != arguments(runtime("docker"))[0].name


def test_the_image_holds_the_links_and_is_named_by_them():
    tag, data = image(INTERPRETER.aliases)
    assert tag.startswith("math-eval-sandbox:")
    assert image(dict(reversed(INTERPRETER.aliases.items()))) == (tag, data)
    assert image({"/lib": "/usr/lib"})[0] != tag
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        links = {member.name: member.linkname for member in archive}
    assert links == {"etc": "", "lib": "/usr/lib", "etc/localtime": "/usr/share/zoneinfo/UTC"}
    assert image({})[0] not in {tag, image({"/lib": "/usr/lib"})[0]}


@pytest.mark.parametrize(("mode", "imported"), [("", False), ("no image", True)])
def test_the_image_is_made_where_it_is_missing(monkeypatch, stand_in, mode, imported):
    monkeypatch.setenv("STAND_IN", mode)
    Zygote(inspect_interpreter(sys.executable), "docker", Limits(), warm=False).close()
    tag = image(inspect_interpreter(sys.executable).aliases)[0]
    assert (["docker", "import", "-", tag] in stand_in()) is imported
    (line,) = [command for command in stand_in() if command[1] == "run"]
    assert tag in line


@pytest.mark.parametrize("tier", CONTAINERS)
def test_calls_reach_the_zygote_through_a_socket_for_one_client(tmp_path, monkeypatch, stand_in, tier):
    deep = tmp_path / ("long" * 30)  # longer than an address of a Unix socket may be
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    monkeypatch.setattr(sandbox_module, "_cores", lambda: 2)
    sandbox = Sandbox(Limits(wall_seconds=20.0), tier=tier)

    async def gather_results():
        program = "import os, time\nopen('x', 'w').close()\ntime.sleep(0.5)\nprint(os.getcwd(), os.listdir())"
        return await asyncio.gather(*(sandbox.run(program) for _ in range(4)))

    results = asyncio.run(gather_results())
    assert [result.state for result in results] == ["done"] * 4
    assert len({result.stdout for result in results}) == 2
    assert all(result.stdout.endswith("/call ['x']\n") for result in results)
    assert list(deep.iterdir()) == []
    first = sandbox._zygote
    first.process.kill()
    assert run(sandbox, "2").value == "2"
    assert sandbox._zygote is not first
    last = sandbox._zygote
    sandbox.close_now()
    assert last.process.returncode == 0
    removed = [command[3] for command in stand_in() if command[1:3] == ["rm", "--force"]]
    assert removed == [first._container.name]  # the client saw the other container end


@pytest.mark.parametrize(
    ("mode", "message"),
    [
        ("run fails", "^the container does not start: docker: the daemon says no.$"),
        ("dead", "^the container does not start: the client ends with exit code 3$"),
        ("image fails", ""),
    ],
)
def test_a_container_that_does_not_start_is_removed(tmp_path, monkeypatch, stand_in, mode, message):
    monkeypatch.setenv("STAND_IN", mode)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    if message:
        with pytest.raises(SandboxUnavailable, match=message):
            Zygote(inspect_interpreter(sys.executable), "docker", Limits(), warm=False)
        assert stand_in()[-1][1:3] == ["rm", "--force"]
    else:  # only the image is missing: it is built
        Zygote(inspect_interpreter(sys.executable), "docker", Limits(), warm=False).close()
    assert list(scratch.iterdir()) == []


def test_a_container_that_does_not_connect_is_given_up(monkeypatch, stand_in):
    monkeypatch.setattr("math_eval.sandbox.launch.START_SECONDS", 0.0)
    with pytest.raises(SandboxUnavailable, match="does not connect within 0 s"):
        Zygote(inspect_interpreter(sys.executable), "docker", Limits(), warm=False)
    assert stand_in()[-1][1:3] == ["rm", "--force"]


def test_every_attempt_to_escape_fails_in_a_container(container_tier):
    sandbox = Sandbox(TRIAL_LIMITS, tier=container_tier)
    outcomes = asyncio.run(run_attempts(sandbox))
    name = sandbox._zygote._container.name
    sandbox.close_now()
    assert len(outcomes) == len(ESCAPES) + 1
    assert [outcome for outcome in outcomes if not outcome.held] == []
    assert is_removed(container_tier, name)


def test_a_container_shows_what_the_other_tiers_show(container_tier, monkeypatch, tmp_path):
    (tmp_path / ".docker").mkdir()
    proxies = {"proxies": {"default": {"httpProxy": "http://user:word@host"}}}
    (tmp_path / ".docker" / "config.json").write_text(json.dumps(proxies), encoding="utf-8")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / ".docker"))
    monkeypatch.setenv("http_proxy", "http://user:word@host")
    interpreter = inspect_interpreter(sys.executable)
    container = Container(find_runtime(container_tier), interpreter, Limits(), 2)
    (tmp_path / "control").mkdir()
    (tmp_path / "empty").mkdir()
    program = (
        "import os, json\n"
        "def tried(act, *names):\n"
        "    try: return act(*names)\n"
        "    except OSError: return None\n"
        f"masks = [tried(os.listdir, path) for path in {list(interpreter.masks)!r}]\n"
        f"links = [os.path.realpath(name) == target for name, target in {interpreter.aliases!r}.items()]\n"
        "paths = '/x /tmp/x /run/x /var/tmp/x /etc/hosts /dev/shm/x /.math-eval/x /.math-eval/control/x "
        "/usr/lib/x'.split()\n"
        "wrote = [path for path in paths if tried(open, path, 'a')]\n"
        "status = open('/proc/self/status').read()\n"
        "print(json.dumps([masks, links, wrote, str(os.environ), os.getuid(), status, sorted(os.listdir('/'))]))\n"
    )
    tag, _ = image(interpreter.aliases)
    program_runtime = find_runtime(container_tier)
    line = [
        program_runtime.program,
        *container.arguments(tmp_path, {}),
        tag,
        os.path.realpath(interpreter.python),
        "-S",
        "-B",
        "-c",
    ]
    completed = subprocess.run([*line, program], capture_output=True, check=True, env=dict(program_runtime.environment))
    masks, links, wrote, environment, user, status, root = json.loads(completed.stdout)
    assert masks == [[]] * len(interpreter.masks)
    assert all(links)
    assert wrote == []
    assert "word" not in environment
    assert user == (os.geteuid() or 65534)
    assert "CapBnd:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status
    assert "home" not in root or any(path.startswith("/home") for path in interpreter.roots)


def test_a_killed_container_is_replaced_and_a_killed_client_does_no_harm(container_tier):
    sandbox = Sandbox(Limits(), tier=container_tier)
    assert run(sandbox, "1").value == "1"
    first = sandbox._zygote
    find_runtime(container_tier).run_command("kill", first._container.name)
    assert run(sandbox, "2").value == "2"
    second = sandbox._zygote
    assert second is not first
    os.kill(second.process.pid, signal.SIGKILL)
    assert run(sandbox, "3").value == "3"
    sandbox.close_now()
    assert not {first._container.name, second._container.name} & containers_of(container_tier)


def test_close_ends_a_container_in_mid_call(container_tier):
    async def call_and_close():
        sandbox = Sandbox(Limits(wall_seconds=60.0), tier=container_tier)
        await sandbox.run("1")
        name = sandbox._zygote._container.name
        assert name in containers_of(container_tier)
        call = asyncio.ensure_future(sandbox.run("import time\ntime.sleep(50)"))
        await asyncio.sleep(0.5)
        await sandbox.close()
        return name, await asyncio.gather(call, return_exceptions=True)

    name, [result] = asyncio.run(call_and_close())
    assert is_removed(container_tier, name)
    assert getattr(result, "state", "raised") != "done", "close does not wait for the program"


def test_a_container_ends_with_the_process_that_started_it(container_tier, tmp_path):
    program = (
        "import asyncio, os, sys\n"
        "from math_eval.sandbox import Limits, Sandbox\n"
        "sandbox = Sandbox(Limits(), tier=sys.argv[1])\n"
        "asyncio.run(sandbox.run('1'))\n"
        "print(sandbox._zygote._container.name, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    path = os.pathsep.join(folder for folder in sys.path if folder)
    completed = subprocess.run(
        [sys.executable, "-c", program, container_tier],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": path, "TMPDIR": str(tmp_path)},
    )
    assert is_removed(container_tier, completed.stdout.strip())
    assert completed.stdout.startswith("math-eval-")
    assert list(tmp_path.iterdir()) == []


def test_a_full_folder_fails_its_own_program_only(container_tier):
    sandbox = Sandbox(Limits(file_bytes=1 << 20), tier=container_tier)
    first_result = run(sandbox, "for name in 'ab':\n    open(name, 'wb').write(bytes(3 << 18))")
    second_result = run(sandbox, "open('c', 'wb').write(bytes(3 << 18))\nimport os\nos.listdir()")
    sandbox.close_now()
    assert (first_result.state, first_result.error) == ("error", "OSError: [Errno 28] No space left on device")
    assert second_result.value == "['c']"


def test_a_folder_full_of_empty_files_fails_its_own_program_only(container_tier):
    sandbox = Sandbox(Limits(wall_seconds=20.0), tier=container_tier)
    first_result = run(sandbox, "number = 0\nwhile True:\n    open(str(number), 'w').close()\n    number += 1")
    second_result = run(sandbox, "import os\nos.listdir()")
    sandbox.close_now()
    assert (first_result.state, first_result.error) in {
        ("error", "OSError: [Errno 28] No space left on device: '4094'"),
        ("killed", "ended after writing more than 4096 files"),
    }
    assert second_result.value == "[]"
