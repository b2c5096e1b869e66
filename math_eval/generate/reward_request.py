"""The request to score a run with a reward model, and the plan it resolves to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from math_eval.engines import EngineSettings, default_engine
from math_eval.errors import RequestError
from math_eval.families import load_family
from math_eval.models import Hub, LocalModel, Tokenizer, resolve
from math_eval.options import bound_conditions
from math_eval.registry import is_path
from math_eval.rewards import RewardForm, TooLong, check_reward_engine, form_of
from math_eval.rewards.preset import RewardKind, RewardPreset, load_reward_preset, reward_preset_of
from math_eval.runfolder.layout import RunInfo
from math_eval.runfolder.reward_layout import REWARD_FORMAT, RewardHead


@dataclass(frozen=True, slots=True)
class RewardRequest:
    """Everything that `math-eval reward` takes.

    Attributes:
        folder: The run folder.
        model: The reward model: a folder, a hub name, or the server's name for it; "" for the one of the model family.
        engine: vllm, transformers or server; None for the default.
        settings: The settings of the engine.
        hub: The hub on which model names are looked up.
        revision: The revision of the model on the hub.
        kind: outcome or process; None if the model's config.json or its preset decides.
        preset: The name or file of a preset; None if the model's name decides.
        too_long: Whether responses that do not fit into the context are shortened, or fail.
        tokenizer: For a server: the folder or hub name of the model's tokenizer.
        limit: Use only this many problems of each benchmark, the first ones.
        sets: Score only these sets; () for all.
        retry_failed: Score samples again whose scoring failed.
        remake: Replace a rewards file that was made with other settings.

    Raises:
        RequestError: A value is out of bounds, or the request contradicts itself.
    """

    folder: Path
    model: str = ""
    engine: str | None = None
    settings: EngineSettings = field(default_factory=EngineSettings)
    hub: Hub = "huggingface"
    revision: str | None = None
    kind: RewardKind | None = None
    preset: str | None = None
    too_long: TooLong = "cut"
    tokenizer: str | None = None
    limit: int | None = None
    sets: tuple[str, ...] = ()
    retry_failed: bool = False
    remake: bool = False

    def __post_init__(self) -> None:
        if self.engine is not None:
            check_reward_engine(self.engine)
        for valid, message in self._conditions():
            if not valid:
                raise RequestError(message)

    def _conditions(self) -> Iterator[tuple[bool, str]]:
        valid = any(char.isalnum() for char in self.model) or not self.model
        yield valid, f"{self.model!r} does not name a model: expected a folder or a name"
        yield from bound_conditions(self.settings)
        yield self.limit is None or self.limit >= 1, f"--limit {self.limit}: expected 1 or more"
        yield (
            self.tokenizer is None or self.engine == "server",
            "--tokenizer is only for --engine server; other engines load that of the model",
        )
        yield (
            self.engine != "server" or bool(self.settings.base_urls),
            "--engine server needs --base-url, for example http://127.0.0.1:8000",
        )


@dataclass(frozen=True, slots=True)
class RewardPlan:
    """A resolved request.

    Attributes:
        request: The request.
        model: The name of the reward model.
        engine: The name of the engine.
        local: The model folder; None for a server.
        form: The form of the model's files; None for a server.
        kind: outcome or process.
        preset: How the model is asked.
        head: The first line of the rewards file.
    """

    request: RewardRequest
    model: str
    engine: str
    local: LocalModel | None
    form: RewardForm | None
    kind: RewardKind
    preset: RewardPreset
    head: RewardHead

    def tokenizer(self) -> Tokenizer | None:
        """Loads the model's tokenizer. Returns None for a server without --tokenizer."""
        if self.local is not None:
            return Tokenizer(self.local.folder, trust_remote_code=self.request.settings.trust_remote_code)
        if self.request.tokenizer is None:
            return None
        folder = Path(self.request.tokenizer).expanduser()
        if not folder.is_dir():
            folder = resolve(self.request.tokenizer, hub=self.request.hub, revision=self.request.revision).folder
        return Tokenizer(folder, trust_remote_code=self.request.settings.trust_remote_code)


def plan_rewards(request: RewardRequest, family: str) -> RewardPlan:
    """Resolves a request. The model folder is looked up or downloaded, but no model is loaded.

    Args:
        request: The request.
        family: The model family of the run; it names the reward model if the request does not.

    Raises:
        RequestError: No model is named and the family has none, or the kind of the model is not known.
        MathEvalError: The model cannot be found, or its files are not those of a reward model.
    """
    model = request.model or load_family(family).reward_model
    if not model:
        raise RequestError(f"the model family {family} has no reward model; use --model")
    engine = request.engine or ("server" if request.settings.base_urls else default_engine())
    local = form = None
    if engine != "server":
        local = resolve(model, hub=request.hub, revision=request.revision)
        form = form_of(local.folder, request.kind)
    name, preset = _preset(request, model, form.kind if form else request.kind)
    head = RewardHead(
        format=REWARD_FORMAT,
        model=model,
        revision=local.revision if local else "",
        kind=preset.kind,
        preset=Path(name).stem if is_path(name) else name,
        preset_sha256=preset.sha256(),
        too_long=request.too_long,
        engine=engine,
        dtype=request.settings.dtype if local else "",
        max_model_len=request.settings.max_model_len,
    )
    return RewardPlan(request, model, engine, local, form, preset.kind, preset, head)


def run_plan(info: RunInfo, folder: Path, model: str, engine: str | None, settings: EngineSettings) -> RewardPlan:
    """Makes the plan of `math-eval run --reward-model`.

    Args:
        info: The run.json of the run.
        folder: The run folder.
        model: The reward model; "family" for the one of the model family.
        engine: The engine of the reward model; None for the default.
        settings: The settings of that engine.

    Raises:
        MathEvalError: As for `plan_rewards`.
    """
    request = RewardRequest(folder, "" if model == "family" else model, engine, settings)
    return plan_rewards(request, info.family)


def _preset(request: RewardRequest, model: str, kind: RewardKind | None) -> tuple[str, RewardPreset]:
    if request.preset is not None:
        preset = load_reward_preset(request.preset)
        if kind is not None and kind != preset.kind:
            raise RequestError(f"--preset {request.preset} is for {preset.kind} reward models; {model} is {kind}")
        return request.preset, preset
    match = reward_preset_of(model, kind)
    if match is None:
        raise RequestError(f"{model}: no preset matches this model; add --kind outcome, --kind process or --preset")
    return match
