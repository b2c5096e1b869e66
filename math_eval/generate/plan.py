"""Makes a plan of a request: looks up names, loads data and resolves settings, before any model is loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import msgspec

from math_eval.benchmarks import (
    Benchmark,
    Definition,
    Selection,
    covered_groups,
    define,
    load_split,
    parse_conditions,
    parse_limit,
    parse_name,
)
from math_eval.engines import NEEDS_MODEL_FOLDER, EngineSettings, check_settings, default_engine, settings_read
from math_eval.engines.urls import without_credentials
from math_eval.errors import RequestError
from math_eval.files import file_name
from math_eval.generate.conversation import ToolRules
from math_eval.generate.effect import Effects, refuse_shots, refuse_without_effect
from math_eval.generate.environment import git_commit, hardware, versions
from math_eval.generate.model_settings import ModelSettings, model_settings
from math_eval.generate.request import RunRequest
from math_eval.generate.sets import SAMPLING_OPTIONS, SamplingSet, applicable_sets, make_sets, set_info
from math_eval.models import LocalModel, resolve
from math_eval.models.adapter import read_adapter
from math_eval.models.source import fingerprint
from math_eval.prompts import Demonstrations, Template, load_demonstrations, load_template
from math_eval.records import Problem, Prompt
from math_eval.registry import is_path
from math_eval.runfolder.layout import FORMAT, BenchmarkInfo, Extent, PromptLine, RunInfo
from math_eval.sources import Progress
from math_eval.suites import Suite, SuiteEntry, load_suite
from math_eval.tools.transcript import ToolProtocol


@dataclass(frozen=True, slots=True)
class BenchmarkTask:
    """One benchmark split with the prompts of its problems.

    Attributes:
        benchmark: The benchmark split.
        definition: The name or the path of the benchmark, as the request gave it.
        selection: The choice of problems, before the limit.
        problems: The problems that this run covers.
        template: The prompt template.
        demonstrations: The demonstrations, if the template shows any.
        prompts: Problem id → prompt.
    """

    benchmark: Benchmark
    definition: str
    selection: Selection
    problems: tuple[Problem, ...]
    template: Template
    demonstrations: Demonstrations | None
    prompts: Mapping[str, Prompt]

    def prompt(self, problem: Problem) -> Prompt:
        """Returns the prompt of a problem of this task."""
        return self.prompts[problem.id]

    def prompt_lines(self) -> Iterator[PromptLine]:
        """Yields the lines of prompts.jsonl for the problems."""
        for problem in self.problems:
            yield PromptLine.of(problem, self.prompt(problem))


@dataclass(frozen=True, slots=True)
class ToolPlan:
    """Whether and how programs are executed.

    Attributes:
        python: Whether Python programs are executed.
        rules: Our rules, or those of the reference ("qwen"), which apply with every prompt type except cot.
        max_calls: The largest number of executions for one sample.
        timeout: Seconds that one execution may take.
    """

    python: bool
    rules: ToolRules
    max_calls: int
    timeout: float

    def summary(self) -> str:
        """Returns the text that run.json records."""
        if not self.python:
            return f"none, {self.rules} rules"
        return f"python, {self.rules} rules, at most {self.max_calls} calls of {self.timeout:g} s"


@dataclass(frozen=True, slots=True)
class Plan:
    """A resolved request.

    Attributes:
        request: The request.
        folder: The run folder.
        local: The model folder; None if the engine needs none.
        engine: The name of the engine.
        model: How the model is asked.
        tasks: The benchmark splits with their prompts.
        sets: The sets to make of each.
        ks: The k at which figures are computed.
        info: The run.json of the request by itself.
        tools: Whether and how programs are executed.
    """

    request: RunRequest
    folder: Path
    local: LocalModel | None
    engine: str
    model: ModelSettings
    tasks: tuple[BenchmarkTask, ...]
    sets: tuple[SamplingSet, ...]
    ks: tuple[int, ...]
    info: RunInfo
    tools: ToolPlan

    def protocol(self, task: BenchmarkTask) -> ToolProtocol | None:
        """Returns how the completions of a task ask for executions; None if their programs are never executed."""
        return protocol_of(task.template, self.tools, self.engine)

    @property
    def settings(self) -> EngineSettings:
        """The settings of the engine, with the chat form, marks of thoughts, and the names of what the user gave."""
        request, marks = self.request, self.model.mode.thought
        return replace(
            request.settings,
            chat=self.model.chat,
            thought_marks=(marks.start, marks.end) if marks else (),
            stated=frozenset(name for name in SAMPLING_OPTIONS if getattr(request, name) not in {None, ()}),
        )

    @property
    def executes(self) -> bool:
        """Whether programs are executed, so that a sandbox is needed."""
        return self.tools.python and any(self.protocol(task) is not None for task in self.tasks)


def protocol_of(template: Template, tools: ToolPlan, engine: str) -> ToolProtocol | None:
    """Returns how the completions of a prompt template ask for executions.

    Returns:
        The protocol; None if their programs are never executed. The completions of the replay engine contain the
        output of their programs already.
    """
    if engine == "replay":
        return None
    if template.spec.programs == "python":
        return "program" if template.spec.answer == "program" else "blocks"
    return "blocks" if tools.rules == "qwen" and template.name != "cot" else None


def make_plan(
    request: RunRequest,
    *,
    warn: Callable[[str], None],
    progress: Callable[[str], Progress | None] | None = None,
    caller_engine: bool = False,
    weights: bool = True,
) -> Plan:
    """Resolves a request into a plan. The model folder is looked up or downloaded, but no model is loaded.

    Args:
        request: The request.
        warn: Receives one line about a request that is allowed but probably a mistake, such as a prompt that does not
            fit the model's family.
        progress: Makes the progress bar of a download.
        caller_engine: Whether the caller made the engine. Its settings are then not checked.
        weights: Whether the model's weights are needed.

    Raises:
        RequestError: The request contradicts itself, or an option has no effect.
        UnknownNameError: There is no benchmark, suite, prompt template or family of a name.
        MathEvalError: Data or the model cannot be loaded.
    """
    suite = load_suite(request.suite) if request.suite else None
    requested = list(_requested_splits(request, suite))  # names first: cheap to check, and a model may be large
    if request.prompt:
        load_template(request.prompt)
    engine = request.engine or default_engine()
    if not caller_engine:
        check_settings(engine, request.settings)
    local = None
    if request.settings.lora is not None:
        read_adapter(request.settings.lora)
    if engine in NEEDS_MODEL_FOLDER:
        local = resolve(request.model, hub=request.hub, revision=request.revision, weights=weights)
    model = model_settings(request, engine, local)
    for assumption in model.assumptions:
        warn(assumption)
    family = model.match.family
    prompt = request.prompt or family.prompt
    if prompt not in family.fits and not is_path(prompt):
        warn(
            f"the prompt {prompt} does not fit {request.model} (family {model.match.name}), which expects "
            f"{', '.join(family.fits)}; --prompt {family.prompt} asks as its makers do"
        )
    tasks = tuple(_tasks(request, requested, prompt, progress, model.system, warn))
    requested_sets = make_sets(request, suite, model, warn)
    sets = tuple(applicable_sets(request, None if caller_engine else engine, requested_sets, warn))
    ks = tuple(k for k in (suite.k if suite else []) if any(k <= sampling_set.samples for sampling_set in sets))
    folder = Path(request.output) if request.output else Path("runs") / _folder_name(request.model, prompt, engine)
    has_programs = any(task.template.spec.programs == "python" for task in tasks)
    executes = request.tools == "python" or (request.tools is None and has_programs)
    tools = ToolPlan(executes, request.reading, request.max_tool_calls, request.tool_timeout)
    info = _run_info(request, engine, local, model, tasks, sets, tools)
    plan = Plan(request, folder, local, engine, model, tasks, sets, ks, info, tools)
    if plan.executes and (request.thinking_budget or request.min_thinking):
        raise RequestError("--thinking-budget and --min-thinking exclude prompts with programs")
    refuse_without_effect(request, _effects(plan, caller_engine=caller_engine))
    return plan


def _effects(plan: Plan, *, caller_engine: bool) -> Effects:
    templates = [task.template for task in plan.tasks]
    return Effects(
        engine=plan.engine,
        settings_read=None if caller_engine else settings_read(plan.engine),
        loads_model=plan.engine in NEEDS_MODEL_FOLDER,
        sampled=any(sampling_set.name != "greedy" for sampling_set in plan.sets),
        chat=any(template.spec.kind == "chat" for template in templates),
        shots=any(template.shows_demonstrations and (template.shots or template.adaptive) for template in templates),
        adapts=any(task.template.shows_demonstrations and task.benchmark.spec.adaptive[1] for task in plan.tasks),
        programs=any(plan.protocol(task) is not None for task in plan.tasks),
        executes=plan.executes,
    )


@dataclass(frozen=True, slots=True)
class _RequestedSplit:
    definition: Definition
    split: str
    name: str
    entry: SuiteEntry
    selection: Selection


def _requested_splits(request: RunRequest, suite: Suite | None) -> Iterator[_RequestedSplit]:
    entries = list(suite.entries) if suite else []
    if request.benchmarks:
        entries.append(SuiteEntry(benchmarks=list(request.benchmarks)))
    keys: set[tuple[str, str]] = set()
    start, _ = parse_limit(request.limit)
    for entry in entries:
        for text in entry.benchmarks:
            plain, where = parse_conditions(text)
            name, named_split = parse_name(plain)
            selection = Selection(where, list(request.problems), request.shuffle, request.spread, start)
            definition = define(name)
            full_name = str(Path(name).expanduser().resolve()) if is_path(name) else name
            for split in definition.splits(named_split):
                if (definition.name, split) in keys:
                    raise RequestError(f"{definition.name}/{split} is requested twice")
                keys.add((definition.name, split))
                yield _RequestedSplit(definition, split, full_name, entry, selection)


def _tasks(
    request: RunRequest,
    requested: list[_RequestedSplit],
    prompt: str,
    progress: Callable[[str], Progress | None] | None,
    system: str,
    warn: Callable[[str], None],
) -> Iterator[BenchmarkTask]:
    templates = [_template(request, split.entry, prompt) for split in requested]
    refuse_shots(request, templates)  # before demonstrations are downloaded
    demonstrations: Demonstrations | None = None
    for split, template in zip(requested, templates, strict=True):
        if (template.shots or template.adaptive) and demonstrations is None:
            demonstrations = load_demonstrations(request.demonstrations, request.data_dir)
        benchmark = load_split(split.definition, split.split, data_dir=request.data_dir, progress=progress)
        problems, spec = _chosen(request, benchmark, split.selection, warn), benchmark.spec
        prompts = {
            problem.id: template.build(
                problem, demonstrations, key=spec.demonstrations, adaptive=spec.adaptive, system=system
            )
            for problem in problems
        }
        yield BenchmarkTask(benchmark, split.name, split.selection, problems, template, demonstrations, prompts)


def _chosen(
    request: RunRequest, benchmark: Benchmark, selection: Selection, warn: Callable[[str], None]
) -> tuple[Problem, ...]:
    """The problems that a request covers, with a warning where a plain limit leaves groups out."""
    chosen = selection.apply(benchmark.problems, benchmark.name)
    problems = tuple(chosen[: parse_limit(request.limit)[1]])
    plain = not (selection.ids or selection.spread or selection.shuffle is not None)
    if plain and request.limit is not None and (lacking := covered_groups(chosen, problems)):
        column, covered, known = lacking
        warn(
            f"--limit {request.limit} of {benchmark.name}: these problems have {covered} of the {known} values of "
            f"{column}; --spread takes all groups in proportion, --shuffle SEED a random part"
        )
    return problems


def _template(request: RunRequest, entry: SuiteEntry, prompt: str) -> Template:
    shots = entry.shots if request.shots is None else request.shots
    adaptive = entry.adapt_few_shot if request.adapt_few_shot is None else request.adapt_few_shot
    return load_template(request.prompt or entry.prompt or prompt, shots=shots, adaptive=adaptive)


def _folder_name(model: str, prompt: str, engine: str) -> str:
    base = model.rstrip("/").rpartition("/")[2] if "/" in model else model
    parts = (base, Path(prompt).stem, engine)
    return "-".join(file_name(part) for part in parts)


def _recorded(settings: EngineSettings) -> dict[str, Any]:
    """What run.json keeps of the settings of the engine. Headers are kept as they were given, without their values."""
    always = ("dtype", "max_model_len", "tensor_parallel", "pipeline_parallel")
    where_given = ("engine_arguments", "extra_body", "headers", "request_timeout")
    recorded = {name: getattr(settings, name) for name in always}
    recorded |= {
        name: value for name in where_given if (value := getattr(settings, name)) != getattr(EngineSettings(), name)
    }
    for name, folder in (("lora", settings.lora), ("tokenizer", settings.tokenizer)):
        if folder is not None:
            recorded[name] = {"folder": str(folder), "revision": fingerprint(folder)}
    return cast("dict[str, Any]", msgspec.json.decode(msgspec.json.encode(recorded)))  # as a stored run.json has them


def _run_info(
    request: RunRequest,
    engine: str,
    local: LocalModel | None,
    model: ModelSettings,
    tasks: tuple[BenchmarkTask, ...],
    sets: tuple[SamplingSet, ...],
    tools: ToolPlan,
) -> RunInfo:
    settings = request.settings
    return RunInfo(
        format=FORMAT,
        model=request.model,
        model_revision=local.revision if local else "",
        family=model.match.name,
        engine=engine,
        engine_settings=_recorded(settings),
        seed=settings.seed,
        seeding=request.seeding,
        sets={sampling_set.name: set_info(sampling_set.sampling) for sampling_set in sets},
        benchmarks=[
            BenchmarkInfo(
                benchmark=task.benchmark.name,
                split=task.benchmark.split,
                rows=len(task.benchmark),
                prompt=task.template.name,
                prompt_sha256=task.template.sha256,
                shots=task.template.shots,
                adapt_few_shot=task.template.adaptive,
                demonstrations_sha256=task.demonstrations.sha256 if task.demonstrations else "",
                data_sha256=task.benchmark.sha256,
                definition=task.definition,
                selection=task.selection,
                tools=tools.summary() if protocol_of(task.template, tools, engine) else "",
                sets={
                    sampling_set.name: Extent(len(task.problems), sampling_set.samples_of(task.benchmark))
                    for sampling_set in sets
                },
            )
            for task in tasks
        ],
        versions=versions(),
        hardware=hardware(),
        git_commit=git_commit(),
        grader=request.grader,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=list(request.command),
        base_urls=[without_credentials(url) for url in settings.base_urls],
        mode=model.mode_name,
        chat=model.recorded_chat(),
        assumptions=list(model.assumptions),
    )
