"""What a user asks of scoring a run with a reward model, and that request resolved."""

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
    """Everything `math-eval reward` takes.

    model: a folder or hub name, the server's name for it, or "" for the one that belongs to the run's model family.
    kind, preset: None means as the model's config.json and name tell. tokenizer: for a server, the folder or hub name
    of the model's tokenizer. limit: only the first so many problems of each benchmark. sets: only these (): all.
    remake: begin anew where the file holds other settings.
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
        for sound, message in self._conditions():
            if not sound:
                raise RequestError(message)

    def _conditions(self) -> Iterator[tuple[bool, str]]:
        named = any(char.isalnum() for char in self.model) or not self.model
        yield named, f"{self.model!r} does not name a model: expected a folder or a name"
        yield from bound_conditions(self.settings)
        yield self.limit is None or self.limit >= 1, f"--limit {self.limit}: expected 1 or more"
        yield (
            self.tokenizer is None or self.engine == "server",
            "--tokenizer is for --engine server; other engines have the model's own",
        )
        yield (
            self.engine != "server" or bool(self.settings.base_urls),
            "--engine server needs --base-url, for example http://127.0.0.1:8000",
        )


@dataclass(frozen=True, slots=True)
class RewardPlan:
    """A request with the model found, its kind and preset decided, and what the file's first line will say."""

    request: RewardRequest
    model: str
    engine: str
    local: LocalModel | None
    form: RewardForm | None
    kind: RewardKind
    preset: RewardPreset
    head: RewardHead

    def tokenizer(self) -> Tokenizer | None:
        """The model's tokenizer, loaded now; None for a server without --tokenizer."""
        if self.local is not None:
            return Tokenizer(self.local.folder, trust_remote_code=self.request.settings.trust_remote_code)
        if self.request.tokenizer is None:
            return None
        folder = Path(self.request.tokenizer).expanduser()
        if not folder.is_dir():
            folder = resolve(self.request.tokenizer, hub=self.request.hub, revision=self.request.revision).folder
        return Tokenizer(folder, trust_remote_code=self.request.settings.trust_remote_code)


def plan_rewards(request: RewardRequest, family: str) -> RewardPlan:
    """Resolves a request; family: the run's, for a model that is not named. Weights are found, nothing is loaded.

    RequestError where the kind cannot be known or no model is named; what `resolve` and `form_of` raise.
    """
    model = request.model or load_family(family).reward_model
    if not model:
        raise RequestError(f"the model family {family} has no reward model; name one with --model")
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
    """The plan of `math-eval run --reward-model`: everything else as the model tells; "family" names the family's."""
    request = RewardRequest(folder, "" if model == "family" else model, engine, settings)
    return plan_rewards(request, info.family)


def _preset(request: RewardRequest, model: str, kind: RewardKind | None) -> tuple[str, RewardPreset]:
    if request.preset is not None:
        preset = load_reward_preset(request.preset)
        if kind is not None and kind != preset.kind:
            raise RequestError(f"--preset {request.preset} is for {preset.kind} reward models; {model} is {kind}")
        return request.preset, preset
    found = reward_preset_of(model, kind)
    if found is None:
        raise RequestError(f"{model}: no preset knows this model; say --kind outcome or --kind process, or --preset")
    return found
