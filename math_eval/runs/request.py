"""What a user asks of a run, before anything is looked up."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from math_eval.engines import EngineSettings, check_engine
from math_eval.errors import RequestError
from math_eval.models import Hub

Seeding = Literal["none", "request"]


@dataclass(frozen=True, slots=True)
class RunRequest:
    """Everything `math-eval run` and `evaluate` take; None means: what the suite or the model family says.

    limit: only the first so many problems of each benchmark. samples: size of the sampled set (0: none).
    shard: (i, n), 1-based: this process makes only its part of the problems.
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

    def __post_init__(self) -> None:
        check_engine(self.engine or "vllm")
        if not self.benchmarks and not self.suite:
            raise RequestError(
                "say what to run: --benchmark NAME or --suite NAME (math-eval benchmarks list, suites list)"
            )
        _positive("--limit", self.limit)
        _positive("--max-tokens", self.max_tokens)
        if self.samples is not None and self.samples < 0:
            raise RequestError(f"--samples {self.samples}: expected 0 or more")
        if self.shots is not None and self.shots < 0:
            raise RequestError(f"--shots {self.shots}: expected 0 or more")
        if self.temperature is not None and not 0 <= self.temperature <= 10:
            raise RequestError(f"--temperature {self.temperature}: expected 0 to 10")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise RequestError(f"--top-p {self.top_p}: expected more than 0 and at most 1")
        if self.set_name == "greedy" or not self.set_name.replace("-", "").replace("_", "").isalnum():
            raise RequestError(f"--set {self.set_name!r}: expected letters, digits, '-' and '_', and not 'greedy'")
        if self.shard and not 1 <= self.shard[0] <= self.shard[1]:
            raise RequestError(f"--shard {self.shard[0]}/{self.shard[1]}: expected i/n with 1 ≤ i ≤ n")

    @property
    def shard_name(self) -> str:
        """The shard as file names spell it, "" without one."""
        return f"{self.shard[0]}of{self.shard[1]}" if self.shard else ""


def _positive(flag: str, value: int | None) -> None:
    if value is not None and value < 1:
        raise RequestError(f"{flag} {value}: expected 1 or more")
