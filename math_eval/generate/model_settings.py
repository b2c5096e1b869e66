"""Decides how a model is asked: its family, mode, prompt and chat form, and says what had to be assumed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from math_eval.errors import DataError, RequestError
from math_eval.families import CHAT, FamilyMatch, Mode, SamplingPreset, family_of, load_family
from math_eval.generate.request import RunRequest
from math_eval.models import LocalModel, has_chat_template
from math_eval.models.generation_config import FILE, read_generation_config
from math_eval.records import ChatForm
from math_eval.registry import user_path

ASK_NO_MODEL = frozenset({"replay", "scripted"})
"""Engines whose completions do not depend on the prompt, so that nothing is assumed about a model."""

_MAX_FILE_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """How a model is asked.

    Attributes:
        match: The family, and whether the model's name is known.
        mode_name: The mode; "" where the family has a single one.
        mode: The settings of the mode.
        system: The system message; "" for that of the prompt template.
        chat: How messages become a prompt.
        assumptions: One line for each setting that was assumed, with its source.
    """

    match: FamilyMatch
    mode_name: str
    mode: Mode
    system: str
    chat: ChatForm
    assumptions: tuple[str, ...]

    def recorded_chat(self) -> dict[str, Any]:
        """Returns what run.json keeps of the system message and the chat form: everything but defaults."""
        values = {
            "system": self.system,
            "template": self.chat.template,
            "arguments": dict(self.chat.arguments),
            "reasoning_effort": self.chat.reasoning_effort,
            "prefix": self.chat.prefix,
        }
        return {name: value for name, value in values.items() if value}


def model_settings(request: RunRequest, engine: str, local: LocalModel | None) -> ModelSettings:
    """Decides how the model of a request is asked.

    Args:
        request: The request, whose own settings come first.
        engine: The name of the engine.
        local: The model folder; None if the engine needs none.

    Raises:
        RequestError: The family has no such mode.
        UnknownNameError: There is no such family.
        DataError: A file that the request names cannot be read.
    """
    match = _match(request, engine, local)
    mode_name = request.mode or match.family.default_mode
    mode = match.family.mode(mode_name)
    assumptions: list[str] = []
    if not match.known and engine not in ASK_NO_MODEL:
        mode, source = _with_generation_config(mode, local)
        assumptions.append(_assumption(request, match, engine, local, source))
    arguments = {**mode.template_arguments, **(request.chat_template_kwargs or {})}
    template = _content(request.chat_template, "--chat-template") if request.chat_template else ""
    effort = request.reasoning_effort or mode.reasoning_effort
    system = mode.system if request.system is None else text_or_file(request.system)
    return ModelSettings(
        match, mode_name, mode, system, ChatForm(template, arguments, effort, mode.prefix), tuple(assumptions)
    )


def _match(request: RunRequest, engine: str, local: LocalModel | None) -> FamilyMatch:
    if request.family:
        return FamilyMatch(request.family, load_family(request.family), known=True)
    if engine == "server":
        return family_of(request.model, has_chat_template=True)
    template = has_chat_template(local.folder) if local else None
    match = family_of(request.model, has_chat_template=template)
    if not match.known and local is not None:
        from_folder = family_of(str(local.folder), has_chat_template=template)
        return from_folder if from_folder.known else match
    return match


def _with_generation_config(mode: Mode, local: LocalModel | None) -> tuple[Mode, str]:
    """The mode with what the model's generation_config.json states, and a text that says so."""
    config = read_generation_config(local.folder) if local else None
    if config is None or not config.stated:
        return mode, ""
    sampled = msgspec.structs.replace(mode.sampled, **config.stated)
    source = f"{_sampling_text(sampled)} from {FILE}"
    return msgspec.structs.replace(mode, sampled=sampled, samples=mode.samples or (4 if config.samples else 0)), source


def _sampling_text(preset: SamplingPreset) -> str:
    top_k = f", top-k {preset.top_k}" if preset.top_k > 0 else ""
    return f"temperature {preset.temperature:g}, top-p {preset.top_p:g}{top_k}"


def _assumption(
    request: RunRequest, match: FamilyMatch, engine: str, local: LocalModel | None, sampling_source: str
) -> str:
    if match.name == CHAT:
        reason = {True: "its tokenizer has a chat template", False: "its name says chat or instruct"}[local is not None]
        if engine == "server":
            reason = "the server applies its own chat template"
        form = f"a chat model ({reason})"
    else:
        form = "a base model" + (" (its tokenizer has no chat template)" if local else "")
    sampling = sampling_source or f"sampled sets at {_sampling_text(match.family.mode().sampled)}"
    near = f"; similar names: {', '.join(match.near)}" if match.near else ""
    return (
        f"{request.model} belongs to no known family and is asked as {form}, {sampling}; "
        f"--family NAME says otherwise (math-eval models list){near}"
    )


def text_or_file(text: str) -> str:
    """Returns a text that a user gave, or the content of the file that it names.

    Raises:
        DataError: The file cannot be read.
    """
    if "\n" not in text and len(text) < 1000 and text.strip():
        try:
            path = user_path(text)
        except RequestError:
            return text
        if path.is_file():
            return _content(path, "--system").rstrip("\n")
    return text


def _content(path: Path, flag: str) -> str:
    try:
        if path.stat().st_size > _MAX_FILE_BYTES:
            raise DataError(f"{flag} {path}: larger than {_MAX_FILE_BYTES} bytes")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"{flag} {path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{flag} {path}: not UTF-8 at byte {error.start}") from error
