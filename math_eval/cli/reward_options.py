"""Options of the commands that use the rewards of a run."""

from __future__ import annotations

import click

from math_eval.cli.shared_options import choice_option
from math_eval.rewards import Aggregation

reward_model_option = click.option(
    "--reward-model", help="Use the rewards of this model. Needed if the run has rewards of several."
)

aggregate_option = choice_option(
    "--aggregate", choices=Aggregation, default="last", help="How a process model's step scores become one."
)
