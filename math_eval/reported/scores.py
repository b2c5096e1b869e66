"""Published scores as data: data/reported/*.yaml, each with its source and how reliable it is."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, NamedTuple

import msgspec

from math_eval.documents import read_document
from math_eval.registry import find, names

Confidence = Literal["high", "medium", "low"]


class ReportedRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Scores of one model from one source.

    Attributes:
        model: The model's name.
        mode: `cot` for plain reasoning, `tir` for reasoning with executed programs.
        metric: What was measured: `greedy`, `maj@8`, `rm@8` …
        confidence: How reliable the numbers are.
        source: Where they are printed.
        values: Benchmark, by the reference's name → percentage as printed, or "correct/problems".
        note: A remark for readers.
    """

    model: str
    mode: Literal["cot", "tir"]
    metric: str
    confidence: Confidence
    source: str
    values: dict[str, float | Annotated[str, msgspec.Meta(pattern=r"^[0-9]+/[1-9][0-9]*$")]]
    note: str = ""


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of published scores.

    Attributes:
        schema: The version of the file format.
        title: What the file covers.
        scores: The scores, by model and source.
        note: A remark for readers.
        rerun: Whether these are runs by third parties instead of the model's publisher.
    """

    SCHEMA: ClassVar[int] = 1
    schema: int
    title: str
    scores: list[ReportedRow]
    note: str = ""
    rerun: bool = False


class ReportedScore(NamedTuple):
    """One published score of a model on one benchmark; `value` is a percentage, 0 to 100."""

    benchmark: str
    mode: str
    metric: str
    value: float
    confidence: Confidence
    source: str
    rerun: bool


def reported_scores(model: str) -> list[ReportedScore]:
    """The published scores of a model.

    Args:
        model: The model's name; only the part after the last slash counts, in any case.

    Returns:
        Its scores, those of its publisher first and the most reliable first; empty for an unknown model.

    Raises:
        DataError: A file of published scores is wrong.
    """
    short_name = model.rstrip("/").rpartition("/")[2].lower()
    order = ("high", "medium", "low")
    scores = []
    for name in names("reported"):
        report = read_document(find("reported", name), Report)
        scores += [
            ReportedScore(benchmark, row.mode, row.metric, _percent(value), row.confidence, row.source, report.rerun)
            for row in report.scores
            if row.model.lower() == short_name
            for benchmark, value in row.values.items()
        ]
    return sorted(scores, key=lambda score: (score.rerun, order.index(score.confidence)))


def _percent(value: float | str) -> float:
    if isinstance(value, str):
        correct, _, problems = value.partition("/")
        return 100 * int(correct) / int(problems)
    return value


def reported_models() -> list[str]:
    """The names of the models that have published scores here, sorted."""
    rows = (row for name in names("reported") for row in read_document(find("reported", name), Report).scores)
    return sorted({row.model for row in rows})
