"""Names → reward engines: the one place that knows which there are and what each needs."""

from __future__ import annotations

from math_eval.engines.base import EngineSettings
from math_eval.errors import RequestError, UnknownNameError
from math_eval.models import LocalModel
from math_eval.rewards.base import REWARD_ENGINES, RewardEngine
from math_eval.rewards.form import RewardForm
from math_eval.rewards.preset import RewardKind


def check_reward_engine(name: str) -> None:
    """UnknownNameError, with near names, unless the engine exists."""
    if name not in REWARD_ENGINES:
        raise UnknownNameError("reward engine", name, REWARD_ENGINES)


def make_reward_engine(
    name: str,
    model: str,
    local: LocalModel | None,
    form: RewardForm | None,
    kind: RewardKind,
    settings: EngineSettings,
    marker_id: int | None = None,
) -> RewardEngine:
    """The engine of that name, loaded; raises what its construction raises."""
    if name == "server":
        from math_eval.rewards.server import ServerRewardEngine

        return ServerRewardEngine(model, settings, kind)
    if local is None or form is None:
        raise RequestError(f"--engine {name} needs a model folder or hub name")
    if name == "vllm":
        from math_eval.rewards.vllm import VllmRewardEngine

        return VllmRewardEngine(local.folder, settings, form, marker_id)
    from math_eval.rewards.transformers import TransformersRewardEngine

    return TransformersRewardEngine(local.folder, settings, form)
