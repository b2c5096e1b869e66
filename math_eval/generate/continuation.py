"""Goes on with a sample that its token budget cut, from where it stopped."""

from __future__ import annotations

from dataclasses import replace

from math_eval.engines.base import has_no_room
from math_eval.engines.stops import cut_at_stop
from math_eval.records import FAILED, Completion, Prompt
from math_eval.runfolder.layout import Cut, SampleLine

_REPLACEMENT = "\ufffd"
"""What an engine decodes the first bytes of a character to, when the budget ends inside the character."""


def cut_of(completion: Completion, budget: int) -> Cut | None:
    """Returns what a cut sample needs to go on later.

    Args:
        completion: The completion as the engine made it, before its thought is told from its answer.
        budget: The token budget of its set.

    Returns:
        The text and tokens so far; None if the budget did not cut the completion, if it used tools, or if the server
        told the thought apart, so that the text as the model wrote it is not known.
    """
    if completion.finish != "length" or completion.turns or completion.thought is not None:
        return None
    return Cut(completion.text, budget, list(completion.token_ids))


def resumed_prompt(prompt: Prompt, line: SampleLine) -> Prompt:
    """Returns the prompt of a cut sample, followed by what the model has written.

    Args:
        prompt: The prompt of the problem.
        line: The line of the cut sample.
    """
    if line.cut is None:
        return prompt
    ids = (*prompt.token_ids, *line.cut.token_ids) if prompt.token_ids else ()
    return replace(prompt, token_ids=ids, transcript=line.cut.text, turn=1)


def joined(line: SampleLine, more: Completion, prompt: Prompt, budget: int) -> tuple[Completion, Cut | None]:
    """Joins a cut sample with what an engine made behind it.

    Args:
        line: The line of the cut sample.
        more: The completion of its `resumed_prompt`.
        prompt: The prompt of the problem.
        budget: The token budget of the set now.

    Returns:
        The whole sample as one completion, and what it needs to go on once more; None if it is not cut. A sample for
        which the context has no room stays as it was; so does one whose continuation failed, which can be tried again.
    """
    cut = line.cut
    if cut is None:
        return more, cut_of(more, budget)
    before = Completion(cut.text, "length", line.tokens_in, line.tokens_out, token_ids=tuple(cut.token_ids))
    if more.finish in FAILED:
        return before, replace_budget(cut, budget) if has_no_room(more) else cut
    ids = (*before.token_ids, *more.token_ids) if before.token_ids and more.token_ids else ()
    text, stopped = cut_at_stop(cut.text.rstrip(_REPLACEMENT) + more.text, prompt.stop)
    tokens_out = None if line.tokens_out is None or more.tokens_out is None else line.tokens_out + more.tokens_out
    completion = replace(
        more,
        text=text,
        finish="stop" if stopped else more.finish,
        tokens_in=line.tokens_in,
        tokens_out=tokens_out,
        token_ids=ids,
    )
    return completion, cut_of(completion, budget)


def replace_budget(cut: Cut, budget: int) -> Cut:
    """Returns the same cut sample under another budget."""
    return Cut(cut.text, budget, cut.token_ids)
