"""Names → reward engines: the one place that knows which engines exist and what each needs."""

from __future__ import annotations

from math_eval.engines.base import EngineSettings
from math_eval.errors import RequestError, UnknownNameError
from math_eval.models import LocalModel
from math_eval.rewards.base import REWARD_ENGINES, RewardEngine
from math_eval.rewards.form import RewardForm
from math_eval.rewards.preset import RewardKind


def check_reward_engine(name: str) -> None:
    """Checks the name of a reward engine.

    Args:
        name: The name that a user gave.

    Raises:
        UnknownNameError: There is no such engine; the text offers similar names.
    """
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
    """Loads a reward model.

    Args:
        name: The engine's name: "vllm", "transformers" or "server".
        model: The model's name, as a server knows it.
        local: The model's folder; not needed for a server.
        form: The model's class, kind and head; not needed for a server.
        kind: Whether responses or steps are scored.
        settings: Devices, memory, context length, servers.
        marker_id: Token id of a process model's step marker; vLLM needs it.

    Returns:
        The engine, ready to score.

    Raises:
        RequestError: The engine needs a model folder and there is none.
        ModelError: The engine cannot load this model.
        MissingPackageError: The engine's package is not installed.
        EngineError: The engine failed to start, or a server cannot be used.
    """
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
