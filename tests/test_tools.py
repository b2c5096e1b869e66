"""Transcripts: when a program is executed, how its output is shown, and how the sample continues."""

import asyncio
import json

import pytest

from math_eval.engines import EngineSettings
from math_eval.engines.scripted import ScriptedEngine
from math_eval.errors import RequestError, RunConflictError
from math_eval.evaluation import evaluate
from math_eval.generate import RunRequest
from math_eval.generate.conversation import ToolUse, converse
from math_eval.records import Completion, Prompt, Sampling
from math_eval.results import score_run
from math_eval.sandbox.limits import ToolResult
from math_eval.tools.transcript import (
    ProgramRequest,
    observation,
    program_request,
    reference_executes,
    reference_output,
    reference_program,
    shorten,
)

BLOCK = "```python\nprint(1+1)\n```"


@pytest.mark.parametrize(
    ("turn", "program"),
    [
        (f"So\n{BLOCK}\n", "print(1+1)\n"),
        (f"So\n{BLOCK}", "print(1+1)\n"),
        ("```py\nx\n```", "x\n"),
        (f"{BLOCK}\nThe answer is 2.", None),
        ("```python\nprint(1)", None),
        ("```\nprint(1)\n```", None),
        ("```latex\nx\n```", None),
        ("no block at all", None),
        ("", None),
        (f"It is $\\boxed{{2}}$.\n{BLOCK}", None),
        ('```python\nprint("\\boxed{2}")\n```', 'print("\\boxed{2}")\n'),
        (f"```text\na\n```\n{BLOCK}", "print(1+1)\n"),
        ("```python\n```", None),
        ("  ```python\n  x = 1\n  ```", "  x = 1\n"),
        ("``` " + " " * 60_000 + "!", None),
        ("```python\nx\n```\n" * 20_000, "x\n"),
    ],
)
def test_turns_that_ask_for_a_program(turn, program):
    request = program_request(turn, ("before",), "blocks")
    assert request == (None if program is None else ProgramRequest(program, ("before",)))


def test_with_protocol_program_the_turn_is_the_program():
    assert program_request("x = 1\nprint(x)", (), "program") == ProgramRequest("x = 1\nprint(x)")
    assert program_request(f"Here:\n{BLOCK}", (), "program") == ProgramRequest("print(1+1)\n")
    assert program_request("  \n", (), "program") is None


def test_observation_text():
    assert observation("2\n", "", "") == "\n```output\n2\n```\n"
    assert observation("2\n", "3", "") == "\n```output\n2\n3\n```\n"
    assert observation("a\n", "", "NameError: x") == "\n```output\na\nNameError: x\n```\n"
    assert observation("", "", "killed", timed_out=True) == "\n```output\nTimeout Error\n```\n"
    assert observation("7\n", "", "", protocol="program") == "\n```output\n\\boxed{7}\n```\n"
    assert len(shorten("x" * 5_000)) == 403
    assert shorten("x" * 400) == "x" * 400


def test_the_references_rules():
    assert reference_executes("so\n```", "blocks")
    assert not reference_executes("so \\boxed{2}\n```", "blocks")
    assert not reference_executes("so", "blocks")
    transcript = (
        "a\n```python\nimport math\nx = 1\nprint(x)\n```\n```output\n1\n```\nb\n```python\nfrom math import pi\ny = z\n"
        "```\n```output\nNameError: z\n```\nc\n```python\nprint(x + 1)\n```\n"
    )
    assert reference_program(transcript) == "import math\nx = 1\nfrom math import pi\nprint(x + 1)"
    assert reference_output("", "", "", "print(x)") == "SampleIndex"
    assert reference_output("", "5", "", "x = 5\nx") == "5"
    assert reference_output("1\n", "", "", "print(1)") == "1"
    assert reference_output("1\n", "", "ValueError: no", "print(1)") == "ValueError: no"
    assert reference_output("", "", "", "print(1)", timed_out=True) == "Timeout Error"


class Calculator:
    """An executor that knows the output of a few programs."""

    def __init__(self, printed=None):
        self.calls = []
        self.printed = printed or {}

    async def run(self, program, before=()):
        await asyncio.sleep(0)
        self.calls.append((program, tuple(before)))
        return self.printed.get(program.strip(), ToolResult("2\n"))


class Recorded(Calculator):
    """An executor that gives recorded outputs one after another."""

    def __init__(self, outputs):
        super().__init__()
        self.outputs = iter(outputs)

    async def run(self, program, before=()):
        await super().run(program, before)
        return ToolResult(next(self.outputs))


def talk(turns, use, budget=100):
    engine = ScriptedEngine({"k": turns})
    prompt = Prompt("Q", stop=("</s>",), key="k")
    return asyncio.run(converse(engine, prompt, Sampling(max_tokens=budget), use, None))


def test_a_conversation():
    tool = Calculator({"bad": ToolResult("", error="NameError: bad", state="error")})
    turns = [f"Let us see.\n{BLOCK}\n```output\n77", "again\n```python\nbad\n```\n", "It is \\boxed{2}."]
    completion = talk(turns, ToolUse("blocks", "ours", 4, tool))
    assert completion.text == (
        f"Let us see.\n{BLOCK}\n```output\n2\n```\n"
        "again\n```python\nbad\n```\n```output\nNameError: bad\n```\nIt is \\boxed{2}."
    ), "text that the model invents after the stop string is cut"
    assert tool.calls == [("print(1+1)\n", ()), ("bad\n", ("print(1+1)\n",))]
    assert [turn.get("tool_state") for turn in completion.turns] == ["done", "error", None]
    assert completion.tokens_out == sum(turn["tokens_out"] for turn in completion.turns)
    assert completion.finish == "stop"


def test_the_limits_of_a_conversation():
    tool = Calculator()
    completion = talk([f"a {BLOCK[:0]}\n{BLOCK}\n"] * 9, ToolUse("blocks", "ours", 2, tool))
    assert (len(tool.calls), len(completion.turns)) == (2, 3)
    completion = talk([f"a\n{BLOCK}\n"] * 9, ToolUse("blocks", "qwen", 2, Calculator()))
    assert completion.text.endswith("Reach max function call limit.")
    completion = talk([f"one two three\n{BLOCK}\n"] * 9, ToolUse("blocks", "ours", 8, Calculator()), budget=14)
    assert completion.finish == "length" and completion.tokens_out <= 14
    completion = talk([f"a\n{BLOCK}\n"], ToolUse("blocks", "ours", 4, None))
    assert completion.turns[-1]["tool"] == "none" and completion.text == f"a\n{BLOCK}\n"
    completion = talk(["x = 5\nprint(x)"], ToolUse("program", "ours", 4, Calculator()))
    assert completion.text.endswith("```output\n\\boxed{2}\n```\n")
    assert talk(["no tool"], ToolUse("blocks", "ours", 4, Calculator())).turns == ()


@pytest.fixture
def sums(tmp_path):
    path = tmp_path / "sums.jsonl"
    path.write_text("".join(json.dumps({"question": f"{n}+{n}?", "answer": 2 * n}) + "\n" for n in range(6)))
    return path


def run(sums, tmp_path, prompt, executor, turns=None, **options):
    completions = turns or [f"See\n{BLOCK}\n", "It is \\boxed{2}."]
    engine = ScriptedEngine({f"sums/test/{n}": completions for n in range(6)})
    request = RunRequest(
        "m", (str(sums),), engine="scripted", prompt=prompt, output=tmp_path / f"run-{prompt}", **options
    )
    return evaluate(request, engine=engine, executor=executor)


def test_a_run_with_tools(sums, tmp_path):
    tool = Calculator()
    result = run(sums, tmp_path, "qwen25-math-tir", tool)
    assert len(tool.calls) == 6
    assert result.metrics.benchmarks[0].accuracy == pytest.approx(1 / 6)
    line = json.loads(next((result.folder / "samples").glob("*")).read_text().splitlines()[0])
    assert line["text"] == f"See\n{BLOCK}\n```output\n2\n```\nIt is \\boxed{{2}}."
    assert line["turns"][0]["tool"] == "python" and line["turns"][0]["output"] == "\n```output\n2\n```\n"
    assert json.loads((result.folder / "run.json").read_text())["benchmarks"][0]["tools"].startswith(
        "python, ours rules"
    )
    second_tool = Calculator()
    run(sums, tmp_path, "qwen25-math-tir", second_tool)
    assert second_tool.calls == []
    with pytest.raises(RunConflictError, match=r"at most 4 calls .* \(requested: .* at most 2 calls"):
        run(sums, tmp_path, "qwen25-math-tir", tool, max_tool_calls=2)


def test_a_cot_prompt_never_executes(sums, tmp_path):
    """Whatever the completion looks like: only the reference's reading with tools executes under other prompts."""
    for prompt in ("cot", "qwen25-math-cot", "qwen-boxed", "direct"):
        tool = Calculator()
        result = run(sums, tmp_path, prompt, tool)
        assert tool.calls == [] and result.metrics.benchmarks[0].unexecuted == 0
    tool = Calculator()
    result = run(sums, tmp_path / "qwen", "qwen25-math-cot", tool, reading="qwen", tools="none")
    assert tool.calls == [] and result.metrics.benchmarks[0].unexecuted == 1.0
    result = run(sums, tmp_path / "qwen2", "qwen25-math-cot", tool, reading="qwen", tools="python")
    assert len(tool.calls) == 6 and result.metrics.benchmarks[0].unexecuted == 0
    with pytest.raises(RequestError, match="--tools has no effect: no prompt asks for programs"):
        run(sums, tmp_path / "qwen3", "cot", tool, reading="qwen", tools="python")
    assert len(tool.calls) == 6


def test_tools_none_is_counted(sums, tmp_path):
    result = run(sums, tmp_path, "tora", None, tools="none")
    assert result.metrics.benchmarks[0].unexecuted == 1.0
    assert score_run(result.folder)[1].benchmarks[0].unexecuted == 1.0


def test_recorded_transcripts_replay_turn_by_turn(shared):
    """Model turns and outputs as recorded: what is sent and stored is the recorded text, byte for byte."""
    path = shared / "outputs/microsoft__rho/rho-math-7b-interpreter-v0.1/math500.tora.jsonl"
    replayed = skipped = 0
    with path.open(encoding="utf-8") as file:
        for line in file:
            text = json.loads(line)["code"][0]
            parts = text.split("```output\n")
            turns, outputs = [parts[0]], []
            for part in parts[1:]:
                output, fence, turn = part.partition("\n```\n")
                outputs.append(output)
                turns.append(turn)
            if not fence and len(parts) > 1:
                skipped += 1  # the last output is what the recording ends with
                continue
            completion = talk(turns, ToolUse("blocks", "qwen", len(turns), Recorded(outputs)), budget=100_000)
            if "\nReach max function call limit." in completion.text or "..." in "".join(outputs):
                skipped += 1
                continue
            replayed += completion.text.rstrip() == text.rstrip()
            assert completion.text.rstrip() == text.rstrip() or completion.text in text
    assert replayed > 450, (replayed, skipped)


class Turns:
    """An engine that gives its turns one after another."""

    concurrency = 1

    def __init__(self, *turns):
        self.turns = turns
        self.transcripts = []

    async def complete(self, prompt, _):
        self.transcripts.append(prompt.transcript)
        return Completion(self.turns[prompt.turn], "stop", 1, 1)


class Fixed:
    """An executor that gives its results one after another and records its calls."""

    def __init__(self, *results):
        self.results = list(results)
        self.calls = []

    async def run(self, program, before=()):
        self.calls.append((program, before))
        return self.results.pop(0)


def complete_sample(engine, executor, rules="ours"):
    use = ToolUse("blocks", rules, 4, executor)
    return asyncio.run(converse(engine, Prompt("p"), Sampling(), use, None))


def block(program):
    return f"```python\n{program}\n```\n"


@pytest.mark.parametrize(
    ("state", "keeps_variables"),
    [("done", True), ("error", True), ("timeout", False), ("killed", False), ("memory", False), ("output", False)],
)
def test_a_program_that_was_killed_is_not_run_again_for_its_names(state, keeps_variables):
    executor = Fixed(ToolResult("", state=state), ToolResult("8\n"))
    complete_sample(Turns(block("x = 1"), block("print(8)"), "So \\boxed{8}"), executor)
    assert executor.calls[1] == ("print(8)\n", ("x = 1\n",) if keeps_variables else ())


def test_a_program_that_could_not_be_run_fails_its_sample():
    executor = Fixed(ToolResult("", error="no room", state="unavailable"))
    completion = complete_sample(Turns(block("print(8)"), "So \\boxed{8}"), executor)
    assert (completion.finish, completion.text, completion.error) == (
        "error",
        "",
        "a program could not be executed: no room",
    )
    assert completion.turns[0]["tool_state"] == "unavailable"


def test_a_lone_surrogate_reaches_no_engine():
    engine = Turns("\ud800\n" + block("1"), "done")
    completion = complete_sample(engine, Fixed(ToolResult("\ud801", value="\ud802")))
    for text in (engine.transcripts[1], completion.text):
        text.encode()


SUMS = """\
schema: 1
title: "Sums by program"
kind: raw
prompt: "{}Question: {{{{ question }}}}\\nSolution:\\n"
stop: ["---", "```output"]
answer: boxed
programs: python
"""


def demonstration(first, second):
    """A demonstration of a sum as one line of YAML."""
    turns = f"Question: What is {first} + {second}?\nSolution:\n```python\nprint({first} + {second})\n```\n"
    return json.dumps(f"{turns}```output\n{first + second}\n```\nThe answer is \\boxed{{{first + second}}}.\n---\n")[
        1:-1
    ]


@pytest.mark.model
@pytest.mark.parametrize("engine", ["transformers", "vllm"])
def test_a_real_model_reasons_by_programs(smollm, tmp_path, engine):
    """The model copies the shape of its demonstrations; what it cannot add, its programs do, in the sandbox."""
    pytest.importorskip("torch" if engine == "transformers" else "vllm")
    template = tmp_path / "sums-tir.yaml"
    template.write_text(SUMS.format(demonstration(31, 47) + demonstration(12, 9)), encoding="utf-8")
    sums = [(23, 58), (64, 19), (81, 17), (45, 36), (57, 26), (38, 38)]
    rows = tmp_path / "sums.jsonl"
    lines = (
        json.dumps({"question": f"What is {first} + {second}?", "answer": first + second}) + "\n"
        for first, second in sums
    )
    rows.write_text("".join(lines), encoding="utf-8")
    result = evaluate(
        RunRequest(
            str(smollm),
            (str(rows),),
            engine=engine,
            prompt=str(template),
            max_tokens=64,
            settings=EngineSettings(dtype="float32", max_model_len=1024),
            output=tmp_path / "run",
        )
    )
    written = (result.folder / "samples/00000.jsonl").read_text(encoding="utf-8")
    samples = {line["problem"]: line for line in map(json.loads, written.splitlines())}
    right = 0
    for number, (first, second) in enumerate(sums):
        sample = samples[str(number)]
        if sample["turns"] and sample["turns"][0].get("program") == f"print({first} + {second})\n":
            assert sample["turns"][0]["output"] == f"\n```output\n{first + second}\n```\n"
            expected = f"```python\nprint({first} + {second})\n```\n```output\n{first + second}\n```\n"
            assert sample["text"].startswith(expected)
            right += 1
    assert right >= 4, "the model rarely asks for the program that its demonstrations show"
    assert result.info.sandbox in {"namespaces", "bubblewrap", "landlock"}
    assert result.metrics.benchmarks[0].accuracy >= 0.5
