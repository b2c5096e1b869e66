"""Prompt templates: data files that turn a problem and demonstrations into raw text, to the byte, or messages."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import msgspec

from math_eval.documents import read_document
from math_eval.errors import RequestError
from math_eval.prompts.demonstrations import Demonstration, Demonstrations
from math_eval.records import Message, Problem, Prompt
from math_eval.registry import find, is_path
from math_eval.templating import render

LETTER_GOLDS = frozenset("ABCDE")


class Wording(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One text for each language."""

    en: str
    zh: str = ""

    def of(self, language: str) -> str:
        """The wording for a language; English where a language has none."""
        return (self.zh if language == "zh" else "") or self.en


class PromptSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A prompt file; docs/formats.md says what each key means."""

    SCHEMA: ClassVar[int] = 1
    schema: int
    title: str
    kind: Literal["raw", "chat"]
    prompt: str = ""
    system: Wording | None = None
    user: Wording | None = None
    demonstration: str = ""
    separator: str = ""
    stop: list[str] = []
    answer: Literal["boxed", "the answer is", "program", "any"] = "any"
    programs: Literal["none", "python"] = "none"
    note: str = ""

    def __post_init__(self) -> None:
        if self.kind == "raw" and "{{ question }}" not in self.prompt:
            raise ValueError("a raw prompt needs `prompt` with {{ question }} in it")
        if self.kind == "chat" and (self.user is None or self.prompt):
            raise ValueError("a chat prompt needs `user`, and no `prompt`")


@dataclass(frozen=True, slots=True)
class Template:
    """A named prompt file with the few-shot setting it is used with.

    shots: demonstrations before every question. adaptive: the reference's "adapt few shot": instead of `shots`, the
    benchmark's own number of demonstrations, and only on rows whose gold is a single letter A to E.
    """

    name: str
    spec: PromptSpec
    shots: int = 0
    adaptive: bool = False

    @property
    def sha256(self) -> str:
        """A hash of everything in the file that can change a prompt or where its completion stops."""
        spec = self.spec
        said = (spec.kind, spec.prompt, spec.system, spec.user, spec.demonstration, spec.separator, spec.stop)
        return hashlib.sha256(msgspec.json.encode(said)).hexdigest()

    @property
    def shows_demonstrations(self) -> bool:
        """Whether the template has a place for demonstrations."""
        return bool(self.spec.demonstration) and (self.spec.kind == "chat" or "demonstrations" in self.spec.prompt)

    def build(
        self, problem: Problem, demonstrations: Demonstrations | None, *, key: str, adaptive: tuple[str, int] = ("", 0)
    ) -> Prompt:
        """The prompt of one problem; `key` is the benchmark's demonstrations key, `adaptive` its key and number there.

        Raises RequestError where demonstrations are asked for and the key has none.
        """
        shots = self.shots
        gold = problem.grader_fields.get("qwen", {}).get("gold", problem.gold)  # the rule is the reference's
        if self.adaptive and adaptive[1] and gold in LETTER_GOLDS:
            key, shots = adaptive
        shown: Sequence[Demonstration] = ()
        if shots and (demonstrations is None or not (shown := demonstrations.of(key)[:shots])):
            raise RequestError(
                f"{problem.benchmark} has no demonstrations{f' under {key!r}' if key else ''}: "
                "ask for --shots 0, or give --demonstrations FILE"
            )
        where = f"prompt {self.name}"
        identity = f"{problem.benchmark}/{problem.split}/{problem.id}"
        stop = tuple(self.spec.stop)
        if self.spec.kind == "chat":
            return Prompt(
                messages=self._messages(problem, shown, where), stop=stop, key=identity, question=problem.question
            )
        blocks = [
            render(self.spec.demonstration, {"question": one.question, "answer": one.answer}, what=where)
            + self.spec.separator
            for one in shown
        ]
        text = render(self.spec.prompt, _fields(problem) | {"demonstrations": "".join(blocks)}, what=where)
        return Prompt(text=text.strip(" "), stop=stop, key=identity, question=problem.question)

    def _messages(self, problem: Problem, shown: Sequence[Demonstration], where: str) -> tuple[Message, ...]:
        spec, fields = self.spec, _fields(problem)
        if spec.user is None:
            raise RequestError(f"{where}: no user wording")
        user = spec.user.of(problem.language)
        messages: list[Message] = []
        if spec.system is not None:
            messages.append({"role": "system", "content": render(spec.system.of(problem.language), fields, what=where)})
        for one in shown:
            asked = render(user, fields | {"question": one.question}, what=where)
            answered = render(spec.demonstration, {"question": one.question, "answer": one.answer}, what=where)
            messages += [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]
        messages.append({"role": "user", "content": render(user, fields, what=where)})
        return tuple(messages)


def _fields(problem: Problem) -> dict[str, str]:
    return {"question": problem.question, "kind": problem.kind, "language": problem.language}


def load_template(name: str, *, shots: int = 0, adaptive: bool = False) -> Template:
    """The prompt file of that name (or path) with its few-shot setting; UnknownNameError offers near names."""
    path = find("prompts", name)
    spec = read_document(path, PromptSpec)
    return Template(path.stem if is_path(name) else name, spec, shots=shots, adaptive=adaptive)
