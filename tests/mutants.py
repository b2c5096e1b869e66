"""The small changes of mutation testing (tests/mutate.py): what can be changed in a module, and the changed code."""

import ast
import inspect
import sys
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

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

    number: int
    path: Path
    node: int
    change: int
    line: int
    text: str


def walk(tree):
    """Nodes whose change can matter: no docstrings, types, decorators, imports or texts of errors."""
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
                if isinstance(child, ast.keyword) and child.arg == "strict":  # zip's assertion
                    continue
                if not isinstance(child, ast.AST) or isinstance(child, SKIPPED) or is_text(child) or is_typing(child):
                    continue
                waiting.append(child)


def is_text(node):
    """Whether a statement is a docstring, or the list of a package's public names."""
    if isinstance(node, ast.Assign):
        return any(isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets)
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def is_typing(node):
    """Whether a statement is for type checkers alone: the name of a type, or their imports."""
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    union = isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp) and isinstance(node.value.op, ast.BitOr)
    sides = [node.value.left, node.value.right] if union else [getattr(node, "value", None)]
    return (
        isinstance(node, ast.Assign) and node.col_offset == 0 and all(isinstance(one, ast.Subscript) for one in sides)
    )


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
            if (
                isinstance(getattr(node, "ctx", None), ast.Store)
                or getattr(getattr(node, name)[at], "arg", "") == "strict"
            ):
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


def mutants(paths):
    """Every mutant of some modules."""
    number = 0
    for path in paths:
        source = path.read_text(encoding="utf-8")
        lines = source.splitlines()
        for at, node in enumerate(walk(ast.parse(source))):
            for change, (label, _) in enumerate(changes(node)):
                line = getattr(node, "lineno", 1)
                if label.startswith("without statement"):
                    line = body_of(node)[int(label.split()[-1])].lineno
                yield Mutant(number, path, at, change, line, f"{label}: {lines[line - 1].strip()}")
                number += 1


def mutated_code(mutant):
    """The module's code with the change made."""
    tree = ast.parse(mutant.path.read_text(encoding="utf-8"))
    node = next(node for number, node in enumerate(walk(tree)) if number == mutant.node)
    list(changes(node))[mutant.change][1]()
    return compile(ast.fix_missing_locations(tree), str(mutant.path), "exec")


def function_at(mutant):
    """The outermost function whose body holds the change, as its file, name and first line; None outside functions."""
    for node in ast.walk(ast.parse(mutant.path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            if node.body[0].lineno <= mutant.line <= node.end_lineno:
                return str(mutant.path), node.name, first
    return None


def place_of(code):
    return code.co_filename, code.co_name, code.co_firstlineno


def code_at(place, code):
    """The code object of a function, wherever it is nested."""
    if place_of(code) == place:
        return code
    nested = (code_at(place, one) for one in code.co_consts if inspect.iscode(one))
    return next((one for one in nested if one), None)


def module_name(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


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
        self._name = module_name(mutant.path)
        self._loader = MutantLoader(self._name, str(mutant.path), mutated_code(mutant))

    def find_spec(self, fullname, path=None, target=None):
        if fullname == self._name:
            return spec_from_file_location(fullname, self._loader.path, loader=self._loader)
        return None


def install(name):
    """Has the mutant of this name imported in place of its module, in a program that a test starts; "" is none."""
    if name:
        path, node, change = name.split("|")
        sys.meta_path.insert(0, MutantFinder(Mutant(0, Path(path), int(node), int(change), 0, "")))
