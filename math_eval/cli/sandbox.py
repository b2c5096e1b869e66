"""The command `math-eval sandbox`."""

from __future__ import annotations

import asyncio
from typing import Any

import click

from math_eval.cli.output import json_option, print_json, print_rows


@click.group(name="sandbox")
def command() -> None:
    """Check the isolation that this machine offers for programs written by models."""


@command.command()
@click.option(
    "--tier",
    type=click.Choice(["namespaces", "bubblewrap", "landlock", "docker", "podman"]),
    help="Tier to check.  [default: MATH_EVAL_SANDBOX, else the strongest one that is not a container]",
)
@json_option
def check(*, tier: Any, as_json: bool) -> int:
    """Show the tiers of this machine, and try to escape from the one that would be used.

    The exit code is 0 if no attempt succeeds, 3 if one does, and 2 if no tier works on this machine.
    """
    from math_eval.sandbox import Sandbox, TierReport, probe
    from math_eval.sandbox.attempts import TRIAL_LIMITS, AttemptResult, run_attempts

    async def attempt_escapes(box: Sandbox) -> list[AttemptResult]:
        try:
            return await run_attempts(box)
        finally:
            await box.close()

    tiers = probe()
    box = Sandbox(TRIAL_LIMITS, tier)
    if box.tier not in {report.tier for report in tiers}:
        tiers.append(
            TierReport(box.tier, available=True, reason="")
        )  # a container, which is probed only if it is named
    outcomes = asyncio.run(attempt_escapes(box))
    if as_json:
        print_json({"tiers": tiers, "tier": box.tier, "attempts": outcomes})
    else:
        rows = [[report.tier, "yes" if report.available else "no", report.reason] for report in tiers]
        print_rows(["tier", "available", "reason"], rows)
        click.echo(f"escape attempts on {box.tier}:")
        print_rows(
            ["attempt", "result", "how it ended"],
            [[result.name, "held" if result.held else "ESCAPED", result.detail] for result in outcomes],
        )
    return 0 if all(result.held for result in outcomes) else 3
