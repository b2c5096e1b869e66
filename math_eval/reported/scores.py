"""Published scores as data: data/reported/*.yaml, each with its source and how sure it is."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, NamedTuple

import msgspec

from math_eval.documents import read_document
from math_eval.registry import find, names

Confidence = Literal["high", "medium", "low"]


class ReportedRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Some scores of one model from one place: benchmark → percentage as printed, or "right/asked"."""

    model: str
    mode: Literal["cot", "tir"]
    metric: str
    confidence: Confidence
    source: str
    values: dict[str, float | Annotated[str, msgspec.Meta(pattern=r"^[0-9]+/[1-9][0-9]*$")]]
    note: str = ""


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of published scores. rerun: whether they are other people's runs instead."""

    SCHEMA: ClassVar[int] = 1
    schema: int
    title: str
    scores: list[ReportedRow]
    note: str = ""
    rerun: bool = False


class ReportedScore(NamedTuple):
    """One published percentage of a model on a benchmark."""

    benchmark: str
    mode: str
    metric: str
    value: float
    confidence: Confidence
    source: str
    rerun: bool


def reported_scores(model: str) -> list[ReportedScore]:
    """Every score known of a model, by the last part of its name whatever its case, the surest first."""
    wanted = model.rstrip("/").rpartition("/")[2].lower()
    order = ("high", "medium", "low")
    found = []
    for name in names("reported"):
        report = read_document(find("reported", name), Report)
        found += [
            ReportedScore(benchmark, row.mode, row.metric, _percent(value), row.confidence, row.source, report.rerun)
            for row in report.scores
            if row.model.lower() == wanted
            for benchmark, value in row.values.items()
        ]
    return sorted(found, key=lambda one: (one.rerun, order.index(one.confidence)))


def _percent(value: float | str) -> float:
    if isinstance(value, str):
        right, _, asked = value.partition("/")
        return 100 * int(right) / int(asked)
    return value


def reported_models() -> list[str]:
    """The models of which scores are known."""
    rows = (row for name in names("reported") for row in read_document(find("reported", name), Report).scores)
    return sorted({row.model for row in rows})
