"""Checks the first prompt of a benchmark as a model receives it, against what the model's family expects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from math_eval.errors import RequestError
from math_eval.generate.model_settings import ModelSettings
from math_eval.generate.plan import BenchmarkTask, Plan, make_plan
from math_eval.generate.request import RunRequest
from math_eval.models import Tokenizer
from math_eval.records import Prompt

_TAIL_CHARS = 60


@dataclass(frozen=True, slots=True)
class PromptCheck:
    """The first prompt of a benchmark.

    Attributes:
        benchmark: The benchmark and split.
        problem: The id of the problem.
        family: The name of the family.
        mode: The mode; "" where the family has a single one.
        text: The whole prompt as text, special tokens included.
        token_ids: The same as token ids.
        tail: The end of the prompt, where the model goes on.
        thought_opened: Whether the prompt ends inside a thought.
        stop_ids: Token ids that end a completion → the token's text; "" if the tokenizer has no such token.
        assumptions: What was assumed about the model.
        departures: Where the prompt departs from what the family expects, or is probably wrong.
    """

    benchmark: str
    problem: str
    family: str
    mode: str
    text: str
    token_ids: tuple[int, ...]
    tail: str
    thought_opened: bool
    stop_ids: dict[int, str]
    assumptions: tuple[str, ...]
    departures: tuple[str, ...]


def check_prompts(request: RunRequest, *, warn: Callable[[str], None]) -> list[PromptCheck]:
    """Renders the first prompt of each benchmark of a request and compares it with the model's family.

    Args:
        request: The request; its engine must be one that loads a model.
        warn: Receives one line about a request that is probably a mistake.

    Raises:
        RequestError: The engine loads no model, so that there is no tokenizer.
        MathEvalError: The request cannot be planned, or the tokenizer not loaded.
    """
    plan = make_plan(request, warn=warn, weights=False)
    if plan.local is None:
        raise RequestError("prompts check needs the model's tokenizer: a folder or a hub name")
    settings = plan.settings
    folder = settings.tokenizer or plan.local.folder
    tokenizer = Tokenizer(folder, trust_remote_code=settings.trust_remote_code, chat=settings.chat)
    return [_check(plan, task, tokenizer) for task in plan.tasks]


def _check(plan: Plan, task: BenchmarkTask, tokenizer: Tokenizer) -> PromptCheck:
    problem = task.problems[0]
    prompt = task.prompt(problem)
    ids = tokenizer.encode(prompt)
    text = tokenizer.decode(ids)
    model = plan.model
    marks = model.mode.thought
    opened = bool(marks) and text.rstrip().endswith(marks.start.strip() if marks else "")
    stop_ids = tokenizer.end_ids(plan.sets[0].sampling.stop_token_ids)
    return PromptCheck(
        benchmark=f"{task.benchmark.name}:{task.benchmark.split}",
        problem=problem.id,
        family=model.match.name,
        mode=model.mode_name,
        text=text,
        token_ids=ids,
        tail=text[-_TAIL_CHARS:],
        thought_opened=opened,
        stop_ids=stop_ids,
        assumptions=model.assumptions,
        departures=tuple(_departures(model, prompt, ids, text, tokenizer, opened=opened, stop_ids=stop_ids)),
    )


def _departures(
    model: ModelSettings,
    prompt: Prompt,
    ids: tuple[int, ...],
    text: str,
    tokenizer: Tokenizer,
    *,
    opened: bool,
    stop_ids: dict[int, str],
) -> Iterator[str]:
    family, mode = model.match.family, model.mode
    if prompt.text and family.prompt == "chat":
        yield "the prompt is raw text, and the family's models expect their chat template: --prompt chat"
    bos = tokenizer.bos_id
    if bos is not None and ids.count(bos) != 1 and tokenizer.adds_bos:
        yield f"the beginning-of-text token stands {ids.count(bos)} times in the prompt; expected once"
    if mode.system and mode.system not in text:
        yield "the family's system message is not in the prompt"
    if mode.thought is not None and prompt.messages and opened != mode.thought.opened_by_template:
        state = {True: "opens", False: "does not open"}
        yield (
            f"the prompt {state[opened]} the thought with {mode.thought.start.strip()}; "
            f"the family's template {state[mode.thought.opened_by_template]} it"
        )
    template = model.chat.template or tokenizer.chat_template
    for name in [*model.chat.arguments, *(["reasoning_effort"] if model.chat.reasoning_effort else [])]:
        if prompt.messages and name not in template:
            yield f"the chat template does not read the argument {name}"
    for identity, token in stop_ids.items():
        if not token:
            yield f"the tokenizer has no token with the stop id {identity}"


def as_rows(check: PromptCheck) -> list[list[Any]]:
    """Returns the facts of a check as rows of name and value, without the prompt itself."""
    stops = ", ".join(
        f"{identity} {token}" if token else f"{identity} (no token)" for identity, token in check.stop_ids.items()
    )
    return [
        ["benchmark", f"{check.benchmark}, problem {check.problem}"],
        ["family", check.family + (f", mode {check.mode}" if check.mode else "")],
        ["tokens", str(len(check.token_ids))],
        ["end of the prompt", repr(check.tail)],
        ["inside a thought", "yes" if check.thought_opened else "no"],
        ["ends a completion", stops or "nothing"],
    ]
