"""The house rules that a machine can check: imports run one way, files are small, formats are documented."""

import ast
import inspect
import re
from pathlib import Path

import msgspec

from math_eval.benchmarks import spec as benchmark_spec
from math_eval.external import row_format
from math_eval.families import family
from math_eval.generate import pipeline
from math_eval.graders.equivalence import policy
from math_eval.prompts import template
from math_eval.prompts.demonstrations import CollectionSpec
from math_eval.rewards import preset
from math_eval.runfolder import layout, reward_layout
from math_eval.scoring import metrics
from math_eval.suites import suite
from math_eval.templating import FILTERS

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "math_eval"

TIERS = [
    {"cli", "__main__", "__init__"},
    {"training", "api"},
    {"evaluation"},
    {"reports", "grading"},
    {"results", "generate"},
    {"runfolder", "external"},
    {"engines", "rewards", "graders", "scoring", "tools"},
    {"answers", "prompts", "benchmarks", "families", "suites", "reported", "models", "sandbox"},
    {"templating", "sources"},
    {"documents", "boxes", "registry", "files", "plugins"},
    {"records", "errors", "options"},
]
SAME_TIER = {("rewards", "engines"), ("scoring", "graders")}
HEAVY = {"torch", "vllm", "transformers", "datasets", "ray", "sympy", "scipy", "numpy", "pyarrow", "modelscope"}


def room(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def tier(name):
    return next(level for level, rooms in enumerate(TIERS) if name in rooms)


def imports(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, node in tree.body
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node in tree.body


def test_imports_run_one_way():
    wrong = []
    for path in PACKAGE.rglob("*.py"):
        own = room(path)
        for module, _ in imports(path):
            if not module.startswith("math_eval.") or own in {"__init__", "__main__"}:
                continue
            other = module.split(".")[1]
            if other == own:
                continue
            down = tier(other) > tier(own)
            if not down and (own, other) not in SAME_TIER and own != "cli":
                wrong.append(f"{path.relative_to(ROOT)} imports {module}")
    assert wrong == []


def test_heavy_libraries_are_imported_at_the_moment_of_use():
    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in PACKAGE.rglob("*.py")
        for module, at_top in imports(path)
        if at_top and module.split(".")[0] in HEAVY
    ]
    assert wrong == []


def test_latex2sympy_stands_alone():
    for path in (ROOT / "latex2sympy").rglob("*.py"):
        assert not [module for module, _ in imports(path) if module.startswith("math_eval")]


def test_files_are_small_and_named():
    for path in [*PACKAGE.rglob("*.py"), *(ROOT / "latex2sympy").rglob("*.py"), *(ROOT / "perf").rglob("*.py")]:
        assert path.read_text(encoding="utf-8").count("\n") <= 400, path
        assert path.name not in {"utils.py", "common.py", "helpers.py", "misc.py"}


def test_functions_are_short():
    too_long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for folder in (PACKAGE, ROOT / "latex2sympy", ROOT / "perf")
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno - node.body[0].lineno >= 59  # without the parameters: evaluate() names every option
    ]
    assert too_long == []


def structs():
    modules = (benchmark_spec, family, suite, preset, template, layout, reward_layout, metrics, row_format, policy)
    found = [CollectionSpec]
    for module in modules:
        for _, value in inspect.getmembers(module, inspect.isclass):
            if issubclass(value, msgspec.Struct) and value.__module__ == module.__name__:
                found.append(value)
    return found


SECTIONS = {
    benchmark_spec: "Benchmarks",
    family: "Model families",
    suite: "Suites",
    preset: "Reward models",
    template: "Prompts",
    layout: "The run folder",
    reward_layout: "The run folder",
    metrics: "The run folder",
    row_format: "Layouts of other harnesses",
    policy: "Policy",
}
"""Which section of docs/formats.md or docs/grading.md documents the structures of a module."""


def sections():
    text = "\n".join((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("formats.md", "grading.md"))
    parts = [part.partition("\n") for part in text.split("\n## ")]
    return {title.partition(":")[0]: body for title, _, body in parts}


def test_every_key_of_every_format_is_documented_in_its_section():
    found = sections()
    missing = []
    for struct in structs():
        module = inspect.getmodule(struct)
        section = found["Demonstrations" if struct is CollectionSpec else SECTIONS[module]]
        missing += [f"{struct.__name__}.{key}" for key in struct.__struct_fields__ if f"`{key}`" not in section]
    missing += [f"filter {name}" for name in FILTERS if f"\n| `{name}`" not in found["Benchmarks"]]
    timing = found["The run folder"].partition("### timing.json")[2]
    missing += [f"Timing.{name}" for name in pipeline.Timing.__slots__ if f"`{name}`" not in timing]
    assert missing == []


def test_every_format_refuses_unknown_keys():
    for struct in structs():
        assert struct.__struct_config__.forbid_unknown_fields, struct.__name__


def test_the_pages_name_files_that_exist():
    missing = []
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        text = page.read_text(encoding="utf-8")
        named = re.findall(r"\b(?:math_eval|perf|tests|docs|data|sh)/[\w./*-]*[\w*]", text)
        missing += [f"{page.name}: {name}" for name in named if "NAME" not in name and not any(ROOT.glob(name))]
        files = [page.parent / link for link in re.findall(r"\]\(([^):#]+)(?:#[^)]*)?\)", text)]
        missing += [f"{page.name}: {file}" for file in files if not file.exists()]
    assert missing == []


def test_the_cli_reference_is_current():
    from docs_cli import reference

    assert (ROOT / "docs/cli.md").read_text(encoding="utf-8") == reference(), "run: python docs/docs_cli.py"
