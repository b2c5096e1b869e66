"""What a user asks of a run, before anything is looked up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from math_eval.engines import ENGINES, EngineSettings
from math_eval.errors import RequestError
from math_eval.generate.conversation import ToolRules
from math_eval.graders import DEFAULT_GRADER, GRADERS
from math_eval.models import Hub
from math_eval.runfolder.layout import MAX_SAMPLES

Seeding = Literal["none", "request"]


@dataclass(frozen=True, slots=True)
class RunRequest:
    """Everything `math-eval run` and `evaluate` take; None means: what the suite or the model family says.

    limit: only the first so many problems of each benchmark. samples: size of the sampled set (0: none). lengths_from:
    earlier runs' folders, which tell which problems take long. shard: (i, n), 1-based: this process makes only its
    part of the problems. tools: whether programs are executed (None: where the prompt type asks for it). reading
    "qwen": by the reference's rules. unsandboxed: without isolation. reward_model: scores the samples once they are
    made; "family" means the model family's own. reward_engine: as for `math-eval reward`; reward_base_urls: of the
    servers that hold it. grader: whose verdicts the run has. command: the command line, for run.json.
    """

    model: str
    benchmarks: tuple[str, ...] = ()
    suite: str | None = None
    prompt: str | None = None
    shots: int | None = None
    adapt_few_shot: bool | None = None
    family: str | None = None
    engine: str | None = None
    settings: EngineSettings = field(default_factory=EngineSettings)
    hub: Hub = "huggingface"
    revision: str | None = None
    greedy: bool | None = None
    samples: int | None = None
    set_name: str = "sampled"
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    max_tokens: int | None = None
    stop_token_ids: tuple[int, ...] | None = None
    seeding: Seeding = "none"
    limit: int | None = None
    output: Path | None = None
    demonstrations: Path | None = None
    data_dir: Path | None = None
    shard: tuple[int, int] | None = None
    retry_failed: bool = False
    lengths_from: tuple[Path, ...] = ()
    reading: ToolRules = "ours"
    tools: Literal["python", "none"] | None = None
    max_tool_calls: int = 4
    tool_timeout: float = 5.0
    unsandboxed: bool = False
    reward_model: str | None = None
    reward_engine: str | None = None
    reward_base_urls: tuple[str, ...] = ()
    grader: str = DEFAULT_GRADER
    command: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        ENGINES.check(self.engine or "vllm")
        GRADERS.check(self.grader)
        for sound, message in self._conditions():
            if not sound:
                raise RequestError(message)

    def _conditions(self) -> Iterator[tuple[bool, str]]:
        yield any(char.isalnum() for char in self.model), f"{self.model!r} is no model: expected a folder or a name"
        yield (
            bool(self.benchmarks or self.suite),
            "say what to run: --benchmark NAME or --suite NAME (math-eval benchmarks list, suites list)",
        )
        for flag, value, low in (
            ("--limit", self.limit, 1),
            ("--max-tokens", self.max_tokens, 1),
            ("--samples", self.samples, 0),
            ("--shots", self.shots, 0),
            ("--top-k", self.top_k, -1),
            ("--max-tool-calls", self.max_tool_calls, 1),
        ):
            yield value is None or value >= low, f"{flag} {value}: expected {low} or more"
        yield (self.samples or 0) < MAX_SAMPLES, f"--samples {self.samples}: expected less than {MAX_SAMPLES}"
        yield (
            self.temperature is None or 0 <= self.temperature <= 10,
            f"--temperature {self.temperature}: expected 0 to 10",
        )
        yield 0 < self.tool_timeout <= 3600, f"--tool-timeout {self.tool_timeout}: expected more than 0, at most 3600 s"
        yield self.top_p is None or 0 < self.top_p <= 1, f"--top-p {self.top_p}: expected more than 0 and at most 1"
        tokens_sound = all(token >= 0 for token in self.stop_token_ids or ())
        yield tokens_sound, "--stop-token-ids: expected token ids of 0 or more"
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
