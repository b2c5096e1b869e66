"""The command-line type of grader names."""

from __future__ import annotations

import click

from math_eval.errors import UnknownNameError
from math_eval.graders import GRADERS


class GraderName(click.ParamType):  # type: ignore[type-arg]  # generic in new releases of click alone
    """The name of a built-in grader or of one from an installed package, or package.module:Class."""

    name = "grader"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Checks the name; a wrong name is a usage error."""
        try:
            return GRADERS.check(value)
        except UnknownNameError as error:
            self.fail(str(error), param, ctx)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Returns the names for the help."""
        del param, ctx
        return f"[{'|'.join(GRADERS.names())}|package.module:Class]"
