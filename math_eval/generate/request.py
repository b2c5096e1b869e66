"""What a user asks of a run, before anything is looked up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from math_eval.engines import ENGINES, EngineSettings
from math_eval.errors import RequestError
from math_eval.generate.conversation import ToolRules
from math_eval.graders import DEFAULT_GRADER, GRADERS
from math_eval.models import Hub
from math_eval.options import Option, bound_conditions
from math_eval.runfolder.layout import MAX_SAMPLES

Seeding = Literal["none", "request"]


@dataclass(frozen=True, slots=True)
class RunRequest:
    """Everything `math-eval run` and `evaluate` take; None means: what the suite or the model family says.

    Each field's Option says what it means. shard is (i, n) with i from 1: this process makes only its part of the
    problems. command: the command line, for run.json. stated: options that the user named, whatever their values.
    """

    model: str
    benchmarks: Annotated[
        tuple[str, ...],
        Option(
            "data and prompt",
            "A benchmark by name, NAME:SPLIT, or your own file; may repeat.",
            flag="--benchmark",
            short="-b",
        ),
    ] = ()
    suite: Annotated[
        str | None,
        Option(
            "data and prompt", "A named list of benchmarks with their settings (math-eval suites list).", short="-s"
        ),
    ] = None
    prompt: Annotated[
        str | None, Option("data and prompt", "Prompt template; by default the one of the model's family.", short="-p")
    ] = None
    shots: Annotated[int | None, Option("data and prompt", "Demonstrations before the question.", low=0)] = None
    adapt_few_shot: Annotated[bool | None, Option("data and prompt", "The reference's rule for the GaoKao sets.")] = (
        None
    )
    family: Annotated[
        str | None, Option("model", "Model family (math-eval models list); by default found from the model's name.")
    ] = None
    engine: Annotated[
        str | None,
        Option(
            "engine",
            "vllm, transformers, server, replay, scripted or package.module:Class; "
            "by default vllm, or transformers without it.",
            short="-e",
        ),
    ] = None
    settings: EngineSettings = field(default_factory=EngineSettings)
    hub: Annotated[Hub, Option("model", "Where model names are looked up.")] = "huggingface"
    revision: Annotated[str | None, Option("model", "Commit of the model on its hub.")] = None
    greedy: Annotated[bool | None, Option("sampling", "Make the greedy set (the default).")] = None
    samples: Annotated[
        int | None, Option("sampling", "Also make a sampled set with N samples of each problem.", low=0)
    ] = None
    set_name: Annotated[str, Option("sampling", "Name of the sampled set.", flag="--set")] = "sampled"
    temperature: Annotated[
        float | None, Option("sampling", "Of the sampled set; by default the family's.", low=0, high=10)
    ] = None
    top_p: Annotated[
        float | None, Option("sampling", "Of the sampled set; by default the family's.", above=0, high=1)
    ] = None
    top_k: Annotated[int | None, Option("sampling", "Of the sampled set; by default the family's.", low=-1)] = None
    max_tokens: Annotated[
        int | None, Option("sampling", "Most new tokens of a completion; by default the family's.", low=1)
    ] = None
    stop_token_ids: Annotated[
        tuple[int, ...] | None,
        Option("sampling", "Token ids that end a completion, as 1,2; by default the family's.", low=0, separator=","),
    ] = None
    seeding: Annotated[Seeding, Option("sampling", "request: a seed for each sample, slower in vLLM.")] = "none"
    limit: Annotated[int | None, Option("data and prompt", "Only the first N problems of each benchmark.", low=1)] = (
        None
    )
    output: Annotated[Path | None, Option("output", "Run folder; by default runs/MODEL-PROMPT-ENGINE.", short="-o")] = (
        None
    )
    demonstrations: Annotated[
        Path | None, Option("data and prompt", "A file of demonstrations instead of the pinned ones.")
    ] = None
    data_dir: Annotated[Path | None, Option("data and prompt", "Folder of benchmark files that are already there.")] = (
        None
    )
    shard: Annotated[
        tuple[int, int] | None,
        Option("output", "Make only part i of n, as 2/8; several processes may share one run folder.", separator="/"),
    ] = None
    retry_failed: Annotated[bool, Option("output", "Make failed samples again.")] = False
    lengths_from: Annotated[
        tuple[Path, ...],
        Option(
            "engine",
            "Folder of an earlier run, of another checkpoint say: what took long there is begun first; may repeat.",
        ),
    ] = ()
    reading: Annotated[
        ToolRules,
        Option("programs", "qwen: programs are executed by the reference's rules, under every prompt type but cot."),
    ] = "ours"
    tools: Annotated[
        Literal["python", "none"] | None,
        Option(
            "programs",
            "Execute the programs that completions ask for, in a sandbox; by default for prompt types that ask for it.",
        ),
    ] = None
    max_tool_calls: Annotated[int, Option("programs", "Executions a sample may ask for.", low=1)] = 4
    tool_timeout: Annotated[
        float, Option("programs", "Seconds an execution may take.", above=0, high=3600, unit="s")
    ] = 5.0
    unsandboxed: Annotated[
        bool, Option("programs", "Execute programs without isolation, where the machine offers none.")
    ] = False
    reward_model: Annotated[
        str | None, Option("rewards", "Score the samples with this reward model afterwards; family: the family's own.")
    ] = None
    reward_engine: Annotated[
        str | None,
        Option("rewards", "vllm, transformers or server; by default vllm where installed, else transformers."),
    ] = None
    reward_base_urls: Annotated[
        tuple[str, ...], Option("rewards", "URL of a server of it; may repeat.", flag="--reward-base-url")
    ] = ()
    grader: Annotated[str, Option("output", "Whose verdicts.")] = DEFAULT_GRADER
    command: tuple[str, ...] = ()
    stated: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        ENGINES.check(self.engine or "vllm")
        GRADERS.check(self.grader)
        for sound, message in self._conditions():
            if not sound:
                raise RequestError(message)

    def _conditions(self) -> Iterator[tuple[bool, str]]:
        yield (
            any(char.isalnum() for char in self.model),
            f"{self.model!r} does not name a model: expected a folder or a name",
        )
        yield (
            bool(self.benchmarks or self.suite),
            "say what to run: --benchmark NAME or --suite NAME (math-eval benchmarks list, suites list)",
        )
        yield from bound_conditions(self)
        yield from bound_conditions(self.settings)
        yield (self.samples or 0) < MAX_SAMPLES, f"--samples {self.samples}: expected less than {MAX_SAMPLES}"
        plain = self.set_name.replace("-", "").replace("_", "").isalnum() and self.set_name != "greedy"
        yield plain, f"--set {self.set_name!r}: expected letters, digits, '-' and '_', and not 'greedy'"
        if self.shard is not None:
            sound = len(self.shard) == 2 and 1 <= self.shard[0] <= self.shard[1]
            yield sound, f"--shard {'/'.join(map(str, self.shard))}: expected i/n with 1 ≤ i ≤ n"
            yield not self.reward_model, "--reward-model: not with --shard; math-eval reward scores the whole run"
        told = self.reward_model is not None or not (self.reward_engine or self.reward_base_urls)
        yield told, "--reward-engine and --reward-base-url need --reward-model"

    @property
    def shard_name(self) -> str:
        """The shard as file names spell it, "" without one."""
        return f"{self.shard[0]}of{self.shard[1]}" if self.shard else ""
