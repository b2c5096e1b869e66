"""math-eval sandbox."""

from __future__ import annotations

import asyncio
from typing import Any

import click

from math_eval.cli.output import json_option, print_json, print_rows


@click.group(name="sandbox")
def command() -> None:
    """Check what this machine offers to hold programs written by models."""


@command.command()
@click.option(
    "--tier",
    type=click.Choice(["namespaces", "bubblewrap", "landlock", "docker", "podman"]),
    help="The tier to try.  [MATH_EVAL_SANDBOX, else the strongest that is no container]",
)
@json_option
def check(*, tier: Any, as_json: bool) -> int:
    """Show the tiers that this machine offers and try to escape from the one that would be used.

    Exit code 0 where no attempt succeeds, 3 where one does, 2 where no tier works here.
    """
    from math_eval.sandbox import Sandbox, TierReport, probe
    from math_eval.sandbox.attempts import TRIAL_LIMITS, AttemptResult, run_attempts

    async def tried(box: Sandbox) -> list[AttemptResult]:
        try:
            return await run_attempts(box)
        finally:
            await box.close()

    tiers = probe()
    box = Sandbox(TRIAL_LIMITS, tier)
    if box.tier not in {one.tier for one in tiers}:
        tiers.append(TierReport(box.tier, available=True, reason=""))  # a container: looked for only where asked for
    outcomes = asyncio.run(tried(box))
    if as_json:
        print_json({"tiers": tiers, "tier": box.tier, "attempts": outcomes})
    else:
        print_rows(
            ["tier", "here", "reason"], [[one.tier, "yes" if one.available else "no", one.reason] for one in tiers]
        )
        click.echo(f"escape attempts on {box.tier}:")
        print_rows(
            ["attempt", "result", "how it ended"],
            [[one.name, "held" if one.held else "ESCAPED", one.detail] for one in outcomes],
        )
    return 0 if all(one.held for one in outcomes) else 3
