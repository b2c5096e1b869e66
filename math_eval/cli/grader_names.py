"""The names of graders on the command line."""

from __future__ import annotations

import click

from math_eval.errors import UnknownNameError
from math_eval.graders import GRADERS


class GraderName(click.ParamType):  # type: ignore[type-arg]  # generic in new releases of click alone
    """A grader of ours, of an installed package, or package.module:Class."""

    name = "grader"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name, if a grader may have it."""
        try:
            return GRADERS.check(value)
        except UnknownNameError as error:
            self.fail(str(error), param, ctx)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """The names, as the help shows them."""
        del param, ctx
        return f"[{'|'.join(GRADERS.names())}|package.module:Class]"
