"""`mesh automation`: the switch for schedules, file sensors and refreshes."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from bankmesh.cli.command_group import CommandGroup
from bankmesh.cli.output import JsonOption, print_json
from bankmesh.settings import current_settings

if TYPE_CHECKING:
    from bankmesh.orchestration.automation.automation_switch import AutomationSwitch

app = typer.Typer(
    cls=CommandGroup, no_args_is_help=True, help="Turn everything that starts runs automatically off or on."
)


@app.command()
def on() -> None:
    """Let schedules, new files and newly published inputs start runs again, from the next tick on."""
    _turn(on=True)


@app.command()
def off() -> None:
    """Stop automatic runs from the next tick on; queued and running runs continue."""
    _turn(on=False)


@app.command()
def status(*, as_json: JsonOption = False) -> None:
    """Show whether automation is on, since when and by whom. Exit 1 if it is off."""
    from bankmesh.orchestration.automation.automation_switch import read_switch

    switch = read_switch(current_settings().home)
    if as_json:
        print_json(asdict(switch))
    else:
        typer.echo(switch)
    raise typer.Exit(0 if switch.on else 1)


def _turn(*, on: bool) -> None:
    from bankmesh.orchestration.automation.automation_switch import turn

    switch: AutomationSwitch = turn(current_settings().home, datetime.now(UTC), on=on)
    typer.echo(switch)
    if switch.on != on:
        typer.echo(
            "The environment variable overrides this switch; remove it from the environment of Dagster's processes."
        )
        raise typer.Exit(1)
