"""From a request to a plan: names looked up, data loaded and checked, settings resolved, before any model is loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from math_eval.benchmarks import Benchmark, Definition, define, load_split, parse_name
from math_eval.engines import NEEDS_MODEL_FOLDER, default_engine, settings_read
from math_eval.engines.urls import without_credentials
from math_eval.errors import RequestError
from math_eval.families import Family, SamplingPreset, family_of, load_family
from math_eval.files import file_name
from math_eval.generate.conversation import ToolRules
from math_eval.generate.effect import Effects, refuse_shots, refuse_without_effect
from math_eval.generate.environment import git_commit, hardware, versions
from math_eval.generate.request import RunRequest
from math_eval.models import LocalModel, has_chat_template, resolve
from math_eval.prompts import Demonstrations, Template, load_demonstrations, load_template
from math_eval.records import Problem, Prompt, Sampling
from math_eval.registry import is_path
from math_eval.runfolder.layout import FORMAT, BenchmarkInfo, Extent, PromptLine, RunInfo, SetInfo
from math_eval.sources import Progress
from math_eval.suites import Suite, SuiteEntry, load_suite
from math_eval.tools.transcript import ToolProtocol

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class BenchmarkTask:
    """One benchmark split with the prompt it is asked with; the problems are those that this run takes.

    prompts: by the problem's id, each rendered once.
    """

    benchmark: Benchmark
    definition: str
    problems: tuple[Problem, ...]
    template: Template
    demonstrations: Demonstrations | None
    prompts: Mapping[str, Prompt]

    def prompt(self, problem: Problem) -> Prompt:
        """The prompt of one of the problems."""
        return self.prompts[problem.id]

    def prompt_lines(self) -> Iterator[PromptLine]:
        """Every problem's prompt as prompts.jsonl holds it."""
        for problem in self.problems:
            prompt = self.prompt(problem)
            yield PromptLine(
                benchmark=problem.benchmark,
                split=problem.split,
                problem=problem.id,
                question=problem.question,
                gold=problem.gold,
                text=prompt.text,
                messages=[dict(message) for message in prompt.messages],
                kind=problem.kind,
                language=problem.language,
                accepted=list(problem.accepted),
                options=dict(problem.options),
                groups=dict(problem.groups),
                policy=dict(problem.policy),
                known_bad=problem.known_bad,
                grader_fields={name: dict(fields) for name, fields in problem.grader_fields.items()},
            )


@dataclass(frozen=True, slots=True)
class SamplingSet:
    """A set to be made: its name, its settings, and how many samples of each problem."""

    name: str
    sampling: Sampling
    samples: int


@dataclass(frozen=True, slots=True)
class ToolPlan:
    """Whether and how programs are executed. rules "qwen": the reference's, under every prompt type but cot."""

    python: bool
    rules: ToolRules
    max_calls: int
    timeout: float

    def said(self) -> str:
        """What run.json records of it."""
        if not self.python:
            return f"none, {self.rules} rules"
        return f"python, {self.rules} rules, at most {self.max_calls} calls of {self.timeout:g} s"


@dataclass(frozen=True, slots=True)
class Plan:
    """A resolved request."""

    request: RunRequest
    folder: Path
    local: LocalModel | None
    engine: str
    family: Family
    units: tuple[BenchmarkTask, ...]
    sets: tuple[SamplingSet, ...]
    ks: tuple[int, ...]
    info: RunInfo
    tools: ToolPlan

    def protocol(self, unit: BenchmarkTask) -> ToolProtocol | None:
        """How a unit's completions ask for executions; None where no program of theirs is ever executed."""
        return protocol_of(unit.template, self.tools, self.engine)

    @property
    def executes(self) -> bool:
        """Whether a sandbox is needed."""
        return self.tools.python and any(self.protocol(unit) is not None for unit in self.units)


def protocol_of(template: Template, tools: ToolPlan, engine: str) -> ToolProtocol | None:
    """A prompt type's protocol; stored completions (replay) hold their outputs already."""
    if engine == "replay":
        return None
    if template.spec.programs == "python":
        return "program" if template.spec.answer == "program" else "blocks"
    return "blocks" if tools.rules == "qwen" and template.name != "cot" else None


def make_plan(
    request: RunRequest,
    *,
    warn: Say,
    progress: Callable[[str], Progress | None] | None = None,
    own_engine: bool = False,
) -> Plan:
    """Resolves a request; raises what looking names up, reading data and finding the model raise.

    own_engine: the caller made the engine, and so chose its settings.
    warn gets one line for what is allowed but probably not meant (a prompt that does not fit the model's family).
    """
    suite = load_suite(request.suite) if request.suite else None
    wanted = list(_wanted(request, suite))  # names first: they are cheap to check, and a model may be large
    if request.prompt:
        load_template(request.prompt)
    engine = request.engine or default_engine()
    local = None
    if engine in NEEDS_MODEL_FOLDER:
        local = resolve(request.model, hub=request.hub, revision=request.revision)
    family_name, family = _family(request, local)
    prompt = request.prompt or family.prompt
    if prompt not in family.fits and not is_path(prompt):
        warn(
            f"the prompt {prompt} does not fit {request.model} (family {family_name}), which expects "
            f"{', '.join(family.fits)}"
        )
    units = tuple(_units(request, wanted, prompt, progress))
    sets = tuple(_sets(request, suite, family))
    ks = tuple(k for k in (suite.k if suite else []) if any(k <= one.samples for one in sets))
    folder = Path(request.output) if request.output else Path("runs") / _folder_name(request.model, prompt, engine)
    programs = any(unit.template.spec.programs == "python" for unit in units)
    asked = request.tools == "python" or (request.tools is None and programs)
    tools = ToolPlan(asked, request.reading, request.max_tool_calls, request.tool_timeout)
    info = _run_info(request, engine, local, family_name, units, sets, tools)
    plan = Plan(request, folder, local, engine, family, units, sets, ks, info, tools)
    refuse_without_effect(request, _effects(plan, own_engine=own_engine))
    return plan


def _effects(plan: Plan, *, own_engine: bool) -> Effects:
    templates = [unit.template for unit in plan.units]
    return Effects(
        engine=plan.engine,
        settings_read=None if own_engine else settings_read(plan.engine),
        loads_model=plan.engine in NEEDS_MODEL_FOLDER,
        sampled=any(one.name != "greedy" for one in plan.sets),
        shots=any(template.shows_demonstrations and (template.shots or template.adaptive) for template in templates),
        adapts=any(unit.template.shows_demonstrations and unit.benchmark.spec.adaptive[1] for unit in plan.units),
        programs=any(plan.protocol(unit) is not None for unit in plan.units),
        executes=plan.executes,
    )


@dataclass(frozen=True, slots=True)
class _Wanted:
    definition: Definition
    split: str
    where: str
    entry: SuiteEntry


def _wanted(request: RunRequest, suite: Suite | None) -> Iterator[_Wanted]:
    own = [SuiteEntry(benchmarks=list(request.benchmarks))] if request.benchmarks else []
    seen: set[tuple[str, str]] = set()
    for entry in [*(suite.entries if suite else []), *own]:
        for text in entry.benchmarks:
            name, named_split = parse_name(text)
            definition = define(name)
            where = str(Path(name).expanduser().resolve()) if is_path(name) else name
            for split in definition.splits(named_split):
                if (definition.name, split) in seen:
                    raise RequestError(f"{definition.name}/{split} is asked for twice; once is enough for a run")
                seen.add((definition.name, split))
                yield _Wanted(definition, split, where, entry)


def _family(request: RunRequest, local: LocalModel | None) -> tuple[str, Family]:
    if request.family:
        return request.family, load_family(request.family)
    template = has_chat_template(local.folder) if local else None
    return family_of(request.model, has_chat_template=template)


def _units(
    request: RunRequest, wanted: list[_Wanted], prompt: str, progress: Callable[[str], Progress | None] | None
) -> Iterator[BenchmarkTask]:
    templates = [_template(request, one.entry, prompt) for one in wanted]
    refuse_shots(request, templates)  # before demonstrations are fetched for nothing
    demonstrations: Demonstrations | None = None
    for one, template in zip(wanted, templates, strict=True):
        if (template.shots or template.adaptive) and demonstrations is None:
            demonstrations = load_demonstrations(request.demonstrations, request.data_dir)
        benchmark = load_split(one.definition, one.split, data_dir=request.data_dir, progress=progress)
        problems, spec = benchmark.problems[: request.limit], benchmark.spec
        prompts = {
            problem.id: template.build(problem, demonstrations, key=spec.demonstrations, adaptive=spec.adaptive)
            for problem in problems
        }
        yield BenchmarkTask(benchmark, one.where, problems, template, demonstrations, prompts)


def _template(request: RunRequest, entry: SuiteEntry, prompt: str) -> Template:
    shots = entry.shots if request.shots is None else request.shots
    adaptive = entry.adapt_few_shot if request.adapt_few_shot is None else request.adapt_few_shot
    return load_template(request.prompt or entry.prompt or prompt, shots=shots, adaptive=adaptive)


def _sets(request: RunRequest, suite: Suite | None, family: Family) -> Iterator[SamplingSet]:
    stop_ids = tuple(family.stop_token_ids) if request.stop_token_ids is None else request.stop_token_ids
    greedy = request.greedy if request.greedy is not None else (suite.greedy if suite else True)
    samples = request.samples if request.samples is not None else (suite.samples if suite else 0)
    if not greedy and not samples:
        raise RequestError("nothing to make: --no-greedy needs --samples N")

    def settings(preset: SamplingPreset, temperature: float, top_p: float, top_k: int) -> Sampling:
        budget = request.max_tokens or preset.max_tokens
        return Sampling(temperature, top_p, top_k, max_tokens=budget, stop_token_ids=stop_ids)

    if greedy:
        yield SamplingSet("greedy", settings(family.greedy, 0.0, 1.0, -1), 1)
    if samples:
        preset = family.sampled
        temperature = preset.temperature if request.temperature is None else request.temperature
        if temperature == 0:
            raise RequestError("--samples with --temperature 0 would make the same sample again and again")
        top_p = preset.top_p if request.top_p is None else request.top_p
        top_k = preset.top_k if request.top_k is None else request.top_k
        yield SamplingSet(request.set_name, settings(preset, temperature, top_p, top_k), samples)


def _folder_name(model: str, prompt: str, engine: str) -> str:
    base = model.rstrip("/").rpartition("/")[2] if "/" in model else model
    parts = (base, Path(prompt).stem, engine)
    return "-".join(file_name(part) for part in parts)


def _run_info(
    request: RunRequest,
    engine: str,
    local: LocalModel | None,
    family: str,
    units: tuple[BenchmarkTask, ...],
    sets: tuple[SamplingSet, ...],
    tools: ToolPlan,
) -> RunInfo:
    settings = request.settings
    return RunInfo(
        format=FORMAT,
        model=request.model,
        model_revision=local.revision if local else "",
        family=family,
        engine=engine,
        engine_settings={
            "dtype": settings.dtype,
            "max_model_len": settings.max_model_len,
            "tensor_parallel": settings.tensor_parallel,
            "pipeline_parallel": settings.pipeline_parallel,
        },
        seed=settings.seed,
        seeding=request.seeding,
        sets={
            one.name: SetInfo(
                one.sampling.temperature,
                one.sampling.top_p,
                one.sampling.top_k,
                one.sampling.max_tokens,
                list(one.sampling.stop_token_ids),
            )
            for one in sets
        },
        benchmarks=[
            BenchmarkInfo(
                benchmark=unit.benchmark.name,
                split=unit.benchmark.split,
                rows=len(unit.benchmark),
                prompt=unit.template.name,
                prompt_sha256=unit.template.sha256,
                shots=unit.template.shots,
                adapt_few_shot=unit.template.adaptive,
                demonstrations_sha256=unit.demonstrations.sha256 if unit.demonstrations else "",
                data_sha256=unit.benchmark.sha256,
                definition=unit.definition,
                tools=tools.said() if protocol_of(unit.template, tools, engine) else "",
                sets={one.name: Extent(len(unit.problems), one.samples) for one in sets},
            )
            for unit in units
        ],
        versions=versions(),
        hardware=hardware(),
        git_commit=git_commit(),
        grader=request.grader,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=list(request.command),
        base_urls=[without_credentials(url) for url in settings.base_urls],
    )
