"""The request of a run, before any name is looked up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from math_eval.benchmarks import parse_limit
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
    """Everything that `math-eval run` and `evaluate` take. None means that the suite or the model family decides.

    Each field's Option says what the field means. `shard` is (i, n) with i from 1 to n: this process makes only part i
    of the problems. `settings` are those of the engine. `command` is the command line, for run.json. `stated` names the
    options that the user gave, even with their default values.

    Raises:
        RequestError: A value is out of bounds, or the request contradicts itself.
        UnknownNameError: There is no such engine or grader.
    """

    model: str
    benchmarks: Annotated[
        tuple[str, ...],
        Option(
            "data and prompt",
            "Benchmark: a name, NAME:SPLIT, or a file of yours, with [COLUMN=VALUE] for a part of it; may be repeated.",
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
        str | None, Option("data and prompt", "Prompt template; by default that of the model family.", short="-p")
    ] = None
    shots: Annotated[int | None, Option("data and prompt", "Demonstrations before the question.", low=0)] = None
    adapt_few_shot: Annotated[
        bool | None, Option("data and prompt", "Use the reference's few-shot rule for the GaoKao sets.")
    ] = None
    family: Annotated[
        str | None, Option("model", "Model family (math-eval models list); by default found by the model's name.")
    ] = None
    mode: Annotated[
        str | None,
        Option(
            "model",
            "Mode of the model's family, such as thinking, non-thinking, low, medium or high (math-eval models show).",
        ),
    ] = None
    system: Annotated[
        str | None,
        Option("data and prompt", "System message: a text, or a file that holds it; by default that of the family."),
    ] = None
    chat_template: Annotated[
        Path | None, Option("data and prompt", "File with a chat template to use in place of the model's own.")
    ] = None
    chat_template_kwargs: Annotated[
        Mapping[str, Any] | None,
        Option(
            "data and prompt",
            'Arguments of the chat template as a JSON object, such as {"enable_thinking": false}; '
            "they are added to the family's.",
        ),
    ] = None
    reasoning_effort: Annotated[
        str | None,
        Option("data and prompt", "Effort that the chat template or the server is asked for, such as low or high."),
    ] = None
    engine: Annotated[
        str | None,
        Option(
            "engine",
            "vllm, transformers, server, replay, scripted or package.module:Class; "
            "by default vllm if it is installed, else transformers.",
            short="-e",
        ),
    ] = None
    settings: EngineSettings = field(default_factory=EngineSettings)
    hub: Annotated[Hub, Option("model", "Hub on which model names are looked up.")] = "huggingface"
    revision: Annotated[str | None, Option("model", "Revision of the model on the hub.")] = None
    greedy: Annotated[
        bool | None, Option("sampling", "Make the greedy set; by default, if the family's makers report it.")
    ] = None
    samples: Annotated[
        int | None,
        Option(
            "sampling",
            "Make a sampled set with N samples of each problem; by default, if the family's makers report one, with "
            "their number.",
            low=0,
        ),
    ] = None
    set_name: Annotated[str, Option("sampling", "Name of the sampled set.", flag="--set")] = "sampled"
    temperature: Annotated[
        float | None, Option("sampling", "Temperature of the sampled set; by default the family's.", low=0, high=10)
    ] = None
    top_p: Annotated[
        float | None, Option("sampling", "Top-p of the sampled set; by default the family's.", above=0, high=1)
    ] = None
    top_k: Annotated[int | None, Option("sampling", "Top-k of the sampled set; by default the family's.", low=-1)] = (
        None
    )
    min_p: Annotated[
        float | None, Option("sampling", "Min-p of the sampled set; by default the family's.", low=0, high=1)
    ] = None
    presence_penalty: Annotated[
        float | None, Option("sampling", "Presence penalty; by default the family's.", low=-2, high=2)
    ] = None
    frequency_penalty: Annotated[
        float | None, Option("sampling", "Frequency penalty; by default none.", low=-2, high=2)
    ] = None
    repetition_penalty: Annotated[
        float | None, Option("sampling", "Repetition penalty; by default the family's.", above=0, high=10)
    ] = None
    max_tokens: Annotated[
        int | None, Option("sampling", "Maximum number of new tokens in a completion; by default the family's.", low=1)
    ] = None
    thinking_budget: Annotated[
        int | None,
        Option(
            "sampling", "Close the thought at this number of tokens, and let the model answer.", low=1, unit="tokens"
        ),
    ] = None
    min_thinking: Annotated[
        int | None,
        Option("sampling", 'Make a thought that ends earlier go on with "Wait".', low=1, unit="tokens"),
    ] = None
    stop_token_ids: Annotated[
        tuple[int, ...] | None,
        Option(
            "sampling", "Token ids that end a completion, such as 1,2; by default the family's.", low=0, separator=","
        ),
    ] = None
    stop: Annotated[
        tuple[str, ...], Option("sampling", "String that ends a completion, besides the prompt's; may be repeated.")
    ] = ()
    seeding: Annotated[
        Seeding, Option("sampling", "request: give each sample a seed of its own, which makes vLLM slower.")
    ] = "none"
    limit: Annotated[
        int | str | None,
        Option(
            "data and prompt", "Use only the first N problems of each benchmark, or A:B for those from A to before B."
        ),
    ] = None
    problems: Annotated[
        tuple[str, ...],
        Option("data and prompt", "Use only the problem with this id; may be repeated.", flag="--problem"),
    ] = ()
    shuffle: Annotated[
        int | None, Option("data and prompt", "Take the problems of --limit in a random order with this seed.", low=0)
    ] = None
    spread: Annotated[
        bool, Option("data and prompt", "Take the problems of --limit from all groups of a benchmark in proportion.")
    ] = False
    output: Annotated[Path | None, Option("output", "Run folder; by default runs/MODEL-PROMPT-ENGINE.", short="-o")] = (
        None
    )
    demonstrations: Annotated[
        Path | None, Option("data and prompt", "File of demonstrations to use instead of the built-in ones.")
    ] = None
    data_dir: Annotated[
        Path | None, Option("data and prompt", "Folder with benchmark files that you already have.")
    ] = None
    shard: Annotated[
        tuple[int, int] | None,
        Option(
            "output", "Make only part i of n, such as 2/8. Several processes can share one run folder.", separator="/"
        ),
    ] = None
    retry_failed: Annotated[bool, Option("output", "Make failed samples again.")] = False
    retry_truncated: Annotated[
        bool,
        Option(
            "output",
            "With a larger --max-tokens than before, make samples that were cut again from their beginning; by default "
            "they go on from where they stopped.",
        ),
    ] = False
    lengths_from: Annotated[
        tuple[Path, ...],
        Option(
            "engine",
            "Folder of an earlier run, for example of another checkpoint. Problems with long completions there are "
            "begun first. May be repeated.",
        ),
    ] = ()
    reading: Annotated[
        ToolRules,
        Option("programs", "qwen: execute programs by the reference's rules, with every prompt except cot."),
    ] = "ours"
    tools: Annotated[
        Literal["python", "none"] | None,
        Option(
            "programs",
            "python: execute the programs in completions, in a sandbox. "
            "By default only with prompts that ask for programs.",
        ),
    ] = None
    max_tool_calls: Annotated[int, Option("programs", "Maximum number of executions per sample.", low=1)] = 4
    tool_timeout: Annotated[
        float, Option("programs", "Time limit of an execution in seconds.", above=0, high=3600, unit="s")
    ] = 5.0
    unsandboxed: Annotated[bool, Option("programs", "Execute programs without isolation if this machine has none.")] = (
        False
    )
    reward_model: Annotated[
        str | None,
        Option("rewards", "Reward model that scores the samples afterwards; family: that of the model family."),
    ] = None
    reward_engine: Annotated[
        str | None,
        Option("rewards", "vllm, transformers or server; by default vllm if it is installed, else transformers."),
    ] = None
    reward_base_urls: Annotated[
        tuple[str, ...],
        Option("rewards", "URL of a server with the reward model; may be repeated.", flag="--reward-base-url"),
    ] = ()
    grader: Annotated[str, Option("output", "Grader that gives the verdicts.")] = DEFAULT_GRADER
    command: tuple[str, ...] = ()
    stated: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        ENGINES.check(self.engine or "vllm")
        GRADERS.check(self.grader)
        for valid, message in self._conditions():
            if not valid:
                raise RequestError(message)

    def _conditions(self) -> Iterator[tuple[bool, str]]:
        yield (
            any(char.isalnum() for char in self.model),
            f"{self.model!r} does not name a model: expected a folder or a name",
        )
        yield (
            bool(self.benchmarks or self.suite),
            "no benchmark: add --benchmark NAME or --suite NAME (math-eval benchmarks list, math-eval suites list)",
        )
        yield from bound_conditions(self)
        yield from bound_conditions(self.settings)
        parse_limit(self.limit)
        for flag, given in (("--shuffle", self.shuffle is not None), ("--spread", self.spread)):
            yield not given or self.limit is not None, f"{flag} has no effect without --limit"
        yield not (self.spread and self.shuffle is not None), "--spread excludes --shuffle"
        yield (
            (self.min_thinking or 0) <= (self.thinking_budget or self.min_thinking or 0),
            f"--min-thinking {self.min_thinking} exceeds --thinking-budget {self.thinking_budget}",
        )
        yield (self.samples or 0) < MAX_SAMPLES, f"--samples {self.samples}: expected fewer than {MAX_SAMPLES}"
        valid = self.set_name.replace("-", "").replace("_", "").isalnum() and self.set_name != "greedy"
        yield valid, f"--set {self.set_name!r}: expected letters, digits, '-' and '_', and another name than 'greedy'"
        if self.shard is not None:
            valid = len(self.shard) == 2 and 1 <= self.shard[0] <= self.shard[1]
            yield valid, f"--shard {'/'.join(map(str, self.shard))}: expected i/n with 1 ≤ i ≤ n"
            yield (
                not self.reward_model,
                "--reward-model excludes --shard; math-eval reward scores the whole run afterwards",
            )
        valid = self.reward_model is not None or not (self.reward_engine or self.reward_base_urls)
        yield valid, "--reward-engine and --reward-base-url need --reward-model"

    @property
    def shard_name(self) -> str:
        """The shard in file names, such as "2of8"; "" without a shard."""
        return f"{self.shard[0]}of{self.shard[1]}" if self.shard else ""
