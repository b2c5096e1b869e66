"""When a completion asks for a program to be executed, what is executed, and what the model is shown of it.

Pure text: nothing here runs anything. Two readings: ours, by the protocol of the prompt type, and the reference's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, NamedTuple

ToolProtocol = Literal["blocks", "program"]
"""blocks: reasoning and ```python blocks in turns, each answered by an ```output block. program: one program (PAL)."""

OUTPUT_FENCE = "```output"
"""Where generation pauses for an execution."""
MAX_SHOWN = 400
"""Characters of an output that the model is shown; a longer one keeps its first and last half around "..."."""
LIMIT_NOTE = "\nReach max function call limit."
"""What the reference appends where the last allowed call has been made."""

_FENCE = re.compile(r"^[ \t]*```[ \t]*(?:(\w+)[ \t]*)?$", re.MULTILINE)
_PYTHON = {"python", "py", "python3"}
_FAILURE = re.compile(r"error|exception|no algorithms|cannot|nan|\.\.\.", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ProgramRequest:
    """A program to execute, and the earlier programs of the transcript whose state it goes on from, in their order."""

    program: str
    before: tuple[str, ...] = ()


def asked(turn: str, earlier: tuple[str, ...], protocol: ToolProtocol) -> ProgramRequest | None:
    """The program that the newest turn asks to have executed; None where it asks for nothing.

    blocks: a turn asks when it ends in a closed block of Python and its prose holds no box. A fence elsewhere, of
    another language, or left open asks for nothing. program: the whole turn is the program, fenced or not.
    """
    blocks = _blocks(turn)
    if protocol == "program":
        programs = [block.code for block in blocks if block.language in _PYTHON]
        body = programs[-1] if programs else turn
        return ProgramRequest(body) if body.strip() else None
    if not blocks:
        return None
    last = blocks[-1]
    if last.language not in _PYTHON or turn[last.end :].strip() or not last.code.strip():
        return None
    ends = [0, *(block.end for block in blocks)]
    prose = [turn[end : block.start] for end, block in zip(ends, blocks, strict=False)]
    return None if any("\\boxed" in part for part in prose) else ProgramRequest(last.code, earlier)


class _Block(NamedTuple):
    """A closed fenced block; start and end are those of its fences."""

    language: str
    code: str
    start: int
    end: int


def _blocks(text: str) -> list[_Block]:
    """The closed fenced blocks of a text, in their order."""
    found: list[_Block] = []
    opened: re.Match[str] | None = None
    for fence in _FENCE.finditer(text):
        if opened is None:
            opened = fence
        elif not fence[1]:
            code = text[opened.end() + 1 : fence.start()]
            found.append(_Block((opened[1] or "").lower(), code, opened.start(), fence.end()))
            opened = None
        else:
            opened = fence
    return found


def observation(
    stdout: str,
    value: str,
    error: str,
    *,
    timed_out: bool = False,
    protocol: ToolProtocol = "blocks",
    shown: int = MAX_SHOWN,
) -> str:
    """What is appended to the transcript after an execution: what was printed, the last value, the error."""
    said = "\n".join(part for part in (stdout.strip(), value.strip(), "Timeout Error" if timed_out else error) if part)
    return wrapped(cut(said, shown), protocol)


def wrapped(text: str, protocol: ToolProtocol = "blocks") -> str:
    """An output as the next model turn finds it; a program's result stands in a box, which is its answer."""
    inner = f"\\boxed{{{text}}}" if protocol == "program" else text
    return f"\n{OUTPUT_FENCE}\n{inner}\n```\n"


def cut(text: str, shown: int = MAX_SHOWN) -> str:
    """A text of at most about so many characters: its first and last half around "..."."""
    if len(text) <= shown:
        return text
    half = shown // 2
    return f"{text[:half]}...{text[-half:]}"


def reference_request(turn: str, protocol: ToolProtocol) -> bool:
    """Whether the reference executes after a turn, of any prompt type but cot: it ends in a fence and holds no box."""
    return protocol == "program" or ("boxed" not in turn and turn.rstrip().endswith("```"))


def reference_program(transcript: str) -> str:
    """The one program that the reference executes for a transcript: all its blocks, earlier prints removed.

    Of a block whose output held an error, an exception, "no algorithms", "cannot", "nan" or "..." only the import
    lines are kept. Without a block, the text itself.
    """
    kept: list[list[str]] = []
    state = ""
    for line in transcript.split("\n"):
        if line.startswith("```python") or line.endswith("```python"):
            kept.append([])
            state = "program"
        elif line.startswith("```output"):
            state = "output"
        elif line.startswith("```"):
            state = ""
        elif state == "program":
            kept[-1].append(line)
        elif state == "output" and kept and _FAILURE.search(line):
            kept[-1] = [one for one in kept[-1] if one.startswith(("import ", "from "))]
    if not kept:
        return transcript
    earlier = [line for block in kept[:-1] for line in block if "print(" not in line]
    return "\n".join([*earlier, *kept[-1]])


def reference_output(stdout: str, value: str, error: str, program: str, *, timed_out: bool = False) -> str:
    """What the reference takes for a program's result: what it printed, or its last value, or the error's last line."""
    if timed_out:
        return "Timeout Error"
    if error:
        return cut(error)
    printed = "print(" in program.rstrip().rpartition("\n")[2]
    said = stdout.strip() if printed or not value else value.strip()
    return cut(said or ("SampleIndex" if printed else ""))
