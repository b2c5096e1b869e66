"""Transcripts with tool calls: when a turn asks for a program, which program, and the output that the model is shown.

Functions of text only: nothing is executed here. There are two readings: ours, which follows the protocol of the prompt
type, and the reference's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, NamedTuple

ToolProtocol = Literal["blocks", "program"]
"""blocks: prose with ```python blocks, each followed by an ```output block. program: the turn is one program (PAL)."""

OUTPUT_FENCE = "```output"
"""The stop string at which generation pauses for an execution."""
MAX_OUTPUT_CHARS = 400
"""Most characters of an output that the model is shown; `shorten` cuts the middle of a longer one."""
LIMIT_NOTE = "\nReach max function call limit."
"""The text that the reference appends when a turn asks for a call beyond the limit."""

_FENCE = re.compile(r"^[ \t]*```[ \t]*(?:(\w+)[ \t]*)?$", re.MULTILINE)
_PYTHON_TAGS = {"python", "py", "python3"}
_FAILURE = re.compile(r"error|exception|no algorithms|cannot|nan|\.\.\.", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ProgramRequest:
    """A program to execute, and the earlier programs of the transcript whose variables it may use, in their order."""

    program: str
    before: tuple[str, ...] = ()


def program_request(turn: str, earlier_programs: tuple[str, ...], protocol: ToolProtocol) -> ProgramRequest | None:
    """Finds the program that the latest turn asks to have executed, by our reading.

    Args:
        turn: The text of the turn.
        earlier_programs: The programs that the transcript has executed so far.
        protocol: With `blocks`, a turn asks for a program if it ends in a closed block of Python and its prose has no
            box; other blocks and unclosed ones do not count. With `program`, the turn is the program: its last block
            of Python or, without a block, its whole text.

    Returns:
        The request, or None where the turn asks for no program.
    """
    blocks = _blocks(turn)
    if protocol == "program":
        programs = [block.code for block in blocks if block.language in _PYTHON_TAGS]
        body = programs[-1] if programs else turn
        return ProgramRequest(body) if body.strip() else None
    if not blocks:
        return None
    last = blocks[-1]
    if last.language not in _PYTHON_TAGS or turn[last.end :].strip() or not last.code.strip():
        return None
    ends = [0, *(block.end for block in blocks)]
    prose = [turn[end : block.start] for end, block in zip(ends, blocks, strict=False)]
    return None if any("\\boxed" in part for part in prose) else ProgramRequest(last.code, earlier_programs)


class _Block(NamedTuple):
    """A closed fenced block; start and end are offsets and include its fences."""

    language: str
    code: str
    start: int
    end: int


def _blocks(text: str) -> list[_Block]:
    """The closed fenced blocks of a text, in order."""
    blocks: list[_Block] = []
    opening: re.Match[str] | None = None
    for fence in _FENCE.finditer(text):
        if opening is None:
            opening = fence
        elif not fence[1]:
            code = text[opening.end() + 1 : fence.start()]
            blocks.append(_Block((opening[1] or "").lower(), code, opening.start(), fence.end()))
            opening = None
        else:
            opening = fence
    return blocks


def observation(
    stdout: str,
    value: str,
    error: str,
    *,
    timed_out: bool = False,
    protocol: ToolProtocol = "blocks",
    max_chars: int = MAX_OUTPUT_CHARS,
) -> str:
    """Builds the text that is appended to the transcript after an execution, by our reading.

    Args:
        stdout: What the program printed.
        value: The value of its last expression; may be empty.
        error: The last line of its traceback, or the limit that ended it; may be empty.
        timed_out: Whether a limit of time ended it; "Timeout Error" then stands in place of `error`.
        protocol: See `output_block`.
        max_chars: Most characters of output; see `shorten`.

    Returns:
        An ```output block with the parts that are not empty, one below the other.
    """
    text = "\n".join(part for part in (stdout.strip(), value.strip(), "Timeout Error" if timed_out else error) if part)
    return output_block(shorten(text, max_chars), protocol)


def output_block(text: str, protocol: ToolProtocol = "blocks") -> str:
    """Puts an output into an ```output block; with protocol `program` the output is the answer and stands in a box."""
    inner = f"\\boxed{{{text}}}" if protocol == "program" else text
    return f"\n{OUTPUT_FENCE}\n{inner}\n```\n"


def shorten(text: str, max_chars: int = MAX_OUTPUT_CHARS) -> str:
    """Shortens a text to its first and last `max_chars // 2` characters around "..."; a shorter text stays as it is.

    Example:
        >>> shorten("0123456789", 4)
        '01...89'
    """
    if len(text) <= max_chars:
        return text
    half = max_chars // 2
    return f"{text[:half]}...{text[-half:]}"


def reference_executes(turn: str, protocol: ToolProtocol) -> bool:
    """Whether the reference executes a program after this turn.

    With protocol `program` it always does, with `blocks` if the turn ends in a fence and has no box.
    """
    return protocol == "program" or ("boxed" not in turn and turn.rstrip().endswith("```"))


def reference_program(transcript: str) -> str:
    """Builds the one program that the reference executes for a transcript: all its blocks, without the earlier prints.

    A block is reduced to its import lines if its output contains "error", "exception", "no algorithms", "cannot", "nan"
    or "...", in any case. A transcript without a block is the program itself.
    """
    blocks: list[list[str]] = []
    state = ""
    for line in transcript.split("\n"):
        if line.startswith("```python") or line.endswith("```python"):
            blocks.append([])
            state = "program"
        elif line.startswith("```output"):
            state = "output"
        elif line.startswith("```"):
            state = ""
        elif state == "program":
            blocks[-1].append(line)
        elif state == "output" and blocks and _FAILURE.search(line):
            blocks[-1] = [code_line for code_line in blocks[-1] if code_line.startswith(("import ", "from "))]
    if not blocks:
        return transcript
    earlier_lines = [line for block in blocks[:-1] for line in block if "print(" not in line]
    return "\n".join([*earlier_lines, *blocks[-1]])


def reference_output(stdout: str, value: str, error: str, program: str, *, timed_out: bool = False) -> str:
    """The output that the reference shows for an execution.

    Args:
        stdout: What the program printed.
        value: The value of its last expression; may be empty.
        error: The last line of its traceback; may be empty.
        program: The program; its last line decides between `stdout` and `value`.
        timed_out: Whether a limit of time ended it.

    Returns:
        "Timeout Error", else the error, else what the program printed or its value, shortened to 400 characters. Where
        a last line with a print printed nothing, "SampleIndex", as in the reference.
    """
    if timed_out:
        return "Timeout Error"
    if error:
        return shorten(error)
    printed = "print(" in program.rstrip().rpartition("\n")[2]
    output = stdout.strip() if printed or not value else value.strip()
    return shorten(output or ("SampleIndex" if printed else ""))
