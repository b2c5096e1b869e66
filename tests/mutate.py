"""Mutation testing of one room: each small change of its code is to make a test of the room fail.

    python tests/mutate.py scoring --budget 300

No file is changed: a forked child imports the changed module in place of the real one and runs the room's fast tests.
Mutants come in a fixed random order, so that a run which its budget ends is a fair sample.
"""

import ast
import os
import random
import resource
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path

import click
import hypothesis
import pytest

ROOT = Path(__file__).resolve().parents[1]
PROCESSES = "really_full or stop_keeps or kill_anywhere or ctrl_c"  # their programs do not see the mutant
ROOMS = {
    "scoring": (
        "scoring",
        "test_figures test_scoring test_statistics",
        "not detectable and not two_evaluations and not sixteen",
    ),
    "answers": ("answers", "test_answers test_graders", "extraction or python_face or hostile or class_is_a_grader"),
    "engines": ("engines", "test_engine_parts test_engines test_vllm_start test_order", ""),
    "runfolder": ("runfolder", "test_runfolder test_order test_runs", f"not ({PROCESSES})"),
    "equivalence": ("graders/equivalence", "test_answers test_graders test_cases", ""),
}
"""Room → its folder, the modules of its tests, and which of their tests (pytest -k)."""
MODEL_FILES = frozenset({"engines/transformers.py", "engines/vllm.py"})
"""Files that only tests with a real model run: left out, and said so."""
SWAPS = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
    ast.LShift: ast.RShift, ast.RShift: ast.LShift,
}  # fmt: skip
ELEMENTS = ("elts", "keywords")
SKIPPED = (ast.Raise, ast.Import, ast.ImportFrom, ast.AnnAssign)  # messages; names; declarations


@dataclass(frozen=True, slots=True)
class Mutant:
    """A change of one node: the node's number in the walk of its file, and which of its changes."""

    path: Path
    node: int
    change: int
    line: int
    text: str


def walk(tree):
    """Nodes whose change can matter: no docstrings, annotations, decorators, imports or texts of errors."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for name, value in ast.iter_fields(node):
            if name in {"annotation", "returns", "decorator_list", "bases", "type_params"}:
                continue
            if isinstance(node, ast.ClassDef) and name == "keywords":
                continue
            for child in value if isinstance(value, list) else [value]:
                if not isinstance(child, ast.AST) or isinstance(child, SKIPPED) or is_text(child):
                    continue
                waiting.append(child)


def is_text(node):
    """Whether a statement is a docstring, or the list of a package's public names."""
    if isinstance(node, ast.Assign):
        return any(isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets)
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def changes(node):
    """Every change of a node, as a label and the function that makes it."""
    yield from constant_changes(node)
    if isinstance(node, ast.Compare):
        for at, operator in enumerate(node.ops):
            if type(operator) in SWAPS:
                yield "comparison", lambda at=at: node.ops.__setitem__(at, SWAPS[type(node.ops[at])]())
    elif isinstance(node, ast.BoolOp | ast.BinOp | ast.AugAssign) and type(node.op) in SWAPS:
        yield "operator", lambda: setattr(node, "op", SWAPS[type(node.op)]())
    elif isinstance(node, ast.UnaryOp):  # two signs are none
        yield "without its sign", lambda: setattr(node, "operand", ast.UnaryOp(node.op, node.operand))
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        yield "condition", lambda: setattr(node, "test", ast.UnaryOp(ast.Not(), node.test))
    elif isinstance(node, ast.Return) and node.value is not None and not is_none(node.value):
        yield "returns None", lambda: setattr(node, "value", ast.Constant(None))
    yield from removals(node)


def removals(node):
    """A node without one of its elements, arguments or statements."""
    for name in () if isinstance(node, ast.ClassDef) else ELEMENTS:
        for at in range(len(getattr(node, name, ()))):
            if isinstance(getattr(node, "ctx", None), ast.Store):
                continue
            yield f"without {name[:-1]} {at}", lambda name=name, at=at: getattr(node, name).pop(at)
    for at, statement in enumerate(body_of(node)):
        if isinstance(statement, ast.Assign | ast.AugAssign | ast.Delete | ast.Break | ast.Continue) or (
            isinstance(statement, ast.Expr) and not is_text(statement)
        ):
            yield f"without statement {at}", lambda at=at: body_of(node).__setitem__(at, ast.Pass())


def constant_changes(node):
    """Another value for a constant."""
    if not isinstance(node, ast.Constant) or is_none(node) or node.value is Ellipsis:
        return
    if isinstance(node.value, bool):
        yield "other truth", lambda: setattr(node, "value", not node.value)
    elif isinstance(node.value, int | float):
        yield "one more", lambda: setattr(node, "value", node.value + 1)
    elif isinstance(node.value, str):
        yield "other text", lambda: setattr(node, "value", f"XX{node.value}")


def is_none(node):
    return isinstance(node, ast.Constant) and node.value is None


def body_of(node):
    """The statements of a block; none of a module, whose names others import, or of a class."""
    return () if isinstance(node, ast.Module | ast.ClassDef | ast.Lambda | ast.IfExp) else getattr(node, "body", ())


def mutants(folder):
    """Every mutant of a folder's modules."""
    for path in sorted(folder.rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        lines = source.splitlines()
        for number, node in enumerate(walk(ast.parse(source))):
            for change, (label, _) in enumerate(changes(node)):
                line = getattr(node, "lineno", 1)
                if label.startswith("without statement"):
                    line = body_of(node)[int(label.split()[-1])].lineno
                yield Mutant(path, number, change, line, f"{label}: {lines[line - 1].strip()}")


def mutated_code(mutant):
    """The module's code with the change made."""
    tree = ast.parse(mutant.path.read_text(encoding="utf-8"))
    node = next(node for number, node in enumerate(walk(tree)) if number == mutant.node)
    list(changes(node))[mutant.change][1]()
    return compile(ast.fix_missing_locations(tree), str(mutant.path), "exec")


class MutantLoader(SourceFileLoader):
    """Loads the changed code of one module."""

    def __init__(self, name, path, code):
        super().__init__(name, path)
        self._code = code

    def get_code(self, fullname):
        return self._code


class MutantFinder:
    """Finds the mutated module before Python finds the real one."""

    def __init__(self, mutant):
        name = ".".join(mutant.path.relative_to(ROOT).with_suffix("").parts)
        self._name = name.removesuffix(".__init__")
        self._loader = MutantLoader(self._name, str(mutant.path), mutated_code(mutant))

    def find_spec(self, fullname, path=None, target=None):
        if fullname == self._name:
            return spec_from_file_location(fullname, self._loader.path, loader=self._loader)
        return None


class QuickHypothesis:
    """The same examples each time; a failure is not made smaller, since nobody reads it."""

    def pytest_configure(self, config):
        phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
        hypothesis.settings.register_profile("mutate", deadline=None, derandomize=True, database=None, phases=phases)
        hypothesis.settings.load_profile("mutate")


def run_tests(mutant, arguments, cpu_s, folder):
    """What a room's tests say in a forked child: survived, killed, or endless (too much time)."""
    child = os.fork()
    if not child:
        os.setsid()
        os.dup2(os.open(os.devnull if mutant else folder / "log", os.O_RDWR | os.O_CREAT), 1)
        os.dup2(1, 2)
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
        code = 1
        try:
            if mutant:
                sys.meta_path.insert(0, MutantFinder(mutant))
            code = pytest.main([*arguments, "--basetemp", str(folder / "tests")], plugins=[QuickHypothesis()])
        finally:
            os._exit(code)
    end = time.monotonic() + 10 * cpu_s
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return "survived" if status == 0 else "endless" if os.WIFSIGNALED(status) else "killed"
        if time.monotonic() > end:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return "endless"
        time.sleep(0.01)


def cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@click.command(help=__doc__)
@click.argument("room", type=click.Choice(list(ROOMS)))
@click.option("--budget", default=600.0, show_default=True, help="Seconds of processor time, after which it stops.")
@click.option("--file", "only", default="", help="Only mutants of files whose name holds this.")
@click.option("--seed", default=0, show_default=True, help="Of the order of the mutants.")
def main(room, budget, only, seed):
    part, modules, tests = ROOMS[room]
    sys.path.insert(0, str(ROOT))
    for name in ("numpy", "scipy.stats", "flint", "msgspec", "httpx", "jinja2", "yaml", "rich.table"):
        __import__(name)  # once here, not once a mutant
    arguments = [str(ROOT / "tests" / f"{module}.py") for module in modules.split()]
    arguments += ["-q", "-x", "-p", "no:cacheprovider", "-m", "not model", "-k", tests]
    found = [mutant for mutant in mutants(ROOT / "math_eval" / part) if only in mutant.path.name]
    apart = [mutant for mutant in found if "/".join(mutant.path.parts[-2:]) in MODEL_FILES]
    found = [mutant for mutant in found if mutant not in apart]
    random.Random(seed).shuffle(found)
    results = {"killed": 0, "endless": 0, "survived": 0}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if run_tests(None, arguments, 600, folder) != "survived":
            raise click.ClickException(f"the tests fail without a mutant\n{(folder / 'log').read_text()[-2000:]}")
        baseline = cpu_seconds()
        for mutant in found:
            if cpu_seconds() > budget:
                break
            result = run_tests(mutant, arguments, int(3 * baseline) + 10, folder)
            results[result] += 1
            if result == "survived":
                click.echo(f"survived {mutant.path.relative_to(ROOT)}:{mutant.line} {mutant.text}")
    total = sum(results.values())
    killed = results["killed"] + results["endless"]
    share = f"{100 * killed / total:.1f} %" if total else "-"
    click.echo(f"{room}: {killed} of {total} killed ({share}), {results['endless']} of them by endless work")
    click.echo(f"mutants in all: {len(found)}, and {len(apart)} in files that need a model")
    click.echo(f"processor time: {cpu_seconds():.0f} s; the tests alone: {baseline:.1f} s")


if __name__ == "__main__":
    main()
