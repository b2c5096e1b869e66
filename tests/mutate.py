"""Mutation testing of one room: each small change of its code is to make a test of the room fail.

    python tests/mutate.py scoring --count 60

No file is changed, and pytest collects once. For each mutant a forked child takes the changed code of one function and
runs the tests that enter that function, the fastest first; for a change outside functions it imports the changed module
in place of the real one and runs all of the room's fast tests. Programs that tests start import the changed module too.
Mutants come in a random order that the seed fixes.
"""

import functools
import gc
import importlib
import inspect
import json
import os
import random
import resource
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

import click
import hypothesis
import pytest
from mutants import ROOT, MutantFinder, code_at, function_at, module_name, mutants, mutated_code, place_of

LIBRARIES = ("numpy", "scipy.stats", "flint", "msgspec", "httpx", "jinja2", "yaml", "rich.table", "sympy")
PROCESSES = "really_full or stop_keeps or kill_anywhere or ctrl_c"  # their programs do not see the mutant
ROOMS = {
    "scoring": (
        "scoring",
        "test_figures test_scoring test_statistics test_thoughts test_loops",
        "not detectable and not two_evaluations and not sixteen_sample",
    ),
    "answers": (
        "answers",
        "test_answers test_extraction test_extraction_parts test_graders test_thoughts test_loops",
        "extraction or languages or python_face or class_is_a_grader or test_thoughts or test_loops",
    ),
    "engines": (
        "engines",
        "test_engine_parts test_engines test_vllm_start test_order test_server_engine test_thoughts test_adapters",
        "",
    ),
    "results": ("results", "test_results test_runs test_thoughts test_loops test_selection", f"not ({PROCESSES})"),
    "runfolder": (
        "runfolder",
        "test_runfolder test_order test_runs test_continuation test_selection test_thoughts test_model_settings",
        f"not ({PROCESSES})",
    ),
    "equivalence": (
        "graders/equivalence",
        "test_answers test_graders test_cases test_verdicts",
        "not hostile_text and not fuzzed and not bounded and not languages and not extraction",
    ),
    "graders": (
        "graders",
        "test_graders test_grader_parts test_qwen",
        "test_graders or test_grader_parts or normalised or words or predictions or units_are or sympys_own",
    ),
}
"""Room → its folder (without other rooms in it), the modules of its tests, and which of their tests (pytest -k)."""
UNSEEN = frozenset({"engines/transformers.py", "engines/vllm.py"})
"""Files that only tests with a real model run."""


class Session:
    """Pytest in a process of its own, which ends with it."""

    def __init__(self, folder):
        self._folder = folder

    def pytest_configure(self, config):
        """The same examples each time; a failure is not made smaller, since nobody reads it."""
        phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
        hypothesis.settings.register_profile("mutate", deadline=None, derandomize=True, database=None, phases=phases)
        hypothesis.settings.load_profile("mutate")

    def run(self, arguments):
        code = 1
        try:
            code = pytest.main([*arguments, "--basetemp", str(self._folder / "tests")], plugins=[self])
        finally:
            os._exit(code)


class Recording(Session):
    """Runs every test once; the functions of the room's files that each enters go into a file."""

    def __init__(self, folder, paths):
        super().__init__(folder)
        self._paths = {str(path) for path in paths}
        self._seen = {}

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item):
        for one in self._caches:  # so that each test enters what it needs
            one.cache_clear()
        entered, start = set(), time.process_time()

        def note(frame, _event, _argument):
            if frame.f_code.co_filename in self._paths:
                entered.add(frame.f_code)

        threading.settrace(note)
        sys.settrace(note)
        yield
        sys.settrace(None)
        threading.settrace(None)
        self._seen[item.nodeid] = (time.process_time() - start, sorted(map(place_of, entered)))

    def pytest_collection_finish(self):
        own = [module for module in sys.modules.values() if getattr(module, "__file__", None) in self._paths]
        caches = [one for one in gc.get_objects() if isinstance(one, functools._lru_cache_wrapper)]
        self._caches = [one for one in caches if inspect.getmodule(one.__wrapped__) in own]

    def pytest_sessionfinish(self):
        (self._folder / "seen").write_text(json.dumps(self._seen))


class Importing(Session):
    """Imports the changed module in place of the real one; the tests that enter its file come first."""

    def __init__(self, folder, mutant, seen):
        super().__init__(folder)
        self._mutant, self._seen = mutant, seen

    def pytest_collection_modifyitems(self, items):
        def order(item):
            seconds, entered = self._seen.get(item.nodeid, (0.0, []))
            return str(self._mutant.path) not in {path for path, _, _ in entered}, seconds

        items.sort(key=order)

    def run(self, arguments):
        announce(self._folder, self._mutant)
        sys.meta_path.insert(0, MutantFinder(self._mutant))
        super().run(arguments)


class Patching(Session):
    """Collects the tests once, and forks for each mutant that can be put into a living function."""

    def __init__(self, folder, mutants, seen):
        super().__init__(folder)
        self._mutants, self._seen = mutants, seen

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session):
        for path in {mutant.path for mutant in self._mutants}:
            importlib.import_module(module_name(path))
        functions = {}
        for one in filter(inspect.isfunction, gc.get_objects()):
            functions.setdefault(place_of(one.__code__), []).append(one)
        gc.freeze()
        for mutant in self._mutants:
            if (place := function_at(mutant)) not in functions:
                continue
            code = code_at(place, mutated_code(mutant))
            if any(one.__code__.co_freevars != code.co_freevars for one in functions[place]):
                continue
            tests = [one for one in session.items if list(place) in self._seen[one.nodeid][1]]
            tests = tests or session.items[:]  # programs that tests start may enter it
            tests.sort(key=lambda one: self._seen[one.nodeid][0])
            seconds = sum(self._seen[one.nodeid][0] for one in tests)
            if not (child := fork(seconds)):
                session.items[:] = tests
                announce(self._folder, mutant)
                for one in functions[place]:
                    one.__code__ = code
                return None
            tell(self._folder, mutant, ended(child, seconds))
        return True


START = f"""import os, sys
sys.path.append({str(Path(__file__).parent)!r})
from mutants import install
install(os.environ["MATH_EVAL_MUTANT"])
sys.path.pop()
"""


def announce(folder, mutant=None):
    """Tells programs that tests start, such as the SymPy worker, which mutant they are to import."""
    (folder / "sitecustomize.py").write_text(START, encoding="utf-8")
    os.environ["PYTHONPATH"] = str(folder)
    os.environ["MATH_EVAL_MUTANT"] = f"{mutant.path}|{mutant.node}|{mutant.change}" if mutant else ""


def fork(seconds, log=os.devnull):
    """A forked child with a limit of processor time, whose output goes to a file; as os.fork."""
    if child := os.fork():
        return child
    os.setsid()
    os.dup2(os.open(log, os.O_RDWR | os.O_CREAT), 1)
    os.dup2(1, 2)
    limit = int(3 * seconds) + 10
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
    return 0


def ended(child, seconds):
    """What becomes of a child's mutant: survived, killed, or endless (too much time)."""
    end = time.monotonic() + 10 * (int(3 * seconds) + 10)
    while True:
        gone, status = os.waitpid(child, os.WNOHANG)
        if gone:
            return "survived" if status == 0 else "endless" if os.WIFSIGNALED(status) else "killed"
        if time.monotonic() > end:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return "endless"
        time.sleep(0.01)


def tell(folder, mutant, result):
    """Keeps a result, and prints a survivor."""
    with (folder / "results").open("a", encoding="utf-8") as file:
        file.write(f"{mutant.number} {result}\n")
    if result == "survived":
        click.echo(f"survived {mutant.path.relative_to(ROOT)}:{mutant.line} {mutant.text}")


def told(folder):
    """The results so far, by the mutant's number."""
    path = folder / "results"
    return dict(line.split() for line in path.read_text().splitlines()) if path.exists() else {}


def tried(chosen, arguments, folder):
    """Runs the mutants: the results, and the processor time of the tests alone."""
    announce(folder)
    if not (child := fork(600, folder / "log")):
        Recording(folder, {mutant.path for mutant in chosen}).run(arguments)
    if ended(child, 600) != "survived":
        raise click.ClickException(f"the tests fail without a mutant\n{(folder / 'log').read_text()[-2000:]}")
    seen = json.loads((folder / "seen").read_text())
    if not (child := os.fork()):
        Patching(folder, chosen, seen).run(arguments)
    os.waitpid(child, 0)
    seconds = sum(own for own, _ in seen.values())
    for mutant in chosen:
        if str(mutant.number) not in told(folder):
            if not (child := fork(seconds)):
                Importing(folder, mutant, seen).run(arguments)
            tell(folder, mutant, ended(child, seconds))
    return list(told(folder).values()), seconds


def files(part):
    """The modules of a room, without those of another room in it and those that only a real model runs."""
    folder = ROOT / "math_eval" / part
    others = [ROOT / "math_eval" / other for other, _, _ in ROOMS.values() if other.startswith(f"{part}/")]
    found = sorted(set(folder.rglob("*.py")) - {ROOT / "math_eval" / name for name in UNSEEN})
    return [path for path in found if not any(other in path.parents for other in others)]


@click.command(help=__doc__)
@click.argument("room", type=click.Choice(list(ROOMS)))
@click.option("--count", default=60, show_default=True, help="Mutants to try.")
@click.option("--file", "only", default="", help="Only mutants of files whose name holds this.")
@click.option("--seed", default=0, show_default=True, help="Of the choice of the mutants.")
def main(room, count, only, seed):
    part, modules, tests = ROOMS[room]
    sys.path.insert(0, str(ROOT))
    for name in LIBRARIES:
        __import__(name)  # once here, not once a mutant
    arguments = [*(str(ROOT / "tests" / f"{module}.py") for module in modules.split()), "-k", tests, "-m", "not model"]
    arguments += ["-q", "-x", "--capture=sys", "-p", "no:cacheprovider", "-p", "no:warnings"]
    found = [mutant for mutant in mutants(files(part)) if only in mutant.path.name]
    random.Random(seed).shuffle(found)
    with tempfile.TemporaryDirectory() as name:
        results, seconds = tried(found[:count], arguments, Path(name))
    killed = sum(result != "survived" for result in results)
    click.echo(f"{room}: {killed} of {len(results)} killed ({killed / max(1, len(results)):.1%}), seed {seed}")
    click.echo(f"{results.count('endless')} of them by endless work; mutants in all: {len(found)}")
    click.echo(f"the tests alone: {seconds:.1f} s")


if __name__ == "__main__":
    main()
