"""Decides which sets a run makes of each benchmark, and with which sampling settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from math_eval.benchmarks import Benchmark
from math_eval.engines import sampling_read
from math_eval.errors import RequestError
from math_eval.families import SamplingPreset, samples_by_size
from math_eval.families.family import DEFAULT_SAMPLES
from math_eval.generate.model_settings import ModelSettings
from math_eval.generate.request import RunRequest
from math_eval.records import Sampling
from math_eval.runfolder.layout import SetInfo
from math_eval.suites import Suite


@dataclass(frozen=True, slots=True)
class SamplingSet:
    """A set to make.

    Attributes:
        name: Its name.
        sampling: Its sampling settings.
        samples: Samples of each problem.
        by_size: Whether `samples` is the makers' number for small benchmarks, so that larger ones get fewer.
    """

    name: str
    sampling: Sampling
    samples: int
    by_size: bool = False

    def samples_of(self, benchmark: Benchmark) -> int:
        """Returns the number of samples of each problem of a benchmark split."""
        return samples_by_size(self.samples, len(benchmark)) if self.by_size else self.samples


def make_sets(
    request: RunRequest, suite: Suite | None, model: ModelSettings, warn: Callable[[str], None]
) -> Iterator[SamplingSet]:
    """Yields the sets of a run: those asked for, else those of the suite, else those that the model's makers report.

    Args:
        request: The request.
        suite: The suite, if the request names one.
        model: How the model is asked.
        warn: Receives one line if greedy decoding is asked for and the makers advise against it.

    Raises:
        RequestError: The request contradicts itself.
    """
    mode = model.mode
    greedy = _first(request.greedy, suite.greedy if suite else None)
    samples = _first(request.samples, suite.samples if suite else None)
    by_size = samples is None and not mode.makes_greedy_set and not greedy
    if by_size:
        samples = mode.samples or DEFAULT_SAMPLES
    if greedy is None:
        greedy = mode.makes_greedy_set
    if not greedy and not samples:
        raise RequestError("no set to make: --no-greedy needs --samples N")
    if greedy:
        if mode.greedy_decoding == "advised-against":
            warn(
                f"the makers of {model.match.family.title} advise against greedy decoding; --samples N samples instead"
            )
        yield SamplingSet("greedy", _sampling(request, model, mode.greedy_settings, greedy=True), 1)
    if samples:
        if (mode.sampled.temperature if request.temperature is None else request.temperature) == 0:
            raise RequestError(
                "--samples with --temperature 0 would repeat the same sample"
                if request.samples
                else "--temperature 0: expected more than 0 for a sampled set; --greedy decodes greedily"
            )
        yield SamplingSet(request.set_name, _sampling(request, model, mode.sampled, greedy=False), samples, by_size)


def _first(*values: bool | int | None) -> bool | int | None:
    return next((value for value in values if value is not None), None)


def _sampling(request: RunRequest, model: ModelSettings, preset: SamplingPreset, *, greedy: bool) -> Sampling:
    stated = {
        name: value
        for name in preset.__struct_fields__
        if (value := getattr(request, name)) is not None and not (greedy and name in _SAMPLED_ONLY)
    }
    settings = msgspec.structs.asdict(msgspec.structs.replace(preset, **stated))
    stop_ids = request.stop_token_ids
    return Sampling(
        **settings,
        frequency_penalty=request.frequency_penalty or 0.0,
        stop=request.stop,
        thinking_budget=request.thinking_budget,
        min_thinking=request.min_thinking or 0,
        stop_token_ids=tuple(model.match.family.stop_token_ids) if stop_ids is None else stop_ids,
    )


_SAMPLED_ONLY = frozenset({"temperature", "top_p", "top_k", "min_p"})
"""The settings that have no meaning in greedy decoding."""


def applicable_sets(
    request: RunRequest, engine: str | None, sets: Iterable[SamplingSet], warn: Callable[[str], None]
) -> Iterator[SamplingSet]:
    """Yields the sets with the settings that the engine can apply.

    Args:
        request: The request.
        engine: The name of the engine; None for an object of the caller, which applies all.
        sets: The sets.
        warn: Receives one line for each setting of the model family that is left out.

    Raises:
        RequestError: A setting that the user gave cannot be applied.
    """
    applied = sampling_read(engine) if engine else None
    for sampling_set in sets:
        sampling = sampling_set.sampling
        for name, neutral in _NEUTRAL.items():
            if applied is None or name in applied or getattr(sampling, name) == neutral:
                continue
            label = name.replace("_", "-")
            if getattr(request, name):
                raise RequestError(f"--{label} has no effect: the engine {engine} cannot apply it")
            warn(f"the engine {engine} cannot apply the family's {label} {getattr(sampling, name):g}; it is left out")
            left_out: dict[str, Any] = {name: neutral}
            sampling = replace(sampling, **left_out)
        yield replace(sampling_set, sampling=sampling)


_NEUTRAL = {
    "top_k": -1,
    "min_p": 0.0,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
    "repetition_penalty": 1.0,
}
"""Sampling settings that an engine may lack → the value that changes nothing."""


SAMPLING_OPTIONS = (*_NEUTRAL, "temperature", "top_p", "max_tokens", "stop", "stop_token_ids")
"""The options that set a field of Sampling, under the same name."""


def set_info(sampling: Sampling) -> SetInfo:
    """Returns what run.json keeps of the sampling settings of a set."""
    values: dict[str, Any] = {name: getattr(sampling, name) for name in SetInfo.__struct_fields__}
    return SetInfo(**values | {"stop": list(sampling.stop), "stop_token_ids": list(sampling.stop_token_ids)})
