"""Prompt templates: data files that turn a problem and demonstrations into raw text or chat messages."""

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
"""Golds of the rows to which adaptive demonstrations apply."""


class Wording(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One text for each language of benchmarks."""

    en: str
    zh: str = ""

    def in_language(self, language: str) -> str:
        """The text in a language; the English one where that language has none."""
        return (self.zh if language == "zh" else "") or self.en


class PromptSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A data file `data/prompts/NAME.yaml`; docs/formats.md explains each key."""

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
            raise ValueError("a raw prompt needs `prompt`, and {{ question }} in it")
        if self.kind == "chat" and (self.user is None or self.prompt):
            raise ValueError("a chat prompt needs `user`, and no `prompt`")


@dataclass(frozen=True, slots=True)
class Template:
    """A prompt template together with its few-shot setting.

    Attributes:
        name: The name of the data file, as run.json records it.
        spec: The content of the data file.
        shots: Number of demonstrations before every question.
        adaptive: The reference's "adapt few shot": rows whose gold is a single letter A to E get the benchmark's own
            key and number of demonstrations; other rows get `shots`.
    """

    name: str
    spec: PromptSpec
    shots: int = 0
    adaptive: bool = False

    @property
    def sha256(self) -> str:
        """Hash of the parts of the file that can change a prompt or the end of its completion."""
        spec = self.spec
        content = (spec.kind, spec.prompt, spec.system, spec.user, spec.demonstration, spec.separator, spec.stop)
        return hashlib.sha256(msgspec.json.encode(content)).hexdigest()

    @property
    def shows_demonstrations(self) -> bool:
        """Whether the template has a place for demonstrations; without one, `shots` has no effect."""
        return bool(self.spec.demonstration) and (self.spec.kind == "chat" or "demonstrations" in self.spec.prompt)

    def build(
        self,
        problem: Problem,
        demonstrations: Demonstrations | None,
        *,
        key: str,
        adaptive: tuple[str, int] = ("", 0),
        system: str = "",
    ) -> Prompt:
        """Builds the prompt of one problem.

        Args:
            problem: The problem.
            demonstrations: Where demonstrations are taken from; may be None where no problem needs any.
            key: The benchmark's key in `demonstrations`; may be empty.
            adaptive: The benchmark's key and number of demonstrations for adaptive templates; ("", 0) for none.
            system: A system message for chat prompts in place of the template's; "" for the template's.

        Returns:
            A prompt with `text` (raw) or `messages` (chat), its stop strings, and "BENCHMARK/SPLIT/ID" as its key.

        Raises:
            RequestError: Demonstrations are needed, and there are none under the key.
            DataError: The template uses a field that does not exist.
        """
        shots = self.shots
        # the rule is the reference's, and so is the gold that it looks at
        gold = problem.grader_fields.get("qwen", {}).get("gold", problem.gold)
        if self.adaptive and adaptive[1] and gold in LETTER_GOLDS:
            key, shots = adaptive
        examples: Sequence[Demonstration] = ()
        if shots and (demonstrations is None or not (examples := demonstrations.for_key(key)[:shots])):
            raise RequestError(
                f"{problem.benchmark} has no demonstrations{f' under {key!r}' if key else ''}: "
                "use --shots 0, or name a file with --demonstrations"
            )
        label = f"prompt {self.name}"
        identity = f"{problem.benchmark}/{problem.split}/{problem.id}"
        stop_strings = tuple(self.spec.stop)
        if self.spec.kind == "chat":
            return Prompt(
                messages=self._messages(problem, examples, label, system),
                stop=stop_strings,
                key=identity,
                question=problem.question,
            )
        blocks = [
            render(self.spec.demonstration, {"question": example.question, "answer": example.answer}, label=label)
            + self.spec.separator
            for example in examples
        ]
        text = render(self.spec.prompt, _fields(problem) | {"demonstrations": "".join(blocks)}, label=label)
        return Prompt(text=text.strip(" "), stop=stop_strings, key=identity, question=problem.question)

    def _messages(
        self, problem: Problem, examples: Sequence[Demonstration], label: str, system: str
    ) -> tuple[Message, ...]:
        spec, fields = self.spec, _fields(problem)
        if spec.user is None:
            raise RequestError(f"{label}: the template has no `user` text")
        user = spec.user.in_language(problem.language)
        messages: list[Message] = []
        if system:
            messages.append({"role": "system", "content": system})
        elif spec.system is not None:
            messages.append(
                {"role": "system", "content": render(spec.system.in_language(problem.language), fields, label=label)}
            )
        for example in examples:
            question = render(user, fields | {"question": example.question}, label=label)
            answer = render(spec.demonstration, {"question": example.question, "answer": example.answer}, label=label)
            messages += [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
        messages.append({"role": "user", "content": render(user, fields, label=label)})
        return tuple(messages)


def _fields(problem: Problem) -> dict[str, str]:
    return {"question": problem.question, "kind": problem.kind, "language": problem.language}


def load_template(name: str, *, shots: int = 0, adaptive: bool = False) -> Template:
    """Loads a prompt template.

    Args:
        name: The name of a template, or the path of a YAML file.
        shots: Number of demonstrations before every question.
        adaptive: Whether the benchmark decides the demonstrations; see `Template`.

    Raises:
        UnknownNameError: No template has this name; the text offers similar names.
        DataError: The file is not a valid template.
    """
    path = find("prompts", name)
    spec = read_document(path, PromptSpec)
    return Template(path.stem if is_path(name) else name, spec, shots=shots, adaptive=adaptive)
