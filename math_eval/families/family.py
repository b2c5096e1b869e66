"""Model families: the prompt and the settings with which the models of a family are evaluated, by mode."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import msgspec

from math_eval.documents import read_document
from math_eval.errors import RequestError
from math_eval.registry import find

GreedyDecoding = Literal["advised", "allowed", "advised-against"]
"""What the makers say of greedy decoding; it decides the set that a run makes by default."""

DEFAULT_SAMPLES = 8
"""Samples of a small benchmark where greedy decoding is advised against and the makers name no number."""

_SMALL_BENCHMARK = 30
"""Problems of the contests for which makers state how many samples they average."""


class SamplingPreset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sampling settings of one kind of set.

    Attributes:
        temperature: 0 for greedy decoding.
        top_p: Probability mass that tokens are drawn from, 0 to 1; 1 for all.
        top_k: Number of tokens that are drawn from; -1 for all.
        min_p: The least probability of a token, as a share of that of the likeliest token; 0 for no bound.
        presence_penalty: Subtracted from the score of each token that the completion has; 0 for none.
        repetition_penalty: Divides the score of each token that the prompt or the completion has; 1 for none.
        max_tokens: The most new tokens of a completion.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = -1
    min_p: float = 0.0
    presence_penalty: float = 0.0
    repetition_penalty: float = 1.0
    max_tokens: int = 2048


class ThoughtMarks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The marks around a thought in the text of a completion.

    Attributes:
        start: The mark that opens the thought.
        end: The mark that closes it.
        opened_by_template: Whether the chat template writes `start`, so that a completion begins inside the thought.
    """

    start: str
    end: str
    opened_by_template: bool = False


class Mode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the models of a family are asked in one mode, such as "thinking".

    In a family file, a mode states only what differs from the keys of the family itself.

    Attributes:
        sampled: Settings of the sampled set.
        greedy: Settings of the greedy set; None for those of the sampled set at temperature 0.
        greedy_decoding: What the makers say of greedy decoding.
        samples: Samples of each problem that the makers average on contests of about 30 problems; 0 if they do not say.
        template_arguments: Arguments of the chat template, such as enable_thinking.
        reasoning_effort: The effort that the template or the server is asked for; "" for none.
        system: The system message; "" for none.
        prefix: The text with which the model's turn begins, unless the chat template writes it; "" for none.
        thought: The marks of thoughts; None if the models of this mode write none.
        closing: The text with its mark that closes a thought at --thinking-budget; "" for the mark alone.
    """

    sampled: SamplingPreset = SamplingPreset(temperature=0.7, top_p=0.95)
    greedy: SamplingPreset | None = None
    greedy_decoding: GreedyDecoding = "allowed"
    samples: int = 0
    template_arguments: dict[str, Any] = {}
    reasoning_effort: str = ""
    system: str = ""
    prefix: str = ""
    thought: ThoughtMarks | None = None
    closing: str = ""

    @property
    def greedy_settings(self) -> SamplingPreset:
        """The settings of the greedy set."""
        greedy = self.greedy or self.sampled
        return msgspec.structs.replace(greedy, temperature=0.0, top_p=1.0, top_k=-1, min_p=0.0)

    @property
    def makes_greedy_set(self) -> bool:
        """Whether a run makes the greedy set by default, rather than the sampled one.

        Where the makers allow greedy decoding without advising it, they report it if the family states settings for it
        and no number of samples.
        """
        if self.greedy_decoding == "allowed":
            return self.greedy is not None and not self.samples
        return self.greedy_decoding == "advised"


def samples_by_size(samples: int, problems: int) -> int:
    """Returns how many samples of each problem a benchmark gets where only the number for small ones is known.

    Larger benchmarks get as many samples in all as 30 problems do, and at least one of each problem.

    Args:
        samples: Samples of each problem of a contest of 30 problems.
        problems: Problems of the benchmark.

    Example:
        >>> [samples_by_size(64, problems) for problems in (15, 30, 100, 500, 1319, 5000)]
        [64, 64, 20, 4, 2, 1]
    """
    return max(1, min(samples, -(-samples * _SMALL_BENCHMARK // problems)))


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where settings were read.

    Attributes:
        text: The model card, report or configuration.
        date: When it was read: YYYY-MM or YYYY-MM-DD.
        confirmed: Whether the source itself was read, rather than a second hand or nothing.
    """

    text: str
    date: str
    confirmed: bool


class Family(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A model family file; docs/formats.md describes its keys.

    Attributes:
        schema: The version of the file format.
        title: The family's name for readers.
        match: Shell patterns for the model's name in its plain form; see `plain_name`.
        exclude: Shell patterns of names that do not belong to the family although `match` fits.
        prompt: The prompt that is used unless another is asked for.
        fits: The prompts that the family may be evaluated with without a warning.
        stop_token_ids: Token ids that end a completion, in addition to the model's own.
        reward_model: The reward model of the family; "" for none.
        quantized: The family of the same models with quantised weights, where it differs; "" if it is this one.
        default_mode: The mode that is used unless another is asked for; "" if there is only one.
        modes: Mode → the keys of `Mode` in which it differs from the family's own.
        sources: Where the settings were read.
        note: A remark for readers.
    """

    SCHEMA: ClassVar[int] = 1
    schema: int
    title: str
    match: list[str]
    prompt: str
    fits: list[str]
    exclude: list[str] = []
    stop_token_ids: list[int] = []
    reward_model: str = ""
    quantized: str = ""
    default_mode: str = ""
    modes: dict[str, dict[str, Any]] = {}
    sources: list[Source] = []
    note: str = ""
    sampled: SamplingPreset = SamplingPreset(temperature=0.7, top_p=0.95)
    greedy: SamplingPreset | None = None
    greedy_decoding: GreedyDecoding = "allowed"
    samples: int = 0
    template_arguments: dict[str, Any] = {}
    reasoning_effort: str = ""
    system: str = ""
    prefix: str = ""
    thought: ThoughtMarks | None = None
    closing: str = ""

    def __post_init__(self) -> None:
        if bool(self.modes) != bool(self.default_mode) or (self.modes and self.default_mode not in self.modes):
            raise ValueError("default_mode must name one of the modes, and modes need it")
        for name in self.modes:
            self._resolve(name)

    def mode(self, name: str = "") -> Mode:
        """Returns a mode with everything that the family says of it.

        Args:
            name: The name of a mode; "" for the default one.

        Raises:
            RequestError: The family has no such mode.
        """
        if name and name not in self.modes:
            names = f"one of {', '.join(self.modes)}" if self.modes else "none: its models have a single mode"
            raise RequestError(f"--mode {name}: {self.title}: expected {names}")
        return self._resolve(name or self.default_mode)

    def _resolve(self, name: str) -> Mode:
        shared = {field: getattr(self, field) for field in Mode.__struct_fields__}
        changes = self.modes.get(name, {})
        if unknown := changes.keys() - shared.keys():
            raise ValueError(f"mode {name}: unknown key {min(unknown)!r}; known keys: {', '.join(shared)}")
        return msgspec.convert({**msgspec.to_builtins(shared), **changes}, Mode)


def load_family(name: str) -> Family:
    """Reads a family file.

    Args:
        name: The name of a family, or the path of a file.

    Returns:
        The family.

    Raises:
        UnknownNameError: There is no such family; the text offers similar names.
        DataError: The file is not a model family.
    """
    return read_document(find("models", name, label="model family"), Family)
